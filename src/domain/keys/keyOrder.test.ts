import { expect, test } from '@jest/globals';
import { BEGIN } from '../../../test/support/evidence.ts';
import { clocksApartMs, newClock, observeDelay, observeRoundTrip } from '../clock/clock.ts';
import type { Consumed, KeyWork, MetRecord, ReportAt } from '../evidence/facts.ts';
import { emptyRun, fold } from '../fold/run.ts';
import { view } from '../fold/view.ts';
import { addProcessed, type KeyOrder, noKeyOrder, orderOf, settleOrder } from './keyOrder.ts';

/** A report: of one partition, the first and perhaps the last record of a key. Times: written, began, ended. */
type Told = [partition: number, ...records: [offset: number, written: number, began: number, ended: number][]];
interface Report {
  met: Told[];
  shift?: number;
  errorMs?: number;
  by?: string;
}

const consumed = (met: Told[]): Pick<Consumed, 'partitions' | 'keys'> => ({
  partitions: met.map(([partition, ...records]) => {
    const [from = 0, , firstBeganAt = 0] = records[0] ?? [];
    const [last = 0, , , lastEndedAt = 0] = records.at(-1) ?? [];
    return { partition, ranges: [[from, last + 1]], records: 1, bytes: 1, firstBeganAt, firstWaitedMs: 0, lastEndedAt };
  }),
  keys: [{ key: 'k', partitions: met as KeyWork[] }],
});
const order = (...reports: Report[]): KeyOrder => {
  const all = noKeyOrder();
  for (const { met, shift = 0, errorMs = 0, by = 'c' } of reports) addProcessed(all, by, consumed(met), shift, errorMs);
  return all;
};
const said = (all: KeyOrder, apartMs = 0) => {
  const [found] = orderOf(all, ['k'], Number.POSITIVE_INFINITY, apartMs).values();
  if (found == null) return found === null ? 'Kept' : 'not met';
  const { earlier, later, byMs } = found;
  return `${earlier.partition}/${earlier.offset} after ${later.partition}/${later.offset}, written ${byMs} ms before`;
};
const one = (...met: Told[]): Report => ({ met });
/** By another client. */
const other = (...met: Told[]): Report => ({ met, by: 'other' });

// biome-ignore format: one situation a line
test.each<[situation: string, reports: Report[], said: string]>([
  ['in one partition, whatever the timestamps', [one([0, [0, 50, 100, 110], [9, 10, 200, 210]])], 'Kept'],
  ['moved, all of the old partition had been processed', [one([0, [0, 10, 100, 110], [9, 50, 200, 210]]), one([1, [0, 60, 300, 310]])], 'Kept'],
  ['moved, a backlog in the old one', [one([0, [0, 10, 100, 110], [9, 50, 400, 410]]), one([1, [0, 60, 300, 310]])], '0/9 after 1/0, written 10 ms before'],
  ['moved back, and the records in between came last', [one([1, [3, 60, 500, 510]]), one([0, [7, 70, 300, 310]])], '1/3 after 0/7, written 10 ms before'],
  ['moved twice: the pair furthest apart', [one([0, [4, 10, 400, 410]]), one([1, [0, 60, 300, 310]]), one([2, [0, 90, 350, 360]])], '0/4 after 2/0, written 80 ms before'],
  ['written in the same millisecond: nobody knows', [one([0, [4, 60, 400, 410]]), one([1, [0, 60, 300, 310]])], 'Kept'],
  ['begun before the other one had ended', [one([0, [4, 10, 305, 410]]), one([1, [0, 60, 300, 310]])], 'Kept'],
  ['begun when the other one ended', [one([0, [4, 10, 310, 410]]), one([1, [0, 60, 300, 310]])], 'Kept'],
  ['processed again after a crash: a duplicate', [one([0, [4, 10, 200, 210]]), one([1, [0, 60, 300, 310]]), other([0, [4, 10, 500, 510]])], 'Kept'],
  ['processed again by others, who had not told of that record of the key', [one([0, [3, 10, 200, 210], [9, 20, 250, 260]]), one([1, [0, 60, 300, 310]]), other([0, [8, 15, 500, 510]])], 'Kept'],
  ['processed again, then new ones that were written before', [one([0, [4, 10, 200, 210]]), one([1, [0, 60, 300, 310]]), other([0, [4, 10, 500, 510], [5, 20, 520, 530]])], '0/5 after 1/0, written 40 ms before'],
  ['by clocks that may be off by more', [{ met: [[0, [4, 10, 400, 410]]], errorMs: 60 }, { met: [[1, [0, 60, 300, 310]]], errorMs: 30 }], 'Kept'],
  ['by clocks that may be off by less', [{ met: [[0, [4, 10, 400, 410]]], errorMs: 59 }, { met: [[1, [0, 60, 300, 310]]], errorMs: 30 }], '0/4 after 1/0, written 50 ms before'],
  ['by a clock that is ahead', [{ met: [[0, [4, 10, 1_400, 1_410]]], shift: -1_200 }, one([1, [0, 60, 300, 310]])], 'Kept'],
])('%s', (_situation, reports, expected) => {
  for (const told of [reports, reports.toReversed(), [...reports, ...reports]]) expect(said(order(...told))).toBe(expected);
  const settled = order(...reports);
  settleOrder(settled, 10_000);
  expect(said(settled)).toBe(expected);
});

test('timestamps that are no further apart than the producers’ clocks may be prove nothing', () => {
  const moved = order(one([0, [9, 50, 400, 410]]), one([1, [0, 60, 300, 310]]));
  expect(said(moved, 10)).toBe('Kept');
  expect(said(moved, 9.9)).toBe('0/9 after 1/0, written 10 ms before');
});

test('the clock of one producer is what it is; those of several are apart by what is not known of them', () => {
  const clock = (delayMs: number, roundTripMs: number) => {
    const made = newClock();
    observeDelay(made, delayMs);
    observeRoundTrip(made, roundTripMs);
    return made;
  };
  expect(clocksApartMs([])).toBe(0);
  expect(clocksApartMs([clock(5, 8)])).toBe(0);
  // Each is taken to be right, and is behind by 6 ms at most, ahead by 3 at most, but not by more than 6 either way.
  expect(clocksApartMs([clock(5, 8), clock(5, 8)])).toBe(13);
  // The second is ahead by a second: its timestamps are that much too late.
  expect(clocksApartMs([clock(5, 8), clock(-1_000, 8)])).toBe(6 + 1_008 + 1);
});

test('what comes after others have been taken in is not judged, and judges nothing wrongly', () => {
  const all = order(one([1, [0, 60, 300, 310]]));
  settleOrder(all, 1_000);
  addProcessed(all, 'c', consumed([[0, [4, 10, 400, 410]]]), 0, 0);
  settleOrder(all, 2_000);
  expect(said(all)).toBe('Kept');
  // What it was is known from then on: again is again.
  addProcessed(all, 'other', consumed([[0, [4, 10, 3_000, 3_010]]]), 0, 0);
  expect(said(all)).toBe('Kept');
});

test.each([
  [200, 'Kept'],
  [450, '0/4 after 1/0, written 50 ms before'],
])('who died is told of late: it had begun with that partition at %d', (firstBeganAt, expected) => {
  const all = order(one([1, [0, 60, 300, 310]]), other([0, [4, 10, 400, 410]]));
  settleOrder(all, 1_000);
  expect(said(all)).toBe('0/4 after 1/0, written 50 ms before');
  const { partitions } = consumed([[0, [0, 0, firstBeganAt, 460], [6, 20, 460, 470]]]);
  addProcessed(all, 'dead', { partitions }, 0, 0);
  settleOrder(all, 2_000);
  expect(said(all)).toBe(expected);
});

test('a look at an earlier time does not know what comes later, and changes nothing', () => {
  const all = order(one([0, [9, 50, 400, 410]]), one([1, [0, 60, 300, 310]]));
  const asOf = (until: number) => orderOf(all, ['k'], until, 0).get('k');
  expect(asOf(299)).toBeUndefined();
  expect(asOf(399)).toBeNull();
  expect(asOf(400)).not.toBeNull();
  expect(asOf(399)).toBeNull();
});

test('keys that nobody can tell of all are not told of', () => {
  const all = order(one([0, [9, 50, 400, 410]]), one([1, [0, 60, 300, 310]]));
  addProcessed(all, 'c', { partitions: [], keysBefore: 'j' }, 0, 0);
  expect(said(all)).toBe('not met');
});

test('a run: as many keys as are out of order, of those that its producers sent', () => {
  const met = (...record: MetRecord): MetRecord => [record[0], BEGIN + record[1], BEGIN + record[2], BEGIN + record[3]];
  const about = { v: 1, run: 'r', seq: 1, sentAt: BEGIN + 1_000, roundTripMs: 2 } as const;
  const reports: ReportAt['report'][] = [
    {
      ...about,
      instance: 'p-0/1',
      facts: [
        {
          ...({ type: 'Produced', client: 'p-0', at: BEGIN + 900, attempted: 3, acknowledged: 3, failed: 0 } as const),
          ...{ bytes: 3, done: true, keys: ['a', 'b'].map((key) => ({ key, partitions: [[0, 1, 0, 0]] })) },
        },
      ] as ReportAt['report']['facts'],
    },
    ...[0, 1].map((partition): ReportAt['report'] => ({
      ...about,
      instance: `c-${partition}/1`,
      facts: [
        {
          ...({ type: 'Consumed', client: `c-${partition}`, at: BEGIN + 950, partitions: [] } as const),
          keys: [
            {
              key: 'a',
              partitions: [[partition, met(0, 10 + 50 * partition, 500 - 200 * partition, 510 - 200 * partition)]],
            },
            ...(partition === 0 ? [] : [{ key: 'z', partitions: [[1, met(1, 70, 310, 320)] satisfies KeyWork] }]),
          ],
        },
      ],
    })),
  ];
  const run = reports.reduce(
    (all, report, offset) => fold(all, { offset, appendedAt: BEGIN + 1_001, report }),
    emptyRun(),
  );
  expect(run.ignored).toBe(0);
  const { keys } = view(run, BEGIN + 2_000);
  expect(keys.outOfOrder).toBe(1);
  expect(keys.list).toMatchObject([
    { key: 'a', outOfOrder: { byMs: 50, earlier: { partition: 0, offset: 0 }, later: { partition: 1, offset: 0 } } },
    { key: 'b', outOfOrder: undefined },
  ]);
});
