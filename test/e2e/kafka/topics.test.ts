/**
 * Whose a topic is, on a real broker: the id of a created topic, one that existed, and deletion by id only. And which settings
 * are in force.
 */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { act } from '../../../src/adapters/kafka/admin/actions.ts';
import { KafkaConnection } from '../../../src/adapters/kafka/admin/connection.ts';
import { KafkaClusters } from '../../../src/adapters/kafka/clusters.ts';
import { type Broker, startBroker } from '../../support/broker.ts';
import { until } from '../../support/until.ts';

const PATIENCE_MS = 120_000;
let broker: Broker;
let connection: KafkaConnection;

beforeAll(async () => {
  broker = await startBroker();
  connection = new KafkaConnection(broker.bootstrapServers);
  await until(
    'Kafka answers',
    async () => connection.view(undefined, undefined, 0).catch(() => undefined),
    PATIENCE_MS,
  );
});

afterAll(async () => {
  await connection?.close();
  await broker?.stop();
});

const create = (topic: string, config: Record<string, string> = { 'retention.ms': '7200000' }) =>
  act(connection, { type: 'CreateTopic', topic, partitions: 2, replicas: 1, config });
const remove = (topic: string, topicId: string) => act(connection, { type: 'DeleteTopic', topic, topicId });
const live = async (topic: string) => (await connection.view(topic, undefined, 0)).topic;
const describe = (topic: string) =>
  broker.tool(
    'org.apache.kafka.tools.TopicCommand',
    ...['--bootstrap-server', broker.bootstrapServers, '--describe', '--topic', topic],
  );

test('a created topic has the id of the answer, as Kafka’s tools print it', async () => {
  const created = await create('mine');
  expect(created).toEqual({ topicId: expect.stringMatching(/^[-_A-Za-z0-9]{22}$/) });
  const seen = await until('Kafka has the topic', async () => (await live('mine')) ?? undefined, PATIENCE_MS);
  expect(seen).toMatchObject({ id: created?.topicId, partitions: [{ partition: 0 }, { partition: 1 }] });
  const described = await describe('mine');
  expect(described).toContain(`TopicId: ${created?.topicId}`);
  expect(described).toContain('retention.ms=7200000');
});

test('of two simultaneous requests for one topic, one has created it, and the other found it', async () => {
  const answers = await Promise.all([create('both'), create('both')]);
  expect(answers.flatMap((answer) => Object.keys(answer ?? {})).sort()).toEqual(['existed', 'topicId']);
  expect(await create('both')).toEqual({ existed: true });
});

test('a refused topic is not created', async () => {
  const refused = { type: 'CreateTopic', topic: 'none', partitions: 1, replicas: 3, config: {} } as const;
  await expect(act(connection, refused)).rejects.toMatchObject({
    reason: 'Refused',
    message: expect.stringContaining('INVALID_REPLICATION_FACTOR'),
  });
  expect(await live('none')).toBeNull();
});

test('a topic that was created again is not deleted by the id of the first', async () => {
  const first = (await create('again'))?.topicId ?? '';
  expect(await remove('again', first)).toBeUndefined();
  expect(
    await until('the topic is gone', async () => ((await live('again')) === null ? true : undefined), PATIENCE_MS),
  ).toBe(true);
  const second = (await create('again'))?.topicId ?? '';
  expect(second).not.toBe(first);
  expect(await remove('again', first)).toEqual({ absent: true });
  const kept = await until('Kafka has the second topic', async () => (await live('again')) ?? undefined, PATIENCE_MS);
  expect(kept.id).toBe(second);
});

test('a topic that Kafka refuses leaves the views of the others as they are', async () => {
  await create('other');
  const clusters = new KafkaClusters(broker.bootstrapServers, console);
  const viewed = async (topic: string) => clusters.view({ topic, maxAgeMs: 0 });
  await until('Kafka has the topic', async () => (await live('other')) ?? undefined, PATIENCE_MS);
  const [told, refused] = await Promise.all([viewed('other'), viewed('no/topic')]);
  expect(told).toMatchObject({ known: { topic: { name: 'other' } } });
  expect(refused).toEqual({
    unavailable: expect.stringMatching(/^Kafka at .* answers, but not about topic no\/topic: INVALID_TOPIC_EXCEPTION/),
  });
  await clusters.end();
});

test('a view has the settings that are asked for: of the topic, and of a broker', async () => {
  await create('small', { 'max.message.bytes': '1000' });
  await until('Kafka has the topic', async () => (await live('small')) ?? undefined, PATIENCE_MS);
  const topic = ['max.message.bytes'];
  const broker = ['group.min.session.timeout.ms', 'group.max.session.timeout.ms'];
  const { configs } = await connection.view('small', undefined, 0, { configs: { topic, broker } });
  expect(configs).toEqual({
    topic: { known: { 'max.message.bytes': '1000' } },
    broker: { known: { 'group.min.session.timeout.ms': '6000', 'group.max.session.timeout.ms': '1800000' } },
  });
  // The default of the brokers counts for a topic without the setting.
  const evidence = await connection.view('kafkalab-evidence', undefined, 0, { configs: { topic } });
  expect(evidence.configs).toEqual({ topic: { known: { 'max.message.bytes': '1048588' } } });
  const missing = await connection.view('missing', undefined, 0, { configs: { topic } });
  expect(missing.configs).toEqual({ topic: { unavailable: expect.stringContaining('UNKNOWN_TOPIC_OR_PARTITION') } });
  expect(await connection.view('small', undefined, 0)).not.toHaveProperty('configs');
});
