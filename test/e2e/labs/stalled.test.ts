/** Mistakes that only Kafka can detect: the Stalled condition says what to write instead, and nothing is created partly. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { kubectl } from '../../../tools/kubectl.ts';
import {
  applyIn,
  conditionOf,
  consumerScale,
  kafkaTool,
  loadTest,
  makeNamespace,
  removeNamespace,
  topics,
  untilConsumerScale,
  untilLoadTest,
} from '../../support/clusterLab.ts';

const NAMESPACE = 'stalled';
const EXISTING = 'stalled-existing';

beforeAll(async () => {
  await makeNamespace(NAMESPACE);
  await kafkaTool('kafka-topics.sh', '--create', '--if-not-exists', '--topic', EXISTING, '--partitions', '2');
});

afterAll(async () => {
  await removeNamespace(NAMESPACE);
  await kafkaTool('kafka-topics.sh', '--delete', '--if-exists', '--topic', EXISTING);
});

test.each([
  {
    name: 'replicas',
    what: 'more replicas than brokers',
    topic: { name: 'stalled-replicas', replicas: 5 },
    says: ['topic.replicas is 5', '3 brokers', 'replicas: 3'],
  },
  {
    name: 'config',
    what: 'a topic setting that Kafka does not know',
    topic: { name: 'stalled-config', config: { 'retention.millis': '1000' } },
    says: ['Unknown topic config name: retention.millis'],
  },
  {
    name: 'value',
    what: 'a value that Kafka refuses',
    topic: { name: 'stalled-value', config: { 'cleanup.policy': 'burn' } },
    says: ['cleanup.policy'],
  },
  {
    name: 'missing',
    what: 'an existing topic that does not exist',
    topic: { name: 'stalled-missing', management: 'Existing' },
    says: ['does not exist', 'management: Auto'],
  },
  {
    name: 'narrow',
    what: 'an existing topic with fewer partitions',
    topic: { name: EXISTING, management: 'Existing', partitions: 3 },
    says: ['has 2 partitions', 'topic.partitions is 3'],
  },
])('$what', async ({ name, topic, says }) => {
  await applyIn(NAMESPACE, loadTest({ topic, producers: { messagesPerSecond: 1 } }, name));
  const stalled = await untilLoadTest(
    NAMESPACE,
    name,
    'is stalled',
    (it) => conditionOf(it, 'Stalled') !== undefined,
    60_000,
  );
  const message = conditionOf(stalled, 'Stalled')?.message ?? '';
  for (const part of says) expect(message).toContain(part);
  expect(stalled.status?.phase).toBe('Pending');
  expect(await kubectl(['get', 'statefulsets', '-n', NAMESPACE, '-o', 'name'])).toBe('');
  expect(await kubectl(['get', 'events', '-n', NAMESPACE])).toContain(message.slice(0, 60));
  await kubectl(['delete', 'lt', name, '-n', NAMESPACE, '--timeout=60s']);
});

test('a stalled LoadTest creates no topic and keeps an existing one', async () => {
  const now = await topics();
  expect(now).toContain(EXISTING);
  expect(now.filter((name) => name.startsWith('stalled-'))).toEqual([EXISTING]);
});

test('a schedule with idle consumers is refused before any scaling and runs when they are allowed', async () => {
  await applyIn(
    NAMESPACE,
    loadTest({
      topic: { name: 'stalled-idle', partitions: 2 },
      producers: { messagesPerSecond: 5 },
      consumers: { group: 'stalled-idle', config: { 'auto.offset.reset': 'earliest' } },
    }),
    consumerScale({ steps: [{ consumers: 3, hold: '2s' }] }),
  );
  const refused = await untilConsumerScale(
    NAMESPACE,
    'lab',
    'is refused',
    (it) => conditionOf(it, 'Stalled') !== undefined,
  );
  expect(conditionOf(refused, 'Stalled')?.message).toMatch(
    /asks for 3 consumers, but the topic has 2 partitions: 1 would be idle.*allowIdleConsumers: true/,
  );
  expect((await untilLoadTest(NAMESPACE, 'lab', 'is there', () => true)).spec.consumers?.replicas).toBe(1);
  await kubectl(['patch', 'csc', 'lab', '-n', NAMESPACE, '--type=merge', '-p', '{"spec":{"allowIdleConsumers":true}}']);
  const done = await untilConsumerScale(NAMESPACE, 'lab', 'is done', (it) => it.status?.phase === 'Completed');
  expect(done.status?.steps?.[0]?.idle).toHaveLength(1);
});
