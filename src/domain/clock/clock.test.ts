import { expect, test } from '@jest/globals';
import { clockCorrection, clockErrorMs, newClock, observeDelay, observeRoundTrip } from './clock.ts';

const correctionAfter = (...delays: number[]) => {
  const clock = newClock();
  for (const delay of delays) observeDelay(clock, delay);
  return clockCorrection(clock);
};

test('the way to the broker is no difference of clocks', () => {
  expect(correctionAfter()).toBe(0);
  expect(correctionAfter(3, 49, 12, 20, 8, 700)).toBe(0);
});

test('a clock that is ahead is known from one report: nothing arrives before it was sent', () => {
  expect(correctionAfter(-2000)).toBe(-2000);
  expect(correctionAfter(900, -1990, -2000, -1300)).toBe(-2000);
});

test('a clock that is behind is known once five reports agree', () => {
  expect(correctionAfter(2005, 2010, 2003, 2020)).toBe(0);
  expect(correctionAfter(2005, 2010, 2003, 2900, 2020, 2027)).toBe(2003);
});

test('a backlog sent late is not taken for a clock that is behind', () => {
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
  ['the way is known to be short', [9, 4, 7], [2, 5], 3],
  ['nobody knows how long the way is', [], [2, 5], 48],
  ['a little ahead, not corrected', [4], [-20, 3], 24],
  ['ahead, corrected by the least that it is', [4], [-2000, -1990], 4],
  ['behind, and corrected once it is believed', [4], [2003, 2003, 2004, 2005, 2006], 4],
  ['perhaps behind, not believed yet', [4], [2003, 2005], 2004],
])('error bound: %s', (_what, roundTrips, delays, ms) => {
  expect(errorAfter(roundTrips, ...delays)).toBe(ms);
});
