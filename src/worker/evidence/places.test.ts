import { expect, test } from '@jest/globals';
import type { Fact } from '../../domain/evidence/facts.ts';
import { MOST_KEYS } from '../../domain/evidence/keyTable.ts';
import { parseFact } from '../../domain/evidence/parse.ts';
import { createPlacing } from './places.ts';

test('totals by partition and by key, only of what has changed', () => {
  const placing = createPlacing();
  expect(placing.take()).toEqual([]);
  placing.add(0, 'key1', 10);
  placing.add(2, 'key2', 5);
  placing.add(0, 'key1', 11);
  placing.add(1);
  expect(placing.take()).toEqual([
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
  expect(placing.take()).toEqual([]);
  placing.add(1, 'key1', 7);
  placing.add(0, 'key1', 12);
  expect(placing.take()).toEqual([
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

test('without acknowledgements no offsets are told, an empty key is a key', () => {
  const placing = createPlacing();
  placing.add(3, '');
  placing.add(3);
  expect(placing.take()).toEqual([{ partitions: [[3, 2]], keys: [{ key: '', partitions: [[3, 1, null, null]] }] }]);
});

test('many keys go in parts, and each part can be read back', () => {
  const placing = createPlacing();
  for (let n = 0; n < 600; n++) placing.add(n % 3, `key${n}`, n);
  const parts = placing.take();
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

test('of more keys than can be told the first ones by text stay, whenever they came', () => {
  const placing = createPlacing();
  const name = (n: number) => `key${String(n).padStart(5, '0')}`;
  for (let n = MOST_KEYS * 2 - 1; n >= MOST_KEYS; n--) placing.add(0, name(n), n);
  expect(placing.take().every(({ keysBefore }) => keysBefore === undefined)).toBe(true);
  for (let n = 0; n < 10; n++) placing.add(0, name(n), n);
  const parts = placing.take();
  const left = name(MOST_KEYS * 2 - 10);
  expect(parts.map(({ keysBefore }) => keysBefore)).toEqual([left]);
  expect(parts.flatMap(({ keys = [] }) => keys.map(({ key }) => key))).toEqual(
    Array.from({ length: 10 }, (_, n) => name(n)),
  );
  // What is left out counts by partition only.
  placing.add(0, name(MOST_KEYS * 2), 1);
  placing.add(0, left, 2);
  expect(placing.take()).toEqual([{ partitions: [[0, MOST_KEYS + 12]] }]);
});
