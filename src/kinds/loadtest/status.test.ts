/** Every status may be written, however large the run: checked by `planLoadTest` against the schema and 256 KiB. */
import { expect, test } from '@jest/globals';
import { at, CONSUMERS, EVIDENCE, kafka, loadTest, planLoadTest, pods, TOPIC } from '../../../test/support/seen.ts';
import { APART, type Size, shifting } from '../../../test/support/shifting.ts';
import type { LoadTestStatus } from '../../api/loadTest.ts';

function statusOf(size: Size): LoadTestStatus {
  const { members, partitions, rebalances } = size;
  const before: LoadTestStatus = {
    phase: 'Running',
    observedGeneration: 1,
    conditions: [],
    startedAt: at(0),
    preparedAt: at(0),
    evidence: EVIDENCE,
    topic: { partitions, replicas: 2, managedBy: 'Admin', created: true },
  };
  const spec = { topic: { ...TOPIC, partitions }, consumers: { ...CONSUMERS, replicas: members } };
  const now = (rebalances + 1) * APART + 5_000;
  return planLoadTest(loadTest(spec, before), {
    now,
    kafka: kafka({ partitions, at: now }),
    owned: [pods('producer', 2), pods('consumer', members)],
    evidence: { known: shifting(size) },
  }).status;
}

test('a small run: nothing is left out', () => {
  const status = statusOf({ members: 2, partitions: 4, rebalances: 3 });
  expect(status.rebalances).toMatchObject({ count: 3, recent: [{ number: 1 }, { number: 2 }, { number: 3 }] });
  expect(status.truncated).toBeUndefined();
});

test('200 members, 1,000 partitions, 500 rebalances: the newest are kept, the count is of all', () => {
  const status = statusOf({ members: 200, partitions: 1_000, rebalances: 500 });
  expect(status.rebalances?.count).toBe(500);
  expect(status.rebalances?.recent.at(-1)?.number).toBe(500);
  expect(status.lag?.partitions).toHaveLength(1_000);
  expect(status.consumers?.members).toHaveLength(200);
  const { length } = status.rebalances?.recent ?? [];
  expect(length).toBeLessThan(50);
  expect(status.truncated).toEqual([`rebalances.recent: the last ${length} of 500`]);
});

test('more members and partitions than the lists may hold', () => {
  const status = statusOf({ members: 1_100, partitions: 2_000, rebalances: 3 });
  expect(status.truncated).toEqual([
    'lag.partitions: the first 1000 of 2000',
    expect.stringMatching(/^consumers\.members: the first [0-9]+ of 1100$/),
    'rebalances.recent: the last 1 of 3',
  ]);
  expect(status.consumers?.members.length).toBeGreaterThan(100);
});
