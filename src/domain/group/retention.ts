/** Bounds the memory of a group: forgets ended members and old rebalances. */
import { toRebalance } from './standstill.ts';
import { type Group, isAlive } from './state.ts';

const MEMBERS_KEPT = 2_000;
const REBALANCES_KEPT = 500;
/** Limit of pauses of rebalances with pending partitions: one per rebalance and partition. */
const PAUSES_KEPT = 50_000;

/** Forgets the oldest ended members beyond `MEMBERS_KEPT`. */
export function forgetEndedMembers(group: Group): void {
  let excess = group.members.size - MEMBERS_KEPT;
  for (const [key, member] of group.members) {
    if (excess <= 0) return;
    if (!member.inGroup && member.owned.size === 0 && !isAlive(group, member)) {
      group.members.delete(key);
      excess--;
    }
  }
}

/** Drops the oldest rebalance beyond `REBALANCES_KEPT`. The group keeps its totals. */
export function dropOldestRebalance(group: Group): void {
  if (group.settled.length <= REBALANCES_KEPT) return;
  const oldest = group.settled.shift();
  if (oldest === undefined) return;
  const { stopTheWorldMs, longestPauseMs } = oldest.final ?? toRebalance(oldest);
  group.partitionsMoved += oldest.outline.partitionsMoved;
  group.longestPauseMs = Math.max(group.longestPauseMs, longestPauseMs);
  group.longestStopTheWorldMs = Math.max(group.longestStopTheWorldMs, stopTheWorldMs);
  for (const partition of oldest.pending) {
    group.pendingIn.set(partition, (group.pendingIn.get(partition) ?? 0) - 1);
  }
}

/**
 * Completes the oldest rebalances with pending partitions until at most `most` pauses are kept. The pauses of these partitions
 * stay unknown, and so they stay in the list of pending ones.
 */
export function completeOldestPending(group: Group, most: number = PAUSES_KEPT): void {
  let kept = group.settled.reduce((sum, { pauses }) => sum + pauses.size, 0);
  for (const [index, settled] of group.settled.entries()) {
    if (kept <= most) return;
    if (settled.final !== undefined) continue;
    kept -= settled.pauses.size;
    for (const partition of settled.pending) group.pendingIn.set(partition, (group.pendingIn.get(partition) ?? 0) - 1);
    // Another group may hold the settled change, so it is replaced and not changed.
    const final = toRebalance(settled);
    group.settled[index] = { ...settled, holder: group, pending: new Set(), pauses: new Map(), final };
  }
}
