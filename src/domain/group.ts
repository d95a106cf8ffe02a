/**
 * The consumer group of a run as its own clients tell it: who is a member, who owns what, and each settled change of
 * that (a rebalance) with its pauses. Events come in the order of time (see timeline.ts).
 */
import type { EpochMs } from '../api/kind.ts';
import { isOver, QUIET_MS, settle, settleForeign } from './change.ts';
import type { Scaled } from './evidence.ts';
import { awaitsLook, looked, saysOver } from './foreigners.ts';
import type { Group, Member } from './groupState.ts';
import { assigned, end, newMember, revoked, start } from './membership.ts';
import type { Rebalance } from './runView.ts';
import { complete, handedOver, workBegan, workEnded } from './standstill.ts';
import type { GroupEvent, Happening, Told } from './timeline.ts';

const TROUBLES_KEPT = 50;
const SCALINGS_KEPT = 50;
/** Names and member ids of our own clients, oldest forgotten first. */
const OWN_KEPT = 20_000;

/** Takes in the next event, in place. One that comes too late for its time counts as happening now. */
export function step(group: Group, { at, instance, what }: GroupEvent): void {
  const now = Math.max(at, group.time);
  passTime(group, now);
  group.time = now;
  switch (what.type) {
    case 'Scaled':
      scale(group, what, now);
      break;
    case 'Looked':
      if (what.groupState === 'Stable' && group.change !== undefined) group.change.stableAt = now;
      look(group, what, now);
      break;
    case 'WorkBegan':
      sighted(group, instance, what.client, now);
      workBegan(group, what.partition, at, what.waitedMs, what.clock);
      break;
    case 'WorkEnded':
      sighted(group, instance, what.client, now);
      workEnded(group, what.partition, { from: what.beganAt, to: at }, what.clock, what.longestPause);
      break;
    default:
      told(group, instance, what, now);
  }
}

/** What a look shows of the same change as the look before is still to come when that one was another change. */
function look(group: Group, what: Extract<Happening, { type: 'Looked' }>, now: EpochMs): void {
  const earlier = looked(group, what, now);
  if (earlier === undefined) return;
  settleForeign(group, earlier);
  looked(group, what, now);
}

function told(group: Group, instance: string, fact: Told, now: EpochMs): void {
  own(group, fact);
  const seen = sighted(group, instance, fact.client, now);
  const member = () => seen ?? newMember(group, keyOf(instance, fact.client), fact.client, now);
  switch (fact.type) {
    case 'Started':
      if (fact.role === 'Consumer') start(group, member(), fact);
      break;
    case 'Assigned':
      assigned(group, member(), fact, now);
      break;
    case 'Revoked':
      handedOver(group, instance, fact.lost);
      revoked(group, member(), fact, now);
      break;
    case 'Stopping':
      if (seen !== undefined) seen.goodbye = true;
      break;
    case 'Stopped':
      if (seen !== undefined) end(seen);
      break;
    case 'Died':
      // That it is no member any more is for the group to find out.
      handedOver(group, instance, group.processing.keys());
      break;
    case 'ClientError':
      // The errors of a client that is leaving follow from that: they are not why the group rebalances.
      if (seen === undefined || seen.goodbye) break;
      group.troubles.push({
        client: fact.client,
        at: now,
        code: fact.code,
        message: fact.message,
        atWork: seen.putOutAtWork,
      });
      if (group.troubles.length > TROUBLES_KEPT) group.troubles.shift();
      break;
    case 'Alive':
      break;
  }
}

/** Settles the change that is going on if nothing more belongs to it up to `now`. */
export function passTime(group: Group, now: EpochMs): void {
  const { change, broker } = group;
  if (change === undefined) {
    if (broker.unexplained !== undefined && now >= broker.unexplained.until) settleForeign(group, broker.unexplained);
  } else if (now >= change.lastAt + QUIET_MS) {
    const over = saysOver(group, change) || (isOver(group, change, now) && !awaitsLook(group, change, now));
    if (over) settle(group, change);
  }
}

export const rebalances = (group: Group): Rebalance[] =>
  group.settled.map((settled) => settled.final ?? complete(settled));

function own(group: Group, fact: Told): void {
  group.own.add(fact.client);
  if ((fact.type === 'Assigned' || fact.type === 'Revoked') && fact.memberId !== '') group.own.add(fact.memberId);
  if (group.own.size <= OWN_KEPT) return;
  for (const oldest of group.own) {
    group.own.delete(oldest);
    return;
  }
}

const keyOf = (instance: string, client: string) => `${instance} ${client}`;

/** The client gave a sign of life. */
function sighted(group: Group, instance: string, client: string, now: EpochMs): Member | undefined {
  const member = group.members.get(keyOf(instance, client));
  if (member !== undefined) member.seenAt = now;
  return member;
}

/** The operator says a scaling again when it hasn't read the first word yet: that is one scaling. */
function scale(group: Group, { what, from, to }: Scaled, at: EpochMs): void {
  if (group.scaledTo.get(what) === to) return;
  group.scaledTo.set(what, to);
  if (what === 'Producers') return;
  group.scalings.push({ what, at, from, to, left: what === 'Partitions' ? 1 : Math.abs(to - from) });
  if (group.scalings.length > SCALINGS_KEPT) group.scalings.shift();
}
