import { expect, test } from '@jest/globals';
import { createDistribution } from '../../domain/evidence/histogram.ts';
import { createLatencyLog } from './latency.ts';

const NOW = Date.UTC(2026, 0, 1);
const HOUR = 3_600_000;

/** The consumer had read partition 0 up to offset 70 an hour ago. `found`: its latency in ms; undefined: none. */
// biome-ignore format: one situation a line
test.each<[situation: string, partition: number, offset: number, waitedMs: number, found: number | undefined]>([
  ['written just now', 0, 70, 20, 20],
  ['a clock that is a little ahead', 0, 70, -900, 0],
  ['written ahead', 0, 70, -1_001, undefined],
  ['written since the end was reached', 0, 70, HOUR - 1, HOUR - 1],
  ['a producer that tried for two minutes', 0, 70, HOUR + 120_000, HOUR + 120_000],
  ['mirrored: it would have been there when the end was reached', 0, 70, HOUR + 120_001, undefined],
  ['a backlog: a record before that end', 0, 69, 24 * HOUR, 24 * HOUR],
  ['a backlog of a partition that was never read to its end', 1, 70, 24 * HOUR, 24 * HOUR],
  ['a record without a timestamp', 1, 70, NOW + 1, undefined],
])('%s', (_situation, partition, offset, waitedMs, found) => {
  const log = createLatencyLog();
  log.reachedEnd({ partition: 0, offset: 70 }, NOW - HOUR);
  log.processed({ partition, offset, timestamp: NOW - waitedMs }, NOW, 3);
  const { endToEnd, endToEndLeftOut } = log.take();
  expect(endToEndLeftOut).toBe(found === undefined ? 3 : undefined);
  const distribution = createDistribution();
  if (endToEnd !== undefined) distribution.merge(endToEnd);
  const summary = distribution.summary();
  if (found === undefined) expect(summary).toBeNull();
  // A histogram ends at one hour.
  else expect(Math.abs((summary?.max ?? Number.NaN) - Math.min(found, HOUR))).toBeLessThanOrEqual(found / 100);
  expect(log.take()).toEqual({});
});
