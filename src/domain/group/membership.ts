/** Who is a member and owns what, callback by callback. */
import type { EpochMs } from '../../contract/time.ts';
import type { Assigned, Revoked, Started } from '../evidence/facts.ts';
import { callback, SAID_KEPT, say } from './change.ts';
import { own, putOut, release } from './ownership.ts';
import type { Group, Member } from './state.ts';

export function newMember(group: Group, key: string, client: string, now: EpochMs): Member {
  const member: Member = {
    key,
    client,
    host: '',
    static: false,
    beatsAtWork: true,
    memberId: '',
    owned: new Set(),
    inGroup: false,
    awaiting: false,
    goodbye: false,
    ended: false,
    putOutAtWork: false,
    seenAt: now,
  };
  group.members.set(key, member);
  return member;
}

/** A new process of a client: the one before is over, whether it said so or not. */
export function start(group: Group, member: Member, fact: Started): void {
  member.host = fact.host;
  member.static = fact.static === true;
  member.beatsAtWork = fact.library !== 'kafkajs';
  for (const other of group.members.values()) {
    if (other.client === member.client && other !== member) end(other);
  }
}

/** What it owned stays with it until others get it: the group doesn't know yet. */
export function end(member: Member): void {
  member.ended = true;
  member.awaiting = false;
}

export function assigned(group: Group, member: Member, fact: Assigned, now: EpochMs): void {
  const change = callback(group, fact, now);
  change.onlyGoodbyes = false;
  say(change, fact.reason);
  member.memberId = fact.memberId;
  member.inGroup = true;
  member.awaiting = false;
  member.putOutAtWork = false;
  release(group, member);
  for (const partition of fact.owned) {
    const owner = group.members.get(group.owners.get(partition) ?? '');
    if (owner !== undefined) putOut(group, change, owner, now);
    own(group, change, member, partition);
  }
}

export function revoked(group: Group, member: Member, fact: Revoked, now: EpochMs): void {
  if (member.static && fact.cause === 'Closed') {
    // It does not leave: nothing changes in the group until it is back, or its session ends and others get what it had.
    member.goodbye = true;
    return;
  }
  const change = callback(group, fact, now);
  if (fact.cause !== 'Lost') say(change, fact.reason);
  member.memberId = fact.memberId;
  release(group, member);
  for (const partition of fact.owned) {
    if (!group.owners.has(partition)) own(group, change, member, partition);
  }
  member.inGroup = fact.cause === 'Revoked';
  // Incremental protocols take away only what goes to others: nothing need follow for this member.
  const gaveAll = fact.protocol === 'Eager' || (fact.protocol === 'None' && fact.owned.length === 0);
  member.awaiting = fact.cause === 'Lost' || (fact.cause === 'Revoked' && gaveAll);
  if (fact.cause === 'Lost' && change.lost.length < SAID_KEPT) {
    change.lost.push({ client: member.client, reason: fact.reason ?? '', atWork: member.putOutAtWork });
  }
  if (fact.cause === 'Closed') member.goodbye = true;
  else change.onlyGoodbyes = false;
}
