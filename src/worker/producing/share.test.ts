import { expect, test } from '@jest/globals';
import { shareOf, slownessOf } from './share.ts';

test('what does not divide goes to the first clients', () => {
  expect([0, 1, 2, 3].map((index) => shareOf(10, 4, index))).toEqual([3, 3, 2, 2]);
});

test('fewer messages than clients', () => {
  expect([0, 1, 2].map((index) => shareOf(2, 3, index))).toEqual([1, 1, 0]);
});

test('a client beyond those that share gets nothing', () => {
  expect(shareOf(10, 4, 4)).toBe(0);
});

test('the first client of the run is the slow one, and there need be none', () => {
  expect([0, 1, 2].map((index) => slownessOf({ perPollMs: 2000 }, index))).toEqual([2000, 0, 0]);
  expect(slownessOf(undefined, 0)).toBe(0);
});
