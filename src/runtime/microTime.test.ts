import { expect, test } from '@jest/globals';
import { microTime } from './microTime.ts';

test('a MicroTime always has six fractional digits', () => {
  expect(microTime(0)).toBe('1970-01-01T00:00:00.000000Z');
  expect(microTime(1_800_000_000_123)).toBe('2027-01-15T08:00:00.123000Z');
  expect(microTime(1_800_000_000_123.456)).toBe('2027-01-15T08:00:00.123456Z');
  expect(microTime(0.9999)).toBe('1970-01-01T00:00:00.000999Z');
});
