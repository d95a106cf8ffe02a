/** What the operator itself adds to a run's evidence: what it scaled, and how far the group is behind. */
import type { Action, Observed } from '../../api/kind.ts';
import type { LoadTest } from '../../api/loadTest.ts';
import type { Fact, LagSample, Scaled } from '../../domain/evidence.ts';
import { lagSampleOf } from '../../domain/operatorFacts.ts';
import { lastScaled, latestLagSample, latestMembersSample, type Run } from '../../domain/run.ts';

/** One look at lag a second; a little less, for rounds that come early. */
const SAMPLE_MS = 800;

/** What should run from now on. */
export interface Asked {
  producers: number;
  consumers: number;
  /** Absent: as the topic is. */
  partitions?: number;
}

/** One Report, or none when the evidence has it all. */
export function reports(seen: Observed<LoadTest, Run>, asked: Asked): Action[] {
  const { spec, status, metadata } = seen.resource;
  const place = status?.evidence;
  if (!('known' in seen.evidence) || place === undefined) return [];
  const run = seen.evidence.known;
  const facts: Fact[] = [...scalings(seen, run, asked), ...lagSample(seen, run)];
  if (facts.length === 0) return [];
  const servers = spec.kafka === undefined ? {} : { bootstrapServers: spec.kafka.bootstrapServers };
  return [{ type: 'Report', ...servers, run: metadata.uid, topic: place.topic, partition: place.partition, facts }];
}

function scalings({ kafka, now }: Observed<LoadTest, Run>, run: Run, asked: Asked): Scaled[] {
  const scaled = (what: Scaled['what'], from: number, to: number): Scaled[] =>
    from === to ? [] : [{ type: 'Scaled', at: now, what, from, to }];
  const { producers, consumers, partitions } = asked;
  const live = 'known' in kafka ? (kafka.known.topic?.partitions.length ?? 0) : 0;
  return [
    ...scaled('Producers', lastScaled(run, 'Producers') ?? 0, producers),
    ...scaled('Consumers', lastScaled(run, 'Consumers') ?? 0, consumers),
    ...(partitions === undefined || lastScaled(run, 'Partitions') === partitions
      ? []
      : scaled('Partitions', live, partitions)),
  ];
}

function lagSample({ resource: { spec }, kafka }: Observed<LoadTest, Run>, run: Run): LagSample[] {
  if (spec.consumers === undefined || !('known' in kafka)) return [];
  if (kafka.known.at - (latestLagSample(run)?.at ?? 0) < SAMPLE_MS) return [];
  const sample = lagSampleOf(kafka.known, latestMembersSample(run));
  return sample === undefined ? [] : [sample];
}
