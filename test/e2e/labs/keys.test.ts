/** Labs 09 to 12: the partitions of records with and without keys, before and after partitions are added. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { LoadTest } from '../../../src/api/loadtest/loadTest.ts';
import { partitionForKey } from '../../../src/domain/workers/murmur2.ts';
import { kubectl } from '../../../tools/kubectl.ts';
import {
  applyIn,
  endOffsets,
  kafkaTool,
  loadTest,
  makeNamespace,
  removeNamespace,
  untilLoadTest,
} from '../../support/clusterLab.ts';

const NAMESPACE = 'keys';
beforeAll(async () => {
  await makeNamespace(NAMESPACE);
  // The LoadTests are independent and take long, so they start together before the first test.
  await applyIn(NAMESPACE, ...PARTITIONERS.map(([client, mode]) => partitioned(client, mode)));
});
afterAll(() => removeNamespace(NAMESPACE));

const spread = ({ status }: LoadTest) => status?.producers?.partitions ?? [];
const sum = (partitions: { records: number }[]) => partitions.reduce((total, { records }) => total + records, 0);
const completed = (name: string) =>
  untilLoadTest(NAMESPACE, name, 'is completed', ({ status }) => status?.phase === 'Completed');
const raise = (name: string, partitions: number) =>
  kubectl([
    ...['patch', 'lt', name, '-n', NAMESPACE, '--type=merge'],
    ...['-p', JSON.stringify({ spec: { topic: { partitions } } })],
  ]);
/** The partition of each key that is in only one. */
const places = ({ status }: LoadTest): Record<string, number | undefined> =>
  Object.fromEntries(
    (status?.keys?.list ?? []).map(({ key, partitions }) => [
      key,
      partitions.length === 1 ? partitions[0]?.partition : undefined,
    ]),
  );
const byHash = (keys: readonly string[], partitions: number): Record<string, number> =>
  Object.fromEntries(keys.map((key) => [key, partitionForKey(Buffer.from(key), partitions)]));
/** The number of records of each non-empty partition, from Kafka. */
const recordsByKafka = async (topic: string): Promise<{ partition: number; records: number }[]> =>
  (await endOffsets(topic))
    .map(({ partition, endOffset }) => ({ partition, records: endOffset }))
    .filter(({ records }) => records > 0);

test('09: records without a key go to both partitions after the topic is raised to two', async () => {
  await applyIn(
    NAMESPACE,
    loadTest(
      {
        topic: { name: 'nokey', partitions: 1, replicas: 1 },
        producers: { replicas: 1, messagesPerSecond: 10, config: { 'metadata.max.age.ms': '1000' } },
      },
      'nokey',
    ),
  );
  const one = await untilLoadTest(NAMESPACE, 'nokey', 'has sent ten', (lab) => sum(spread(lab)) >= 10);
  expect(spread(one)).toEqual([{ partition: 0, records: one.status?.producers?.acknowledged }]);
  expect(one.status).not.toHaveProperty('keys');
  await raise('nokey', 2);
  const two = await untilLoadTest(NAMESPACE, 'nokey', 'sends to both', (lab) =>
    spread(lab).some(({ partition, records }) => partition === 1 && records >= 5),
  );
  expect(spread(two).map(({ partition }) => partition)).toEqual([0, 1]);
  expect(sum(spread(two))).toBe(two.status?.producers?.acknowledged);
});

const SENT = ['key1', 'key2', 'key3'];
const keyed = (name: string, topic: Record<string, unknown>, values: string[], messages: number) =>
  loadTest(
    {
      topic: { name: 'keyed', replicas: 1, ...topic },
      producers: { replicas: 1, messages, record: { key: { mode: 'Fixed', values } } },
    },
    name,
  );

test('10 and 11: each key is in the partition of the Java client, and some keys move with an added partition', async () => {
  // Four LoadTests that complete by themselves: ten records with key1, ten more, then key2 and key3.
  await applyIn(NAMESPACE, keyed('first', { partitions: 2, management: 'Auto' }, ['key1'], 10));
  const first = await completed('first');
  expect(first.status?.producers).toMatchObject({ acknowledged: 10, failed: 0, done: 1 });
  expect(first.status?.keys).toMatchObject({ distinct: 1, inSeveralPartitions: 0, list: [{ key: 'key1' }] });
  expect(spread(first)).toEqual([{ partition: byHash(['key1'], 2).key1, records: 10 }]);
  expect(first.status?.keys?.list[0]?.partitions).toMatchObject([{ records: 10, firstOffset: 0, lastOffset: 9 }]);

  await applyIn(NAMESPACE, keyed('again', { partitions: 2, management: 'Existing' }, ['key1'], 10));
  const again = await completed('again');
  expect(places(again)).toEqual(places(first));
  expect(again.status?.keys?.list[0]?.partitions).toMatchObject([{ records: 10, firstOffset: 10, lastOffset: 19 }]);

  await applyIn(NAMESPACE, keyed('others', { partitions: 2, management: 'Existing' }, ['key2', 'key3'], 20));
  const others = await completed('others');
  expect({ ...places(first), ...places(others) }).toEqual(byHash(SENT, 2));

  await kafkaTool('kafka-topics.sh', '--alter', '--topic', 'keyed', '--partitions', '3');
  await applyIn(NAMESPACE, keyed('after', { partitions: 3, management: 'Existing' }, SENT, 30));
  const after = await completed('after');
  expect(places(after)).toEqual(byHash(SENT, 3));
  const moved = SENT.filter((key) => places(after)[key] !== byHash(SENT, 2)[key]);
  expect(moved).toEqual(SENT.filter((key) => byHash(SENT, 3)[key] !== byHash(SENT, 2)[key]));
  expect(moved.length).toBeGreaterThan(0);

  // The figures of the four equal the records in Kafka.
  const reported = [first, again, others, after].flatMap(spread);
  const summed = [0, 1, 2].map((partition) => ({
    partition,
    records: sum(reported.filter((one) => one.partition === partition)),
  }));
  expect(await recordsByKafka('keyed')).toEqual(summed.filter(({ records }) => records > 0));
});

test('11: in a run during which a partition is added, the moved keys are in two partitions', async () => {
  const keys = Array.from({ length: 20 }, (_, n) => `key${n}`);
  await applyIn(
    NAMESPACE,
    loadTest(
      {
        topic: { name: 'moving', partitions: 2, replicas: 1 },
        producers: {
          replicas: 2,
          messagesPerSecond: 20,
          record: { key: { mode: 'Sequence', cardinality: 20 } },
          config: { 'metadata.max.age.ms': '1000' },
        },
      },
      'moving',
    ),
  );
  const before = await untilLoadTest(NAMESPACE, 'moving', 'has sent each key', ({ status }) => {
    const list = status?.keys?.list ?? [];
    return list.length === 20 && list.every(({ partitions }) => (partitions[0]?.records ?? 0) >= 2);
  });
  expect(before.status?.keys?.inSeveralPartitions).toBe(0);
  expect(places(before)).toEqual(byHash(keys, 2));

  await raise('moving', 3);
  const moved = keys.filter((key) => byHash([key], 2)[key] !== byHash([key], 3)[key]).sort();
  const after = await untilLoadTest(
    NAMESPACE,
    'moving',
    'the keys have moved',
    ({ status }) => (status?.keys?.inSeveralPartitions ?? 0) >= moved.length,
  );
  expect(after.status?.keys?.inSeveralPartitions).toBe(moved.length);
  const inTwo = (after.status?.keys?.list ?? []).filter(({ partitions }) => partitions.length > 1);
  expect(inTwo.map(({ key }) => key).sort()).toEqual(moved);
  for (const { key, partitions } of inTwo) {
    expect(partitions.map(({ partition }) => partition)).toEqual(
      [byHash([key], 2)[key] ?? -1, byHash([key], 3)[key] ?? -1].sort(),
    );
  }
});

/** A client, a partitioner, and the records of each partition. undefined: by the hashes of the keys. */
const PARTITIONERS = [
  ['librdkafka', 'RoundRobin', [10, 10, 10]],
  ['librdkafka', 'Explicit', [0, 0, 30]],
  ['librdkafka', 'Default', undefined],
  ['kafkajs', 'RoundRobin', [10, 10, 10]],
  ['kafkajs', 'Explicit', [0, 0, 30]],
  ['kafkajs', 'Default', undefined],
] as const;
const partitionedName = (client: string, mode: string) => `${client}-${mode}`.toLowerCase();
const partitioned = (client: string, mode: string) =>
  loadTest(
    {
      topic: { name: partitionedName(client, mode), partitions: 3, replicas: 1 },
      producers: {
        replicas: 1,
        messages: 30,
        client,
        record: { key: { mode: 'Fixed', values: SENT } },
        partitioner: mode === 'Explicit' ? { mode, partition: 2 } : { mode },
      },
    },
    partitionedName(client, mode),
  );

test.each(PARTITIONERS)('12: %s, partitioner %s', async (client, mode, expected) => {
  const name = partitionedName(client, mode);
  const lab = await completed(name);
  const hashed = [0, 1, 2].map((of) => 10 * SENT.filter((key) => byHash(SENT, 3)[key] === of).length);
  const records = expected ?? hashed;
  const shares = [0, 1, 2].map((partition) => ({ partition, records: records[partition] ?? 0 }));
  expect(spread(lab)).toEqual(shares.filter((share) => share.records > 0));
  expect(await recordsByKafka(name)).toEqual(spread(lab));
  // Three keys and three partitions alternate in step, so each key goes to only one partition.
  expect(lab.status?.keys).toMatchObject({ distinct: 3, inSeveralPartitions: 0 });
});
