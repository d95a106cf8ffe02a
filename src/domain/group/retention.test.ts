import { expect, test } from '@jest/globals';
import { completeOldestPending } from './retention.ts';
import { copyGroup, emptyGroup, type Group, type PartitionPauses } from './state.ts';

const PARTITIONS = [0, 1, 2, 3];

const outline = (number: number): Group['settled'][number]['outline'] => ({
  number,
  at: 1_000 * number,
  settledAt: 1_000 * number + 500,
  trigger: 'Unknown',
  reason: '',
  protocol: 'Eager',
  source: 'Clients',
  membersBefore: 1,
  membersAfter: 1,
  partitionsMoved: 0,
  members: [],
});

const paused = (from: number): PartitionPauses => ({
  longest: { from, to: from + 100 },
  longestAfter: undefined,
  errorMs: 0,
  work: [],
  awaitsFirstBatch: false,
});

/** Three rebalances of four partitions. Partition 3 has had no record since the first of them. */
function stormy(): Group {
  const group = emptyGroup();
  for (const number of [1, 2, 3]) {
    const pauses = new Map(PARTITIONS.map((partition) => [partition, paused(1_000 * number)]));
    group.settled.push({ holder: group, outline: outline(number), pending: new Set([3]), pauses, final: undefined });
  }
  group.pendingIn.set(3, 3);
  return group;
}

const keptIn = ({ settled }: Group) => settled.map(({ pauses }) => pauses.size);

test('within the bound every rebalance waits for its pending partitions', () => {
  const group = stormy();
  completeOldestPending(group, 12);
  expect(keptIn(group)).toEqual([4, 4, 4]);
  expect(group.settled.map(({ final }) => final)).toEqual([undefined, undefined, undefined]);
});

test('beyond the bound the oldest are completed: their known pauses stay, and the others stay pending', () => {
  const group = stormy();
  completeOldestPending(group, 11);
  expect(keptIn(group)).toEqual([0, 4, 4]);
  expect(group.settled[0]?.final).toMatchObject({
    pending: [3],
    longestPauseMs: 100,
    pauses: [{ partition: 0 }, { partition: 1 }, { partition: 2 }],
  });
  expect(group.pendingIn.get(3)).toBe(2);
  completeOldestPending(group, 0);
  expect(keptIn(group)).toEqual([0, 0, 0]);
  expect(group.pendingIn.get(3)).toBe(0);
});

test('a copy of the group completes its own rebalances only', () => {
  const group = stormy();
  completeOldestPending(copyGroup(group), 0);
  expect(keptIn(group)).toEqual([4, 4, 4]);
  expect(group.pendingIn.get(3)).toBe(3);
});
