import { expect, test } from '@jest/globals';
import { addReading, newCounter, perSecond } from './rate.ts';

const counter = (since: number, ...readings: [at: number, value: number][]) => {
  const c = newCounter(since);
  for (const [at, value] of readings) addReading(c, at, value);
  return c;
};

test('a steady counter has its rate, wherever the readings fall', () => {
  const c = newCounter(0);
  for (let at = 970; at <= 60_000; at += 970) addReading(c, at, at * 0.2);
  expect(perSecond(c, 60_000)).toBeCloseTo(200, 6);
});

test('the rate of a young counter is measured since it began', () => {
  expect(perSecond(counter(1000, [2000, 50], [3000, 100]), 3000)).toBe(50);
});

test('the rate is 0 five seconds after the counter has stopped', () => {
  const c = counter(0, [1000, 100], [2000, 200], [3000, 300]);
  expect(perSecond(c, 7500)).toBe(100);
  expect(perSecond(c, 7600)).toBeCloseTo(8, 6);
  expect(perSecond(c, 9000)).toBe(0);
});

test('the rate is 0 without a reading', () => {
  expect(perSecond(newCounter(0), 0)).toBe(0);
  expect(perSecond(newCounter(5000), 100)).toBe(0);
});

test('memory is bounded', () => {
  const c = newCounter(0);
  for (let at = 1; at <= 100_000; at++) addReading(c, at, at);
  expect(c.readings.length).toBeLessThan(80);
  expect(perSecond(c, 100_000)).toBeCloseTo(1000, 6);
});
