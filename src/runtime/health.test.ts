import { expect, test } from '@jest/globals';
import { healthOf, readinessOf } from './health.ts';

const well = { synced: true, stopping: false, leading: false, interrupted: false, tickedAt: 1_000_000, now: 1_000_500 };

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

test('healthy as long as the event loop turns', () => {
  expect(healthOf(well).ok).toBe(true);
  expect(healthOf({ ...well, now: well.tickedAt + 30_000 })).toEqual({
    ok: false,
    message: 'the event loop stood still for 30000 ms',
  });
});
