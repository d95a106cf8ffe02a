import { expect, test } from '@jest/globals';
import { membership } from './membership.ts';

const HINT =
  ' (consumers see new partitions when they refresh their metadata: metadata.max.age.ms, 5 minutes by default)';

const upTo = (end: number) => Array.from({ length: end }, (_, partition) => partition);

// biome-ignore format: one situation a line
test.each<[situation: string, partitions: number, wanted: { consumers: number; partitions: number }, owned: number[][], says: string]>([
  ['the topic has too few partitions', 6, { consumers: 2, partitions: 8 }, [upTo(6)], 'the topic has 6 partitions, 8 expected'],
  ['too few members, all partitions owned', 6, { consumers: 2, partitions: 6 }, [upTo(6)], '1 member in the group, 2 expected'],
  ['new partitions have no owner', 8, { consumers: 2, partitions: 8 }, [[0, 1, 2], [3, 4, 5]], `2 members in the group, 2 expected; partitions 6 and 7 have no owner yet${HINT}`],
  ['one partition has no owner', 3, { consumers: 1, partitions: 3 }, [[0, 1]], `1 member in the group, 1 expected; partition 2 has no owner yet${HINT}`],
  ['too few members, and partitions without an owner', 8, { consumers: 2, partitions: 8 }, [upTo(6)], `1 member in the group, 2 expected; partitions 6 and 7 have no owner yet${HINT}`],
  ['many partitions have no owner', 20, { consumers: 1, partitions: 20 }, [[0]], `1 member in the group, 1 expected; partitions 1, 2, 3, 4, 5 and 14 more have no owner yet${HINT}`],
  ['no members', 8, { consumers: 2, partitions: 8 }, [], '0 members in the group, 2 expected'],
])('%s', (_situation, partitions, wanted, owned, says) => {
  const members = owned.map((partitions) => ({ partitions }));
  const group = { members, figures: { rebalances: { settled: true } }, partitions, others: 0, membersPerReplica: 1 };
  expect(membership({ phase: 'Running', ...wanted }, group)).toBe(says);
});

test('a replica with several members, beside another member, in a rebalance', () => {
  const members = [[0], [1], [2]].map((partitions) => ({ partitions }));
  const group = {
    members,
    figures: { rebalances: { settled: false } },
    partitions: 3,
    others: 1,
    membersPerReplica: 3,
  };
  const wanted = { phase: 'Running' as const, consumers: 2, partitions: 3 };
  expect(membership(wanted, group)).toBe('3 members in the group, 7 expected, rebalancing');
});
