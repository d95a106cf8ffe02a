import { expect, test } from '@jest/globals';
import { type Admin, FetchIsolationLevels } from '@platformatic/kafka';
import type { Groups } from './groups.ts';
import { takeSnapshot } from './snapshot.ts';
import type { Topics } from './topics.ts';

const SHAPE = { leader: 1, replicas: [1], isr: [1] };
const EARLIEST = -2n;

interface Offsets {
  topics: { name: string; partitions: { timestamp: bigint }[] }[];
  isolationLevel?: number;
}

/** A cluster with topic t (2 partitions, offsets 3 to 10 and 3 to 11, transactions are open from 5 and 6) and group g, which has committed partition 1 only. */
function cluster() {
  const asked: string[] = [];
  const admin = {
    async listConsumerGroupOffsets({ groups }: { groups: { groupId: string; topics: unknown[] }[] }) {
      asked.push(`committed of ${groups.map(({ groupId, topics }) => `${groupId} ${topics.length}`).join(', ')}`);
      const partitions = [
        { partitionIndex: 1, committedOffset: 7n },
        { partitionIndex: 0, committedOffset: -1n },
      ];
      return [{ groupId: 'g', topics: [{ name: 't', partitions }] }];
    },
    async listOffsets({ topics, isolationLevel }: Offsets) {
      const earliest = topics[0]?.partitions[0]?.timestamp === EARLIEST;
      const stable = isolationLevel === FetchIsolationLevels.READ_COMMITTED;
      const what = earliest ? 'beginnings' : stable ? 'last stable offsets' : 'ends';
      asked.push(`${what} of ${topics.map(({ name }) => name)}`);
      const end = (partitionIndex: number) => BigInt((stable ? 5 : 10) + partitionIndex);
      const at = (partitionIndex: number) => ({ partitionIndex, offset: earliest ? 3n : end(partitionIndex) });
      return [{ name: 't', partitions: [at(1), at(0)] }];
    },
  } as unknown as Admin;
  const topics = {
    describe: async (names: string[]) => ({
      brokers: [{ id: 1, host: 'b', port: 9092 }],
      topics: new Map(names.map((name) => [name, name === 't' ? { id: 'id-t', partitions: [SHAPE, SHAPE] } : null])),
    }),
  } as unknown as Topics;
  const groups = {
    describe: async (wanted: ReadonlyMap<string, string | undefined>) =>
      new Map(
        [...wanted.keys()].map((name) => [
          name,
          name === 'g' ? { state: 'Stable', protocol: 'classic', members: [] } : null,
        ]),
      ),
  } as unknown as Groups;
  let time = 100;
  return { asked, clients: { admin, topics, groups, clock: () => time++ } };
}

test('a snapshot has topics with their offsets, and groups with the committed offsets of their topic', async () => {
  const { asked, clients } = cluster();
  const snapshot = await takeSnapshot(clients, {
    topics: new Set(['t', 'missing']),
    lastStable: new Set(),
    groups: new Map([
      ['g', 't'],
      ['gone', 'missing'],
    ]),
  });
  expect(asked).toEqual(['committed of g 1, gone 0', 'ends of t', 'beginnings of t']);
  expect(snapshot).toMatchObject({ at: 100, spreadMs: 1, brokers: [{ id: 1 }] });
  expect(snapshot.topics.get('missing')).toBeNull();
  expect(snapshot.topics.get('t')).toEqual({
    name: 't',
    id: 'id-t',
    partitions: [
      { partition: 0, ...SHAPE, beginningOffset: 3, endOffset: 10 },
      { partition: 1, ...SHAPE, beginningOffset: 3, endOffset: 11 },
    ],
  });
  expect(snapshot.groups.get('gone')).toBeNull();
  expect(snapshot.groups.get('g')?.committed).toEqual([
    { partition: 0, offset: null },
    { partition: 1, offset: 7 },
  ]);
});

test('without groups no committed offsets are read', async () => {
  const { asked, clients } = cluster();
  const snapshot = await takeSnapshot(clients, { topics: new Set(['t']), lastStable: new Set(), groups: new Map() });
  expect(asked).toEqual(['ends of t', 'beginnings of t']);
  expect(snapshot.groups.size).toBe(0);
});

test('last stable offsets are read for the topics that need them, in the time that counts for the error of lag', async () => {
  const { asked, clients } = cluster();
  const wanted = new Set(['t', 'missing']);
  const snapshot = await takeSnapshot(clients, { topics: wanted, lastStable: wanted, groups: new Map() });
  expect(asked).toEqual(['ends of t', 'last stable offsets of t', 'beginnings of t']);
  expect(snapshot.lastStable).toEqual(
    new Map([
      ['t', [5, 6]],
      ['missing', []],
    ]),
  );
  expect(snapshot.topics.get('t')?.partitions[0]).not.toHaveProperty('lastStableOffset');
});
