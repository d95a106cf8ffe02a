import { expect, test } from '@jest/globals';
import { Scenario } from '../../../test/support/evidence.ts';
import { exactly, type LogSample, type Waited, waited, withLogSample } from './timeInLog.ts';

/** A sample of partition 1 only. */
const sample = (at: number, end: number, spreadMs = 0, errorMs = 0): LogSample => ({
  at,
  spreadMs,
  errorMs,
  ends: [undefined, end],
});

/** Until 3 s the partition ends at 70; at 4 s and later it ends at 90. */
const SAMPLES = [sample(1000, 70), sample(2000, 70), sample(3000, 70), sample(4000, 90), sample(5000, 90)];
const YEARS = 1e11;

// biome-ignore format: one situation a line
test.each<[situation: string, samples: LogSample[], offset: number | undefined, waitedMs: number, a: number, waited: Waited]>([
  ['no sample', [], 70, 300, 0, exactly(300)],
  ['its timestamp agrees with the samples', SAMPLES, 70, 1700, 0, exactly(1700)],
  ['it was produced before it was written: it had not been in the log for so long', SAMPLES, 70, 2400, 0, exactly(2300)],
  ['a timestamp of years ago: between two samples', SAMPLES, 70, YEARS, 0, { ms: 2300, leastMs: 1300, mostMs: 2300 }],
  ['a timestamp ahead of the clock: between two samples', SAMPLES, 70, 0, 0, { ms: 2300, leastMs: 1300, mostMs: 2300 }],
  ['a timestamp of years ago after the last sample', SAMPLES, 90, YEARS, 0, { ms: 0, leastMs: 0, mostMs: 300 }],
  ['a timestamp ahead of the clock, in the log before all samples', SAMPLES, 69, 0, 0, { ms: Number.POSITIVE_INFINITY, leastMs: 4300, mostMs: Number.POSITIVE_INFINITY }],
  ['a backlog', SAMPLES, 69, 60_000, 0, exactly(60_000)],
  ['samples before the previous record do not matter', SAMPLES, 70, 0, 4500, { ms: Number.POSITIVE_INFINITY, leastMs: 1300, mostMs: Number.POSITIVE_INFINITY }],
  ['the samples are of other partitions', [{ at: 1, spreadMs: 0, errorMs: 0, ends: [0] }], 70, 300, 0, exactly(300)],
  ['the offset is unknown', SAMPLES, undefined, YEARS, 0, exactly(YEARS)],
  ['a sample after it began', [sample(5400, 0)], 70, 300, 0, exactly(300)],
  ['a sample may be off by its error and the time of its reads', [sample(3000, 70, 20, 5), sample(4000, 90, 20, 5)], 70, YEARS, 0, { ms: 2305, leastMs: 1275, mostMs: 2305 }],
])('%s', (_situation, samples, offset, waitedMs, a, expected) => {
  expect(waited(samples, { partition: 1, offset, waitedMs }, a, 5300, 0)).toEqual(expected);
});

test('the clocks of operator and consumer may both be off', () => {
  const samples = [sample(3000, 70, 0, 5), sample(4000, 90, 0, 5)];
  expect(waited(samples, { partition: 1, offset: 70, waitedMs: YEARS }, 0, 5300, 7)).toEqual({
    ms: 2312,
    leastMs: 1288,
    mostMs: 2312,
  });
});

test('the last minute of samples is kept', () => {
  const samples = Array.from({ length: 100 }, (_, n) => sample(n, n)).reduce<readonly LogSample[]>(withLogSample, []);
  expect([samples.length, samples[0]?.at, samples.at(-1)?.at]).toEqual([60, 40, 99]);
});

/**
 * A partition is read to its end at 9 s. A second member takes it over at 10 s, and the operator samples the log every second.
 * One record is appended at `appended`, and read at `read` ms.
 */
function handedOver(timestampWaitedMs: number, appended: number, read: number) {
  const lab = new Scenario();
  const a = lab.consumer('c-0', { protocol: 'Cooperative' }).assigned(1000, [0, 1]).busy([0], 1100, 30_000);
  const b = lab.consumer('c-1', { protocol: 'Cooperative' }).assigned(9500, []);
  a.worked(1, 8990, 9000, 0).revoked(10_000, [1]);
  b.assigned(10_020, [1])
    .worked(1, read, read + 5, timestampWaitedMs)
    .aliveFrom(12_000, 30_000);
  const [last, next] = [8990, read];
  for (let at = 500; at < 30_000; at += 1000) lab.sampled(at, [1e9, at < appended ? last + 1 : next + 1]);
  return lab.rebalances(35_000)[1];
}

// biome-ignore format: one situation a line
test.each<[situation: string, timestampWaitedMs: number, appended: number, read: number, pauseMs: number]>([
  ['a quiet topic, its record mirrored from long ago', YEARS, 20_200, 20_210, 0],
  ['a quiet topic, its record written ahead', 0, 20_200, 20_210, 0],
  ['a record mirrored from long ago waited for its new owner', YEARS, 9_600, 14_000, 4400],
  ['a record written ahead waited for its new owner', 0, 9_600, 14_000, 4400],
])('the pause before: %s', (_situation, waitedMs, appended, read, pauseMs) => {
  const moved = handedOver(waitedMs, appended, read);
  expect(moved?.pending).toEqual([]);
  const { errorBoundMs = 0, pauses = [] } = moved ?? {};
  const found = pauses.find(({ partition }) => partition === 1)?.ms ?? 0;
  if (pauseMs === 0) expect(found).toBe(0);
  expect(Math.abs(found - pauseMs)).toBeLessThanOrEqual(errorBoundMs);
  expect(errorBoundMs).toBeLessThan(1500);
});
