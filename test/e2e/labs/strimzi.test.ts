/** A lab with a KafkaTopic that is created, raised during the run, paused, and deleted with and without the Topic Operator. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { LoadTest } from '../../../src/api/loadtest/loadTest.ts';
import type { KubernetesObject } from '../../../src/contract/kubernetes.ts';
import { get, kubectl } from '../../../tools/kubectl.ts';
import {
  applyIn,
  conditionOf,
  consumerScale,
  eventually,
  isOver,
  loadTest,
  makeNamespace,
  removeNamespace,
  topics,
  untilConsumerScale,
  untilLoadTest,
} from '../../support/clusterLab.ts';
import {
  installStrimzi,
  KAFKA_CLUSTER,
  KAFKA_NAMESPACE,
  runTopicOperator,
  uninstallStrimzi,
} from '../../support/clusterStrimzi.ts';
import type { TopicOperator } from '../../support/topicOperator.ts';

const NAMESPACE = 'strimzi';
const NAME = 'strimzi-lab';
const PAUSE = 'strimzi.io/pause-reconciliation';
let topicOperator: TopicOperator | undefined;

const lab = (name: string) =>
  loadTest(
    {
      kafka: { strimzi: { cluster: KAFKA_CLUSTER, namespace: KAFKA_NAMESPACE } },
      topic: { name, partitions: 2, replicas: 2, config: { 'retention.ms': '7200000' } },
      producers: { replicas: 1, messagesPerSecond: 20, config: { 'metadata.max.age.ms': '1000' } },
      consumers: {
        replicas: 1,
        group: name,
        config: { 'auto.offset.reset': 'earliest', 'metadata.max.age.ms': '1000' },
      },
    },
    name,
  );

beforeAll(async () => {
  await makeNamespace(NAMESPACE);
  await installStrimzi();
  topicOperator = await runTopicOperator();
  await applyIn(NAMESPACE, lab(NAME));
});

afterAll(async () => {
  await removeNamespace(NAMESPACE);
  await topicOperator?.stop();
  await uninstallStrimzi();
});

const kafkaTopic = (name: string) => get<KubernetesObject>('kafkatopics.kafka.strimzi.io', name, KAFKA_NAMESPACE);
const until = (what: string, holds: (it: LoadTest) => boolean | undefined) =>
  untilLoadTest(NAMESPACE, NAME, what, holds);
const consumed = (it: LoadTest): number => it.status?.consumers?.consumed ?? 0;
const partitions = (it: LoadTest): number => it.status?.topic?.partitions ?? 0;
/** The number of partitions that consumers own. */
const owned = (it: LoadTest): number =>
  it.status?.consumers?.members.reduce((sum, member) => sum + member.partitions.length, 0) ?? 0;

test('a lab runs on the brokers of the Kafka resource with the topic of its KafkaTopic', async () => {
  const running = await until('runs', (it) => it.status?.phase === 'Running' && consumed(it) > 0);
  expect(running.status?.topic).toMatchObject({ managedBy: 'Strimzi', created: true, partitions: 2, replicas: 2 });
  expect(await kafkaTopic(NAME)).toMatchObject({
    spec: { topicName: NAME, partitions: 2, replicas: 2, config: { 'retention.ms': '7200000' } },
    status: { conditions: [{ type: 'Ready', status: 'True' }] },
  });
});

test('a schedule adds partitions through the KafkaTopic during the run', async () => {
  await applyIn(NAMESPACE, consumerScale({ steps: [{ partitions: 3, hold: '5s' }] }, NAME, NAME));
  const scale = await untilConsumerScale(NAMESPACE, NAME, 'is over', isOver);
  expect(scale.status?.steps?.map(({ partitions, phase }) => [partitions, phase])).toEqual([[3, 'Done']]);
  expect((await kafkaTopic(NAME))?.spec).toMatchObject({ partitions: 3 });
  const after = await until('has three', (it) => partitions(it) === 3 && owned(it) === 3);
  expect(after.status?.rebalances?.recent.map(({ trigger }) => trigger)).toContain('PartitionsAdded');
  expect(conditionOf(after, 'Stalled')).toBeUndefined();
});

test('a paused KafkaTopic delays more partitions with a message, and the lab keeps running', async () => {
  await kubectl(['annotate', 'kafkatopic', NAME, '-n', KAFKA_NAMESPACE, `${PAUSE}=true`]);
  await kubectl(['patch', 'lt', NAME, '-n', NAMESPACE, '--type=merge', '-p', '{"spec":{"topic":{"partitions":4}}}']);
  const stalled = await until('is stalled', (it) => conditionOf(it, 'Stalled')?.reason === 'KafkaTopicPaused');
  expect(conditionOf(stalled, 'Stalled')?.message).toContain(`${PAUSE}-`);
  await until('keeps consuming', (it) => consumed(it) > consumed(stalled) + 20);
  // The message names this command.
  await kubectl(['annotate', 'kafkatopic', NAME, '-n', KAFKA_NAMESPACE, `${PAUSE}-`]);
  const four = await until('has four', (it) => partitions(it) === 4 && owned(it) === 4);
  expect(conditionOf(four, 'Stalled')).toBeUndefined();
  expect(four.status?.delivery?.skipped).toBe(0);
});

test('a deletion removes the KafkaTopic and the topic', async () => {
  await kubectl(['delete', 'csc,lt', NAME, '-n', NAMESPACE, '--timeout=120s']);
  expect(await kafkaTopic(NAME)).toBeUndefined();
  expect(await topics()).not.toContain(NAME);
});

test('without a Topic Operator a LoadTest stalls after a minute, and its deletion leaves the KafkaTopic behind', async () => {
  const name = `${NAME}-alone`;
  await topicOperator?.stop();
  await applyIn(NAMESPACE, lab(name));
  const stalled = await untilLoadTest(
    NAMESPACE,
    name,
    'is stalled',
    (it) => conditionOf(it, 'Stalled')?.reason === 'TopicOperatorSilent',
  );
  expect(conditionOf(stalled, 'Stalled')?.message).toContain('check that the Topic Operator runs');
  topicOperator = await runTopicOperator();
  await untilLoadTest(NAMESPACE, name, 'runs', (it) => it.status?.phase === 'Running' && consumed(it) > 0);
  await topicOperator.stop();
  await kubectl(['delete', 'lt', name, '-n', NAMESPACE, '--timeout=150s']);
  expect((await kafkaTopic(name))?.metadata).toMatchObject({ finalizers: ['strimzi.io/topic-operator'] });
  await eventually('the Event names what is left', async () =>
    (await kubectl(['get', 'events', '-n', NAMESPACE])).includes(`left behind: KafkaTopic ${KAFKA_NAMESPACE}/${name}`),
  );
  topicOperator = await runTopicOperator();
  await eventually('the topic is gone', async () => !(await topics()).includes(name));
});
