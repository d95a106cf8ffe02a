/** What the operator itself sees and does, as facts among a run's evidence: pure, from one look at Kafka. */
import type { Action } from '../../contract/actions.ts';
import type { GroupView, KafkaView } from '../../contract/kafkaView.ts';
import type { Known } from '../../contract/kind.ts';
import type { EvidenceNeed } from '../../contract/needs.ts';
import type { EpochMs } from '../../contract/time.ts';
import type { BrokerMember, Fact, LagSample, RebalanceProtocol, Scaled } from '../evidence/facts.ts';
import type { RunFigures } from './runFigures.ts';

/** One look at lag a second; a little less, for rounds that come early. */
const SAMPLE_MS = 800;
/** A list that is cut is told by `groupMembers` being higher; nothing is concluded from it then. */
const MOST_MEMBERS = 500;

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

/** What a round saw of lag and group; undefined without a topic, and while the run has a look that is about as new. */
export function lookAtLag(kafka: Known<KafkaView>, figures: RunFigures): LagSample | undefined {
  if (!('known' in kafka) || kafka.known.at - (figures.lagSample?.at ?? 0) < SAMPLE_MS) return undefined;
  return lagSampleOf(kafka.known, figures.membersSample);
}

/** The same for a run without consumers, where only the log is of interest: none either while that has not grown. */
export function lookAtLog(kafka: Known<KafkaView>, figures: RunFigures): LagSample | undefined {
  const look = lookAtLag(kafka, figures);
  const known = figures.lagSample;
  return look !== undefined && known !== undefined && same(endsOf(look), endsOf(known)) ? undefined : look;
}

const endsOf = ({ partitions }: LagSample): number[] => partitions.map(({ endOffset }) => endOffset);

/**
 * undefined where there is no topic to look at. `told`: a sample of the evidence with members, which are not told again
 * while they are the same.
 */
export function lagSampleOf(view: KafkaView, told?: LagSample): LagSample | undefined {
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
    ...(told !== undefined && same(told.members, members) ? { membersAsAt: told.at } : { members }),
    partitions: topic.partitions.map(({ partition, endOffset, beginningOffset }) => ({
      partition,
      endOffset,
      beginningOffset,
      committedOffset: committed.get(partition) ?? null,
    })),
  };
}

const membersOf = (group: GroupView | null | undefined): BrokerMember[] =>
  [...(group?.members ?? [])]
    .sort((a, b) => (a.memberId < b.memberId ? -1 : 1))
    .slice(0, MOST_MEMBERS)
    .map(({ memberId, clientId, host, groupInstanceId, partitions }) => ({
      memberId,
      clientId,
      host,
      ...(groupInstanceId === undefined ? {} : { groupInstanceId }),
      partitions,
    }));

const same = (a: unknown, b: unknown) => JSON.stringify(a) === JSON.stringify(b);

/** The assignors of Kafka's clients; of others nobody knows from outside how they rebalance. */
const EAGER = new Set(['range', 'roundrobin', 'sticky', 'RoundRobinAssigner']);

/** undefined while a classic group has not agreed on an assignor. */
function protocolOf({ protocol, assignor }: GroupView): RebalanceProtocol | undefined {
  if (protocol === 'consumer') return 'Consumer';
  if (assignor === undefined) return undefined;
  if (assignor === 'cooperative-sticky') return 'Cooperative';
  return EAGER.has(assignor) ? 'Eager' : 'None';
}
