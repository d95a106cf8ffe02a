/** What is known of a run's consumer group: members, who owns what, the change that is going on, those that have settled. */
import type { EpochMs } from '../../contract/time.ts';
import type { RebalanceProtocol, Scaled } from '../evidence/facts.ts';
import type { Rebalance } from '../figures/figures.ts';
import { type BrokerView, unseen } from './brokerView.ts';
import type { Interval, Processing } from './pauses.ts';
import type { Circumstances, Scaling, Trouble } from './trigger.ts';

/** No longer a live member after so long without a fact: five times the 3 s at which an idle consumer says `Alive`. */
export const LOST_SIGHT_MS = 15_000;

/** One process's client: another process under the same name is another member. */
export interface Member {
  readonly key: string;
  readonly client: string;
  host: string;
  /** It has a group.instance.id: the group waits for it to come back, until its session ends. */
  static: boolean;
  /** It sends heartbeats while it processes a record. */
  beatsAtWork: boolean;
  memberId: string;
  owned: Set<number>;
  /** As the broker sees it: from its first assignment until it closes, finds itself out, or others get its partitions. */
  inGroup: boolean;
  /** It gave everything up (or lost it) and will be assigned anew. */
  awaiting: boolean;
  /** It closed itself or has begun to stop. */
  goodbye: boolean;
  /** Its process is over. */
  ended: boolean;
  /** Others got its partitions while it was at work. */
  putOutAtWork: boolean;
  seenAt: EpochMs;
}

/** One partition around one change. */
export interface Around {
  longest: Interval | undefined;
  /** Longest pause that began after the last callback: counts when another callback follows. */
  beyond: Interval | undefined;
  /** By how much the length of a pause looked at may be off, also of those too short to be one. */
  errorMs: number;
  work: Interval[];
  /** It had no record before: its first batch says nothing about waiting. */
  fresh: boolean;
}

/** A change that has not settled. */
export interface Change {
  at: EpochMs;
  lastAt: EpochMs;
  protocol: RebalanceProtocol;
  /** Client by key of its member. */
  membersBefore: Map<string, string>;
  ownersBefore: Map<number, string>;
  /** Owned by somebody at the beginning or since. */
  concerned: Set<number>;
  openedByGoodbye: boolean;
  /** Every callback was a member closing itself. */
  onlyGoodbyes: boolean;
  lost: Circumstances['lost'];
  /** Clients that were called back. */
  calledBack: Set<string>;
  /** Time from the last sign of life of those whose partitions went to others, by key. */
  putOut: Map<string, number>;
  said: string[];
  /** The broker called the group stable, at. */
  stableAt: EpochMs | undefined;
  around: Map<number, Around>;
}

/** A change that has settled; its pauses fill in until no partition is pending. */
export interface Settled {
  /** The group that may change it in place: a copy of the group changes a copy. */
  holder: Group;
  readonly outline: Omit<Rebalance, 'stopTheWorldMs' | 'longestPauseMs' | 'pauses' | 'pending'>;
  pending: Set<number>;
  around: Map<number, Around>;
  /** Set once nothing is pending. */
  final: Rebalance | undefined;
}

export interface Group {
  /** Time of the newest event, also the clock by which members are lost sight of: when no evidence comes at all, nobody is. */
  time: EpochMs;
  members: Map<string, Member>;
  /** Partition → key of its owner. */
  owners: Map<number, string>;
  everOwned: Set<number>;
  /** Names of clients that have been members, with the newest of their keys. */
  known: Map<string, string>;
  processing: Map<number, Processing>;
  /** Partition → settled changes it is pending in. */
  pendingIn: Map<number, number>;
  scalings: Scaling[];
  /** What each Scaled led to last, to tell a repetition. */
  scaledTo: Map<Scaled['what'], number>;
  troubles: Trouble[];
  /** Names and member ids of our own clients. */
  own: Set<string>;
  broker: BrokerView;
  change: Change | undefined;
  settled: Settled[];
  count: number;
  /** Of rebalances that are no longer kept. */
  partitionsMoved: number;
  longestPauseMs: number;
  longestStopTheWorldMs: number;
}

export const emptyGroup = (): Group => ({
  time: 0,
  members: new Map(),
  owners: new Map(),
  everOwned: new Set(),
  known: new Map(),
  processing: new Map(),
  pendingIn: new Map(),
  scalings: [],
  scaledTo: new Map(),
  troubles: [],
  own: new Set(),
  broker: unseen(),
  change: undefined,
  settled: [],
  count: 0,
  partitionsMoved: 0,
  longestPauseMs: 0,
  longestStopTheWorldMs: 0,
});

export const copied = <K, V>(map: Map<K, V>, copy: (value: V) => V) =>
  new Map([...map].map(([key, value]) => [key, copy(value)]));
export const copyAround = (around: Around): Around => ({ ...around, work: [...around.work] });

/** A group that can go on from here without the original noticing. */
export function copyGroup(group: Group): Group {
  return {
    ...group,
    members: copied(group.members, (member) => ({ ...member, owned: new Set(member.owned) })),
    owners: new Map(group.owners),
    everOwned: new Set(group.everOwned),
    known: new Map(group.known),
    processing: copied(group.processing, (one) => ({ ...one })),
    pendingIn: new Map(group.pendingIn),
    scalings: group.scalings.map((one) => ({ ...one })),
    scaledTo: new Map(group.scaledTo),
    troubles: [...group.troubles],
    own: new Set(group.own),
    broker: { ...group.broker },
    change: group.change && {
      ...group.change,
      concerned: new Set(group.change.concerned),
      lost: [...group.change.lost],
      calledBack: new Set(group.change.calledBack),
      putOut: new Map(group.change.putOut),
      said: [...group.change.said],
      around: copied(group.change.around, copyAround),
    },
    settled: [...group.settled],
  };
}

/** Members that are at work, as far as one can tell. */
export const liveMembers = (group: Group): Member[] =>
  [...group.members.values()].filter((member) => member.inGroup && inSight(group, member));

export const inSight = (group: Group, { ended, seenAt }: Member) => !ended && group.time - seenAt <= LOST_SIGHT_MS;
