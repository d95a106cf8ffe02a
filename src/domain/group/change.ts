/** One change of the group, from its first callback until it has settled and is told as a rebalance. */
import type { EpochMs } from '../../contract/time.ts';
import type { Assigned, RebalanceProtocol, Revoked } from '../evidence/facts.ts';
import type { Rebalance } from '../figures/figures.ts';
import type { Foreigner, Foreigners, Picture, Unexplained } from './brokerView.ts';
import { account, awaitsLook, foreigners, foreignOwners, missing, pictureAfter } from './external.ts';
import { putOut } from './ownership.ts';
import { longer } from './pauses.ts';
import { complete, finish } from './standstill.ts';
import {
  type Around,
  type Change,
  type Group,
  inSight,
  LOST_SIGHT_MS,
  liveMembers,
  type Member,
  type Settled,
} from './state.ts';
import { judge } from './trigger.ts';

/** A change has settled when no callback came for so long. */
export const QUIET_MS = 400;
/**
 * The others of a classic group learn by their heartbeat (`heartbeat.interval.ms`, 3 s) that a member without
 * partitions left; until then nothing else shows that the change isn't over.
 */
const HEARTBEAT_MS = 4_000;
/**
 * Where somebody new has nothing while another has several, partitions are still to be handed over: after the owner's
 * next heartbeat (5 s for `group.protocol=consumer`), or at its next poll.
 */
const HANDOVER_MS = 10_000;
/** The broker calls the group stable, so long after the last callback: what has no owner here has one elsewhere. */
const STABLE_MS = 5_000;
/** Whatever is still missing won't come (`max.poll.interval.ms`, 5 min, is the longest that a group waits for a member). */
const GIVEN_UP_MS = 300_000;
/** A member without partitions that missed two `Alive` when a change settled is taken to be out of the group. */
const GONE_MS = 7_000;
/** Rebalances that are kept. */
const KEPT = 500;
/** Processes that ended are forgotten, oldest first, beyond so many. */
const MEMBERS_KEPT = 2_000;

/** Words of the library about one change. */
export const SAID_KEPT = 20;

/** The change that a callback belongs to: the one that is going on, or it opens one. */
export function callback(group: Group, fact: Assigned | Revoked, now: EpochMs): Change {
  const { change: last } = group;
  // It only waited for the broker to tell who else was in it.
  if (last && now >= last.lastAt + QUIET_MS && isOver(group, last, now) && awaitsLook(group, last, now)) {
    settle(group, last);
  }
  group.change ??= open(group, fact, now);
  const { change } = group;
  change.lastAt = now;
  change.calledBack.add(fact.client);
  if (fact.protocol !== 'None') change.protocol = fact.protocol;
  for (const around of change.around.values()) {
    around.longest = longer(around.longest, around.beyond);
    around.beyond = undefined;
  }
  return change;
}

export function say(change: Change, reason: string | undefined): void {
  if (reason && change.said.length < SAID_KEPT) change.said.push(reason);
}

function open(group: Group, fact: Assigned | Revoked, at: EpochMs): Change {
  const around = new Map<number, Around>();
  for (const [partition, { endedAt }] of group.processing) {
    const work = endedAt === undefined ? [] : [{ from: endedAt, to: endedAt }];
    around.set(partition, { longest: undefined, beyond: undefined, errorMs: 0, work, fresh: endedAt === undefined });
  }
  group.broker.unexplained = undefined;
  const openedByGoodbye = fact.type === 'Revoked' && fact.cause === 'Closed';
  return { ...changeFrom(group, at, fact.protocol), openedByGoodbye, around };
}

/** A change of the group as it is. */
function changeFrom(group: Group, at: EpochMs, protocol: RebalanceProtocol): Change {
  const membersBefore = new Map<string, string>();
  for (const { key, client, inGroup } of group.members.values()) if (inGroup) membersBefore.set(key, client);
  const ownersBefore = ownersByName(group, group.broker.accounted);
  return {
    at,
    lastAt: at,
    protocol,
    membersBefore,
    ownersBefore,
    concerned: new Set(ownersBefore.keys()),
    openedByGoodbye: false,
    onlyGoodbyes: true,
    lost: [],
    calledBack: new Set(),
    putOut: new Map(),
    said: [],
    stableAt: undefined,
    around: new Map(),
  };
}

function ownersByName(group: Group, others: Foreigners | undefined): Map<number, string> {
  const names = foreignOwners(others);
  for (const [partition, key] of group.owners) names.set(partition, group.members.get(key)?.client ?? key);
  return names;
}

/** Asked once `QUIET_MS` have passed without a callback. */
export function isOver(group: Group, change: Change, now: EpochMs): boolean {
  const waited = now - change.lastAt;
  if (waited >= GIVEN_UP_MS) return true;
  const stableFor = change.stableAt === undefined ? 0 : change.stableAt - change.lastAt;
  // Even a broker that calls it stable may have handed out an assignment that the client hasn't taken up yet.
  const waiting = [...group.members.values()].some((one) => one.awaiting && !one.goodbye && inSight(group, one));
  if (waiting) return stableFor >= LOST_SIGHT_MS;
  const live = liveMembers(group);
  if (live.length === 0 || stableFor >= STABLE_MS) return true;
  if ([...change.concerned].some((partition) => !group.owners.has(partition))) return false;
  if (change.onlyGoodbyes && change.protocol !== 'Consumer') return waited >= HEARTBEAT_MS;
  if (change.protocol === 'Eager' || change.protocol === 'None') return true;
  const handover =
    live.some(({ key, owned }) => owned.size === 0 && !change.membersBefore.has(key)) &&
    live.some(({ owned }) => owned.size > 1);
  return !handover || waited >= HANDOVER_MS;
}

/** A change that none of our clients told of: what is known of it is what two looks at the group show. */
export function settleForeign(group: Group, { at, before, picture }: Unexplained): void {
  const change = { ...changeFrom(group, at, picture.protocol), lastAt: picture.at };
  record(group, change, picture, { source: 'Broker', resolutionMs: picture.at - before });
}

export function settle(group: Group, change: Change): void {
  record(group, change, pictureAfter(group, change), { source: 'Clients' });
}

/** `picture`: the look that shows how it ended; without one, foreign members are taken to be as they were. */
function record(
  group: Group,
  change: Change,
  picture: Picture | undefined,
  told: Pick<Rebalance, 'source' | 'resolutionMs'>,
): void {
  group.change = undefined;
  if (picture !== undefined) {
    for (const member of missing(group, picture)) putOut(group, change, member, change.lastAt);
  }
  const settledAt = change.lastAt;
  for (const member of group.members.values()) {
    // Nobody took anything from it, so nothing else shows that the group goes on without it.
    const unheard = member.awaiting && !inSight(group, member);
    const gone = member.ended || unheard || member.seenAt < settledAt - GONE_MS;
    member.awaiting = false;
    if (member.inGroup && gone && member.owned.size === 0) member.inGroup = false;
  }
  const { broker } = group;
  const others = picture === undefined ? without(broker.accounted, group.owners) : foreigners(group, picture);
  // Before the first look nobody knows since when they have been there.
  const othersBefore = broker.accounted ?? others;
  const ownersBefore = new Map([...foreignOwners(othersBefore), ...change.ownersBefore]);
  const ownersAfter = ownersByName(group, others);
  for (const partition of [...ownersBefore.keys(), ...ownersAfter.keys()]) change.concerned.add(partition);
  const after = [...group.members.values()].filter(({ inGroup }) => inGroup);
  const moved = [...change.concerned].filter((p) => ownersBefore.get(p) !== ownersAfter.get(p));
  const { trigger, reason, scaling } = explain(group, change, after, { before: othersBefore, after: others });
  const outline: Settled['outline'] = {
    number: ++group.count,
    at: change.at,
    settledAt,
    trigger,
    ...(scaling === undefined ? {} : { asked: true }),
    reason,
    protocol: change.protocol,
    ...told,
    membersBefore: change.membersBefore.size + othersBefore.size,
    membersAfter: after.length + others.size,
    partitionsMoved: moved.length,
    members: memberChanges(
      [...change.membersBefore.values(), ...after.map(({ client }) => client), ...ids(othersBefore), ...ids(others)],
      change.concerned,
      ownersBefore,
      ownersAfter,
    ),
  };
  if (picture !== undefined || broker.accounted !== undefined) account(group, others);
  // The first look there is from now on still tells of this change.
  broker.late = picture === undefined && broker.lookedAt !== undefined;
  for (const { client, key } of after) group.known.set(client, key);
  for (const partition of change.concerned) group.everOwned.add(partition);
  forgetEnded(group);
  const pending = new Set<number>();
  for (const [partition, { endedAt }] of group.processing) {
    const seen = endedAt !== undefined && endedAt >= settledAt;
    // A partition's first record ever has none before it to measure from.
    if (!seen && change.around.get(partition)?.fresh === false) pending.add(partition);
  }
  for (const partition of pending) group.pendingIn.set(partition, (group.pendingIn.get(partition) ?? 0) + 1);
  const settled: Settled = { holder: group, outline, pending, around: change.around, final: undefined };
  finish(settled);
  group.settled.push(settled);
  if (group.settled.length > KEPT) dropOldest(group);
}

const ids = (foreigners: Foreigners) => [...foreigners.values()].map(({ id }) => id);

/** What is left of it when these partitions have other owners. */
function without(all: Foreigners | undefined, owners: ReadonlyMap<number, unknown>): Foreigners {
  const rest = ([key, one]: [string, Foreigner]) =>
    [key, { ...one, partitions: one.partitions.filter((partition) => !owners.has(partition)) }] as const;
  return new Map([...(all ?? [])].map(rest));
}

function memberChanges(
  members: string[],
  concerned: ReadonlySet<number>,
  ownersBefore: ReadonlyMap<number, string>,
  ownersAfter: ReadonlyMap<number, string>,
): Rebalance['members'] {
  const changes = new Map(
    [...new Set(members)]
      .sort()
      .map((id) => [id, { id, gained: [], lost: [], kept: [] } as Rebalance['members'][number]]),
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

function explain(group: Group, change: Change, after: Member[], others: { before: Foreigners; after: Foreigners }) {
  const settledAt = change.lastAt;
  const afterKeys = new Set(after.map(({ key }) => key));
  const joined = after.filter(({ key }) => !change.membersBefore.has(key));
  const returned = joined.filter(({ key, client }) => (group.known.get(client) ?? key) !== key);
  const left = [...change.membersBefore].filter(([key]) => !afterKeys.has(key));
  const fresh = [...change.concerned].filter((p) => group.owners.has(p) && !group.everOwned.has(p));
  const judgement = judge({
    at: change.at,
    settledAt,
    openedByGoodbye: change.openedByGoodbye,
    joined: joined.map(({ client }) => client).sort(),
    returned: returned.map(({ client }) => client).sort(),
    left: left
      .map(([key, client]) => {
        const member = group.members.get(key);
        const silentMs = change.putOut.get(key) ?? Math.max(0, settledAt - (member?.seenAt ?? settledAt));
        const { goodbye = true, static: isStatic = false, beatsAtWork = true } = member ?? {};
        return { client, goodbye, static: isStatic, beatsAtWork, silentMs };
      })
      .sort((a, b) => (a.client < b.client ? -1 : 1)),
    foreignJoined: onlyIn(others.after, others.before),
    foreignLeft: onlyIn(others.before, others.after),
    ownsNone: group.own.size === 0,
    lost: change.lost,
    troubles: group.troubles,
    scalings: group.scalings,
    newPartitions: change.membersBefore.size > 0 && group.everOwned.size > 0 ? fresh.sort((a, b) => a - b) : [],
    said: change.said,
  });
  // Who was put out and works on takes part when it polls again: what it reported explains that change.
  group.troubles = group.troubles.filter(({ at, client }) => at > settledAt || !change.calledBack.has(client));
  const { scaling } = judgement;
  if (scaling !== undefined) scaling.of.left -= scaling.members;
  return judgement;
}

const onlyIn = (one: Foreigners, other: Foreigners): string[] =>
  [...one].flatMap(([key, { id }]) => (other.has(key) ? [] : [id])).sort();

function forgetEnded(group: Group): void {
  let excess = group.members.size - MEMBERS_KEPT;
  for (const [key, member] of group.members) {
    if (excess <= 0) return;
    if (!member.inGroup && member.owned.size === 0 && !inSight(group, member)) {
      group.members.delete(key);
      excess--;
    }
  }
}

function dropOldest(group: Group): void {
  const oldest = group.settled.shift();
  if (oldest === undefined) return;
  const { stopTheWorldMs, longestPauseMs } = oldest.final ?? complete(oldest);
  group.partitionsMoved += oldest.outline.partitionsMoved;
  group.longestPauseMs = Math.max(group.longestPauseMs, longestPauseMs);
  group.longestStopTheWorldMs = Math.max(group.longestStopTheWorldMs, stopTheWorldMs);
  for (const partition of oldest.pending) {
    group.pendingIn.set(partition, (group.pendingIn.get(partition) ?? 0) - 1);
  }
}
