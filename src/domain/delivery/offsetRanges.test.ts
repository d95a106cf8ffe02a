import { expect, test } from '@jest/globals';
import type { OffsetRange } from '../evidence/facts.ts';
import { addRange, countOffsets, emptyOffsets, fillHoles, hasOffset } from './offsetRanges.ts';

const counted = (...ranges: OffsetRange[]) => {
  const set = emptyOffsets();
  for (const range of ranges) addRange(set, range);
  return countOffsets(set);
};

test('nothing processed', () => {
  expect(counted()).toEqual({ total: 0, duplicated: 0, skipped: 0 });
});

test('in one go, in pieces, out of order: nothing twice, nothing left out', () => {
  expect(counted([0, 10])).toEqual({ total: 10, duplicated: 0, skipped: 0 });
  expect(counted([0, 4], [4, 10])).toEqual({ total: 10, duplicated: 0, skipped: 0 });
  expect(counted([7, 10], [0, 3], [3, 7])).toEqual({ total: 10, duplicated: 0, skipped: 0 });
});

test('the same ten again are ten duplicates', () => {
  expect(counted([100, 110], [100, 110])).toEqual({ total: 20, duplicated: 10, skipped: 0 });
});

test('an overlap counts as far as it goes', () => {
  expect(counted([0, 21], [15, 30])).toEqual({ total: 36, duplicated: 6, skipped: 0 });
  expect(counted([0, 5], [10, 15], [3, 12])).toEqual({ total: 19, duplicated: 4, skipped: 0 });
});

test('what lies between the lowest and the highest and was never processed is skipped', () => {
  expect(counted([5, 10], [20, 25])).toEqual({ total: 10, duplicated: 0, skipped: 10 });
});

test('an empty or backward range is none', () => {
  expect(counted([5, 5], [9, 2])).toEqual({ total: 0, duplicated: 0, skipped: 0 });
});

test('an offset is in the set from the first to one before the last', () => {
  const set = emptyOffsets();
  addRange(set, [3, 5]);
  expect([2, 3, 4, 5].map((offset) => hasOffset(set, offset))).toEqual([false, true, true, false]);
});

test('memory can be bounded by filling the lowest holes', () => {
  const set = emptyOffsets();
  for (let offset = 0; offset < 20; offset += 2) addRange(set, [offset, offset + 1]);
  fillHoles(set, 3);
  expect(set.bounds).toEqual([0, 15, 16, 17, 18, 19]);
  fillHoles(set, 3);
  expect(set.bounds).toEqual([0, 15, 16, 17, 18, 19]);
});
