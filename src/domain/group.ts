/**
 * The consumer group of a run as its own clients tell it: who is a member, who owns what, and each settled change of
 * that (a rebalance) with its pauses. Events come in the order of time (see timeline.ts).
 */
import type { EpochMs } from '../api/kind.ts';
import { isOver, QUIET_MS, settle } from './change.ts';
import type { Scaled } from './evidence.ts';
import type { Group, Member } from './groupState.ts';
import { assigned, end, newMember, revoked, start } from './membership.ts';
import type { Rebalance } from './runView.ts';
import { complete, workBegan, workEnded } from './standstill.ts';
import type { GroupEvent, Told } from './timeline.ts';

const TROUBLES_KEPT = 50;
const SCALINGS_KEPT = 50;

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
      break;
    case 'WorkBegan':
      sighted(group, instance, what.client, now);
      workBegan(group, what.partition, at, what.waitedMs);
      break;
    case 'WorkEnded':
      sighted(group, instance, what.client, now);
      workEnded(group, what.partition, { from: what.beganAt, to: at }, what.longestPause);
      break;
    default:
      told(group, instance, what, now);
  }
}

function told(group: Group, instance: string, fact: Told, now: EpochMs): void {
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
      revoked(group, member(), fact, now);
      break;
    case 'Stopping':
      if (seen !== undefined) seen.goodbye = true;
      break;
    case 'Stopped':
      if (seen !== undefined) end(seen);
      break;
    case 'ClientError':
      if (seen === undefined) break;
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
  const { change } = group;
  if (change !== undefined && now >= change.lastAt + QUIET_MS && isOver(group, change, now)) settle(group, change);
}

export const rebalances = (group: Group): Rebalance[] =>
  group.settled.map((settled) => settled.final ?? complete(settled));

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
