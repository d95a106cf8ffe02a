import { expect, test } from '@jest/globals';
import { formatDuration, parseDuration } from './duration.ts';

test.each([
  ['0s', 0],
  ['500ms', 500],
  ['1.5ms', 1.5],
  ['60s', 60_000],
  ['1.5s', 1_500],
  ['5m', 300_000],
  ['1h30m', 5_400_000],
  ['2h3m4s5ms', 7_384_005],
  ['300000ms', 300_000],
])('%s is %d ms', (text, ms) => {
  expect(parseDuration(text)).toBe(ms);
});

test.each([
  ['', 'a duration is missing: write a number with a unit, such as "500ms"'],
  ['60', '"60" has no unit: write "60s" for seconds or "60ms" for milliseconds'],
  ['-5s', '"-5s" is negative: write a duration of zero or more'],
  ['5 s', '"5 s" is not a duration: write numbers with the units h, m, s, ms, largest first, without spaces'],
  [' 5s', '" 5s" is not a duration'],
  ['5s1m', '"5s1m" is not a duration'],
  ['5d', '"5d" is not a duration'],
  ['1e3s', '"1e3s" is not a duration'],
  ['s', '"s" is not a duration'],
  ['99999999999999999h', 'is too long'],
])('%j is refused with a sentence: %s', (text, message) => {
  expect(() => parseDuration(text)).toThrow(message);
});

test.each([
  [0, '0s'],
  [1, '1ms'],
  [0.25, '0.25ms'],
  [1_500, '1s500ms'],
  [90_000, '1m30s'],
  [5_400_000, '1h30m'],
])('%d ms is formatted as %s', (ms, text) => {
  expect(formatDuration(ms)).toBe(text);
});

test('negative numbers and NaN are refused', () => {
  expect(() => formatDuration(-1)).toThrow('-1 is not a duration');
  expect(() => formatDuration(Number.NaN)).toThrow('NaN is not a duration');
});
