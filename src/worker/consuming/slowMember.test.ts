import { expect, test } from '@jest/globals';
import { perPollMsOf } from './slowMember.ts';

test('the first client of the run is the slow member, if there is one', () => {
  expect([0, 1, 2].map((index) => perPollMsOf({ perPollMs: 2000 }, index))).toEqual([2000, 0, 0]);
  expect(perPollMsOf(undefined, 0)).toBe(0);
});
