/** What is known of a group from the broker's descriptions of it (see foreigners.ts). */
import type { EpochMs } from '../../contract/time.ts';
import type { BrokerMember, RebalanceProtocol } from '../evidence/facts.ts';

/** One look at a group that stood still. */
export interface Picture {
  readonly at: EpochMs;
  readonly protocol: RebalanceProtocol;
  readonly members: readonly BrokerMember[];
}

/** A member that this operator did not start. */
export interface Foreigner {
  /** Readable and unique: its group.instance.id, or its member id with its client id in front. */
  readonly id: string;
  readonly memberId: string;
  readonly clientId: string;
  readonly host: string;
  readonly partitions: readonly number[];
}

export type Foreigners = ReadonlyMap<string, Foreigner>;

/** Seen by the broker, and not (yet) in any rebalance that our clients told of. */
export interface Unexplained {
  /** The first look that showed a change, and the last one that did not. */
  readonly at: EpochMs;
  readonly before: EpochMs;
  readonly picture: Picture;
  readonly until: EpochMs;
}

/** Values are replaced, never changed in place. */
export interface BrokerView {
  /** The last list of members, by the `at` of its sample. */
  told: { readonly sampleAt: EpochMs; readonly members: readonly BrokerMember[] } | undefined;
  /** Of the topic, at the newest look; 0 before the first. */
  partitionCount: number;
  /** Of the newest look with members, whatever the group's state. */
  lookedAt: EpochMs | undefined;
  picture: Picture | undefined;
  /** First look since `picture` at which the group was rebalancing. */
  unrestAt: EpochMs | undefined;
  accounted: Foreigners | undefined;
  /** The last rebalance was recorded before a look could tell who else was in it: the next look belongs to it. */
  late: boolean;
  unexplained: Unexplained | undefined;
}

export const unseen = (): BrokerView => ({
  told: undefined,
  partitionCount: 0,
  lookedAt: undefined,
  picture: undefined,
  unrestAt: undefined,
  accounted: undefined,
  late: false,
  unexplained: undefined,
});
