/** The status of any run can be written: `planLoadTest` checks it against the schema and 256 KiB. */
import { expect, test } from '@jest/globals';
import {
  at,
  CONSUMERS,
  evidence,
  kafka,
  loadTest,
  planLoadTest,
  pods,
  produced,
  runningStatus,
  TOPIC,
} from '../../../test/support/seen.ts';
import { APART, type Size, shifting } from '../../../test/support/shifting.ts';
import type { LoadTestStatus } from '../../api/loadtest/status.ts';
import type { Fact, Produced } from '../../domain/evidence/facts.ts';

function statusOf(size: Size): LoadTestStatus {
  const { members, partitions, rebalances } = size;
  const before = runningStatus({ topic: { partitions, replicas: 2, managedBy: 'Admin', created: true, id: 'id-t' } });
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

test('200 members, 1,000 partitions, 500 rebalances: the newest are kept, the count includes all', () => {
  const status = statusOf({ members: 200, partitions: 1_000, rebalances: 500 });
  expect(status.rebalances?.count).toBe(500);
  expect(status.rebalances?.recent.at(-1)?.number).toBe(500);
  expect(status.lag?.partitions).toHaveLength(1_000);
  expect(status.consumers?.members).toHaveLength(200);
  const { length } = status.rebalances?.recent ?? [];
  expect(length).toBeLessThan(50);
  expect(status.truncated).toEqual([`rebalances.recent: the last ${length} of 500`]);
});

test('more members and partitions than the lists hold', () => {
  const status = statusOf({ members: 1_100, partitions: 2_000, rebalances: 3 });
  expect(status.truncated).toEqual([
    'lag.partitions: the first 1000 of 2000',
    expect.stringMatching(/^consumers\.members: the first [0-9]+ of 1100$/),
    'rebalances.recent: the last 1 of 3',
  ]);
  expect(status.consumers?.members.length).toBeGreaterThan(100);
});

// ---- keys -------------------------------------------------------------------------------------

/** The status of a run whose producer n reported the nth of these. */
function shown(places: Pick<Produced, 'partitions' | 'keys' | 'keysBefore'>[], partitions = 3): LoadTestStatus {
  const before = runningStatus({ topic: { partitions, replicas: 2, managedBy: 'Admin', created: true, id: 'id-t' } });
  const told = places.map((place, n): Fact => produced(10, n, 100, place as Partial<Fact>));
  return planLoadTest(loadTest({ topic: { ...TOPIC, partitions } }, before), {
    now: 1_000,
    kafka: kafka({ partitions }),
    owned: [pods('producer', 2), pods('consumer', 1)],
    evidence: evidence(...told),
  }).status;
}
const named = (count: number, partitions: (n: number) => number[]) =>
  Array.from({ length: count }, (_, n) => ({
    key: `key${String(n).padStart(4, '0')}`,
    partitions: partitions(n).map((partition): [number, number, number, number] => [partition, 1, n, n]),
  }));

test('records without a key: only their number per partition', () => {
  const status = shown([
    { partitions: [[2, 60]] },
    {
      partitions: [
        [0, 40],
        [2, 60],
      ],
    },
  ]);
  expect(status.producers?.partitions).toEqual([
    { partition: 0, records: 40 },
    { partition: 2, records: 120 },
  ]);
  expect(status).not.toHaveProperty('keys');
});

test('with acks: "0" a key has no offsets; one in two partitions is counted', () => {
  const status = shown([
    { partitions: [[0, 1]], keys: [{ key: '', partitions: [[0, 1, null, null]] }] },
    { partitions: [[1, 2]], keys: [{ key: '', partitions: [[1, 2, null, null]] }] },
  ]);
  expect(status.keys).toEqual({
    distinct: 1,
    inSeveralPartitions: 1,
    list: [
      {
        key: '',
        partitions: [
          { partition: 0, records: 1 },
          { partition: 1, records: 2 },
        ],
      },
    ],
  });
});

test('of many keys those in more than one partition are listed first, and truncated names the rest', () => {
  const keys = named(300, (n) => (n % 10 === 0 ? [0, 1] : [2]));
  const status = shown([
    {
      partitions: [
        [0, 30],
        [1, 30],
        [2, 270],
      ],
      keys,
    },
  ]);
  expect(status.keys).toMatchObject({ distinct: 300, inSeveralPartitions: 30 });
  expect(status.keys?.list).toHaveLength(100);
  expect(status.keys?.list.filter(({ partitions }) => partitions.length > 1)).toHaveLength(30);
  expect(status.truncated).toEqual(['keys.list: 100 of 300']);
});

test('more keys than the evidence holds, each in many partitions, with long names', () => {
  const partitions = Array.from({ length: 150 }, (_, partition) => partition);
  const keys = named(20, () => partitions).map((one) => ({ ...one, key: one.key + 'ü'.repeat(240) }));
  const written = Array.from({ length: 1_200 }, (_, partition): [number, number] => [partition, 1]);
  const status = shown([{ partitions: written, keys, keysBefore: 'zzz' }], 1_200);
  expect(status.keys).toMatchObject({ distinct: 20, more: true, inSeveralPartitions: 20 });
  expect(status.keys?.list.map(({ partitions: shares }) => shares.length)).toEqual([100, 100, 100, 100, 100]);
  expect(status.producers?.partitions).toHaveLength(1_000);
  expect(status.truncated).toEqual([
    'lag.partitions: the first 1000 of 1200',
    'producers.partitions: the first 1000 of 1200',
    'keys.list: 5 of 20',
    'keys: the first 20 in alphabetical order; there are more',
  ]);
});

test('keys whose records were processed out of order are listed first, with the two records that prove it', () => {
  const keys = named(300, (n) => (n % 10 === 0 ? [0, 1] : [2]));
  const told = produced(10, 0, 100, { partitions: [[2, 270]], keys } as Partial<Fact>);
  const met = (partition: number, began: number): Fact => ({
    type: 'Consumed',
    client: `c-${partition}`,
    at: Date.parse(at(900)),
    partitions: [],
    // Written 100 ms apart. Only one partition of key0295 has been processed.
    keys: ['key0290', ...(partition === 0 ? ['key0295'] : [])].map((key) => ({
      key,
      partitions: [[partition, [7, 1_000 + 100 * partition, Date.parse(at(began)), Date.parse(at(began + 10))]]],
    })),
  });
  const seen = evidence(told, met(0, 800), met(1, 300));
  const status = planLoadTest(loadTest({}, { ...shown([]) }), {
    now: 2_000,
    kafka: kafka(),
    owned: [pods('producer', 2), pods('consumer', 1)],
    evidence: seen,
  }).status;
  expect(status.keys).toMatchObject({ distinct: 300, inSeveralPartitions: 30, outOfOrder: 1 });
  const brokenBy = { earlier: { partition: 0, offset: 7 }, later: { partition: 1, offset: 7 }, writtenMs: 100 };
  expect(status.keys?.list[0]).toMatchObject({ key: 'key0290', order: 'Broken', brokenBy });
  expect(status.keys?.list.filter(({ order }) => order !== undefined)).toHaveLength(1);
  const few = evidence(produced(10, 0, 2, { keys: named(296, () => [0]).slice(295) } as Partial<Fact>), met(0, 800));
  const kept = planLoadTest(loadTest({}, shown([])), { now: 2_000, kafka: kafka(), owned: [], evidence: few }).status;
  expect(kept.keys).toMatchObject({ outOfOrder: 0, list: [{ key: 'key0295', order: 'Kept' }] });
  expect(kept.keys?.list[0]).not.toHaveProperty('brokenBy');
});
