import { expect, test } from '@jest/globals';
import { fitStatus, msUntilStatusWrite, STATUS_LIMIT_BYTES } from './status.ts';

test('two status writes are at least one second apart', () => {
  expect(msUntilStatusWrite(undefined, 5_000)).toBe(0);
  expect(msUntilStatusWrite(5_000, 5_000)).toBe(1_000);
  expect(msUntilStatusWrite(5_000, 5_999)).toBe(1);
  expect(msUntilStatusWrite(5_000, 6_000)).toBe(0);
});

test('a clock that was set back does not block writes', () => {
  expect(msUntilStatusWrite(5_000_000, 1_000)).toBe(0);
});

test('the largest fields are left out until the rest fits', () => {
  const status = {
    phase: 'Running',
    conditions: [],
    a: 'x'.repeat(200_000),
    b: 'x'.repeat(150_000),
    c: 'x'.repeat(60_000),
  };
  const { status: left, leftOut } = fitStatus(status);
  expect(leftOut).toEqual(['a']);
  expect(Object.keys(left)).toEqual(['phase', 'conditions', 'b', 'c']);
  expect(Buffer.byteLength(JSON.stringify(left))).toBeLessThanOrEqual(STATUS_LIMIT_BYTES);
});

test('a status up to the limit stays complete', () => {
  const status = { text: 'ü'.repeat((STATUS_LIMIT_BYTES - 20) / 2) };
  expect(fitStatus(status)).toEqual({ status, leftOut: [] });
  expect(fitStatus({ text: 'ü'.repeat(STATUS_LIMIT_BYTES / 2) })).toEqual({ status: {}, leftOut: ['text'] });
});
