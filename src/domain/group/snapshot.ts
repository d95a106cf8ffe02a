/** What the broker's descriptions of the group have shown so far. external.ts evaluates them. */
import type { EpochMs } from '../../contract/time.ts';
import type { BrokerMember, RebalanceProtocol } from '../evidence/facts.ts';

/** The broker's description of a group that is not rebalancing. */
export interface GroupSnapshot {
  readonly at: EpochMs;
  readonly protocol: RebalanceProtocol;
  readonly members: readonly BrokerMember[];
}

/** A member that this operator did not start. */
export interface ExternalMember {
  /** Readable and unique: its group.instance.id, or its member id prefixed with its client.id. */
  readonly id: string;
  readonly memberId: string;
  readonly clientId: string;
  readonly host: string;
  readonly partitions: readonly number[];
  /** As in BrokerMember. */
  readonly otherPartitions?: number;
  readonly otherTopicsOnly?: true;
}

/** By group.instance.id or, without one, by member id. */
export type ExternalMembers = ReadonlyMap<string, ExternalMember>;

/** A change that a snapshot shows and no callback of our clients has explained yet. */
export interface UnexplainedChange {
  /** Time of the first snapshot that shows the change. */
  readonly at: EpochMs;
  /** Time of the last snapshot without it. */
  readonly before: EpochMs;
  readonly snapshot: GroupSnapshot;
  /** Callbacks that explain the change are awaited until then. */
  readonly until: EpochMs;
}

/** Values are replaced, never changed in place. */
export interface BrokerRecord {
  /** The newest member list, with the `at` of its sample. Later samples refer to it instead of repeating it. */
  memberList: { readonly sampleAt: EpochMs; readonly members: readonly BrokerMember[] } | undefined;
  /** Partitions of the topic in the newest sample; 0 before the first. */
  partitionCount: number;
  /** Time of the newest sample with a complete member list, in any state of the group. */
  listedAt: EpochMs | undefined;
  /** The newest snapshot. */
  snapshot: GroupSnapshot | undefined;
  /** Time of the first sample since `snapshot` in which the group was rebalancing. */
  rebalancingSince: EpochMs | undefined;
  /** External members as of the last recorded rebalance. */
  accounted: ExternalMembers | undefined;
  /** The last rebalance was recorded without a snapshot, so the next snapshot belongs to it. */
  snapshotOwed: boolean;
  unexplained: UnexplainedChange | undefined;
}

export const noSnapshots = (): BrokerRecord => ({
  memberList: undefined,
  partitionCount: 0,
  listedAt: undefined,
  snapshot: undefined,
  rebalancingSince: undefined,
  accounted: undefined,
  snapshotOwed: false,
  unexplained: undefined,
});
