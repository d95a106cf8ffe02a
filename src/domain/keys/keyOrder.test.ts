import { expect, test } from '@jest/globals';
import { BEGIN } from '../../../test/support/evidence.ts';
import { clocksApartMs, newClock, observeDelay, observeRoundTrip } from '../clock/clock.ts';
import type { Consumed, KeyWork, MetRecord, ReportAt } from '../evidence/facts.ts';
import { emptyRun, fold } from '../fold/run.ts';
import { view } from '../fold/view.ts';
import { addProcessed, type KeyOrder, noKeyOrder, orderOf, settleOrder } from './keyOrder.ts';

/** Work of a report: the first and possibly the last record of the key in one partition. Times: written, began, ended. */
type Work = [partition: number, ...records: [offset: number, written: number, began: number, ended: number][]];
interface Report {
  works: Work[];
  shift?: number;
  errorMs?: number;
  by?: string;
}

const consumed = (works: Work[]): Pick<Consumed, 'partitions' | 'keys'> => ({
  partitions: works.map(([partition, ...records]) => {
    const [from = 0, , firstBeganAt = 0] = records[0] ?? [];
    const [last = 0, , , lastEndedAt = 0] = records.at(-1) ?? [];
    return { partition, ranges: [[from, last + 1]], records: 1, bytes: 1, firstBeganAt, firstWaitedMs: 0, lastEndedAt };
  }),
  keys: [{ key: 'k', partitions: works as KeyWork[] }],
});
const order = (...reports: Report[]): KeyOrder => {
  const all = noKeyOrder();
  for (const { works, shift = 0, errorMs = 0, by = 'c' } of reports)
    addProcessed(all, by, consumed(works), shift, errorMs);
  return all;
};
const verdict = (all: KeyOrder, apartMs = 0) => {
  const [found] = orderOf(all, ['k'], Number.POSITIVE_INFINITY, apartMs).values();
  if (found == null) return found === null ? 'Kept' : 'unknown';
  const { earlier, later, byMs } = found;
  return `${earlier.partition}/${earlier.offset} after ${later.partition}/${later.offset}, written ${byMs} ms before`;
};
const one = (...works: Work[]): Report => ({ works });
/** A report of another client. */
const other = (...works: Work[]): Report => ({ works, by: 'other' });

// biome-ignore format: one situation a line
test.each<[situation: string, reports: Report[], expected: string]>([
  ['in one partition, whatever the timestamps', [one([0, [0, 50, 100, 110], [9, 10, 200, 210]])], 'Kept'],
  ['moved, the old partition had been processed completely', [one([0, [0, 10, 100, 110], [9, 50, 200, 210]]), one([1, [0, 60, 300, 310]])], 'Kept'],
  ['moved, a backlog in the old one', [one([0, [0, 10, 100, 110], [9, 50, 400, 410]]), one([1, [0, 60, 300, 310]])], '0/9 after 1/0, written 10 ms before'],
  ['moved back, and the records of the time between were processed last', [one([1, [3, 60, 500, 510]]), one([0, [7, 70, 300, 310]])], '1/3 after 0/7, written 10 ms before'],
  ['moved twice: the pair furthest apart', [one([0, [4, 10, 400, 410]]), one([1, [0, 60, 300, 310]]), one([2, [0, 90, 350, 360]])], '0/4 after 2/0, written 80 ms before'],
  ['written in the same millisecond: the order is unknown', [one([0, [4, 60, 400, 410]]), one([1, [0, 60, 300, 310]])], 'Kept'],
  ['begun before the other one had ended', [one([0, [4, 10, 305, 410]]), one([1, [0, 60, 300, 310]])], 'Kept'],
  ['begun when the other one ended', [one([0, [4, 10, 310, 410]]), one([1, [0, 60, 300, 310]])], 'Kept'],
  ['processed again after a crash: a duplicate', [one([0, [4, 10, 200, 210]]), one([1, [0, 60, 300, 310]]), other([0, [4, 10, 500, 510]])], 'Kept'],
  ['processed again by another client, the record of the key reported only there', [one([0, [3, 10, 200, 210], [9, 20, 250, 260]]), one([1, [0, 60, 300, 310]]), other([0, [8, 15, 500, 510]])], 'Kept'],
  ['processed again, then new records with older timestamps', [one([0, [4, 10, 200, 210]]), one([1, [0, 60, 300, 310]]), other([0, [4, 10, 500, 510], [5, 20, 520, 530]])], '0/5 after 1/0, written 40 ms before'],
  ['the clocks may be off by more', [{ works: [[0, [4, 10, 400, 410]]], errorMs: 60 }, { works: [[1, [0, 60, 300, 310]]], errorMs: 30 }], 'Kept'],
  ['the clocks may be off by less', [{ works: [[0, [4, 10, 400, 410]]], errorMs: 59 }, { works: [[1, [0, 60, 300, 310]]], errorMs: 30 }], '0/4 after 1/0, written 50 ms before'],
  ['one clock is ahead', [{ works: [[0, [4, 10, 1_400, 1_410]]], shift: -1_200 }, one([1, [0, 60, 300, 310]])], 'Kept'],
])('%s', (_situation, reports, expected) => {
  for (const some of [reports, reports.toReversed(), [...reports, ...reports]]) expect(verdict(order(...some))).toBe(expected);
  const settled = order(...reports);
  settleOrder(settled, 10_000);
  expect(verdict(settled)).toBe(expected);
});

test('timestamps closer together than the error of the producers’ clocks prove nothing', () => {
  const moved = order(one([0, [9, 50, 400, 410]]), one([1, [0, 60, 300, 310]]));
  expect(verdict(moved, 10)).toBe('Kept');
  expect(verdict(moved, 9.9)).toBe('0/9 after 1/0, written 10 ms before');
});

test('a single clock orders all records; several clocks are apart by their errors', () => {
  const clock = (delayMs: number, roundTripMs: number) => {
    const created = newClock();
    observeDelay(created, delayMs);
    observeRoundTrip(created, roundTripMs);
    return created;
  };
  expect(clocksApartMs([])).toBe(0);
  expect(clocksApartMs([clock(5, 8)])).toBe(0);
  // Neither is corrected. Each is behind by at most 6 ms and ahead by at most 3 ms, so its error is 6 ms.
  expect(clocksApartMs([clock(5, 8), clock(5, 8)])).toBe(13);
  // The second clock is ahead by 1 s, so its timestamps are 1 s too late.
  expect(clocksApartMs([clock(5, 8), clock(-1_000, 8)])).toBe(6 + 1_008 + 1);
});

test('late records prove no violation, and later ones are still compared correctly', () => {
  const all = order(one([1, [0, 60, 300, 310]]));
  settleOrder(all, 1_000);
  addProcessed(all, 'c', consumed([[0, [4, 10, 400, 410]]]), 0, 0);
  settleOrder(all, 2_000);
  expect(verdict(all)).toBe('Kept');
  // The late record is known from then on, so its repetition is a duplicate.
  addProcessed(all, 'other', consumed([[0, [4, 10, 3_000, 3_010]]]), 0, 0);
  expect(verdict(all)).toBe('Kept');
});

test.each([
  [200, 'Kept'],
  [450, '0/4 after 1/0, written 50 ms before'],
])('late report of a dead client that had begun with the partition at %d', (firstBeganAt, expected) => {
  const all = order(one([1, [0, 60, 300, 310]]), other([0, [4, 10, 400, 410]]));
  settleOrder(all, 1_000);
  expect(verdict(all)).toBe('0/4 after 1/0, written 50 ms before');
  const { partitions } = consumed([[0, [0, 0, firstBeganAt, 460], [6, 20, 460, 470]]]);
  addProcessed(all, 'dead', { partitions }, 0, 0);
  settleOrder(all, 2_000);
  expect(verdict(all)).toBe(expected);
});

test('the order as of an earlier time ignores later events and changes nothing', () => {
  const all = order(one([0, [9, 50, 400, 410]]), one([1, [0, 60, 300, 310]]));
  const asOf = (until: number) => orderOf(all, ['k'], until, 0).get('k');
  expect(asOf(299)).toBeUndefined();
  expect(asOf(399)).toBeNull();
  expect(asOf(400)).not.toBeNull();
  expect(asOf(399)).toBeNull();
});

test('omitted keys have no order', () => {
  const all = order(one([0, [9, 50, 400, 410]]), one([1, [0, 60, 300, 310]]));
  addProcessed(all, 'c', { partitions: [], keysBefore: 'j' }, 0, 0);
  expect(verdict(all)).toBe('unknown');
});

test('a run counts the keys that are out of order among those that its producers sent', () => {
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
