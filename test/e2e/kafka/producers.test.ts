/** A producer's process as a pod runs it, against a real broker: what its evidence says of the records that are there. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import { EvidenceReader } from '../../../src/adapters/kafka/evidenceReader.ts';
import { EVIDENCE_TOPIC } from '../../../src/domain/evidence.ts';
import { toKafkajsProducer } from '../../../src/domain/kafkajsSettings.ts';
import { toLibrdkafka } from '../../../src/domain/kafkaSettings.ts';
import { MOST_KEYS } from '../../../src/domain/keyTable.ts';
import { partitionForKey } from '../../../src/domain/murmur2.ts';
import { view } from '../../../src/domain/run.ts';
import type { RunView } from '../../../src/domain/runView.ts';
import { type ProducerSpec, WORKER_SPEC_ENV, type WorkerSpec } from '../../../src/domain/workerSpec.ts';
import { type Broker, startBroker } from '../../support/broker.ts';
import { until } from '../../support/until.ts';

const PARTITIONS = 3;
const PATIENCE_MS = 120_000;
const WORKER = join(import.meta.dirname, '../../../src/main/worker.ts');
let broker: Broker;
let evidence: EvidenceReader;
let running: ChildProcess | undefined;

const create = (topic: string, partitions: number, ...more: string[]) =>
  broker.tool(
    'org.apache.kafka.tools.TopicCommand',
    ...['--bootstrap-server', broker.bootstrapServers, '--create', '--topic', topic],
    ...['--partitions', String(partitions), ...more],
  );

beforeAll(async () => {
  broker = await startBroker();
  await create(EVIDENCE_TOPIC, 1, '--config', 'message.timestamp.type=LogAppendTime');
  evidence = new EvidenceReader(broker.bootstrapServers, EVIDENCE_TOPIC, () => {});
}, 180_000);
afterEach(() => {
  running?.kill('SIGKILL');
});
afterAll(async () => {
  await evidence?.end();
  await broker?.stop();
});

const CLIENTS = ['librdkafka', 'kafkajs'] as const;

/** Starts one; `seen` is what its evidence says by now, and `end` ends it as Kubernetes does. */
function start(run: string, client: (typeof CLIENTS)[number], part: Omit<ProducerSpec, 'role'>, clientsPerPod = 1) {
  const settings = client === 'kafkajs' ? toKafkajsProducer({}) : toLibrdkafka('Producer', {});
  if ('refused' in settings) throw new Error(settings.refused.join());
  const spec: WorkerSpec = {
    run,
    loadTest: `demo/${run}`,
    bootstrapServers: broker.bootstrapServers,
    topic: run,
    evidence: { topic: EVIDENCE_TOPIC, partition: 0 },
    clientsPerPod,
    config: 'config' in settings ? settings.config : {},
    work: { role: 'Producer', ...part, ...('config' in settings ? {} : { kafkajs: settings }) },
  };
  const env = { ...process.env, [WORKER_SPEC_ENV]: JSON.stringify(spec), KAFKALAB_PORT: '0' };
  const child = spawn(process.execPath, ['--no-warnings', WORKER], { env, stdio: 'ignore' });
  running = child;
  const ended = once(child, 'close');
  const seen = (): RunView | undefined => {
    const known = evidence.open({ run, topic: EVIDENCE_TOPIC, partition: 0, offset: 0 });
    return 'known' in known ? view(known.known, Date.now()) : undefined;
  };
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
  '%s: ten messages with three keys: all is told with the word that it is done, and its end adds nothing',
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
    expect(whenDone.keys).toMatchObject({ distinct: 3, more: false, spread: 0 });
    expect(
      whenDone.keys.list.map(({ key, partitions }) => [key, partitions.map((one) => [one.partition, one.records])]),
    ).toEqual(['', 'key1', 'key2'].map((key) => [key, [[placeOf(key), counts[key as keyof typeof counts]]]]));
    const offsets = whenDone.keys.list.flatMap(({ partitions }) => partitions);
    for (const { partition, records } of whenDone.partitions) {
      const last = Math.max(...offsets.filter((one) => one.partition === partition).map((one) => one.lastOffset ?? -1));
      expect(last).toBe(records - 1);
    }
    await producer.end();
    const atEnd = await until('its end is told', () => {
      const now = producer.seen();
      return now?.producers.producing === 0 ? now : undefined;
    });
    expect(places(atEnd)).toEqual(whenDone);
  },
  PATIENCE_MS,
);

test.each(CLIENTS)(
  '%s: of more keys than are told one by one, those that are told are exact, over all clients',
  async (client) => {
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
    expect(keys).toMatchObject({ distinct: MOST_KEYS, more: true, spread: 0 });
    const told = keys.list.map(({ key, partitions: of }) => [key, of.map((one) => [one.partition, one.records])]);
    expect(told).toEqual(
      all
        .toSorted()
        .slice(0, MOST_KEYS)
        .map((key) => [key, [[placeOf(key), 10]]]),
    );
    await producer.end();
  },
  PATIENCE_MS,
);
