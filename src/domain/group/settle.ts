/** Settles a change of the group and records it as a rebalance. */
import type { Rebalance } from '../figures/figures.ts';
import { newChange, ownersByName } from './change.ts';
import { explain } from './explain.ts';
import { accountFor, externalMembers, externalOwners, snapshotAfter, unlistedMembers } from './external.ts';
import { remove } from './ownership.ts';
import { completeOldestPending, dropOldestRebalance, forgetEndedMembers } from './retention.ts';
import type { ExternalMember, ExternalMembers, GroupSnapshot, UnexplainedChange } from './snapshot.ts';
import { finishIfComplete } from './standstill.ts';
import { type Change, type Group, isAlive, type Member, type Settled } from './state.ts';

/** A member without partitions left the group if it missed two `Alive` facts (one every 3 s) when a change settles. */
const GONE_MS = 7_000;

type Source = Pick<Rebalance, 'source' | 'resolutionMs'>;

export function settle(group: Group, change: Change): void {
  record(group, change, snapshotAfter(group, change), { source: 'Clients' });
}

/** Records a change that none of our clients reported. Only the two snapshots around it show what happened. */
export function settleUnexplained(group: Group, { at, before, snapshot }: UnexplainedChange): void {
  const change = { ...newChange(group, at, snapshot.protocol), lastAt: snapshot.at };
  record(group, change, snapshot, { source: 'Broker', resolutionMs: snapshot.at - before });
}

/** `snapshot` shows how the change ended. Without one, external members are assumed to be unchanged. */
function record(group: Group, change: Change, snapshot: GroupSnapshot | undefined, source: Source): void {
  group.change = undefined;
  const { broker } = group;
  const after = settleMembers(group, change, snapshot);
  const externalAfter =
    snapshot === undefined ? without(broker.accounted, group.owners) : externalMembers(group, snapshot);
  // Before the first snapshot it is unknown since when external members have been in the group.
  const external = { before: broker.accounted ?? externalAfter, after: externalAfter };
  const outline = outlineOf(group, change, after, external, source);
  if (snapshot !== undefined || broker.accounted !== undefined) accountFor(group, external.after);
  // If snapshots are taken at all, the next one still belongs to this change.
  broker.snapshotOwed = snapshot === undefined && broker.listedAt !== undefined;
  for (const { client, key } of after) group.knownClients.set(client, key);
  for (const partition of change.concerned) group.everOwned.add(partition);
  forgetEndedMembers(group);
  addSettled(group, change, outline);
  dropOldestRebalance(group);
  completeOldestPending(group);
}

/** Updates who is in the group when the change settles, and returns these members. */
function settleMembers(group: Group, change: Change, snapshot: GroupSnapshot | undefined): Member[] {
  const settledAt = change.lastAt;
  if (snapshot !== undefined) {
    for (const member of unlistedMembers(group, snapshot)) remove(group, change, member, settledAt);
  }
  for (const member of group.members.values()) {
    // No other member took its partitions, so only its silence shows that the group continues without it.
    const silent = member.awaitsAssignment && !isAlive(group, member);
    const gone = member.ended || silent || member.seenAt < settledAt - GONE_MS;
    member.awaitsAssignment = false;
    if (member.inGroup && gone && member.owned.size === 0) member.inGroup = false;
  }
  return [...group.members.values()].filter(({ inGroup }) => inGroup);
}

function outlineOf(
  group: Group,
  change: Change,
  after: readonly Member[],
  external: { before: ExternalMembers; after: ExternalMembers },
  source: Source,
): Settled['outline'] {
  const ownersBefore = new Map([...externalOwners(external.before), ...change.ownersBefore]);
  const ownersAfter = ownersByName(group, external.after);
  for (const partition of [...ownersBefore.keys(), ...ownersAfter.keys()]) change.concerned.add(partition);
  const moved = [...change.concerned].filter((p) => ownersBefore.get(p) !== ownersAfter.get(p));
  const { trigger, reason, scaling } = explain(group, change, after, external);
  const members = [
    ...change.membersBefore.values(),
    ...after.map(({ client }) => client),
    ...idsOf(external.before),
    ...idsOf(external.after),
  ];
  return {
    number: ++group.count,
    at: change.at,
    settledAt: change.lastAt,
    trigger,
    ...(scaling === undefined ? {} : { asked: true }),
    reason,
    protocol: change.protocol,
    ...source,
    membersBefore: change.membersBefore.size + external.before.size,
    membersAfter: after.length + external.after.size,
    partitionsMoved: moved.length,
    members: memberChanges(members, change.concerned, ownersBefore, ownersAfter),
  };
}

const idsOf = (members: ExternalMembers) => [...members.values()].map(({ id }) => id);

/** The same external members without partitions that our clients own now. */
function without(all: ExternalMembers | undefined, owners: ReadonlyMap<number, unknown>): ExternalMembers {
  const rest = ([key, one]: [string, ExternalMember]) =>
    [key, { ...one, partitions: one.partitions.filter((partition) => !owners.has(partition)) }] as const;
  return new Map([...(all ?? [])].map(rest));
}

/** What each member gained, lost and kept, sorted by id. */
function memberChanges(
  members: readonly string[],
  concerned: ReadonlySet<number>,
  ownersBefore: ReadonlyMap<number, string>,
  ownersAfter: ReadonlyMap<number, string>,
): Rebalance['members'] {
  const changes = new Map(
    [...new Set(members)]
      .sort()
      .map((name) => [name, { name, gained: [], lost: [], kept: [] } as Rebalance['members'][number]]),
  );
  for (const partition of [...concerned].sort((a, b) => a - b)) {
    const from = ownersBefore.get(partition);
    const to = ownersAfter.get(partition);
    if (from !== undefined && from === to) changes.get(from)?.kept.push(partition);
    else {
      changes.get(from ?? '')?.lost.push(partition);
      changes.get(to ?? '')?.gained.push(partition);
    }
  }
  return [...changes.values()];
}

/** Adds the settled change. Partitions without a record since are pending: their pause is unknown. */
function addSettled(group: Group, { lastAt: settledAt, pauses }: Change, outline: Settled['outline']): void {
  const pending = new Set<number>();
  for (const [partition, { endedAt }] of group.processing) {
    const seen = endedAt !== undefined && endedAt >= settledAt;
    // A partition's first record has no predecessor from which a pause could be measured.
    if (!seen && pauses.get(partition)?.awaitsFirstBatch === false) pending.add(partition);
  }
  for (const partition of pending) group.pendingIn.set(partition, (group.pendingIn.get(partition) ?? 0) + 1);
  const settled: Settled = { holder: group, outline, pending, pauses, final: undefined };
  finishIfComplete(settled);
  group.settled.push(settled);
}
