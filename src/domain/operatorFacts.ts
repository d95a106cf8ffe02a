/** What the operator itself adds to a run's evidence: what it scaled, and how far the group is behind. */
import type { Action, EpochMs, EvidenceNeed, KafkaView, Known } from '../api/kind.ts';
import type { Fact, LagSample, Scaled } from './evidence.ts';
import { latestLagSample, type Run } from './run.ts';

/** One look at lag a second; a little less, for rounds that come early. */
const SAMPLE_MS = 800;

/** Where a run's evidence goes to. */
export type ReportPlace = Pick<EvidenceNeed, 'bootstrapServers' | 'run' | 'topic' | 'partition'>;

/** One Report, or none where there is nothing to say. */
export function report({ bootstrapServers, run, topic, partition }: ReportPlace, facts: Fact[]): Action[] {
  if (facts.length === 0) return [];
  const servers = bootstrapServers === undefined ? {} : { bootstrapServers };
  return [{ type: 'Report', ...servers, run, topic, partition, facts }];
}

/** None where nothing changes. */
export const scaled = (what: Scaled['what'], from: number, to: number, at: EpochMs): Scaled[] =>
  from === to ? [] : [{ type: 'Scaled', at, what, from, to }];

/** What a round saw of the lag; undefined where there is no topic, and while the run has a look that is about as new. */
export function lookAtLag(kafka: Known<KafkaView>, run: Run): LagSample | undefined {
  if (!('known' in kafka) || kafka.known.topic == null) return undefined;
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
