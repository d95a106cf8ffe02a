/**
 * Folds the consumer group of a run from the reports of its own clients: members, owners, and each settled change (a rebalance)
 * with its pauses. Events arrive sorted by time (see timeline.ts).
 */
import type { EpochMs } from '../../contract/time.ts';
import type { ClientError, Scaled } from '../evidence/facts.ts';
import type { Rebalance } from '../figures/figures.ts';
import { isOver, QUIET_MS } from './change.ts';
import { awaitsSnapshot, snapshotShowsEnd, takeDescription } from './external.ts';
import { assigned, end, newMember, revoked, start } from './membership.ts';
import { settle, settleUnexplained } from './settle.ts';
import { markEvidenceComplete, toRebalance, workBegan, workEnded } from './standstill.ts';
import type { Group, Member } from './state.ts';
import { withLogSample } from './timeInLog.ts';
import type { ClientFact, GroupDescribed, GroupEvent } from './timeline.ts';

const ERRORS_KEPT = 50;
const SCALINGS_KEPT = 50;
/** Limit of names and member ids of our own clients. The oldest are forgotten first. */
const OWN_IDS_KEPT = 20_000;

/** Applies the next event in place. An event older than the group's time counts as happening now. */
export function applyEvent(group: Group, { at, instance, what }: GroupEvent): void {
  const now = Math.max(at, group.time);
  passTime(group, now);
  group.time = now;
  switch (what.type) {
    case 'Scaled':
      addScaling(group, what, now);
      break;
    case 'GroupDescribed':
      group.logSamples = withLogSample(group.logSamples, { ...what.logSample, at });
      applyDescription(group, what, now);
      break;
    case 'WorkBegan':
      markSeen(group, instance, what.client, now);
      workBegan(group, what, at, what.clock);
      break;
    case 'WorkEnded':
      markSeen(group, instance, what.client, now);
      workEnded(group, what.partition, { from: what.beganAt, to: at }, what.clock, what.longestPause);
      break;
    default:
      applyClientFact(group, instance, what, now);
  }
}

function applyDescription(group: Group, described: GroupDescribed, now: EpochMs): void {
  if (described.groupState === 'Stable' && group.change !== undefined) group.change.stableAt = now;
  const earlier = takeDescription(group, described, now);
  if (earlier === undefined) return;
  // The description shows a second change on top of the earlier one.
  settleUnexplained(group, earlier);
  takeDescription(group, described, now);
}

function applyClientFact(group: Group, instance: string, fact: ClientFact, now: EpochMs): void {
  addOwnIds(group, fact);
  const seen = markSeen(group, instance, fact.client, now);
  const member = () => seen ?? newMember(group, keyOf(instance, fact.client), fact.client, now);
  switch (fact.type) {
    case 'Started':
      if (fact.role === 'Consumer') start(group, member(), fact);
      break;
    case 'Assigned':
      assigned(group, member(), fact, now);
      break;
    case 'Revoked':
      markEvidenceComplete(group, instance, fact.lost);
      revoked(group, member(), fact, now);
      break;
    case 'Stopping':
      if (seen !== undefined) seen.cleanStop = true;
      break;
    case 'Stopped':
      if (seen !== undefined) end(seen);
      break;
    case 'Died':
      // Only the group's own change shows that the dead client is no longer a member.
      markEvidenceComplete(group, instance, group.processing.keys());
      break;
    case 'ClientError':
      addError(group, seen, fact, now);
      break;
    case 'Alive':
      break;
  }
}

/** Settles the change in progress if nothing more belongs to it up to `now`. */
export function passTime(group: Group, now: EpochMs): void {
  const { change, broker } = group;
  if (change === undefined) {
    const { unexplained } = broker;
    if (unexplained !== undefined && now >= unexplained.until) settleUnexplained(group, unexplained);
  } else if (now >= change.lastAt + QUIET_MS) {
    const over = snapshotShowsEnd(group, change) || (isOver(group, change, now) && !awaitsSnapshot(group, change, now));
    if (over) settle(group, change);
  }
}

export const rebalances = (group: Group): Rebalance[] =>
  group.settled.map((settled) => settled.final ?? toRebalance(settled));

function addOwnIds({ ownIds }: Group, fact: ClientFact): void {
  ownIds.add(fact.client);
  if ((fact.type === 'Assigned' || fact.type === 'Revoked') && fact.memberId !== '') ownIds.add(fact.memberId);
  if (ownIds.size <= OWN_IDS_KEPT) return;
  for (const oldest of ownIds) {
    ownIds.delete(oldest);
    return;
  }
}

const keyOf = (instance: string, client: string) => `${instance} ${client}`;

/** The member that sent a fact, which is alive at `now`; undefined if it is not known yet. */
function markSeen(group: Group, instance: string, client: string, now: EpochMs): Member | undefined {
  const member = group.members.get(keyOf(instance, client));
  if (member !== undefined) member.seenAt = now;
  return member;
}

/** Keeps the error for explanations. An error of a client that is stopping is only a consequence of its stop. */
function addError({ errors }: Group, member: Member | undefined, fact: ClientError, now: EpochMs): void {
  if (member === undefined || member.cleanStop) return;
  const { client, code, message } = fact;
  errors.push({ client, at: now, code, message, removedWhileProcessing: member.removedWhileProcessing });
  if (errors.length > ERRORS_KEPT) errors.shift();
}

/** Adds a scaling. The operator repeats a Scaled fact until it has read it back, so repetitions are ignored. */
function addScaling(group: Group, { what, from, to }: Scaled, at: EpochMs): void {
  if (group.scaledTo.get(what) === to) return;
  group.scaledTo.set(what, to);
  if (what === 'Producers') return;
  group.scalings.push({ what, at, from, to, remaining: what === 'Partitions' ? 1 : Math.abs(to - from) });
  if (group.scalings.length > SCALINGS_KEPT) group.scalings.shift();
}
