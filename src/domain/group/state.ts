/** The state of a run's consumer group: members, owners, the change in progress and the settled changes. */
import type { EpochMs } from '../../contract/time.ts';
import type { RebalanceProtocol, Scaled } from '../evidence/facts.ts';
import type { Rebalance } from '../figures/figures.ts';
import type { Interval, Processing } from './pauses.ts';
import { type BrokerRecord, noSnapshots } from './snapshot.ts';
import type { LogSample } from './timeInLog.ts';
import type { Circumstances, ReportedError, Scaling } from './trigger.ts';

/** A member without a fact for this long is no longer alive. An idle consumer sends `Alive` every 3 s. */
export const SILENT_MS = 15_000;

/** One client of one process. A new process under the same name is a new member. */
export interface Member {
  readonly key: string;
  readonly client: string;
  host: string;
  /** It has a group.instance.id: the group waits for its return until its session expires. */
  static: boolean;
  /** Its client library sends heartbeats while it processes a record. */
  heartbeatsWhileProcessing: boolean;
  memberId: string;
  owned: Set<number>;
  /** The broker counts it as a member: from its first assignment until it closes, learns of its removal or is replaced as owner. */
  inGroup: boolean;
  /** It gave up or lost all its partitions and expects a new assignment. */
  awaitsAssignment: boolean;
  /** It has begun or finished a clean stop. */
  cleanStop: boolean;
  /** Its process has ended. */
  ended: boolean;
  /** It was removed (fenced) from the group while it was still processing records. */
  removedWhileProcessing: boolean;
  seenAt: EpochMs;
}

/** The pauses of one partition around one change. */
export interface PartitionPauses {
  longest: Interval | undefined;
  /** Longest pause that began after the last callback. It counts once another callback follows. */
  longestAfter: Interval | undefined;
  /** Largest error of all pauses considered, including those too short to count, in ms. */
  errorMs: number;
  /** Intervals in which records were processed. */
  work: Interval[];
  /** The partition had no record before the change, so no pause can precede its first batch. */
  awaitsFirstBatch: boolean;
}

/** A change that has not settled. */
export interface Change {
  /** Time of the first callback. */
  at: EpochMs;
  /** Time of the last callback. */
  lastAt: EpochMs;
  protocol: RebalanceProtocol;
  /** Member key → client. */
  membersBefore: Map<string, string>;
  /** Partition → name of its owner. */
  ownersBefore: Map<number, string>;
  /** Partitions with an owner at the start or since. */
  concerned: Set<number>;
  /** The first callback was a member that closed itself. */
  openedByCleanStop: boolean;
  /** Every callback was a member that closed itself. */
  onlyCleanStops: boolean;
  lost: Circumstances['lost'];
  /** Clients that had a callback. */
  calledBack: Set<string>;
  /** Key of a removed member → time from its last fact to its removal, in ms. */
  removed: Map<string, number>;
  /** Explanations by the client library. */
  libraryReasons: string[];
  /** Time at which the broker last described the group as Stable. */
  stableAt: EpochMs | undefined;
  pauses: Map<number, PartitionPauses>;
}

/** A change that has settled. Its pauses are completed until no partition is pending. */
export interface Settled {
  /** The only group that may change it in place. A copy of the group changes a copy. */
  holder: Group;
  readonly outline: Omit<Rebalance, 'stopTheWorldMs' | 'longestPauseMs' | 'pauses' | 'pending'>;
  pending: Set<number>;
  pauses: Map<number, PartitionPauses>;
  /** The complete rebalance; undefined while partitions are pending. */
  final: Rebalance | undefined;
}

export interface Group {
  /** Time of the newest event. Silence of a member is measured against it, so no member falls silent if all evidence stops. */
  time: EpochMs;
  members: Map<string, Member>;
  /** Partition → key of its owner. */
  owners: Map<number, string>;
  /** Partitions that have had an owner. */
  everOwned: Set<number>;
  /** Client that has been a member → newest of its keys. */
  knownClients: Map<string, string>;
  processing: Map<number, Processing>;
  /** Partition → number of settled changes that it is pending in. */
  pendingIn: Map<number, number>;
  scalings: Scaling[];
  /** Target of the last Scaled fact, to detect repetitions. */
  scaledTo: Map<Scaled['what'], number>;
  errors: ReportedError[];
  /** Names and member ids of our own clients. */
  ownIds: Set<string>;
  broker: BrokerRecord;
  /** The operator's last samples of the log, oldest first. Replaced, never changed in place. */
  logSamples: readonly LogSample[];
  /** The change in progress. */
  change: Change | undefined;
  settled: Settled[];
  count: number;
  /** Totals of the rebalances that are no longer kept. */
  partitionsMoved: number;
  longestPauseMs: number;
  longestStopTheWorldMs: number;
}

export const emptyGroup = (): Group => ({
  time: 0,
  members: new Map(),
  owners: new Map(),
  everOwned: new Set(),
  knownClients: new Map(),
  processing: new Map(),
  pendingIn: new Map(),
  scalings: [],
  scaledTo: new Map(),
  errors: [],
  ownIds: new Set(),
  broker: noSnapshots(),
  logSamples: [],
  change: undefined,
  settled: [],
  count: 0,
  partitionsMoved: 0,
  longestPauseMs: 0,
  longestStopTheWorldMs: 0,
});

export const copied = <K, V>(map: Map<K, V>, copy: (value: V) => V) =>
  new Map([...map].map(([key, value]) => [key, copy(value)]));

export const copyPauses = (pauses: PartitionPauses): PartitionPauses => ({ ...pauses, work: [...pauses.work] });

/** A copy of the group. Changing it leaves the original as it is. */
export function copyGroup(group: Group): Group {
  return {
    ...group,
    members: copied(group.members, (member) => ({ ...member, owned: new Set(member.owned) })),
    owners: new Map(group.owners),
    everOwned: new Set(group.everOwned),
    knownClients: new Map(group.knownClients),
    processing: copied(group.processing, (one) => ({ ...one })),
    pendingIn: new Map(group.pendingIn),
    scalings: group.scalings.map((one) => ({ ...one })),
    scaledTo: new Map(group.scaledTo),
    errors: [...group.errors],
    ownIds: new Set(group.ownIds),
    broker: { ...group.broker },
    change: group.change && {
      ...group.change,
      concerned: new Set(group.change.concerned),
      lost: [...group.change.lost],
      calledBack: new Set(group.change.calledBack),
      removed: new Map(group.change.removed),
      libraryReasons: [...group.change.libraryReasons],
      pauses: copied(group.change.pauses, copyPauses),
    },
    settled: [...group.settled],
  };
}

/** Members of the group that are alive, as far as their facts show. */
export const liveMembers = (group: Group): Member[] =>
  [...group.members.values()].filter((member) => member.inGroup && isAlive(group, member));

export const isAlive = (group: Group, { ended, seenAt }: Member) => !ended && group.time - seenAt <= SILENT_MS;
