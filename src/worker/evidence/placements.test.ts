import { expect, test } from '@jest/globals';
import type { Fact } from '../../domain/evidence/facts.ts';
import { MOST_KEYS } from '../../domain/evidence/keyTable.ts';
import { parseFact } from '../../domain/evidence/parse.ts';
import { createPlacements } from './placements.ts';

test('totals by partition and by key, only those that changed', () => {
  const placements = createPlacements();
  expect(placements.take()).toEqual([]);
  placements.add(0, 'key1', 10);
  placements.add(2, 'key2', 5);
  placements.add(0, 'key1', 11);
  placements.add(1);
  expect(placements.take()).toEqual([
    {
      partitions: [
        [0, 2],
        [2, 1],
        [1, 1],
      ],
      keys: [
        { key: 'key1', partitions: [[0, 2, 10, 11]] },
        { key: 'key2', partitions: [[2, 1, 5, 5]] },
      ],
    },
  ]);
  expect(placements.take()).toEqual([]);
  placements.add(1, 'key1', 7);
  placements.add(0, 'key1', 12);
  expect(placements.take()).toEqual([
    {
      partitions: [
        [1, 1 + 1],
        [0, 3],
      ],
      keys: [
        {
          key: 'key1',
          partitions: [
            [1, 1, 7, 7],
            [0, 3, 10, 12],
          ],
        },
      ],
    },
  ]);
});

test('with acks=0 there are no offsets; an empty key is a key', () => {
  const placements = createPlacements();
  placements.add(3, '');
  placements.add(3);
  expect(placements.take()).toEqual([{ partitions: [[3, 2]], keys: [{ key: '', partitions: [[3, 1, null, null]] }] }]);
});

test('many keys are reported in parts, and each part parses', () => {
  const placements = createPlacements();
  for (let n = 0; n < 600; n++) placements.add(n % 3, `key${n}`, n);
  const parts = placements.take();
  expect(parts.map(({ keys }) => keys?.length)).toEqual([250, 250, 100]);
  expect(parts.map(({ partitions }) => partitions?.length)).toEqual([3, undefined, undefined]);
  expect(new Set(parts.flatMap(({ keys = [] }) => keys.map(({ key }) => key))).size).toBe(600);
  for (const part of parts) {
    const fact: Fact = {
      type: 'Produced',
      client: 'p-0',
      at: 1,
      attempted: 600,
      acknowledged: 600,
      failed: 0,
      bytes: 1,
      done: false,
      ...part,
    };
    expect(parseFact(JSON.parse(JSON.stringify(fact)))).toEqual(fact);
  }
});

test('when there are too many keys, those first in text order stay, whenever they came', () => {
  const placements = createPlacements();
  const name = (n: number) => `key${String(n).padStart(5, '0')}`;
  for (let n = MOST_KEYS * 2 - 1; n >= MOST_KEYS; n--) placements.add(0, name(n), n);
  expect(placements.take().every(({ keysBefore }) => keysBefore === undefined)).toBe(true);
  for (let n = 0; n < 10; n++) placements.add(0, name(n), n);
  const parts = placements.take();
  const left = name(MOST_KEYS * 2 - 10);
  expect(parts.map(({ keysBefore }) => keysBefore)).toEqual([left]);
  expect(parts.flatMap(({ keys = [] }) => keys.map(({ key }) => key))).toEqual(
    Array.from({ length: 10 }, (_, n) => name(n)),
  );
  // Omitted keys count by partition only.
  placements.add(0, name(MOST_KEYS * 2), 1);
  placements.add(0, left, 2);
  expect(placements.take()).toEqual([{ partitions: [[0, MOST_KEYS + 12]] }]);
});
