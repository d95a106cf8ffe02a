/**
 * Offsets are not records: topics with transactions, deleted heads and compacted records, read by a worker, and by Kafka's own
 * consumer.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import { Admin } from '@platformatic/kafka';
import { KafkaConnection } from '../../../src/adapters/kafka/admin/connection.ts';
import { Producer } from '../../../src/adapters/kafka/evidence/librdkafka.ts';
import { addSample, emptyLag, lagView } from '../../../src/domain/delivery/lag.ts';
import type { RunView } from '../../../src/domain/figures/figures.ts';
import { lagSampleOf } from '../../../src/domain/fold/operatorFacts.ts';
import { toLibrdkafka } from '../../../src/domain/settings/librdkafka.ts';
import { POD_NAME_ENV, WORKER_SPEC_ENV } from '../../../src/domain/workers/environment.ts';
import type { CommitMode } from '../../../src/domain/workers/spec.ts';
import { until } from '../../support/until.ts';
import { startWorkersBroker, WORKER, type WorkersBroker } from '../../support/workers.ts';

const PATIENCE_MS = 120_000;
let kafka: WorkersBroker;
let admin: Admin;
let connection: KafkaConnection;
const running: ChildProcess[] = [];

beforeAll(async () => {
  // The log cleaner looks for work this often.
  kafka = await startWorkersBroker({ settings: { 'log.cleaner.backoff.ms': '200' } });
  admin = new Admin({ clientId: 'offsets-test', bootstrapBrokers: [kafka.bootstrapServers], retries: 1 });
  admin.on('error', () => {});
  connection = new KafkaConnection(kafka.bootstrapServers);
});
const end = async (child: ChildProcess, signal: NodeJS.Signals) => {
  if (child.exitCode === null && child.signalCode === null && child.kill(signal)) await once(child, 'close');
};
afterEach(async () => {
  await Promise.all(running.splice(0).map((child) => end(child, 'SIGKILL')));
});
afterAll(async () => {
  await connection?.close();
  await admin?.close();
  await kafka?.stop();
});

function startConsumer(run: string, name: string, commit: CommitMode) {
  const settings = toLibrdkafka('Consumer', {
    'auto.offset.reset': 'earliest',
    'auto.commit.interval.ms': '200',
    'isolation.level': 'read_committed',
  });
  if ('refused' in settings) throw new Error('refused');
  const spec = kafka.spec(run, {
    config: settings.config,
    work: { role: 'Consumer', group: run, perRecordMs: 0, commit, maxPollRecords: 500 },
  });
  const env = { ...process.env, [WORKER_SPEC_ENV]: JSON.stringify(spec), [POD_NAME_ENV]: name, KAFKALAB_PORT: '0' };
  const child = spawn(process.execPath, ['--no-warnings', WORKER], { env, stdio: 'ignore' });
  running.push(child);
  return child;
}

const createTopic = (topic: string, partitions: number, ...config: string[]) =>
  kafka.tool(
    'TopicCommand',
    ...['--create', '--topic', topic, '--partitions', String(partitions)],
    ...config.flatMap((setting) => ['--config', setting]),
  );

/** Committed transactions of about `durationMs` each. */
const produceInTransactions = (topic: string, records: number, durationMs: number) =>
  kafka.tool(
    'ProducerPerformance',
    ...['--topic', topic, '--num-records', String(records), '--record-size', '20', '--throughput', '500'],
    ...['--transactional-id', `${topic}-perf`, '--transaction-duration-ms', String(durationMs)],
  );

const call = (work: (done: (error: unknown) => void) => void) =>
  new Promise<void>((resolve, reject) => work((error) => (error ? reject(error) : resolve())));

/** A producer whose transactions have `records` records in each of the partitions. */
async function transactionalProducer(topic: string, partitions: number) {
  const producer = new Producer({ 'bootstrap.servers': kafka.bootstrapServers, 'transactional.id': `${topic}-tx` });
  await call((done) => void producer.connect({}, done));
  await call((done) => producer.initTransactions(30_000, done));
  const open = async (records: number) => {
    await call((done) => producer.beginTransaction(done));
    for (let partition = 0; partition < partitions; partition++) {
      for (let n = 0; n < records; n++) producer.produce(topic, partition, Buffer.from(`${n}`));
    }
    await call((done) => void producer.flush(30_000, done));
  };
  const end = (outcome: 'commit' | 'abort') =>
    call((done) =>
      outcome === 'commit' ? producer.commitTransaction(30_000, done) : producer.abortTransaction(30_000, done),
    );
  return {
    open,
    end,
    async transaction(records: number, outcome: 'commit' | 'abort') {
      await open(records);
      await end(outcome);
    },
    close: () => call((done) => void producer.disconnect(done)),
  };
}

async function transaction(topic: string, partitions: number, records: number, outcome: 'commit' | 'abort') {
  const producer = await transactionalProducer(topic, partitions);
  await producer.transaction(records, outcome);
  await producer.close();
}

const SEGMENT_MS = 1_000;

/** Writes the keys of each segment as records into a segment of their own: their timestamps are that far apart. */
async function writeSegments(topic: string, partition: number, segments: string[][]) {
  const producer = new Producer({ 'bootstrap.servers': kafka.bootstrapServers });
  await call((done) => void producer.connect({}, done));
  const from = Date.now() - 2 * SEGMENT_MS * segments.length;
  for (const [n, keys] of segments.entries()) {
    for (const key of keys) producer.produce(topic, partition, Buffer.from('v'), key, from + 2 * SEGMENT_MS * n);
    await call((done) => void producer.flush(30_000, done));
  }
  await call((done) => void producer.disconnect(done));
}

/** What the log cleaner leaves: of all segments but the last one, which is active, the last record of each key. */
const leftByCleaner = (segments: string[][]): number =>
  new Set(segments.slice(0, -1).flat()).size + (segments.at(-1)?.length ?? 0);

/** Number of records that Kafka's own consumer gets. */
async function readByKafka(topic: string, expected: number): Promise<number> {
  const read = ['--topic', topic, '--from-beginning', '--timeout-ms', '10000', '--max-messages', String(expected + 1)];
  const output = await kafka.tool('consumer.ConsoleConsumer', ...read, '--isolation-level', 'read_committed');
  return output.split('\n').filter((line) => line !== '').length;
}

async function ends(topic: string, timestamp: bigint): Promise<number[]> {
  const view = await connection.view(topic, topic, 0);
  const partitions = (view.topic?.partitions ?? []).map((_, partitionIndex) => ({ partitionIndex, timestamp }));
  const [found] = await admin.listOffsets({ topics: [{ name: topic, partitions }] });
  return (found?.partitions ?? [])
    .sort((a, b) => a.partitionIndex - b.partitionIndex)
    .map(({ offset }) => Number(offset));
}

/** The lag of a read_committed group. `uncommitted`: of one that reads to the end of the log. */
async function lagOf(topic: string, uncommitted = false): Promise<number | undefined> {
  const sample = lagSampleOf(await connection.view(topic, topic, 0, { lastStableOffsets: !uncommitted }), 'Earliest');
  if (sample === undefined) return undefined;
  const lag = emptyLag();
  addSample(lag, sample);
  return lagView(lag)?.total;
}

const sum = (numbers: number[]) => numbers.reduce((total, one) => total + one, 0);

/** The figures, once the group has no lag and the worker has reported what it did. */
const settled = (run: string, holds: (figures: RunView) => boolean) =>
  until(
    `run ${run} has read everything`,
    async () => {
      const figures = kafka.seen(run);
      const lag = await lagOf(run);
      if (figures !== undefined && lag === 0 && holds(figures)) return figures;
      throw new Error(`lag ${lag}, ${JSON.stringify(figures?.delivery)}`);
    },
    PATIENCE_MS,
    200,
  );

test.each<[string, CommitMode]>([
  ['auto', { mode: 'Auto' }],
  ['poll', { mode: 'Poll' }],
])(
  'transactions, committed and aborted (commit mode %s): markers and aborted records are neither skipped nor lag',
  async (name, commit) => {
    const run = `transactions-${name}`;
    await createTopic(run, 3);
    startConsumer(run, 'c-0', commit);
    await transaction(run, 3, 5, 'commit');
    await transaction(run, 3, 7, 'abort');
    await produceInTransactions(run, 300, 100);
    await transaction(run, 3, 4, 'abort');
    const records = 300 + 3 * 5;
    expect(await readByKafka(run, records)).toBe(records);
    const offsets = sum(await ends(run, -1n));
    expect(offsets).toBeGreaterThan(records + 3 * (7 + 4));
    const { delivery } = await settled(run, (it) => it.delivery.consumed + it.delivery.withoutRecord >= offsets);
    expect(delivery).toMatchObject({
      consumed: records,
      duplicated: 0,
      skipped: 0,
      withoutRecord: offsets - records,
      lostToRetention: 0,
    });
  },
);

test.each(['commit', 'abort'] as const)(
  'an open transaction is no lag for a read_committed group; once it ends (%s), its records are read, or are no records for it',
  async (outcome) => {
    const run = `open-${outcome}`;
    await createTopic(run, 1);
    startConsumer(run, 'c-0', { mode: 'Auto' });
    const producer = await transactionalProducer(run, 1);
    await producer.transaction(30, 'commit');
    await settled(run, (it) => it.delivery.consumed === 30);
    await producer.open(20);
    // Both lags may share a snapshot.
    expect(await Promise.all([lagOf(run), lagOf(run, true)])).toEqual([0, 20]);
    await producer.end(outcome);
    await producer.close();
    const read = outcome === 'commit' ? 50 : 30;
    const { delivery } = await settled(run, (it) => it.delivery.consumed + it.delivery.withoutRecord >= 52);
    expect(delivery).toMatchObject({ consumed: read, skipped: 0, withoutRecord: 52 - read });
    expect(await lagOf(run, true)).toBe(0);
  },
);

test('a second member in the middle of transactions: nothing is skipped', async () => {
  const run = 'handover';
  await createTopic(run, 4);
  startConsumer(run, 'c-0', { mode: 'Auto' });
  const producer = await transactionalProducer(run, 4);
  let records = 0;
  const produceUntil = (what: string, holds: () => boolean) =>
    until(
      what,
      async () => {
        await producer.transaction(5, 'commit');
        records += 4 * 5;
        return holds();
      },
      PATIENCE_MS,
      20,
    );
  const consumed = () => kafka.seen(run)?.delivery.consumed ?? 0;
  await produceUntil('the first member reads', () => consumed() > 100);
  startConsumer(run, 'c-1', { mode: 'Auto' });
  await produceUntil(
    'both members own partitions',
    () => kafka.seen(run)?.consumers.members.filter(({ partitions }) => partitions.length === 2).length === 2,
  );
  const shared = consumed();
  await produceUntil('both members read', () => consumed() > shared + 500);
  await producer.close();
  const offsets = sum(await ends(run, -1n));
  const { delivery } = await settled(
    run,
    (it) => it.delivery.consumed - it.delivery.duplicated + it.delivery.withoutRecord >= offsets,
  );
  expect(delivery.skipped).toBe(0);
  expect(delivery.consumed - delivery.duplicated).toBe(records);
});

test('records that were deleted before the group read them are lost to retention, and no lag', async () => {
  const run = 'deleted';
  await createTopic(run, 2);
  const first = startConsumer(run, 'c-0', { mode: 'Auto' });
  await transaction(run, 2, 20, 'commit');
  await settled(run, (it) => it.delivery.consumed === 40);
  await end(first, 'SIGTERM');
  await transaction(run, 2, 30, 'commit');
  const offsets = await ends(run, -1n);
  await admin.deleteRecords({
    topics: [{ name: run, partitions: offsets.map((offset, partition) => ({ partition, offset: BigInt(offset) })) }],
  });
  startConsumer(run, 'c-1', { mode: 'Auto' });
  const { delivery } = await settled(
    run,
    (it) => it.delivery.lostToRetention >= 62 && it.consumers.members.length === 1,
  );
  // The marker of the last transaction was deleted with its records.
  expect(delivery).toMatchObject({ consumed: 40, duplicated: 0, skipped: 0, withoutRecord: 2, lostToRetention: 62 });
});

test('compacted records are neither skipped nor lag, and an empty partition has none', async () => {
  const run = 'compacted';
  const settings = ['cleanup.policy=compact', `segment.ms=${SEGMENT_MS}`, 'min.cleanable.dirty.ratio=0.01'];
  await createTopic(run, 3, ...settings);
  // Later segments repeat every key of the first one, so the first record that is left has an offset above 0.
  const keys = (n: number, of: number) => Array.from({ length: 20 }, (_, each) => `k${(each * each + 3 * n) % of}`);
  const segments = [Array.from({ length: 8 }, (_, n) => keys(n, 11)), Array.from({ length: 5 }, (_, n) => keys(n, 7))];
  for (const [partition, each] of segments.entries()) await writeSegments(run, partition, each);
  const records = sum(segments.map(leftByCleaner));
  await until(
    `the log cleaner has left ${records} records`,
    async () => (await readByKafka(run, records)) === records,
    PATIENCE_MS,
    200,
  );
  const offsets = await ends(run, -1n);
  expect(offsets).toEqual([...segments.map((each) => each.flat().length), 0]);
  startConsumer(run, 'c-0', { mode: 'Auto' });
  const { delivery } = await settled(run, (it) => it.delivery.consumed + it.delivery.withoutRecord >= sum(offsets));
  expect(delivery).toMatchObject({
    consumed: records,
    duplicated: 0,
    skipped: 0,
    withoutRecord: sum(offsets) - records,
    lostToRetention: 0,
  });
});
