import { expect, test } from '@jest/globals';
import { healthOf, readinessOf } from './health.ts';

const well = { synced: true, stopping: false, leading: false, interrupted: false, now: 1_000_000 };

test('leader and standby are ready from the first complete list until they stop', () => {
  expect(readinessOf(well)).toEqual({ ok: true, message: 'standing by' });
  expect(readinessOf({ ...well, leading: true, trouble: 'gone' })).toEqual({ ok: true, message: 'leading' });
  expect(readinessOf({ ...well, interrupted: true })).toEqual({ ok: true, message: 'waiting to regain the lease' });
  expect(readinessOf({ ...well, synced: false, trouble: 'forbidden' })).toEqual({
    ok: false,
    message: 'reading the cluster: forbidden',
  });
  expect(readinessOf({ ...well, stopping: true }).ok).toBe(false);
});

test('the process is healthy until a round has run for more than ten minutes', () => {
  const MINUTE_MS = 60_000;
  const longestActive = { key: 'LoadTest.kafkalab.dev demo/lag', since: well.now };
  expect(healthOf(well)).toEqual({ ok: true, message: 'ok' });
  expect(healthOf({ ...well, longestActive, now: well.now + 10 * MINUTE_MS })).toEqual({ ok: true, message: 'ok' });
  expect(healthOf({ ...well, longestActive, now: well.now + 11 * MINUTE_MS })).toEqual({
    ok: false,
    message: 'LoadTest.kafkalab.dev demo/lag has been reconciling for 11 minutes',
  });
});
