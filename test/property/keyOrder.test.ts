/** The verdict on per-key order, from consumers with different clocks, compared with all pairs of records in random histories. */
import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { Fact, KeyWork, MetRecord, PartitionWork, ReportAt } from '../../src/domain/evidence/facts.ts';
import { emptyRun, fold } from '../../src/domain/fold/run.ts';
import { view } from '../../src/domain/fold/view.ts';
import { addProcessed, noKeyOrder, orderOf, settleOrder } from '../../src/domain/keys/keyOrder.ts';
import { createBatch } from '../../src/worker/evidence/batch.ts';
import { createKeyWatch } from '../../src/worker/evidence/keyWatch.ts';
import { BEGIN } from '../support/evidence.ts';

// ---- reported records, compared with all pairs of them ------------------------------------------

interface Point {
  key: string;
  partition: number;
  offset: number;
  writtenAt: number;
  beganAt: number;
  took: number;
  errorMs: number;
  by: string;
  /** Reports progress up to this offset without the key. */
  onlyWork: boolean;
}
const point: fc.Arbitrary<Point> = fc.record({
  key: fc.constantFrom('a', 'b'),
  partition: fc.nat(2),
  offset: fc.nat(6),
  writtenAt: fc.nat(30),
  beganAt: fc.nat(60),
  took: fc.nat(8),
  errorMs: fc.constantFrom(0, 0, 1, 5),
  by: fc.constantFrom('c-0', 'c-1', 'c-2'),
  onlyWork: fc.constantFrom(false, false, true),
});

/** The largest disorder between two records of the key, over all pairs. */
function furthestApart(points: readonly Point[], key: string): number | undefined {
  const own = points.filter((one) => one.key === key && !one.onlyWork);
  const begins = ({ beganAt, errorMs }: Point) => beganAt - errorMs;
  const again = (a: Point) =>
    points.some((b) => b.by !== a.by && b.partition === a.partition && b.offset >= a.offset && begins(b) <= begins(a));
  const gaps = own
    .filter((a) => !again(a))
    .flatMap((a) =>
      own
        .filter((b) => b.partition !== a.partition && b.beganAt + b.took + b.errorMs < begins(a))
        .map((b) => b.writtenAt - a.writtenAt)
        .filter((gap) => gap > 0),
    );
  return gaps.length === 0 ? undefined : Math.max(...gaps);
}

const tell = (
  order: ReturnType<typeof noKeyOrder>,
  { key, partition, offset, errorMs, by, onlyWork, ...it }: Point,
) => {
  const record: MetRecord = [offset, it.writtenAt, it.beganAt, it.beganAt + it.took];
  const work: PartitionWork = {
    ...{ partition, ranges: [[offset, offset + 1]], records: 1, bytes: 1 },
    ...{ firstBeganAt: it.beganAt, firstWaitedMs: 0, lastEndedAt: it.beganAt + it.took },
  };
  const keys = onlyWork ? [] : [{ key, partitions: [[partition, record] satisfies KeyWork] }];
  addProcessed(order, by, { partitions: [work], keys }, 0, errorMs);
};
const gapsOf = (order: ReturnType<typeof noKeyOrder>, until = Number.POSITIVE_INFINITY, apartMs = 0) => {
  const found = orderOf(order, ['a', 'b'], until, apartMs);
  return ['a', 'b'].map((key) => found.get(key)?.byMs);
};

test('the order is broken exactly if two reported records prove it', () => {
  fc.assert(
    fc.property(
      fc.array(point, { maxLength: 30 }).chain((points) =>
        fc.record({
          points: fc.constant(points),
          shuffled: fc.shuffledSubarray(points, { minLength: points.length }),
          again: fc.subarray(points),
          apartMs: fc.constantFrom(0, 3, 10),
        }),
      ),
      ({ points, shuffled, again, apartMs }) => {
        const truth = ['a', 'b'].map((key) => furthestApart(points, key));
        const order = noKeyOrder();
        for (const one of [...shuffled, ...again]) tell(order, one);
        expect(gapsOf(order)).toEqual(truth);
        expect(gapsOf(order, undefined, apartMs)).toEqual(truth.map((gap) => ((gap ?? 0) > apartMs ? gap : undefined)));
        const straight = noKeyOrder();
        for (const one of points) tell(straight, one);
        expect(orderOf(order, ['a', 'b'], 1_000, 0)).toEqual(orderOf(straight, ['a', 'b'], 1_000, 0));
      },
    ),
    { numRuns: 500 },
  );
});

test('settling older records does not change the verdict', () => {
  const LATE = 15;
  fc.assert(
    fc.property(fc.array(fc.record({ one: point, late: fc.nat(LATE) }), { maxLength: 30 }), (told) => {
      // Each record is reported at the end of its processing, with a bounded delay, by a clock that is never behind.
      const inOrder = told
        .map(({ one, late }) => ({ one, at: one.beganAt + one.took + one.errorMs + late }))
        .sort((a, b) => a.at - b.at);
      const order = noKeyOrder();
      for (const { one, at } of inOrder) {
        tell(order, one);
        // A begin counts as early as its clock error allows.
        settleOrder(order, at - LATE - 8 - 2 * 5 - 1);
      }
      const truth = ['a', 'b'].map((key) =>
        furthestApart(
          told.map(({ one }) => one),
          key,
        ),
      );
      expect(gapsOf(order)).toEqual(truth);
      settleOrder(order, 1_000);
      expect(gapsOf(order)).toEqual(truth);
      expect(order.waiting).toEqual([]);
    }),
    { numRuns: 500 },
  );
});

// ---- reporting consumers, compared with the true history ----------------------------------------

interface History {
  /** How much the clocks of two producers and three consumers are ahead. */
  producers: number[];
  consumers: number[];
  records: {
    key: string;
    partition: number;
    producer: number;
    gap: number;
    took: number;
    idle: number;
    reports: boolean;
    /** Whether the record has the examined key. */
    looks: boolean;
  }[];
  /** The owners of each partition: from which record on, and how many records are processed again. */
  moves: { partition: number; after: number; to: number; again: number; lost: boolean }[];
  ways: number[];
}
const ahead = fc.integer({ min: -30, max: 30 });
const history: fc.Arbitrary<History> = fc.record({
  producers: fc.array(ahead, { minLength: 2, maxLength: 2 }),
  consumers: fc.array(ahead, { minLength: 3, maxLength: 3 }),
  records: fc.array(
    fc.record({
      key: fc.constantFrom('a', 'b'),
      partition: fc.nat(2),
      producer: fc.nat(1),
      gap: fc.constantFrom(1, 5, 40, 200),
      took: fc.constantFrom(0, 1, 20, 300),
      idle: fc.constantFrom(0, 0, 10, 100, 1_000),
      reports: fc.boolean(),
      looks: fc.constantFrom(true, true, true, false),
    }),
    { minLength: 2, maxLength: 40 },
  ),
  moves: fc.array(
    fc.record({ partition: fc.nat(2), after: fc.nat(12), to: fc.nat(2), again: fc.nat(4), lost: fc.boolean() }),
    {
      maxLength: 3,
    },
  ),
  ways: fc.array(fc.constantFrom(1, 2, 10, 300), { minLength: 1, maxLength: 10 }),
});

interface Processed {
  key: string;
  partition: number;
  offset: number;
  written: number;
  began: number;
  ended: number;
}

/** The reports in the order of the log, and the first processing of each record, all with true times. */
function play({ producers, consumers, records, moves, ways }: History): {
  reports: ReportAt[];
  truth: Processed[];
  keys: string[];
} {
  let written = 0;
  const logs = new Map<number, (History['records'][number] & { written: number })[]>();
  for (const record of records) {
    written += record.gap;
    logs.set(record.partition, [...(logs.get(record.partition) ?? []), { ...record, written }]);
  }
  const truth: Processed[] = [];
  const teller = () => ({ watch: createKeyWatch(), batch: createBatch() });
  const acts: { at: number; consumer: number; run: (of: ReturnType<typeof teller>) => Fact[] }[] = [];
  /** `lost`: the process dies with its keys, but its progress is reported. */
  const told =
    (consumer: number, at: number, all: boolean, lost = false) =>
    (of: ReturnType<typeof teller>): Fact[] => {
      const [met, ...more] = of.watch.take(all);
      const partitions = of.batch.take();
      const about = { type: 'Consumed', client: `c-${consumer}`, at: BEGIN + at + (consumers[consumer] ?? 0) } as const;
      if (lost || met === undefined) return partitions.length === 0 ? [] : [{ ...about, partitions }];
      return [{ ...about, partitions, ...met }, ...more.map((part) => ({ ...about, partitions: [], ...part }))];
    };
  for (const [partition, log] of logs) {
    let owner = partition;
    let time = 0;
    let next = 0;
    const pending = moves.filter((move) => move.partition === partition).sort((a, b) => a.after - b.after);
    while (next < log.length) {
      const move = pending[0];
      if (move !== undefined && next >= move.after) {
        pending.shift();
        const from = owner;
        const at = time;
        // The callback reports the keys before another consumer continues.
        acts.push({ at, consumer: from, run: told(from, at, true, move.lost) });
        owner = move.to;
        next = Math.max(0, next - move.again);
        time += 1;
        continue;
      }
      const offset = next;
      const { key, producer, took, idle, reports, looks, written: at } = log[next] as (typeof log)[number];
      const began = Math.max(time + idle, at);
      const ended = began + took;
      if (!truth.some((one) => one.partition === partition && one.offset === offset)) {
        truth.push({ key, partition, offset, written: at, began, ended });
      }
      const who = owner;
      const clock = BEGIN + (consumers[who] ?? 0);
      const record = {
        ...{ partition, offset, bytes: 1, key: looks ? Buffer.from(key) : null },
        timestamp: Math.floor(BEGIN + at + (producers[producer] ?? 0)),
      };
      acts.push({
        at: ended,
        consumer: who,
        run: (of) => {
          of.watch.add(record, clock + began, clock + ended);
          of.batch.add({ ...record, beganAt: clock + began, endedAt: clock + ended });
          return reports ? told(who, ended, false)(of) : [];
        },
      });
      time = ended;
      next += 1;
    }
  }
  const end = Math.max(0, ...acts.map(({ at }) => at)) + 1;
  for (const consumer of [0, 1, 2]) {
    acts.push({ at: end, consumer, run: told(consumer, end, true) });
  }
  const tellers = [0, 1, 2].map(teller);
  const sent: { at: number; instance: string; facts: Fact[]; ahead: number }[] = [];
  for (const { at, consumer, run } of acts.sort((a, b) => a.at - b.at)) {
    const facts = run(tellers[consumer] as ReturnType<typeof teller>);
    if (facts.length > 0) sent.push({ at, instance: `c-${consumer}/1`, facts, ahead: consumers[consumer] ?? 0 });
  }
  const keys = [...new Set(records.map(({ key }) => key))].sort();
  for (const [n, offset] of producers.entries()) {
    const own = records.filter(({ producer }) => producer === n);
    if (own.length === 0) continue;
    const totals = { attempted: own.length, acknowledged: own.length, failed: 0, bytes: 1, done: true };
    const places = keys.map((key) => ({ key, partitions: [[0, 1, null, null] as [number, number, null, null]] }));
    const produced: Fact = { type: 'Produced', client: `p-${n}`, at: BEGIN + end + offset, ...totals, keys: places };
    sent.push({ at: end, instance: `p-${n}/1`, facts: [produced], ahead: offset });
  }
  const seqs = new Map<string, number>();
  const lastArrival = new Map<string, number>();
  const reports = sent
    .map(({ at, instance, facts, ahead: by }, n) => {
      const seq = (seqs.get(instance) ?? 0) + 1;
      seqs.set(instance, seq);
      const way = ways[n % ways.length] ?? 1;
      // The reports of a process keep their order.
      const arrives = Math.max(at + way, lastArrival.get(instance) ?? 0);
      lastArrival.set(instance, arrives);
      const report = {
        v: 1 as const,
        run: 'r',
        instance,
        seq,
        sentAt: BEGIN + at + by,
        roundTripMs: arrives - at + 1,
        facts,
      };
      return { arrives, one: { offset: 0, appendedAt: BEGIN + Math.floor(arrives), report } };
    })
    .sort((a, b) => a.arrives - b.arrives)
    .map(({ one }, offset): ReportAt => ({ ...one, offset }));
  return { reports, truth, keys };
}

test('a broken order is truly broken for all clocks, delays, splits and losses of reports', () => {
  let broken = 0;
  fc.assert(
    fc.property(history, (how) => {
      const { reports, truth, keys } = play(how);
      const run = reports.reduce(fold, emptyRun());
      expect(run.ignored).toBe(0);
      const { list, outOfOrder } = view(run, BEGIN + 10_000_000).keys;
      expect(list.map(({ key }) => key)).toEqual(keys);
      for (const { key, outOfOrder: found } of list) {
        if (found == null) continue;
        broken++;
        const at = (place: { partition: number; offset: number }) =>
          truth.find((one) => one.key === key && one.partition === place.partition && one.offset === place.offset);
        const [earlier, later] = [at(found.earlier), at(found.later)];
        expect(earlier?.written).toBeLessThan(later?.written ?? Number.NaN);
        expect(earlier?.began).toBeGreaterThan(later?.ended ?? Number.NaN);
      }
      expect(outOfOrder ?? 0).toBe(list.filter((one) => one.outOfOrder != null).length);
    }),
    { numRuns: 1_000 },
  );
  // The random histories include broken orders.
  expect(broken).toBeGreaterThan(200);
});

test('a consumer reports the first and the last record of each key and partition exactly once', () => {
  const records = fc.array(
    fc.record({ key: fc.constantFrom(null, '', 'a', 'ä'), partition: fc.nat(2), takes: fc.boolean() }),
    { maxLength: 60 },
  );
  fc.assert(
    fc.property(records, (all) => {
      const watch = createKeyWatch();
      let since: { key: string; partition: number; offset: number }[] = [];
      for (const [offset, { key, partition, takes }] of all.entries()) {
        watch.add(
          { partition, offset, timestamp: offset, bytes: 1, key: key === null ? null : Buffer.from(key) },
          offset + 1,
          offset + 2,
        );
        if (key !== null) since.push({ key, partition, offset });
        if (!takes) continue;
        const told = watch
          .take(true)
          .flatMap(({ keys = [] }) =>
            keys.flatMap(({ key: name, partitions }) => partitions.map((work) => [name, ...work] as const)),
          );
        const groups = Map.groupBy(since, (one) => `${one.key} ${one.partition}`);
        expect(told).toHaveLength(groups.size);
        for (const [name, place, first, last] of told) {
          const own = (groups.get(`${name} ${place}`) ?? []).map((one) => one.offset);
          expect([first[0], (last ?? first)[0]]).toEqual([own[0], own.at(-1)]);
          expect(last === undefined).toBe(own.length === 1);
          expect((last ?? first).slice(1)).toEqual([own.at(-1) ?? -1, (own.at(-1) ?? -1) + 1, (own.at(-1) ?? -1) + 2]);
        }
        since = [];
      }
    }),
  );
});

test('a report has some of many keys, a flush has all of them, and beyond the limit the first keys by text are kept', () => {
  const watch = createKeyWatch();
  let offset = 0;
  const met = (count: number, from = 0) => {
    for (let n = from; n < from + count; n++) {
      const key = Buffer.from(`key${String(n).padStart(5, '0')}`);
      watch.add({ partition: 0, offset: offset++, timestamp: n, bytes: 1, key }, n, n);
    }
  };
  const keysOf = (parts: ReturnType<typeof watch.take>) => parts.flatMap(({ keys = [] }) => keys.map(({ key }) => key));
  met(250);
  expect(watch.take(false).map(({ keys }) => keys?.length)).toEqual([100]);
  expect(watch.take(true).map(({ keys }) => keys?.length)).toEqual([100, 50]);
  expect(watch.take(true)).toEqual([]);
  met(1_200);
  const told = watch.take(true);
  expect(keysOf(told)).toHaveLength(1_000);
  expect(told[0]?.keysBefore).toBe('key01000');
  met(1, 5_000);
  expect(watch.take(true)).toEqual([]);
});
