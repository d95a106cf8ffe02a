/** Producer processes with a real broker: their evidence, compared with the records in the topic. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import { MOST_KEYS } from '../../../src/domain/evidence/keyTable.ts';
import type { RunView } from '../../../src/domain/figures/figures.ts';
import { toKafkajsProducer } from '../../../src/domain/settings/kafkajs.ts';
import { toLibrdkafka } from '../../../src/domain/settings/librdkafka.ts';
import { WORKER_SPEC_ENV } from '../../../src/domain/workers/environment.ts';
import { partitionForKey } from '../../../src/domain/workers/murmur2.ts';
import type { ProducerSpec } from '../../../src/domain/workers/spec.ts';
import { until } from '../../support/until.ts';
import { startWorkersBroker, WORKER, type WorkersBroker } from '../../support/workers.ts';

const PARTITIONS = 3;
const PATIENCE_MS = 120_000;
let kafka: WorkersBroker;
let running: ChildProcess | undefined;

const create = (topic: string, partitions: number) =>
  kafka.tool('TopicCommand', '--create', '--topic', topic, '--partitions', String(partitions));

beforeAll(async () => {
  kafka = await startWorkersBroker();
});
afterEach(() => {
  running?.kill('SIGKILL');
});
afterAll(() => kafka?.stop());

const CLIENTS = ['librdkafka', 'kafkajs'] as const;

/** Starts a producer. `seen` returns its current figures, and `end` stops it like Kubernetes does. */
function start(
  run: string,
  client: (typeof CLIENTS)[number],
  part: Omit<ProducerSpec, 'role'>,
  clientsPerPod = 1,
  config: Record<string, string> = {},
) {
  const settings = client === 'kafkajs' ? toKafkajsProducer(config) : toLibrdkafka('Producer', config);
  if ('refused' in settings) throw new Error(settings.refused.join());
  const spec = kafka.spec(run, {
    clientsPerPod,
    config: 'config' in settings ? settings.config : {},
    work: { role: 'Producer', ...part, ...('config' in settings ? {} : { kafkajs: settings }) },
  });
  const env = { ...process.env, [WORKER_SPEC_ENV]: JSON.stringify(spec), KAFKALAB_PORT: '0' };
  const child = spawn(process.execPath, ['--no-warnings', WORKER], { env, stdio: 'ignore' });
  running = child;
  const ended = once(child, 'close');
  const seen = () => kafka.seen(run);
  const done = () =>
    until(
      `${run} is done`,
      () => {
        const now = seen();
        return now?.producers.done === clientsPerPod ? now : undefined;
      },
      PATIENCE_MS,
    );
  return {
    seen,
    done,
    async end() {
      child.kill('SIGTERM');
      expect(await ended).toEqual([0, null]);
    },
  };
}

const places = ({ producers: { acknowledged, partitions }, keys }: RunView) => ({ acknowledged, partitions, keys });
const placeOf = (key: string) => partitionForKey(Buffer.from(key), PARTITIONS);

test.each(CLIENTS)(
  '%s: the evidence of ten messages with three keys is complete once the producer is done',
  async (client) => {
    const run = `ten-${client}`;
    await create(run, PARTITIONS);
    const values = ['key1', 'key2', ''];
    const producer = start(run, client, {
      messages: { total: 10, clients: 1 },
      record: { value: 'Json', key: { mode: 'Fixed', values } },
      partitioner: { mode: 'Default' },
    });
    const whenDone = places(await producer.done());
    const counts = { key1: 4, key2: 3, '': 3 };
    expect(whenDone.acknowledged).toBe(10);
    expect(whenDone.partitions.reduce((sum, { records }) => sum + records, 0)).toBe(10);
    expect(whenDone.keys).toMatchObject({ distinct: 3, more: false, inSeveralPartitions: 0 });
    expect(
      whenDone.keys.list.map(({ key, partitions }) => [key, partitions.map((one) => [one.partition, one.records])]),
    ).toEqual(['', 'key1', 'key2'].map((key) => [key, [[placeOf(key), counts[key as keyof typeof counts]]]]));
    const offsets = whenDone.keys.list.flatMap(({ partitions }) => partitions);
    for (const { partition, records } of whenDone.partitions) {
      const last = Math.max(...offsets.filter((one) => one.partition === partition).map((one) => one.lastOffset ?? -1));
      expect(last).toBe(records - 1);
    }
    await producer.end();
    const atEnd = await until('its end is reported', () => {
      const now = producer.seen();
      return now?.producers.producing === 0 ? now : undefined;
    });
    expect(places(atEnd)).toEqual(whenDone);
  },
);

test.each(CLIENTS)('%s: beyond the limit of keys, the reported ones are exact over all clients', async (client) => {
  const run = `many-${client}`;
  await create(run, PARTITIONS);
  const cardinality = 1_500;
  const producer = start(
    run,
    client,
    {
      messages: { total: 2 * 5 * cardinality, clients: 2 },
      record: { value: 'Json', key: { mode: 'Sequence', cardinality } },
      partitioner: { mode: 'Default' },
    },
    2,
  );
  const { acknowledged, partitions, keys } = places(await producer.done());
  expect(acknowledged).toBe(10 * cardinality);
  const all = Array.from({ length: cardinality }, (_, n) => `key${n}`);
  const records = (partition: number) => 10 * all.filter((key) => placeOf(key) === partition).length;
  expect(partitions).toEqual([0, 1, 2].map((partition) => ({ partition, records: records(partition) })));
  expect(keys).toMatchObject({ distinct: MOST_KEYS, more: true, inSeveralPartitions: 0 });
  const reported = keys.list.map(({ key, partitions: of }) => [key, of.map((one) => [one.partition, one.records])]);
  expect(reported).toEqual(
    all
      .toSorted()
      .slice(0, MOST_KEYS)
      .map((key) => [key, [[placeOf(key), 10]]]),
  );
  await producer.end();
});

test('a record that the producer sends and the topic does not take is reported by Kafka’s name of the error', async () => {
  const run = 'two-mebibytes';
  await create(run, 1);
  const producer = start(
    run,
    'librdkafka',
    {
      messagesPerSecond: 2,
      record: { sizeBytes: 2_097_152, value: 'Json', key: { mode: 'None' } },
      partitioner: { mode: 'Default' },
    },
    1,
    { 'max.request.size': '3145728' },
  );
  const errors = await until(
    'the error is reported',
    () => producer.seen()?.producers.errors.filter(({ at }) => at !== undefined)[0],
    PATIENCE_MS,
  );
  expect(errors).toMatchObject({ code: 'MSG_SIZE_TOO_LARGE' });
  await producer.end();
});
