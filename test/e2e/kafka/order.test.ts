/** Worker processes with a real broker: partitions are added while a backlog of keyed records waits in the old ones. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import type { RunView } from '../../../src/domain/figures/figures.ts';
import { toKafkajsConsumer } from '../../../src/domain/settings/kafkajs.ts';
import { toLibrdkafka } from '../../../src/domain/settings/librdkafka.ts';
import { POD_NAME_ENV, RECORD_LOG_ENV, WORKER_SPEC_ENV } from '../../../src/domain/workers/environment.ts';
import type { ConsumerSpec, ProducerSpec } from '../../../src/domain/workers/spec.ts';
import { until } from '../../support/until.ts';
import { startWorkersBroker, WORKER, type WorkersBroker } from '../../support/workers.ts';

const PATIENCE_MS = 120_000;
/** The partitions by murmur2 before and after: key1 0 → 2, key2 1 → 2, key3 1 → 1. */
const KEYS = ['key1', 'key2', 'key3'];
let kafka: WorkersBroker;
const running: ChildProcess[] = [];

beforeAll(async () => {
  kafka = await startWorkersBroker();
});
afterEach(async () => {
  const ended = running.splice(0).map(async (child) => {
    if (child.exitCode === null && child.signalCode === null && child.kill('SIGKILL')) await once(child, 'close');
  });
  await Promise.all(ended);
});
afterAll(() => kafka?.stop());

/** A processed record, with times of the machine's clock and the record's timestamp. */
interface Logged {
  beganNs: bigint;
  endedNs: bigint;
  timestampMs: number;
}

function start(run: string, name: string, config: Record<string, string>, work: ProducerSpec | ConsumerSpec) {
  const spec = kafka.spec(run, { config, work });
  const about = { [WORKER_SPEC_ENV]: JSON.stringify(spec), [POD_NAME_ENV]: name, KAFKALAB_PORT: '0' };
  const env = { ...process.env, ...about, [RECORD_LOG_ENV]: '1' };
  const child = spawn(process.execPath, ['--no-warnings', WORKER], { env, stdio: ['ignore', 'pipe', 'ignore'] });
  running.push(child);
  return child;
}

const CLIENTS = ['librdkafka', 'kafkajs'] as const;

test.each(CLIENTS)(
  '%s: newer records of moved keys overtake older ones, and the reported pair is one of these',
  async (client) => {
    const run = `order-${client}`;
    await kafka.tool('TopicCommand', '--create', '--topic', run, '--partitions', '2');
    const settings = { 'auto.offset.reset': 'earliest', 'metadata.max.age.ms': '1000' };
    // kafkajs looks for new partitions after each fetched batch. A batch of the whole backlog would take a minute.
    const smallBatches = { ...settings, 'max.partition.fetch.bytes': '1000' };
    const [rdkafka, kafkajs] = [toLibrdkafka('Consumer', settings), toKafkajsConsumer(smallBatches)];
    const producing = toLibrdkafka('Producer', { 'metadata.max.age.ms': '1000' });
    if ('refused' in rdkafka || 'refused' in kafkajs || 'refused' in producing) throw new Error('refused');
    const logged = new Map<string, Logged>();
    for (const n of [0, 1, 2]) {
      const { stdout } = start(run, `c-${n}`, client === 'kafkajs' ? {} : rdkafka.config, {
        role: 'Consumer',
        group: run,
        perRecordMs: 200,
        commit: { mode: 'Auto' },
        maxPollRecords: 1,
        keys: true,
        ...(client === 'kafkajs' && { kafkajs }),
      });
      if (stdout === null) throw new Error('no output');
      createInterface(stdout).on('line', (line) => {
        if (!line.startsWith('{"record":')) return;
        const [, partition, offset, began, ended, timestamp] = /\[(\d+),(\d+),(\d+),(\d+),(\d+)\]/.exec(line) ?? [];
        const place = `${partition}/${offset}`;
        if (logged.has(place)) return;
        logged.set(place, {
          beganNs: BigInt(began ?? ''),
          endedNs: BigInt(ended ?? ''),
          timestampMs: Number(timestamp),
        });
      });
    }
    const when = (what: string, holds: (now: RunView) => boolean) =>
      until(
        `${run}: ${what}`,
        () => {
          const now = kafka.seen(run);
          return now !== undefined && holds(now) ? now : undefined;
        },
        PATIENCE_MS,
      );
    await when('three members', ({ consumers }) => consumers.members.length === 3 && consumers.idle.length === 1);
    start(run, 'p-0', producing.config, {
      role: 'Producer',
      messagesPerSecond: 60,
      record: { value: 'Json', key: { mode: 'Fixed', values: KEYS } },
      partitioner: { mode: 'Default' },
    });
    // Partition 0 gets 20 records per second, and 5 are processed. So the backlog is more than half a minute of work.
    const before = await when(
      'a backlog',
      ({ producers, delivery }) => producers.acknowledged - delivery.consumed > 600,
    );
    expect(before.keys).toMatchObject({ distinct: 3, inSeveralPartitions: 0, outOfOrder: 0 });

    await kafka.tool('TopicCommand', '--alter', '--topic', run, '--partitions', '3');
    const { keys } = await when('two keys are out of order', ({ keys: { outOfOrder } }) => (outOfOrder ?? 0) >= 2);
    expect(keys).toMatchObject({ distinct: 3, inSeveralPartitions: 2, outOfOrder: 2 });
    const [key1, key2, key3] = keys.list;
    expect(key1?.outOfOrder).toMatchObject({ earlier: { partition: 0 }, later: { partition: 2 } });
    expect(key2?.outOfOrder).toMatchObject({ earlier: { partition: 1 }, later: { partition: 2 } });
    expect(key3?.outOfOrder).toBeNull();
    for (const one of [key1, key2]) {
      const logOf = ({ partition = -1, offset = -1 } = {}) => logged.get(`${partition}/${offset}`);
      const [earlier, later] = [logOf(one?.outOfOrder?.earlier), logOf(one?.outOfOrder?.later)];
      expect((later?.timestampMs ?? Number.NaN) - (earlier?.timestampMs ?? Number.NaN)).toBe(one?.outOfOrder?.byMs);
      expect(one?.outOfOrder?.byMs).toBeGreaterThan(0);
      expect((earlier?.beganNs ?? 0n) > (later?.endedNs ?? 0n)).toBe(true);
      expect(later).toBeDefined();
    }
  },
);
