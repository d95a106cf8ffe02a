import { expect, test } from '@jest/globals';
import { until } from '../../../test/support/until.ts';
import type { Consumed, Fact } from '../../domain/evidence/facts.ts';
import type { CommitMode } from '../../domain/workers/spec.ts';
import type { ConsumedRecord, ConsumerClient, ConsumerEvents, Position } from '../clients/port.ts';
import { now } from '../process/time.ts';
import { createConsumer } from './consumer.ts';

const LOG = { info() {}, warn() {}, error() {} };
const record = (partition: number, offset: number, key?: string): ConsumedRecord => ({
  partition,
  offset,
  timestamp: 1_767_225_600_000,
  bytes: 10,
  ...(key !== undefined && { key: Buffer.from(key) }),
});

/** A consumer whose client owns partitions 0 and 1, returns these polls and then none. `own` overrides the client's methods. */
function started(
  polls: ConsumedRecord[][],
  { perRecordMs = 0, perPollMs = 0, mode = 'Never' as CommitMode['mode'], keys = false },
  own: (events: ConsumerEvents) => Partial<ConsumerClient> = () => ({}),
) {
  const facts: Fact[] = [];
  const committed: Position[][] = [];
  /** Journal entries, stores and commits in order. Positions are `<partition>:<next offset>`. */
  const done: string[] = [];
  const left = [...polls];
  let begun = 0;
  const makeClient = (events: ConsumerEvents): ConsumerClient => ({
    async connect() {
      events.assigned([0, 1], { memberId: 'm', protocol: 'Eager' });
    },
    poll: async () => left.shift() ?? (await new Promise<[]>((resolve) => setTimeout(resolve, 1, []).unref())),
    wake() {},
    store(positions) {
      for (const { partition, offset } of positions) done.push(`store ${partition}:${offset}`);
    },
    commit: async (positions) => {
      committed.push(positions);
      for (const { partition, offset } of positions) done.push(`commit ${partition}:${offset}`);
    },
    close: async () => {},
    ...own(events),
  });
  const consumer = createConsumer({
    name: 'c-0',
    work: {
      role: 'Consumer',
      group: 'g',
      perRecordMs,
      commit: { mode } as CommitMode,
      maxPollRecords: 500,
      ...(keys && { keys }),
    },
    perPollMs,
    resetsToLatest: false,
    recordLog: {
      began() {
        begun++;
      },
      ended() {},
      processed() {},
    },
    journal({ partition, ranges }) {
      for (const [from, to] of ranges) done.push(`journal ${partition}:${from}-${to}`);
    },
    makeClient,
    report: (some) => facts.push(...some),
    failed() {},
    now,
    log: LOG,
  });
  const consumed = () =>
    [...facts, ...consumer.takeFacts()].flatMap((fact) => (fact.type === 'Consumed' ? [fact as Consumed] : []));
  const work = () => consumed().flatMap(({ partitions }) => partitions);
  return { consumer, committed, done, facts, consumed, work, begun: () => begun };
}

test.each([0, 3])(
  'the slow member spends its time on the last record of each poll (%d ms a record)',
  async (perRecordMs) => {
    const { consumer, work } = started([[record(0, 5), record(1, 7), record(0, 6)], [record(1, 8)]], {
      perRecordMs,
      perPollMs: 40,
    });
    const startedAt = now();
    await consumer.start();
    await until('the records', () => consumer.totals().records === 4);
    await consumer.stop(10_000);
    expect(now() - startedAt).toBeGreaterThanOrEqual(79);
    const [zero, one] = [0, 1].map((partition) => work().filter((it) => it.partition === partition));
    expect(zero?.flatMap(({ ranges }) => ranges)).toEqual([[5, 7]]);
    expect(one?.flatMap(({ ranges }) => ranges)).toEqual([[7, 9]]);
    // Partition 1 waited while the last record of partition 0 was processed.
    expect((zero?.[0]?.lastEndedAt ?? 0) - (zero?.[0]?.firstBeganAt ?? 0)).toBeGreaterThanOrEqual(39);
    const pause = one?.[0]?.longestPause;
    expect((pause?.to ?? 0) - (pause?.from ?? 0)).toBeGreaterThanOrEqual(39);
  },
);

test('a stop cuts the slow member’s time short; the record is processed and committed', async () => {
  const { consumer, committed, work, begun } = started([[record(0, 5), record(0, 6)]], {
    perPollMs: 600_000,
    mode: 'Record',
  });
  await consumer.start();
  await until('the last record is being processed', () => begun() === 2);
  const stoppedAt = now();
  expect(await consumer.stop(10_000)).toBe(true);
  expect(now() - stoppedAt).toBeLessThan(5_000);
  expect(work().flatMap(({ ranges }) => ranges)).toEqual([[5, 7]]);
  expect(committed.at(-1)).toEqual([{ partition: 0, offset: 7 }]);
});

test('processed records are committed before their partitions are revoked, also during a stop', async () => {
  let stopped: Promise<boolean> | undefined;
  const first = [record(0, 5)];
  const { consumer, done } = started([], { mode: 'Every' }, (events) => ({
    async poll() {
      const polled = first.splice(0);
      if (polled.length === 0) {
        stopped ??= consumer.stop(10_000);
        await events.revoked([0, 1], false, { memberId: 'm', protocol: 'Eager' });
        done.push('given up');
      }
      return polled;
    },
  }));
  await consumer.start();
  await until('it stops', () => stopped);
  expect(await stopped).toBe(true);
  expect(done).toEqual(['journal 0:5-6', 'commit 0:6', 'given up']);
});

test.each(['', 'the coordinator does not answer'])(
  'a commit of the library’s own that is refused while the consumer leaves is reported only if its last commit failed (%j)',
  async (refused) => {
    const { consumer, facts } = started([[record(0, 5)]], { mode: 'Every' }, (events) => ({
      ...(refused !== '' && { commit: () => Promise.reject(Object.assign(new Error(refused), { code: 'TIMED_OUT' })) }),
      async close() {
        await events.revoked([0, 1], false, { memberId: 'm', protocol: 'Eager' });
        events.trouble({ code: 'COMMIT_REFUSED', message: 'Broker: Unknown member' });
        events.trouble({ code: 'ALL_BROKERS_DOWN', message: 'no broker answers' });
      },
    }));
    await consumer.start();
    await until('the record', () => consumer.totals().records === 1);
    await consumer.stop(10_000);
    const told = facts.flatMap((fact) => (fact.type === 'ClientError' ? [fact.code] : []));
    expect(told).toEqual([...(refused === '' ? [] : ['TIMED_OUT', 'COMMIT_REFUSED']), 'ALL_BROKERS_DOWN']);
  },
);

test.each([0, 3])(
  'records after an interruption by the client are not processed (%d ms a record)',
  async (perRecordMs) => {
    const told: Position[] = [];
    const polls = [[record(0, 5), record(1, 7), record(0, 6)], [record(0, 6)]];
    const { consumer, work } = started(polls, { perRecordMs, perPollMs: 1 }, () => ({
      async processed(position) {
        told.push(position);
        return told.length > 1;
      },
    }));
    await consumer.start();
    await until('the records', () => consumer.totals().records === 2);
    await consumer.stop(10_000);
    expect(told).toEqual([
      { partition: 0, offset: 6 },
      { partition: 0, offset: 7 },
    ]);
    expect(work().map(({ partition }) => partition)).toEqual([0]);
  },
);

test.each([0, 3])(
  'where keys are watched, the order of each key’s records is reported (%d ms a record)',
  async (perRecordMs) => {
    const polls = [
      [record(0, 5, 'a'), record(0, 6, 'b'), record(1, 7, 'a'), record(0, 7, 'a'), record(0, 8)],
      [record(0, 9, 'a')],
    ];
    const met = async (keys: boolean) => {
      const { consumer, consumed } = started([...polls], { perRecordMs, keys });
      await consumer.start();
      await until('the records', () => consumer.totals().records === 6);
      await consumer.stop(10_000);
      return consumed();
    };
    const told = (await met(true)).flatMap(({ keys = [] }) =>
      keys.flatMap(({ key, partitions }) => partitions.map(([partition, ...records]) => ({ key, partition, records }))),
    );
    expect(told.map(({ key, partition, records }) => [key, partition, ...records.map((it) => it?.[0])])).toEqual([
      ['a', 0, 5, 9],
      ['a', 1, 7],
      ['b', 0, 6],
    ]);
    const times = told.map(({ records }) => records.map((it) => it?.slice(1) ?? []));
    const [[first, last], [other]] = times as [number[][], number[][]];
    expect(first?.[0]).toBe(1_767_225_600_000);
    for (const [, began = 0, ended = 0] of times.flat()) expect(ended > began).toBe(perRecordMs > 0);
    expect(first?.[2]).toBeLessThanOrEqual(other?.[1] ?? Number.NaN);
    expect(other?.[2]).toBeLessThanOrEqual(last?.[1] ?? Number.NaN);
    expect((await met(false)).filter((fact) => 'keys' in fact)).toEqual([]);
  },
);

test('of many records at the same moment some keys are watched, and always the last record’s', async () => {
  const polled = Array.from({ length: 499 }, (_, offset) =>
    record(0, offset, offset === 498 ? 'last' : `key${offset % 7}`),
  );
  const { consumer, consumed } = started([polled, [record(0, 499, 'key0')]], { keys: true });
  await consumer.start();
  await until('the records', () => consumer.totals().records === 500);
  await consumer.stop(10_000);
  const told = new Map(consumed().flatMap(({ keys = [] }) => keys.map(({ key, partitions }) => [key, partitions[0]])));
  expect(told.get('last')?.[1]?.[0]).toBe(498);
  expect(told.get('key0')?.map((it) => (Array.isArray(it) ? it[0] : it))).toEqual([0, 0, 499]);
  expect(told.size).toBeGreaterThan(5);
});

const POLLS = () => [[record(0, 5), record(0, 6), record(0, 8), record(1, 7)], [record(0, 9)]];

test.each([
  [0, 'Auto', ['journal 0:5-7', 'journal 0:8-9', 'store 0:9', 'journal 1:7-8', 'store 1:8']],
  // Two records share a timer.
  [1, 'Auto', ['journal 0:5-7', 'store 0:6', 'store 0:7', 'journal 0:8-9', 'journal 1:7-8', 'store 0:9', 'store 1:8']],
  [3, 'Record', ['journal 0:5-6', 'commit 0:6', 'journal 0:6-7', 'commit 0:7', 'journal 0:8-9', 'commit 0:9']],
  [3, 'Poll', ['journal 0:5-6', 'journal 0:6-7', 'journal 0:8-9', 'journal 1:7-8', 'commit 0:9', 'commit 1:8']],
] as const)(
  '%d ms a record, %s: records are in the journal before they are stored or committed',
  async (perRecordMs, mode, first) => {
    const { consumer, done } = started(POLLS(), { perRecordMs, mode });
    await consumer.start();
    await until('the records', () => consumer.totals().records === 5);
    await consumer.stop(10_000);
    expect(done.slice(0, first.length)).toEqual(first);
    expect(done).toContain('journal 0:9-10');
  },
);
