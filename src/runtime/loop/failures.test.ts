import { expect, test } from '@jest/globals';
import type { Action } from '../../contract/actions.ts';
import { failures } from './failures.ts';

const create: Action = { type: 'CreateTopic', topic: 't', partitions: 3, replicas: 1, config: {} };
const report = (facts: unknown[]): Action => ({ type: 'Report', run: 'r', topic: 'e', partition: 0, facts });
const refused = (action: Action, message = 'no') => ({ action, reason: 'Refused', message }) as const;
const away = (action: Action) => ({ action, reason: 'Unreachable', message: 'nobody there' }) as const;

test('a refusal is held for at most 40 s, other failures for 1, 2, 4 … 30 s', () => {
  const kept = failures(() => 1);
  kept.add(refused(create), 0);
  expect(kept.heldUntil(create, 0)).toBe(40_000);
  expect(kept.heldUntil(create, 40_000)).toBeUndefined();
  const waits = [1, 2, 3, 4, 5, 6, 7].map(() => {
    kept.add(away(report([1])), 0);
    return kept.heldUntil(report([2]), 0);
  });
  expect(waits).toEqual([1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000]);
});

test('a failure does not hold another action', () => {
  const kept = failures(() => 1);
  kept.add(refused(create), 0);
  expect(kept.heldUntil({ ...create, partitions: 2 }, 0)).toBeUndefined();
});

test('a failure is new until the same reason and message have been recorded', () => {
  const kept = failures(() => 1);
  expect(kept.add(refused(create), 0)).toBe(true);
  expect(kept.add(refused(create), 0)).toBe(false);
  expect(kept.add(refused(create, 'still no'), 0)).toBe(true);
  expect(kept.list()).toEqual([refused(create, 'still no')]);
  expect(kept.succeeded(create)).toBe(true);
  expect(kept.succeeded(create)).toBe(false);
  expect(kept.list()).toEqual([]);
});

test('a failure that is no longer requested stays until its retry time', () => {
  const kept = failures(() => 1);
  kept.add(away(create), 0);
  expect(kept.forgetUnrequested([], 500)).toEqual({ forgotten: false, next: 1_000 });
  expect(kept.list()).toHaveLength(1);
  expect(kept.forgetUnrequested([create], 1_000)).toEqual({ forgotten: false, next: undefined });
  expect(kept.forgetUnrequested([], 1_000)).toEqual({ forgotten: true, next: undefined });
  expect(kept.list()).toEqual([]);
});

test('a new generation removes all failures', () => {
  const kept = failures(() => 1);
  kept.useGeneration(1);
  kept.add(refused(create), 0);
  kept.useGeneration(1);
  expect(kept.list()).toHaveLength(1);
  kept.useGeneration(2);
  expect(kept.list()).toEqual([]);
});
