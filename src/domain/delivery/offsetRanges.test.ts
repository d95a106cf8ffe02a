import { expect, test } from '@jest/globals';
import type { OffsetRange } from '../evidence/facts.ts';
import { addRange, countOffsets, emptyOffsets, fillHoles, hasOffset } from './offsetRanges.ts';

const counted = (...ranges: OffsetRange[]) => {
  const set = emptyOffsets();
  for (const range of ranges) addRange(set, range);
  return countOffsets(set);
};

test('the empty set', () => {
  expect(counted()).toEqual({ total: 0, duplicated: 0, skipped: 0 });
});

test('whole, in pieces or out of order: nothing is duplicated or skipped', () => {
  expect(counted([0, 10])).toEqual({ total: 10, duplicated: 0, skipped: 0 });
  expect(counted([0, 4], [4, 10])).toEqual({ total: 10, duplicated: 0, skipped: 0 });
  expect(counted([7, 10], [0, 3], [3, 7])).toEqual({ total: 10, duplicated: 0, skipped: 0 });
});

test('ten repeated offsets are ten duplicates', () => {
  expect(counted([100, 110], [100, 110])).toEqual({ total: 20, duplicated: 10, skipped: 0 });
});

test('only the overlap of two ranges is duplicated', () => {
  expect(counted([0, 21], [15, 30])).toEqual({ total: 36, duplicated: 6, skipped: 0 });
  expect(counted([0, 5], [10, 15], [3, 12])).toEqual({ total: 19, duplicated: 4, skipped: 0 });
});

test('missing offsets between the lowest and the highest are skipped', () => {
  expect(counted([5, 10], [20, 25])).toEqual({ total: 10, duplicated: 0, skipped: 10 });
});

test('an empty or reversed range is ignored', () => {
  expect(counted([5, 5], [9, 2])).toEqual({ total: 0, duplicated: 0, skipped: 0 });
});

test('a range includes `from` and excludes `to`', () => {
  const set = emptyOffsets();
  addRange(set, [3, 5]);
  expect([2, 3, 4, 5].map((offset) => hasOffset(set, offset))).toEqual([false, true, true, false]);
});

test('filling the lowest holes bounds memory', () => {
  const set = emptyOffsets();
  for (let offset = 0; offset < 20; offset += 2) addRange(set, [offset, offset + 1]);
  fillHoles(set, 3);
  expect(set.bounds).toEqual([0, 15, 16, 17, 18, 19]);
  fillHoles(set, 3);
  expect(set.bounds).toEqual([0, 15, 16, 17, 18, 19]);
  expect(countOffsets(set)).toEqual({ total: 10, duplicated: 0, skipped: 9 });
  expect(set.filled).toBe(7);
});
