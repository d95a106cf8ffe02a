/** Applies the callbacks and starts of our members: who is in the group and owns what. */
import type { EpochMs } from '../../contract/time.ts';
import type { Assigned, Revoked, Started } from '../evidence/facts.ts';
import { addReason, isOver, openChange, QUIET_MS, REASONS_KEPT } from './change.ts';
import { awaitsSnapshot } from './external.ts';
import { assign, release, remove } from './ownership.ts';
import { longer } from './pauses.ts';
import { settle } from './settle.ts';
import type { Change, Group, Member } from './state.ts';

export function newMember(group: Group, key: string, client: string, now: EpochMs): Member {
  const member: Member = {
    key,
    client,
    host: '',
    static: false,
    heartbeatsWhileProcessing: true,
    memberId: '',
    owned: new Set(),
    inGroup: false,
    awaitsAssignment: false,
    cleanStop: false,
    ended: false,
    removedWhileProcessing: false,
    seenAt: now,
  };
  group.members.set(key, member);
  return member;
}

/** A client has a new process, so its previous process has ended. */
export function start(group: Group, member: Member, fact: Started): void {
  member.host = fact.host;
  member.static = fact.static === true;
  member.heartbeatsWhileProcessing = fact.library !== 'kafkajs';
  for (const other of group.members.values()) {
    if (other.client === member.client && other !== member) end(other);
  }
}

/** The member keeps its partitions until others get them, because the group does not know yet. */
export function end(member: Member): void {
  member.ended = true;
  member.awaitsAssignment = false;
}

export function assigned(group: Group, member: Member, fact: Assigned, now: EpochMs): void {
  const change = changeOf(group, fact, now);
  change.onlyCleanStops = false;
  addReason(change, fact.reason);
  member.memberId = fact.memberId;
  member.inGroup = true;
  member.awaitsAssignment = false;
  member.removedWhileProcessing = false;
  release(group, member);
  for (const partition of fact.owned) {
    const owner = group.members.get(group.owners.get(partition) ?? '');
    if (owner !== undefined) remove(group, change, owner, now);
    assign(group, change, member, partition);
  }
}

export function revoked(group: Group, member: Member, fact: Revoked, now: EpochMs): void {
  if (member.static && fact.cause === 'Closed') {
    // A static member does not leave: nothing changes until it returns, or its session expires and others get its partitions.
    member.cleanStop = true;
    return;
  }
  const change = changeOf(group, fact, now);
  if (fact.cause !== 'Lost') addReason(change, fact.reason);
  member.memberId = fact.memberId;
  release(group, member);
  for (const partition of fact.owned) {
    if (!group.owners.has(partition)) assign(group, change, member, partition);
  }
  member.inGroup = fact.cause === 'Revoked';
  // Incremental protocols revoke only partitions that move, so this member may get no further callback.
  const gaveAll = fact.protocol === 'Eager' || (fact.protocol === 'None' && fact.owned.length === 0);
  member.awaitsAssignment = fact.cause === 'Lost' || (fact.cause === 'Revoked' && gaveAll);
  if (fact.cause === 'Lost' && change.lost.length < REASONS_KEPT) {
    const { client, removedWhileProcessing } = member;
    change.lost.push({ client, reason: fact.reason ?? '', removedWhileProcessing });
  }
  if (fact.cause === 'Closed') member.cleanStop = true;
  else change.onlyCleanStops = false;
}

/** The change that a callback belongs to: the one in progress, or a new one. */
function changeOf(group: Group, fact: Assigned | Revoked, now: EpochMs): Change {
  const { change: last } = group;
  // A change that only waited for a snapshot ends before this callback.
  if (last && now >= last.lastAt + QUIET_MS && isOver(group, last, now) && awaitsSnapshot(group, last, now)) {
    settle(group, last);
  }
  group.change ??= openChange(group, fact, now);
  const { change } = group;
  change.lastAt = now;
  change.calledBack.add(fact.client);
  if (fact.protocol !== 'None') change.protocol = fact.protocol;
  for (const pauses of change.pauses.values()) {
    pauses.longest = longer(pauses.longest, pauses.longestAfter);
    pauses.longestAfter = undefined;
  }
  return change;
}
