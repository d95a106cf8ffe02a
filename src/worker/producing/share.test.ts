import { expect, test } from '@jest/globals';
import { shareOf } from './share.ts';

test('the first clients send the messages that do not divide evenly', () => {
  expect([0, 1, 2, 3].map((index) => shareOf(10, 4, index))).toEqual([3, 3, 2, 2]);
});

test('fewer messages than clients', () => {
  expect([0, 1, 2].map((index) => shareOf(2, 3, index))).toEqual([1, 1, 0]);
});

test('a client beyond the number of sharing clients sends nothing', () => {
  expect(shareOf(10, 4, 4)).toBe(0);
});
