import { expect, test } from '@jest/globals';
import type { Consumed, OffsetRange } from '../evidence/facts.ts';
import { addConsumed, consumersView, noConsumers } from './consumers.ts';

const consumed = (...ranges: OffsetRange[]): Consumed => ({
  type: 'Consumed',
  client: 'c-0',
  at: 1_000,
  partitions: [
    {
      partition: 0,
      ranges,
      records: ranges.reduce((sum, [from, to]) => sum + to - from, 0),
      bytes: 1,
      firstBeganAt: 0,
      firstWaitedMs: 0,
      lastEndedAt: 1_000,
    },
  ],
});

/** Every other offset below `end`, in reports of one each. */
function withGaps(end: number) {
  const consumers = noConsumers();
  for (let offset = 0; offset < end; offset += 2) addConsumed(consumers, 'c-0', consumed([offset, offset + 1]), 0);
  return consumers;
}

const deliveryOf = (consumers: ReturnType<typeof noConsumers>) => consumersView(consumers, 2_000).delivery;

test('up to 2,000 ranges of a partition are exact', () => {
  const consumers = withGaps(4_000);
  addConsumed(consumers, 'c-0', consumed([1, 2], [0, 1]), 0);
  expect(deliveryOf(consumers)).toMatchObject({ consumed: 2_002, duplicated: 1, skipped: 1_998 });
  expect(deliveryOf(consumers)).not.toHaveProperty('inexact');
});

test('beyond that the oldest gaps are forgotten, memory is bounded, and the delivery says what is inexact', () => {
  const consumers = withGaps(20_000);
  expect(consumers.offsets.get(0)?.covered.bounds).toHaveLength(4_000);
  // Nothing late was processed, so the numbers are right.
  expect(deliveryOf(consumers)).toMatchObject({
    consumed: 10_000,
    duplicated: 0,
    skipped: 9_999,
    inexact: expect.stringMatching(/^duplicated and skipped may be too high: .* more than 2,000 gaps/),
  });
  addConsumed(consumers, 'c-0', consumed([1, 2]), 0);
  expect(deliveryOf(consumers)).toMatchObject({ consumed: 10_001, duplicated: 1, skipped: 9_999 });
});
