import { expect, test } from '@jest/globals';
import type { LagSample } from '../evidence/facts.ts';
import { addSample, emptyLag, hasRead, lagChange, lagView, lowStretch } from './lag.ts';

type Row = [end: number, committed: number | null, beginning?: number, lastStable?: number];

const sample = (at: number, rows: Row[], spreadMs = 4): LagSample => ({
  type: 'LagSample',
  at,
  spreadMs,
  groupState: 'Stable',
  groupMembers: 1,
  partitions: rows.map(([endOffset, committedOffset, beginningOffset = 0, lastStableOffset], partition) => ({
    partition,
    endOffset,
    ...(lastStableOffset === undefined ? {} : { lastStableOffset }),
    committedOffset,
    beginningOffset,
  })),
});

const record = (...samples: LagSample[]) => {
  const lag = emptyLag();
  for (const s of samples) addSample(lag, s);
  return lag;
};

const totals = (...values: number[]) => record(...values.map((value, i) => sample(1000 * i, [[value, 0]])));

test('without a sample there is no lag', () => {
  expect(lagView(emptyLag())).toBeNull();
  expect(lagChange(emptyLag(), 0, 10, 0)).toBeUndefined();
});

test('lag is end minus committed offset, or the length of the log without a committed offset', () => {
  const view = lagView(record(sample(1000, [[100, 90], [50, null, 20], [7, 9]]))); // biome-ignore format: one row a partition
  expect(view?.partitions).toEqual([
    { partition: 0, endOffset: 100, committedOffset: 90, lag: 10 },
    { partition: 1, endOffset: 50, committedOffset: null, lag: 30 },
    { partition: 2, endOffset: 7, committedOffset: 9, lag: 0 },
  ]);
  expect(view).toMatchObject({ at: 1000, total: 40, peak: 40, peakAt: 1000, errorBound: 0 });
});

test.each<[string, Row, Partial<LagSample>, number | null]>([
  ['committed', [100, 90], {}, 10],
  ['nothing is committed, begins at earliest', [100, null, 40], { resetsTo: 'Earliest' }, 60],
  ['nothing is committed, begins at latest', [100, null, 40], { resetsTo: 'Latest' }, null],
  ['nothing is committed, the policy is unknown', [100, null, 40], { resetsTo: 'Unknown' }, null],
  ['nothing is committed in an empty log', [40, null, 40], { resetsTo: 'Unknown' }, 0],
  ['the committed offset was deleted, resets to earliest', [100, 10, 40], { resetsTo: 'Earliest' }, 60],
  ['the committed offset was deleted, resets to latest', [100, 10, 40], { resetsTo: 'Latest' }, 0],
  ['the committed offset was deleted, at most what is left', [100, 10, 40], { resetsTo: 'Unknown' }, 60],
  ['everything was deleted', [1460, 10, 1460], { resetsTo: 'Unknown' }, 0],
  ['read_committed, an open transaction of 20 records is no lag', [50, 30, 0, 30], {}, 0],
  ['read_committed, records before an open transaction are', [50, 25, 0, 30], {}, 5],
  ['read_committed, no transaction is open', [50, 30, 0, 50], {}, 20],
  [
    'read_committed, nothing is committed, the log begins with an open transaction',
    [50, null, 0, 0],
    { resetsTo: 'Unknown' },
    0,
  ],
])('%s', (_, row, more, lag) => {
  const view = lagView(record({ ...sample(1000, [row, [5, 3]]), ...more }));
  expect(view?.partitions[0]?.lag).toBe(lag);
  expect(view).toMatchObject({ total: (lag ?? 0) + 2, unknown: lag === null ? 1 : 0 });
});

test('lag is not low while it is unknown for a partition', () => {
  const at = (time: number, committed: number | null) => ({
    ...sample(time, [[9, committed]]),
    resetsTo: 'Latest' as const,
  });
  const lag = record(at(1000, null), at(2000, null), at(3000, 9), at(4000, 9));
  expect(lowStretch(lag, 0, 10_000, 5, 1000)).toEqual({ since: 3000, heldAt: 4000 });
});

test('the view has both ends for a read_committed group', () => {
  const view = lagView(record(sample(1000, [[50, 25, 0, 30]])));
  expect(view?.partitions).toEqual([
    { partition: 0, endOffset: 50, lastStableOffset: 30, committedOffset: 25, lag: 5 },
  ]);
});

// biome-ignore format: one situation a line
test.each<[situation: string, rows: Row[], resetsTo: LagSample['resetsTo'], ends: [number, number][], read: boolean]>([
  ['committed up to both ends', [[100, 90], [70, 60]], 'Latest', [[0, 90], [1, 60]], true],
  ['one record is left', [[100, 90], [70, 59]], 'Latest', [[0, 90], [1, 60]], false],
  ['committed beyond', [[100, 99]], 'Latest', [[0, 90]], true],
  ['a partition that was added later does not count', [[100, 90], [70, 0]], 'Latest', [[0, 90]], true],
  ['nothing is committed, begins at earliest', [[100, null]], 'Earliest', [[0, 90]], false],
  ['nothing is committed, begins at latest: unknown', [[100, null]], 'Latest', [[0, 90]], false],
  ['nothing is committed in a partition that was empty', [[100, null, 90]], 'Latest', [[0, 90]], true],
  ['the rest was deleted', [[100, 10, 95]], 'Latest', [[0, 90]], true],
  ['an open transaction is before the end', [[100, 85, 0, 85]], 'Latest', [[0, 90]], false],
  ['the topic was created again', [[7, 7]], 'Latest', [[0, 90]], true],
])('read up to recorded ends: %s', (_situation, rows, resetsTo, ends, read) => {
  expect(hasRead({ ...sample(1000, rows), ...(resetsTo && { resetsTo }) }, new Map(ends))).toBe(read);
});

test('the error bound is the spread of the reads times the growth rate of the log', () => {
  const rows = (end: number): Row[] => [[end, 0], [end, 0]]; // biome-ignore format: one row a partition
  expect(lagView(record(sample(0, rows(0), 3), sample(1000, rows(500), 8)))?.errorBound).toBe(8);
});

test('late samples are sorted into their place', () => {
  const [a, b, c] = [sample(1, [[5, 0]]), sample(2, [[9, 0]]), sample(3, [[2, 0]])] as const;
  expect(lagView(record(c, a, b))).toEqual(lagView(record(a, b, c)));
});

test('a sample reported twice counts once', () => {
  const rows: [Row[], Row[]] = [[[0, 0]], [[500, 0]]];
  const [a, b] = [sample(1000, rows[0]), sample(2000, rows[1], 8)] as const;
  expect(lagView(record(a, b, b, a, b))).toEqual(lagView(record(a, b)));
  // Two samples of the same time would show no growth of the log, and no error.
  expect(lagView(record(a, b, b))?.errorBound).toBe(4);
  expect(record(a, b, b, a).points).toHaveLength(2);
});

test('history: at most 120 points, oldest first, the peak among them', () => {
  const lag = emptyLag();
  for (let i = 0; i < 1000; i++) addSample(lag, sample(i * 1000, [[i === 433 ? 9999 : i, 0]]));
  const history = lagView(lag)?.history ?? [];
  expect(history.length).toBeLessThanOrEqual(120);
  expect(history.length).toBeGreaterThan(100);
  expect(history).toContainEqual({ at: 433_000, total: 9999 });
  expect(history.map(({ at }) => at)).toEqual(history.map(({ at }) => at).sort((x, y) => x - y));
});

test('ten hours of samples stay bounded and keep their maxima', () => {
  const lag = emptyLag();
  for (let i = 0; i < 36_000; i++) addSample(lag, sample(i * 1000, [[i === 500 ? 9999 : i % 100, 0]]));
  expect(lag.points.length).toBeLessThanOrEqual(7_200);
  expect(lagView(lag)).toMatchObject({ peak: 9999, peakAt: 500_000 });
  expect(lagView(lag)?.history).toContainEqual({ at: 500_000, total: 9999 });
});

test('the change of lag during a step', () => {
  const lag = totals(10, 400, 700, 300, 8, 5, 6);
  expect(lagChange(lag, 500, 6000, 10)).toEqual({ before: 10, peak: 700, after: 6, drainedMs: 3500 });
  expect(lagChange(lag, 1000, 3000, 10)).toEqual({ before: 400, peak: 700, after: 300, drainedMs: undefined });
  expect(lagChange(lag, 4000, 6000, 10)).toEqual({ before: 8, peak: 8, after: 6, drainedMs: 0 });
  expect(lagChange(lag, -5000, -1000, 10)).toBeUndefined();
  expect(lagChange(lag, 500, 6000)?.drainedMs).toBeUndefined();
  expect(lagChange(lag, 500, 6000, 8)?.drainedMs).toBe(4500);
});

test('lag that rises again is not drained', () => {
  expect(lagChange(totals(100, 0, 100, 0), 0, 9000, 5)?.drainedMs).toBe(3000);
});

test('a stretch of samples below a threshold: its begin, and the sample that proves its duration', () => {
  const lag = totals(5, 12, 9, 8, 10, 3, 4, 2);
  expect(lowStretch(lag, 0, 9000, 10, 1000)).toEqual({ since: 2000, heldAt: 3000 });
  expect(lowStretch(lag, 0, 9000, 10, 0)).toEqual({ since: 0, heldAt: 0 });
  expect(lowStretch(lag, 0, 9000, 10, 2000)).toEqual({ since: 5000, heldAt: 7000 });
  expect(lowStretch(lag, 0, 6999, 10, 2000)).toEqual({ since: 5000 });
  expect(lowStretch(lag, 5001, 9000, 10, 2000)).toEqual({ since: 6000 });
  expect(lowStretch(lag, 0, 4000, 10, 2000)).toBeUndefined();
  expect(lowStretch(lag, 7001, 9000, 10, 0)).toBeUndefined();
});
