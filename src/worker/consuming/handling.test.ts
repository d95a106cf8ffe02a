import { expect, test } from '@jest/globals';
import { now } from '../process/time.ts';
import { endsAt, handleEach, recordsPerTimer } from './handling.ts';

test('short handling times share a timer', () => {
  expect(recordsPerTimer(20)).toBe(1);
  expect(recordsPerTimer(2)).toBe(1);
  expect(recordsPerTimer(1)).toBe(2);
  expect(recordsPerTimer(0.3)).toBe(7);
});

test('a late record shortens the next one, by at most 5 ms and half its time', () => {
  expect(endsAt(1000, 1000, 20)).toBe(1020);
  expect(endsAt(1001, 1000, 20)).toBe(1020);
  expect(endsAt(1050, 1000, 20)).toBe(1065);
  expect(endsAt(1003, 1000, 2)).toBe(1004);
});

const records = Array.from({ length: 40 }, (_, n) => n);

test.each([2.5, 0.5])('%p ms each: the records take the sum of that, one after the other', async (perRecordMs) => {
  const stretches: [number, number][] = [];
  const startedAt = now();
  const handled = await handleEach(records, perRecordMs, now, () => false, {
    ended(some, beganAt, eachMs) {
      for (const k of some.keys()) stretches.push([beganAt + k * eachMs, beganAt + (k + 1) * eachMs]);
    },
    handled: () => undefined,
  });
  expect(handled).toBe(40);
  expect(now() - startedAt).toBeGreaterThanOrEqual(40 * perRecordMs - 2);
  for (const [n, [beganAt, endedAt]] of stretches.entries()) {
    expect(endedAt).toBeGreaterThan(beganAt);
    if (n > 0) expect(beganAt).toBeGreaterThanOrEqual((stretches[n - 1]?.[1] ?? 0) - 0.001);
  }
});

test('stops after the current record', async () => {
  let handled = 0;
  const count = await handleEach(records, 2, now, () => handled === 3, {
    ended() {},
    handled() {
      handled += 1;
      return undefined;
    },
  });
  expect([handled, count]).toEqual([3, 3]);
});
