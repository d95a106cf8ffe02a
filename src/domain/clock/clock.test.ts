import { expect, test } from '@jest/globals';
import { clockCorrection, clockErrorMs, newClock, observeDelay, observeRoundTrip } from './clock.ts';

const correctionAfter = (...delays: number[]) => {
  const clock = newClock();
  for (const delay of delays) observeDelay(clock, delay);
  return clockCorrection(clock);
};

test('a delay up to 50 ms is not attributed to the clock', () => {
  expect(correctionAfter()).toBe(0);
  expect(correctionAfter(3, 49, 12, 20, 8, 700)).toBe(0);
});

test('one report proves that a clock is ahead: nothing arrives before it is sent', () => {
  expect(correctionAfter(-2000)).toBe(-2000);
  expect(correctionAfter(900, -1990, -2000, -1300)).toBe(-2000);
});

test('five reports that agree prove that a clock is behind', () => {
  expect(correctionAfter(2005, 2010, 2003, 2020)).toBe(0);
  expect(correctionAfter(2005, 2010, 2003, 2900, 2020, 2027)).toBe(2003);
});

test('a backlog sent late does not count as a clock that is behind', () => {
  expect(correctionAfter(5000, 4750, 4500, 4250, 4000, 3750)).toBe(0);
  expect(correctionAfter(5000, 4750, 4500, 4250, 4000, 12)).toBe(0);
});

const errorAfter = (roundTrips: number[], ...delays: number[]) => {
  const clock = newClock();
  for (const delay of delays) observeDelay(clock, delay);
  for (const roundTrip of roundTrips) observeRoundTrip(clock, roundTrip);
  return clockErrorMs(clock);
};

test.each([
  ['a short round trip', [9, 4, 7], [2, 5], 3],
  ['no round trip reported', [], [2, 5], 48],
  ['a little ahead, not corrected', [4], [-20, 3], 24],
  ['ahead, corrected by the proven difference', [4], [-2000, -1990], 4],
  ['behind, corrected', [4], [2003, 2003, 2004, 2005, 2006], 4],
  ['possibly behind, not corrected yet', [4], [2003, 2005], 2004],
])('error bound: %s', (_what, roundTrips, delays, ms) => {
  expect(errorAfter(roundTrips, ...delays)).toBe(ms);
});
