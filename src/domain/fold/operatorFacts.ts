/** The operator's own facts for the evidence of a run: lag samples and scalings. */
import type { Action } from '../../contract/actions.ts';
import type { GroupView, KafkaView } from '../../contract/kafkaView.ts';
import type { Known } from '../../contract/kind.ts';
import type { EvidenceNeed } from '../../contract/needs.ts';
import type { EpochMs } from '../../contract/time.ts';
import type { BrokerMember, Fact, LagSample, OffsetReset, RebalanceProtocol, Scaled } from '../evidence/facts.ts';
import type { RunFigures } from './runFigures.ts';

/** Shortest time between two samples: one per second, with a margin for early rounds. */
const SAMPLE_MS = 800;
/** Limit of listed members. A higher `groupMembers` marks the list as incomplete, and the fold ignores it then. */
const MOST_MEMBERS = 500;

/** The reset policy in consumer settings of Kafka's names; Kafka's default is latest. `none`: without a commit nothing is read. */
export const offsetResetOf = (config: Readonly<Record<string, unknown>> | undefined): OffsetReset =>
  config?.['auto.offset.reset'] === 'earliest' ? 'Earliest' : 'Latest';

/** Whether consumers with these settings of Kafka's names read only up to the last stable offset. Kafka's default is read_uncommitted. */
export const readsCommitted = (config: Readonly<Record<string, unknown>> | undefined): boolean =>
  config?.['isolation.level'] === 'read_committed';

/** The partition that receives a run's evidence. */
export type ReportPlace = Pick<EvidenceNeed, 'bootstrapServers' | 'run' | 'topic' | 'partition'>;

/** One Report action, or none without facts. */
export function report({ bootstrapServers, run, topic, partition }: ReportPlace, facts: Fact[]): Action[] {
  if (facts.length === 0) return [];
  const servers = bootstrapServers === undefined ? {} : { bootstrapServers };
  return [{ type: 'Report', ...servers, run, topic, partition, facts }];
}

/** A Scaled fact, or none if the number stays the same. */
export const scaled = (what: Scaled['what'], from: number, to: number, at: EpochMs): Scaled[] =>
  from === to ? [] : [{ type: 'Scaled', at, what, from, to }];

/** The lag sample to report in this round. undefined without a topic, and within `SAMPLE_MS` of the last sample. */
export function nextLagSample(
  kafka: Known<KafkaView>,
  figures: RunFigures,
  resetsTo: OffsetReset,
): LagSample | undefined {
  if (!('known' in kafka) || kafka.known.at - (figures.lagSample?.at ?? 0) < SAMPLE_MS) return undefined;
  return lagSampleOf(kafka.known, resetsTo, figures.membersSample);
}

/** The same for a run without consumers, in which only end offsets matter: undefined until the log has grown. */
export function nextLogSample(kafka: Known<KafkaView>, figures: RunFigures): LagSample | undefined {
  const sample = nextLagSample(kafka, figures, 'Earliest');
  const last = figures.lagSample;
  return sample !== undefined && last !== undefined && same(endsOf(sample), endsOf(last)) ? undefined : sample;
}

const endsOf = ({ partitions }: LagSample): number[] => partitions.map(({ endOffset }) => endOffset);

/**
 * The sample of a view of Kafka. `reported` is the newest sample with a member list: an equal list refers to it instead of
 * repeating it. undefined without a topic.
 */
export function lagSampleOf(view: KafkaView, resetsTo: OffsetReset, reported?: LagSample): LagSample | undefined {
  const { at, spreadMs, topic, group } = view;
  if (topic == null) return undefined;
  const committed = new Map(group?.committed.map(({ partition, offset }) => [partition, offset]));
  const members = membersOf(group);
  const protocol = group == null ? undefined : protocolOf(group);
  return {
    type: 'LagSample',
    at,
    spreadMs,
    groupState: group?.state ?? null,
    groupMembers: group?.members.length ?? 0,
    ...(protocol === undefined ? {} : { protocol }),
    ...(reported !== undefined && same(reported.members, members) ? { membersAsAt: reported.at } : { members }),
    resetsTo,
    partitions: topic.partitions.map(({ partition, endOffset, lastStableOffset, beginningOffset }) => ({
      partition,
      endOffset,
      ...(lastStableOffset === undefined ? {} : { lastStableOffset }),
      beginningOffset,
      committedOffset: committed.get(partition) ?? null,
    })),
  };
}

const membersOf = (group: GroupView | null | undefined): BrokerMember[] =>
  [...(group?.members ?? [])]
    .sort((a, b) => (a.memberId < b.memberId ? -1 : 1))
    .slice(0, MOST_MEMBERS)
    .map(({ memberId, clientId, host, groupInstanceId, partitions, otherPartitions, otherTopicsOnly }) => ({
      memberId,
      clientId,
      host,
      ...(groupInstanceId === undefined ? {} : { groupInstanceId }),
      partitions,
      ...(otherPartitions === undefined ? {} : { otherPartitions }),
      ...(otherTopicsOnly === undefined ? {} : { otherTopicsOnly }),
    }));

const same = (a: unknown, b: unknown) => JSON.stringify(a) === JSON.stringify(b);

/** Eager assignors of Kafka's clients. The protocol of other assignors is unknown. */
const EAGER = new Set(['range', 'roundrobin', 'sticky', 'RoundRobinAssigner']);

/** undefined until a classic group has agreed on an assignor. */
function protocolOf({ protocol, assignor }: GroupView): RebalanceProtocol | undefined {
  if (protocol === 'consumer') return 'Consumer';
  if (assignor === undefined) return undefined;
  if (assignor === 'cooperative-sticky') return 'Cooperative';
  return EAGER.has(assignor) ? 'Eager' : 'None';
}
