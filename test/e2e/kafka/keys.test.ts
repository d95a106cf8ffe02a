/** Keys and partitioners with a real broker, compared with Kafka's Java client. */
import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import { toKafkajsProducer } from '../../../src/domain/settings/kafkajs.ts';
import { toLibrdkafka } from '../../../src/domain/settings/librdkafka.ts';
import { murmur2, partitionForKey } from '../../../src/domain/workers/murmur2.ts';
import type { PartitionerShape } from '../../../src/domain/workers/spec.ts';
import { kafkajsProducer } from '../../../src/worker/clients/kafkajs/producer.ts';
import { librdkafkaProducer } from '../../../src/worker/clients/librdkafka/producer.ts';
import type { Delivery, ProducerClient, ProducerEvents } from '../../../src/worker/clients/port.ts';
import { type Broker, startBroker } from '../../support/broker.ts';
import { javaHashes, javaSends } from '../../support/keys.ts';
import { until } from '../../support/until.ts';

const KEYS = 10_000;
const PATIENCE_MS = 120_000;
const VALUE = Buffer.from('{"cnt":0}');
let broker: Broker;

beforeAll(async () => {
  broker = await startBroker();
});
afterAll(() => broker?.stop());

/** The connected clients. One that is not closed keeps the process alive. */
const open: ProducerClient[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((producer) => producer.close()));
});

const topicTool = (...args: string[]) =>
  broker.tool('org.apache.kafka.tools.TopicCommand', '--bootstrap-server', broker.bootstrapServers, ...args);
const createTopic = (topic: string, partitions: number) =>
  topicTool('--create', '--topic', topic, '--partitions', String(partitions));

const CLIENTS = ['librdkafka', 'kafkajs'] as const;
type Client = (typeof CLIENTS)[number];
type Settings = Record<string, string>;

function producerOf(
  client: Client,
  topic: string,
  partitioner: PartitionerShape,
  events: ProducerEvents,
  settings: Settings,
): ProducerClient {
  const common = { bootstrapServers: broker.bootstrapServers, topic, name: 'keys', partitioner };
  const translated = client === 'kafkajs' ? toKafkajsProducer(settings) : toLibrdkafka('Producer', settings);
  if ('refused' in translated) throw new Error(translated.refused.join());
  return 'config' in translated
    ? librdkafkaProducer({ ...common, config: translated.config }, events)
    : kafkajsProducer({ ...common, options: translated }, events);
}

/** A connected producer that keeps the deliveries by the number of the record. */
async function connected(client: Client, topic: string, partitioner: PartitionerShape, settings: Settings = {}) {
  const delivered = new Map<number, Delivery>();
  const troubles: string[] = [];
  const producer = producerOf(
    client,
    topic,
    partitioner,
    {
      delivered: (delivery) => void delivered.set(delivery.token, delivery),
      trouble: ({ code, message }) => void troubles.push(`${code}: ${message}`),
    },
    settings,
  );
  open.push(producer);
  await producer.connect();
  let sent = 0;
  return {
    troubles,
    /** Sends these records and resolves with their deliveries in the same order. */
    async send(keys: (string | null)[]): Promise<Delivery[]> {
      const first = sent;
      for (const key of keys) {
        const n = sent;
        await until('the buffer has room', () => producer.send(VALUE, key, n) || undefined, PATIENCE_MS);
        sent += 1;
      }
      await until('all are delivered', () => delivered.size === sent || undefined, PATIENCE_MS);
      const all = keys.map((_, n) => delivered.get(first + n) as Delivery);
      expect(all.filter(({ error }) => error !== undefined)).toEqual([]);
      return all;
    },
  };
}

const partitionsOf = (deliveries: Delivery[]) => deliveries.map(({ partition }) => partition);
const none = (count: number) => Array.from({ length: count }, () => null);

test(`hash and partition of ${KEYS} keys (empty, binary and text) equal the Java client’s`, async () => {
  const counts = [1, 2, 3, 7, 9, 12, 50, 1000];
  const found = await javaHashes(KEYS, counts);
  expect(found).toHaveLength(KEYS);
  for (const { key, hash, chosen } of found) {
    expect([key, murmur2(key)]).toEqual([key, hash]);
    expect([key, counts.map((count) => partitionForKey(key, count))]).toEqual([key, chosen]);
  }
});

test.each([1, 2, 3, 7, 12])(
  `${KEYS} keys of text in %i partitions: both clients send each to where a Java producer sends it`,
  async (partitions) => {
    const topic = `java-${partitions}`;
    await createTopic(topic, partitions);
    const java = await javaSends(KEYS, broker.bootstrapServers, topic);
    const keys = java.map(({ key }) => key);
    expect(keys[0]).toBe('');
    expect(new Set(keys).size).toBe(KEYS);
    for (const client of CLIENTS) {
      const producer = await connected(client, topic, { mode: 'Default' });
      const deliveries = await producer.send(keys);
      expect([client, deliveries.map(({ key, partition }) => ({ key, partition }))]).toEqual([client, java]);
    }
  },
);

test.each(CLIENTS)(
  '%s: RoundRobin, Sticky and Explicit choose partitions with and without keys, and the offsets are the broker’s',
  async (client) => {
    const topic = `ways-${client}`;
    await createTopic(topic, 3);

    const round = await connected(client, topic, { mode: 'RoundRobin' });
    const inTurn = await round.send(['a', null, 'a', 'a', null, 'b', 'a']);
    expect(partitionsOf(inTurn)).toEqual([0, 1, 2, 0, 1, 2, 0]);
    expect(inTurn.map(({ offset }) => offset)).toEqual([0, 0, 0, 1, 1, 1, 2]);
    expect(inTurn.map(({ key }) => key)).toEqual(['a', undefined, 'a', 'a', undefined, 'b', 'a']);

    const one = await connected(client, topic, { mode: 'Explicit', partition: 1 });
    const explicit = await one.send(['a', null, 'b']);
    expect(explicit.map(({ partition, offset }) => [partition, offset])).toEqual([
      [1, 2],
      [1, 3],
      [1, 4],
    ]);

    const bytes = 5 * VALUE.length;
    const sticks = await connected(client, topic, { mode: 'Sticky', bytes });
    const stuck = partitionsOf(await sticks.send(none(200)));
    for (let n = 0; n < stuck.length; n += 5) expect(new Set(stuck.slice(n, n + 5)).size).toBe(1);
    expect(new Set(stuck).size).toBe(3);
  },
);

test.each(CLIENTS)('%s: with acks=0 a delivery has a partition and no offset', async (client) => {
  const topic = `unasked-${client}`;
  await createTopic(topic, 3);
  // Large batches are the hard case: the offsets that librdkafka invents in them look like real ones.
  const large: Settings = client === 'librdkafka' ? { 'batch.size': '1000000', 'linger.ms': '500' } : {};
  const producer = await connected(client, topic, { mode: 'Default' }, { acks: '0', ...large });
  const keys = Array.from({ length: 9_000 }, (_, n) => `key${n}`);
  const deliveries = await producer.send(keys);
  expect(partitionsOf(deliveries)).toEqual(keys.map((key) => partitionForKey(Buffer.from(key), 3)));
  expect(deliveries.filter(({ offset }) => offset !== undefined)).toEqual([]);
});

test.each(CLIENTS.flatMap((client) => (['Default', 'RoundRobin'] as const).map((mode) => [client, mode] as const)))(
  '%s, %s: the producer finds new partitions within metadata.max.age.ms, and no record fails',
  async (client, mode) => {
    const topic = `grows-${client}-${mode.toLowerCase()}`;
    await createTopic(topic, 2);
    const producer = await connected(client, topic, { mode }, { 'metadata.max.age.ms': '500' });
    const keys = Array.from({ length: 30 }, (_, n) => `key${n}`);
    const expected = (partitions: number) => keys.map((key) => partitionForKey(Buffer.from(key), partitions));
    const before = partitionsOf(await producer.send(keys));
    if (mode === 'Default') expect(before).toEqual(expected(2));
    await topicTool('--alter', '--topic', topic, '--partitions', '3');
    const after = await until(
      'a record is in the new partition',
      async () => {
        const found = partitionsOf(await producer.send(keys));
        return found.includes(2) && (mode === 'RoundRobin' || found.every((to, n) => to === expected(3)[n]))
          ? found
          : undefined;
      },
      PATIENCE_MS,
    );
    if (mode === 'Default') expect(after.some((to, n) => to !== before[n])).toBe(true);
    expect(producer.troubles).toEqual([]);
  },
);

test.each(CLIENTS)('%s: without a key and linger, records go to all partitions', async (client) => {
  const topic = `keyless-${client}`;
  await createTopic(topic, 2);
  const settings: Settings = client === 'librdkafka' ? { 'linger.ms': '0' } : {};
  const producer = await connected(client, topic, { mode: 'Default' }, settings);
  // librdkafka chooses at random. The probability of all 100 records in one of two partitions is 1 in 10^29.
  expect(new Set(partitionsOf(await producer.send(none(100)))).size).toBe(2);
});
