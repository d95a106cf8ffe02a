/** Which of our members owns what. */
import type { EpochMs } from '../../contract/time.ts';
import type { Change, Group, Member } from './state.ts';
import { AT_WORK_MS } from './trigger.ts';

/** Others own its partitions without it having given them up: it has been out of the group for a while. */
export function putOut(group: Group, change: Change, member: Member, now: EpochMs): void {
  const silentMs = now - member.seenAt;
  change.putOut.set(member.key, silentMs);
  member.putOutAtWork = !member.ended && silentMs <= AT_WORK_MS;
  member.inGroup = false;
  member.awaiting = false;
  release(group, member);
}

export function release(group: Group, member: Member): void {
  for (const partition of member.owned) {
    if (group.owners.get(partition) === member.key) group.owners.delete(partition);
  }
  member.owned.clear();
}

export function own(group: Group, change: Change, member: Member, partition: number): void {
  group.owners.set(partition, member.key);
  member.owned.add(partition);
  change.concerned.add(partition);
}
