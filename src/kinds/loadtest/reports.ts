/** What the operator itself adds to a run's evidence: what it scaled, and how far the group is behind. */
import type { Action, Observed } from '../../api/kind.ts';
import type { LoadTest } from '../../api/loadTest.ts';
import type { Fact, LagSample, Scaled } from '../../domain/evidence.ts';
import { lastScaled, latestLagSample, type Run } from '../../domain/run.ts';

/** One look at lag a second; a little less, for rounds that come early. */
const SAMPLE_MS = 800;

/** What should run from now on. */
export interface Asked {
  producers: number;
  consumers: number;
  /** Absent: as the topic is. */
  partitions?: number;
}

/** One Report, or none when the evidence has it all. `look`: the look at lag of this round. */
export function reports(seen: Observed<LoadTest, Run>, asked: Asked, look: LagSample | undefined): Action[] {
  const { spec, status, metadata } = seen.resource;
  const place = status?.evidence;
  if (!('known' in seen.evidence) || place === undefined) return [];
  const run = seen.evidence.known;
  const facts: Fact[] = [...scalings(seen, run, asked), ...(look === undefined ? [] : [look])];
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

/** What this round saw of the lag; undefined when the evidence has a look that is about as new. */
export function lookAtLag({ resource: { spec }, kafka }: Observed<LoadTest, Run>, run: Run): LagSample | undefined {
  if (spec.consumers === undefined || !('known' in kafka) || kafka.known.topic == null) return undefined;
  const { at, spreadMs, topic, group } = kafka.known;
  if (at - (latestLagSample(run)?.at ?? 0) < SAMPLE_MS) return undefined;
  const committed = new Map(group?.committed.map(({ partition, offset }) => [partition, offset]));
  return {
    type: 'LagSample',
    at,
    spreadMs,
    groupState: group?.state ?? null,
    groupMembers: group?.members.length ?? 0,
    partitions: topic.partitions.map(({ partition, endOffset, beginningOffset }) => ({
      partition,
      endOffset,
      beginningOffset,
      committedOffset: committed.get(partition) ?? null,
    })),
  };
}
