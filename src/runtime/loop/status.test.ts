import { expect, test } from '@jest/globals';
import { fitting, STATUS_LIMIT_BYTES, waitForStatus } from './status.ts';

test('a second lies between two writes', () => {
  expect(waitForStatus(undefined, 5_000)).toBe(0);
  expect(waitForStatus(5_000, 5_000)).toBe(1_000);
  expect(waitForStatus(5_000, 5_999)).toBe(1);
  expect(waitForStatus(5_000, 6_000)).toBe(0);
});

test('a clock that was set back stops no writes', () => {
  expect(waitForStatus(5_000_000, 1_000)).toBe(0);
});

test('the largest fields go until the rest fits', () => {
  const status = {
    phase: 'Running',
    conditions: [],
    a: 'x'.repeat(200_000),
    b: 'x'.repeat(150_000),
    c: 'x'.repeat(60_000),
  };
  const { status: left, leftOut } = fitting(status);
  expect(leftOut).toEqual(['a']);
  expect(Object.keys(left)).toEqual(['phase', 'conditions', 'b', 'c']);
  expect(Buffer.byteLength(JSON.stringify(left))).toBeLessThanOrEqual(STATUS_LIMIT_BYTES);
});

test('a status of any size up to the limit stays whole', () => {
  const status = { text: 'ü'.repeat((STATUS_LIMIT_BYTES - 20) / 2) };
  expect(fitting(status)).toEqual({ status, leftOut: [] });
  expect(fitting({ text: 'ü'.repeat(STATUS_LIMIT_BYTES / 2) })).toEqual({ status: {}, leftOut: ['text'] });
});
