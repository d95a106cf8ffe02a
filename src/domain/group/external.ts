/**
 * Evaluates the broker's descriptions of the group: external members (not started by this operator), and what the description
 * shows about our own clients. Only descriptions of a group that is not rebalancing count, because the broker lists no partitions
 * of a classic group while it rebalances.
 *
 * Each recorded rebalance takes over the external members of that moment (`accounted`), so no change is counted twice: a
 * rebalance that our clients saw takes in what the next snapshot shows. Only what remains after that is recorded from
 * snapshots alone.
 */
import type { EpochMs } from '../../contract/time.ts';
import type { BrokerMember } from '../evidence/facts.ts';
import type { BrokerRecord, ExternalMember, ExternalMembers, GroupSnapshot, UnexplainedChange } from './snapshot.ts';
import { type Change, type Group, isAlive, type Member } from './state.ts';
import type { GroupDescribed } from './timeline.ts';

/** A snapshot shows the result of a callback only if it is this much later: clocks are aligned to within half of it (see clock.ts). */
const CLOCK_MARGIN_MS = 100;
/** A change that our clients saw waits at most this long for a snapshot that agrees with them. Snapshots come once a second. */
const SNAPSHOT_WAIT_MS = 3_000;
/** The same before the first snapshot after the change, which is late if the operator or the broker is busy. */
const FIRST_SNAPSHOT_WAIT_MS = 15_000;
/** Longest time that a group waits for a member (default of `max.poll.interval.ms`). */
export const LONGEST_REBALANCE_MS = 300_000;
/** Snapshots have stopped if the newest is older than this. */
const SNAPSHOTS_STOPPED_MS = 15_000;
/** A change among external members is recorded if no callback of our clients follows the snapshot within this time. */
const CALLBACK_WAIT_MS = 2_000;
/** The same in a classic group with our clients: its rebalances reach every member, a slow one only at its next poll. */
const CLASSIC_CALLBACK_WAIT_MS = 60_000;

const RESTING_STATES = new Set(['Stable', 'Empty', 'Dead']);

/**
 * Takes in the broker's description of the group. Returns a change among external members that is certain now because another one
 * followed it.
 */
export function takeDescription(group: Group, described: GroupDescribed, now: EpochMs): UnexplainedChange | undefined {
  const { broker } = group;
  broker.partitionCount = described.partitionCount;
  const members = memberListOf(broker, described);
  // An incomplete list proves nothing about the members that it omits.
  if (members === undefined || members.length < described.groupMembers) return undefined;
  broker.listedAt = now;
  if (described.groupState !== null && !RESTING_STATES.has(described.groupState)) {
    broker.rebalancingSince ??= now;
    return undefined;
  }
  const { snapshot: last, rebalancingSince } = broker;
  const snapshot: GroupSnapshot = { at: now, protocol: described.protocol ?? last?.protocol ?? 'None', members };
  broker.snapshot = snapshot;
  broker.rebalancingSince = undefined;
  if (snapshot.protocol === 'Consumer') admitIdleMembers(group, snapshot);
  return group.change === undefined
    ? findUnexplained(group, snapshot, last?.at ?? now, rebalancingSince ?? now)
    : undefined;
}

/** The sample's member list, or the earlier one that it refers to. */
function memberListOf(
  broker: BrokerRecord,
  { sampleAt, members, membersAsAt }: GroupDescribed,
): readonly BrokerMember[] | undefined {
  if (members !== undefined) {
    broker.memberList = { sampleAt, members };
    return members;
  }
  const { memberList } = broker;
  return memberList !== undefined && memberList.sampleAt === membersAsAt ? memberList.members : undefined;
}

/**
 * Adds our idle clients to the group. Under KIP-848 a member without partitions gets no rebalance callback; only the broker's
 * group description shows that it has joined. This is no rebalance, since no other member notices.
 */
function admitIdleMembers(group: Group, { members }: GroupSnapshot): void {
  const known = [...group.members.values()];
  for (const { memberId, clientId, partitions } of members) {
    if (partitions.length > 0) continue;
    const member = known.findLast((one) => one.client === clientId && !one.cleanStop && isAlive(group, one));
    // The listed member may belong to the client's previous process.
    if (member === undefined || known.some((one) => one !== member && one.memberId === memberId)) continue;
    member.inGroup = true;
    member.memberId = memberId;
  }
}

/** Compares a snapshot with the accounted external members and notes an unexplained change. */
function findUnexplained(
  group: Group,
  snapshot: GroupSnapshot,
  before: EpochMs,
  at: EpochMs,
): UnexplainedChange | undefined {
  const { broker } = group;
  const now = externalMembers(group, snapshot);
  if (broker.accounted === undefined || broker.snapshotOwed) {
    accountFor(group, now);
    return undefined;
  }
  // The broker is ahead of our clients: their callbacks are on the way.
  if (!agreesWithClients(group, snapshot)) return undefined;
  const { unexplained } = broker;
  if (unexplained !== undefined) {
    if (sameMembers(externalMembers(group, unexplained.snapshot), now)) return undefined;
    if (!isClassicWithOurClients(group, unexplained.snapshot)) return unexplained;
  }
  const waitMs = isClassicWithOurClients(group, snapshot) ? CLASSIC_CALLBACK_WAIT_MS : CALLBACK_WAIT_MS;
  broker.unexplained = sameMembers(broker.accounted, now)
    ? undefined
    : {
        at: unexplained?.at ?? at,
        before: unexplained?.before ?? before,
        snapshot,
        until: snapshot.at + waitMs,
      };
  return undefined;
}

const isClassicWithOurClients = (group: Group, { protocol, members }: GroupSnapshot) =>
  protocol !== 'Consumer' && members.some((member) => isOurClient(group, member));

/** Takes these external members over: the recorded rebalances account for them. */
export function accountFor(group: Group, members: ExternalMembers): void {
  const { broker } = group;
  broker.accounted = members;
  broker.snapshotOwed = false;
  broker.unexplained = undefined;
  for (const { partitions } of members.values()) {
    for (const partition of partitions) {
      group.everOwned.add(partition);
      // The progress of external members is unknown, so no pause can be measured when the partition comes back.
      group.processing.delete(partition);
    }
  }
}

/** The member is one of our clients, by its client.id (their name) or its member id. */
const isOurClient = ({ ownIds }: Group, { memberId, clientId }: BrokerMember) =>
  ownIds.has(memberId) || ownIds.has(clientId);

/**
 * External members in a snapshot, keyed by what stays the same when a member restarts. Partitions that our clients have taken
 * since are left out, unless the broker no longer lists their owner.
 */
export function externalMembers(group: Group, snapshot: GroupSnapshot): ExternalMembers {
  const unlisted = new Set(unlistedMembers(group, snapshot).map(({ key }) => key));
  const isExternal = (partition: number) => {
    const owner = group.owners.get(partition);
    return owner === undefined || unlisted.has(owner);
  };
  const external = new Map<string, ExternalMember>();
  for (const member of snapshot.members) {
    if (isOurClient(group, member)) continue;
    const { memberId, clientId, host, groupInstanceId, otherPartitions, otherTopicsOnly } = member;
    const id = groupInstanceId ?? (memberId.startsWith(clientId) ? memberId : `${clientId}-${memberId}`);
    external.set(groupInstanceId ?? memberId, {
      id,
      memberId,
      clientId,
      host,
      partitions: member.partitions.filter(isExternal),
      ...(otherPartitions === undefined ? {} : { otherPartitions }),
      ...(otherTopicsOnly === undefined ? {} : { otherTopicsOnly }),
    });
  }
  return external;
}

function sameMembers(a: ExternalMembers, b: ExternalMembers): boolean {
  if (a.size !== b.size) return false;
  for (const [key, { partitions }] of a) {
    const other = b.get(key);
    if (other === undefined || other.partitions.length !== partitions.length) return false;
    if (partitions.some((partition) => !other.partitions.includes(partition))) return false;
  }
  return true;
}

/** Each of our listed clients has reported the same partitions as the broker. */
function agreesWithClients(group: Group, { members }: GroupSnapshot): boolean {
  return members.every((listed) => {
    if (!isOurClient(group, listed)) return true;
    const member = memberOf(group, listed);
    return (
      member !== undefined &&
      !member.awaitsAssignment &&
      member.owned.size === listed.partitions.length &&
      listed.partitions.every((partition) => member.owned.has(partition))
    );
  });
}

function memberOf(group: Group, { memberId, clientId }: BrokerMember): Member | undefined {
  const inGroup = [...group.members.values()].filter((member) => member.inGroup);
  return (
    inGroup.findLast((member) => member.memberId === memberId) ??
    inGroup.findLast((member) => member.client === clientId)
  );
}

/** The snapshot that shows how a change ended; undefined until there is one. */
export function snapshotAfter({ broker }: Group, { lastAt }: Change): GroupSnapshot | undefined {
  const { snapshot } = broker;
  return snapshot !== undefined && snapshot.at >= lastAt + CLOCK_MARGIN_MS ? snapshot : undefined;
}

/** A snapshot proves that nothing more belongs to the change. */
export function snapshotShowsEnd(group: Group, change: Change): boolean {
  const snapshot = snapshotAfter(group, change);
  if (snapshot === undefined || !agreesWithClients(group, snapshot)) return false;
  if (snapshot.members.length === 0) return true;
  const owned = new Set(snapshot.members.flatMap(({ partitions }) => partitions));
  return [...change.concerned].every((partition) => owned.has(partition));
}

/** A snapshot of the external members in this change is still expected, also while they are still rebalancing. */
export function awaitsSnapshot(group: Group, { at, lastAt }: Change, now: EpochMs): boolean {
  const { listedAt, rebalancingSince, accounted, partitionCount } = group.broker;
  if (listedAt === undefined) return false;
  // There were no external members, and our clients own all partitions: an external member that joined owns nothing.
  if (accounted?.size === 0 && partitionCount > 0 && group.owners.size >= partitionCount) return false;
  const waitMs = listedAt >= lastAt + CLOCK_MARGIN_MS ? SNAPSHOT_WAIT_MS : FIRST_SNAPSHOT_WAIT_MS;
  if (listedAt >= at - SNAPSHOTS_STOPPED_MS && now - lastAt < waitMs) return true;
  const stillRebalancing = rebalancingSince !== undefined && listedAt >= lastAt && now - listedAt < SNAPSHOT_WAIT_MS;
  return stillRebalancing && now - lastAt < LONGEST_REBALANCE_MS;
}

/** Our members that the broker does not list. They are no longer in the group, even if they have not noticed yet. */
export const unlistedMembers = (group: Group, { members }: GroupSnapshot): Member[] =>
  [...group.members.values()].filter(
    (one) =>
      one.inGroup && !members.some((listed) => listed.memberId === one.memberId || listed.clientId === one.client),
  );

/** External members are rebalancing, or a change among them is not recorded yet. */
export function externalChangePending(group: Group): boolean {
  const { broker } = group;
  if (broker.unexplained !== undefined) return true;
  if (broker.rebalancingSince === undefined || group.time - (broker.listedAt ?? 0) > SNAPSHOTS_STOPPED_MS) return false;
  return broker.memberList?.members.some((member) => !isOurClient(group, member)) === true;
}

/** Partition → id of the external member that owns it. */
export function externalOwners(all: ExternalMembers | undefined): Map<number, string> {
  const owners = new Map<number, string>();
  for (const { id, partitions } of all?.values() ?? []) for (const partition of partitions) owners.set(partition, id);
  return owners;
}
