import { expect, test } from '@jest/globals';
import { healthOf, readinessOf } from './health.ts';

const well = { synced: true, stopping: false, leading: false, interrupted: false, now: 1_000_000 };

test('ready once all was read, as leader and as standby, until it stops', () => {
  expect(readinessOf(well)).toEqual({ ok: true, message: 'standing by' });
  expect(readinessOf({ ...well, leading: true, trouble: 'gone' })).toEqual({ ok: true, message: 'leading' });
  expect(readinessOf({ ...well, interrupted: true })).toEqual({ ok: true, message: 'waiting for its lease again' });
  expect(readinessOf({ ...well, synced: false, trouble: 'forbidden' })).toEqual({
    ok: false,
    message: 'reading the cluster: forbidden',
  });
  expect(readinessOf({ ...well, stopping: true }).ok).toBe(false);
});

test('healthy until something has been worked on for more than ten minutes', () => {
  const MINUTE_MS = 60_000;
  const inHand = { key: 'LoadTest.kafkalab.dev demo/lag', since: well.now };
  expect(healthOf(well)).toEqual({ ok: true, message: 'ok' });
  expect(healthOf({ ...well, inHand, now: well.now + 10 * MINUTE_MS })).toEqual({ ok: true, message: 'ok' });
  expect(healthOf({ ...well, inHand, now: well.now + 11 * MINUTE_MS })).toEqual({
    ok: false,
    message: 'LoadTest.kafkalab.dev demo/lag has been worked on for 11 minutes',
  });
});
