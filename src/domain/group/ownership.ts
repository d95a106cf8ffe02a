/** Tracks which of our members owns which partition. */
import type { EpochMs } from '../../contract/time.ts';
import type { Change, Group, Member } from './state.ts';
import { STILL_PROCESSING_MS } from './trigger.ts';

/** Notes that the group has removed a member: others own its partitions, or the broker no longer lists it. */
export function remove(group: Group, change: Change, member: Member, now: EpochMs): void {
  const silentMs = now - member.seenAt;
  change.removed.set(member.key, silentMs);
  member.removedWhileProcessing = !member.ended && silentMs <= STILL_PROCESSING_MS;
  member.inGroup = false;
  member.awaitsAssignment = false;
  release(group, member);
}

/** Takes all partitions from a member. */
export function release(group: Group, member: Member): void {
  for (const partition of member.owned) {
    if (group.owners.get(partition) === member.key) group.owners.delete(partition);
  }
  member.owned.clear();
}

/** Gives a partition to a member. */
export function assign(group: Group, change: Change, member: Member, partition: number): void {
  group.owners.set(partition, member.key);
  member.owned.add(partition);
  change.concerned.add(partition);
}
