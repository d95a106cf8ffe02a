/** The partitions of records, reported by producers in any possible order, compared with a plain count of all records. */
import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { Produced, Report, ReportAt } from '../../src/domain/evidence/facts.ts';
import { MOST_KEY_PARTITIONS, MOST_KEYS } from '../../src/domain/evidence/keyTable.ts';
import { encodeReport, parseReport } from '../../src/domain/evidence/parse.ts';
import type { RunView } from '../../src/domain/figures/figures.ts';
import { emptyRun, fold } from '../../src/domain/fold/run.ts';
import { view } from '../../src/domain/fold/view.ts';
import { addPlaces, keysView, nothingPlaced } from '../../src/domain/keys/keys.ts';
import { partitionForKey } from '../../src/domain/workers/murmur2.ts';
import { createPlacements } from '../../src/worker/evidence/placements.ts';
import { BEGIN } from '../support/evidence.ts';

interface Sent {
  producer: number;
  key: string | undefined;
  partition: number;
  /** Whether the producer reports after this record. */
  reports: boolean;
}

const END = BEGIN + 1_000_000;
const sent = (keys: fc.Arbitrary<string | undefined>) =>
  fc.record({ producer: fc.nat(2), key: keys, partition: fc.nat(3), reports: fc.boolean() });
const someKeys = fc.option(fc.constantFrom('', 'a', 'b', 'key1', 'key10', 'key2', 'ä', '\u{1f511}'), {
  nil: undefined,
});

interface Log {
  /** The reports of each producer in order. */
  byProducer: ReportAt[][];
  truth: Pick<RunView, 'keys'> & Pick<RunView['producers'], 'partitions' | 'acknowledged'>;
}

/** The reports of three producers about these records, from the worker's own totals, and the expected result. */
function play(records: readonly Sent[]): Log {
  const offsets = [0, 0, 0, 0];
  const producers = [0, 1, 2].map((n) => ({
    n,
    placing: createPlacements(),
    acknowledged: 0,
    reports: [] as ReportAt[],
  }));
  const keys = new Map<string, Map<number, { records: number; firstOffset: number; lastOffset: number }>>();
  const report = (one: (typeof producers)[number]) => {
    const places = one.placing.take();
    if (places.length === 0) return;
    const seq = one.reports.length + 1;
    const at = BEGIN + seq;
    const facts = places.map((place): Produced => {
      const totals = { attempted: one.acknowledged, acknowledged: one.acknowledged, failed: 0, bytes: 1, done: false };
      return { type: 'Produced', client: `p-${one.n}`, at, ...totals, ...place };
    });
    const report: Report = { v: 1, run: 'run-1', instance: `p-${one.n}/1`, seq, sentAt: at + 1, facts };
    const read = parseReport(encodeReport(report));
    if (read === undefined) throw new Error('the report can’t be read back');
    one.reports.push({ offset: 0, appendedAt: at + 5, report: read });
  };
  for (const { producer, key, partition, reports } of records) {
    const one = producers[producer];
    if (one === undefined) throw new Error('no such producer');
    const offset = offsets[partition] ?? 0;
    offsets[partition] = offset + 1;
    one.acknowledged += 1;
    one.placing.add(partition, key, offset);
    if (key !== undefined) {
      const ofKey = keys.get(key) ?? new Map();
      keys.set(key, ofKey);
      const share = ofKey.get(partition) ?? { records: 0, firstOffset: offset };
      ofKey.set(partition, { ...share, records: share.records + 1, lastOffset: offset });
    }
    if (reports) report(one);
  }
  for (const one of producers) report(one);

  const inOrder = [...keys.keys()].sort((a, b) => (a < b ? -1 : 1));
  let pairs = 0;
  const end = inOrder.findIndex((key, n) => {
    pairs += keys.get(key)?.size ?? 0;
    return n >= MOST_KEYS || pairs > MOST_KEY_PARTITIONS;
  });
  const list = inOrder.slice(0, end === -1 ? inOrder.length : end).map((key) => ({
    key,
    outOfOrder: undefined,
    partitions: [...(keys.get(key) ?? [])]
      .map(([partition, share]) => ({ partition, ...share }))
      .sort((a, b) => a.partition - b.partition),
  }));
  return {
    byProducer: producers.map(({ reports }) => reports),
    truth: {
      acknowledged: records.length,
      partitions: offsets.flatMap((count, partition) => (count === 0 ? [] : [{ partition, records: count }])),
      keys: {
        distinct: list.length,
        more: end !== -1,
        inSeveralPartitions: list.filter(({ partitions }) => partitions.length > 1).length,
        outOfOrder: null,
        list,
      },
    },
  };
}

/** The reports of all producers, interleaved by `order`. Each producer keeps its own order. */
function mixed(byProducer: ReportAt[][], order: number[]): ReportAt[] {
  const left = byProducer.map((reports) => [...reports]);
  const all: ReportAt[] = [];
  for (let n = 0; left.some((reports) => reports.length > 0); n++) {
    const some = left.filter((reports) => reports.length > 0);
    const next = some[(order[n % order.length] ?? 0) % some.length]?.shift();
    if (next !== undefined) all.push({ ...next, offset: all.length });
  }
  return all;
}

/** Some reports get lost at first and are sent again later with the next free number. */
function sentAgain(reports: ReportAt[], delays: number[]): ReportAt[] {
  const late = reports.map((one, n) => ({ one, at: n + (delays[n % delays.length] ?? 0) }));
  return late
    .sort((a, b) => a.at - b.at)
    .map(({ one }, n) => ({ ...one, report: { ...one.report, seq: n + 1, sentAt: BEGIN + n + 1_000 } }));
}

const figuresOf = (reports: ReportAt[]) => {
  const run = reports.reduce(fold, emptyRun());
  expect(run.ignored).toBe(0);
  const { keys, producers } = view(run, END);
  return { keys, acknowledged: producers.acknowledged, partitions: producers.partitions };
};
const orders = fc.array(fc.nat(5), { minLength: 1, maxLength: 30 });

test('the figures equal a count of all records for any order and repetition of reports', () => {
  fc.assert(
    fc.property(fc.array(sent(someKeys), { maxLength: 80 }), orders, orders, (records, order, again) => {
      const { byProducer, truth } = play(records);
      const reports = mixed(byProducer, order);
      expect(figuresOf(reports)).toEqual(truth);
      const twice = reports.flatMap((one, n) => {
        const back = reports[n - ((again[n % again.length] ?? 0) % (n + 1))] ?? one;
        return [one, back, { ...back, offset: 1_000 + n }];
      });
      expect(figuresOf(twice)).toEqual(truth);
    }),
    { numRuns: 300 },
  );
});

test('a late report does not undo newer reports of its producer', () => {
  fc.assert(
    fc.property(fc.array(sent(someKeys), { maxLength: 80 }), orders, orders, (records, order, late) => {
      const { byProducer, truth } = play(records);
      const reports = mixed(
        byProducer.map((all) => sentAgain(all, late)),
        order,
      );
      expect(figuresOf(reports)).toEqual(truth);
    }),
    { numRuns: 300 },
  );
});

test('the partitions always add up to the acknowledged records, and no key exceeds its partitions', () => {
  fc.assert(
    fc.property(fc.array(sent(someKeys), { maxLength: 60 }), orders, (records, order) => {
      const run = emptyRun();
      for (const report of mixed(play(records).byProducer, order)) {
        fold(run, report);
        const { producers, keys } = view(run, END);
        const inAll = new Map(producers.partitions.map(({ partition, records }) => [partition, records]));
        expect([...inAll.values()].reduce((sum, count) => sum + count, 0)).toBe(producers.acknowledged);
        for (const { partitions } of keys.list) {
          for (const share of partitions) {
            expect(share.records).toBeLessThanOrEqual(inAll.get(share.partition) ?? 0);
            expect(share.firstOffset).toBeLessThanOrEqual(share.lastOffset ?? -1);
          }
        }
      }
    }),
    { numRuns: 200 },
  );
});

test('beyond the limit the same keys are kept exactly for any order of reports', () => {
  const many = fc.array(
    fc.record({ first: fc.nat(9), step: fc.constantFrom(1, 3, 7), producer: fc.nat(2), reports: fc.boolean() }),
    { minLength: 2, maxLength: 5 },
  );
  fc.assert(
    fc.property(many, orders, (runs, order) => {
      const records = runs.flatMap(({ first, step, producer, reports }) =>
        Array.from({ length: 700 }, (_, n): Sent => {
          const number = first * 100 + n * step;
          return { producer, key: `key${number}`, partition: (number + n) % 4, reports: reports && n % 97 === 0 };
        }),
      );
      const { byProducer, truth } = play(records);
      expect(figuresOf(mixed(byProducer, order))).toEqual(truth);
    }),
    { numRuns: 20 },
  );
});

test('the limit counts pairs of keys and partitions', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(2), { minLength: 5, maxLength: 5 }), orders, (who, order) => {
      const keys = Array.from({ length: MOST_KEYS + 100 }, (_, n) => `key${(n * 7919) % (MOST_KEYS + 100)}`);
      const records = [0, 1, 2, 3, 0].flatMap((partition, n) =>
        keys.map((key, k): Sent => ({ producer: who[n] ?? 0, key, partition, reports: k % 500 === 0 })),
      );
      const { byProducer, truth } = play(records);
      expect(truth.keys.more).toBe(true);
      expect(figuresOf(mixed(byProducer, order))).toEqual(truth);
    }),
    { numRuns: 5 },
  );
});

test('with a bound of shares the keys that are kept are exact, and they are the same for any order of reports', () => {
  const shares = fc.array(
    fc.record({ process: fc.nat(3), key: fc.nat(7), partition: fc.nat(2), records: fc.integer({ min: 1, max: 5 }) }),
    { maxLength: 40 },
  );
  fc.assert(
    fc.property(shares, fc.integer({ min: 1, max: 30 }), orders, (all, most, order) => {
      const placedIn = (sequence: typeof all, bound?: number) => {
        const placed = nothingPlaced();
        for (const { process, key, partition, records } of sequence) {
          const keys = [{ key: `key${key}`, partitions: [[partition, records, null, null] as const] }];
          addPlaces(placed, `p-${process}`, { keys } as Parameters<typeof addPlaces>[2], bound);
          if (bound !== undefined) expect(placed.keys.shares).toBeLessThanOrEqual(bound);
        }
        return { placed, view: keysView(placed, () => new Map()) };
      };
      const { placed, view: exact } = placedIn(all);
      const bounded = placedIn(all, most).view;
      const shuffled = all
        .map((one, n) => ({ one, at: n + (order[n % order.length] ?? 0) }))
        .sort((a, b) => a.at - b.at);
      expect(
        placedIn(
          shuffled.map(({ one }) => one),
          most,
        ).view,
      ).toEqual(bounded);
      expect(bounded.list).toEqual(exact.list.slice(0, bounded.list.length));
      expect(bounded.more).toBe(bounded.list.length < exact.list.length);
      if (placed.keys.shares <= most) expect(bounded).toEqual(exact);
    }),
    { numRuns: 300 },
  );
});

test('the partition of a key is within the topic and depends only on the key', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 70 }), fc.integer({ min: 1, max: 10_000 }), (key, partitions) => {
      const partition = partitionForKey(key, partitions);
      expect(Number.isInteger(partition) && partition >= 0 && partition < partitions).toBe(true);
      const within = new Uint8Array([7, ...key, 7]).subarray(1, key.length + 1);
      expect(partitionForKey(within, partitions)).toBe(partition);
    }),
  );
});
