/**
 * Topics of Strimzi without a cluster: the process of the operator, a real API server with Strimzi's CRDs, a real broker, and the
 * stand-in for the Topic Operator. No pods run here. For a running lab with Strimzi see labs/strimzi.test.ts.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import { loadAll } from 'js-yaml';
import type { ConsumerScale } from '../../../src/api/consumerscale/consumerScale.ts';
import type { LoadTest } from '../../../src/api/loadtest/loadTest.ts';
import type { KubernetesObject, ObjectRef } from '../../../src/contract/kubernetes.ts';
import { OWN_RULES, STRIMZI_RULES, WATCHED_RULES } from '../../../src/main/install/objects.ts';
import type { Cluster } from '../../../src/runtime/ports.ts';
import { clusterOf } from '../../../tools/client.ts';
import { adminTopics } from '../../support/adminTopics.ts';
import { type ApiServer, startApiServer } from '../../support/apiServer.ts';
import { type Broker, startBroker } from '../../support/broker.ts';
import { kafkaResource, listenersStatus, strimziDefinitions } from '../../support/strimziCrds.ts';
import { startTopicOperator, type TopicOperator, type Topics } from '../../support/topicOperator.ts';
import { until } from '../../support/until.ts';

const PATIENCE_MS = 60_000;
/** Longer than the operator waits for a silent Topic Operator, also in a deletion. */
const LONG_MS = 150_000;

const root = join(import.meta.dirname, '../../..');
const folder = mkdtempSync(join(tmpdir(), 'kafkalab-strimzi-'));
const KAFKA = 'kafka';
const CLUSTER = 'my-cluster';
let server: ApiServer;
let broker: Broker;
let user: Cluster & { close(): Promise<void> };
let strimzi: Cluster & { close(): Promise<void> };
let topics: Topics & { close(): Promise<void> };
let operator: { child: ChildProcess; ended: Promise<unknown> };
let topicOperator: TopicOperator | undefined;

beforeAll(async () => {
  [server, broker] = await Promise.all([startApiServer(), startBroker()]);
  user = clusterOf(server.kubeconfig, { fieldManager: 'user' });
  strimzi = clusterOf(server.kubeconfig, { fieldManager: 'strimzi' });
  topics = adminTopics([broker.bootstrapServers]);
  for (const file of readdirSync(join(root, 'crds')).filter((name) => name.endsWith('.yaml'))) {
    for (const manifest of loadAll(readFileSync(join(root, 'crds', file), 'utf8'))) {
      await user.apply(manifest as KubernetesObject);
    }
  }
  await user.create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: KAFKA } });
  await until('LoadTests are served', () => user.list({ apiVersion: 'kafkalab.dev/v1alpha1', kind: 'LoadTest' }, {}));
  operator = startOperator();
});

afterEach(async () => {
  await topicOperator?.stop();
  topicOperator = undefined;
});

afterAll(async () => {
  operator?.child.kill('SIGKILL');
  await operator?.ended;
  await Promise.all([topics?.close(), user?.close(), strimzi?.close()]);
  await Promise.all([server?.stop(), broker?.stop()]);
  rmSync(folder, { recursive: true, force: true });
});

const ITS_KAFKA = { STRIMZI_CLUSTER: CLUSTER, STRIMZI_NAMESPACE: KAFKA };

function startOperator(env: Record<string, string> = ITS_KAFKA, kubeconfig = server.kubeconfig): typeof operator {
  writeFileSync(join(folder, 'kubeconfig'), kubeconfig, { mode: 0o600 });
  const child = spawn(process.execPath, [join(root, 'src/main/operator.ts')], {
    env: {
      ...env,
      PATH: process.env.PATH,
      KUBECONFIG: join(folder, 'kubeconfig'),
      BOOTSTRAP_SERVERS: broker.bootstrapServers,
      POD_NAME: 'operator',
      PORT: '0',
    },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  return { child, ended: once(child, 'exit') };
}

/** Replaces the operator by a new process. */
async function replaceOperator(...as: Parameters<typeof startOperator>): Promise<void> {
  operator.child.kill('SIGKILL');
  await operator.ended;
  operator = startOperator(...as);
}

async function serve(version: string): Promise<void> {
  for (const definition of await strimziDefinitions(version)) await user.create(definition);
  const apiVersion = `kafka.strimzi.io/${version}`;
  await until('KafkaTopics are served', () => user.list({ apiVersion, kind: 'KafkaTopic', plural: 'kafkatopics' }, {}));
  await until('Kafkas are served', () => user.list({ apiVersion, kind: 'Kafka', plural: 'kafkas' }, {}));
  // Discovery follows a little later.
  await until('both are discovered', async () => (await user.served(apiVersion)).length === 2);
}

const V1 = 'kafka.strimzi.io/v1';
const starts = (name = CLUSTER, apiVersion = V1) => {
  topicOperator = startTopicOperator(strimzi, topics, { apiVersion, namespace: KAFKA, name });
};

const ref = (name: string): ObjectRef => ({
  apiVersion: 'kafkalab.dev/v1alpha1',
  kind: 'LoadTest',
  namespace: 'default',
  name,
});
const topicRef = (name: string, apiVersion = V1): ObjectRef => ({
  apiVersion,
  kind: 'KafkaTopic',
  namespace: KAFKA,
  name,
});

interface Wanted {
  partitions?: number;
  raiseExisting?: boolean;
  management?: string;
  deletionPolicy?: string;
  config?: Record<string, string>;
}
/** A LoadTest. `kafka` null: the default Kafka of the operator. */
const create = (
  name: string,
  topic: Wanted = {},
  kafka: unknown = { strimzi: { cluster: CLUSTER, namespace: KAFKA } },
) =>
  user.create({
    apiVersion: 'kafkalab.dev/v1alpha1',
    kind: 'LoadTest',
    metadata: { namespace: 'default', name },
    spec: {
      ...(kafka === null ? {} : { kafka }),
      topic: { name, partitions: 2, replicas: 1, ...topic },
      producers: { replicas: 1 },
    },
  });
const lab = async (name: string) => (await user.get(ref(name))) as LoadTest | null;
async function uidOf(name: string): Promise<string> {
  const found = await lab(name);
  if (found === null) throw new Error(`there is no LoadTest ${name}`);
  return found.metadata.uid;
}

const untilStatus = (
  name: string,
  what: string,
  holds: (it: LoadTest) => boolean | undefined,
  patience = PATIENCE_MS,
) =>
  until(
    `${name}: ${what}`,
    async () => {
      const found = await lab(name);
      if (found !== null && holds(found)) return found;
      throw new Error(JSON.stringify(found?.status));
    },
    patience,
    100,
  );
const reasonIs =
  (reason: string, type = 'Stalled') =>
  (it: LoadTest) =>
    it.status?.conditions.some((one) => one.type === type && one.status === 'True' && one.reason === reason);
/** Waits until everything exists that the clients need. */
const starting = reasonIs('StartingClients', 'Reconciling');
const messageOf = (it: LoadTest) => it.status?.conditions.find(({ type }) => type === 'Ready')?.message ?? '';

/** Deletes a resource like kubectl does. There is no garbage collection here. */
async function remove(name: string): Promise<void> {
  await user.delete(ref(name), await uidOf(name));
}
const gone = (name: string, patience = PATIENCE_MS) =>
  until(
    `${name} is gone`,
    async () => {
      // StatefulSets have no pods here, and only the operator deletes them.
      if ((await user.get(ref(name))) === null) return true;
      throw new Error(JSON.stringify((await lab(name))?.status?.conditions));
    },
    patience,
    200,
  );
const askedOf = (topic: KubernetesObject | null) => (topic?.spec as { partitions?: number } | undefined)?.partitions;
const partitionsOf = async (topic: string) => (await topics.describe(topic))?.partitions ?? 0;
const eventsOf = async (reason: string) => {
  const { items } = await user.list({ apiVersion: 'events.k8s.io/v1', kind: 'Event' }, { namespace: 'default' });
  return items.filter((one) => one.reason === reason).map((one) => String(one.note));
};

test('without Strimzi, Auto uses the Admin API, and management Strimzi reports what is missing', async () => {
  await create('plain', {}, null);
  await untilStatus('plain', 'is created', starting);
  expect((await lab('plain'))?.status?.topic).toMatchObject({ managedBy: 'Admin', created: true, partitions: 2 });
  await create('lost', { management: 'Strimzi' });
  const lost = await untilStatus('lost', 'is stalled', reasonIs('KafkaNotUsable'));
  expect(messageOf(lost)).toContain('install Strimzi');
  for (const name of ['plain', 'lost']) await remove(name);
  for (const name of ['plain', 'lost']) await gone(name);
});

test('an old Strimzi with only v1beta2 is used when it is installed during the wait', async () => {
  await create('old');
  await untilStatus('old', 'is stalled', reasonIs('KafkaNotUsable'));
  await serve('v1beta2');
  const beta = 'kafka.strimzi.io/v1beta2';
  const resource = kafkaResource(beta, KAFKA, CLUSTER);
  // Discovery runs every 30 s.
  await untilStatus('old', 'sees Strimzi', (it) => messageOf(it).includes(`Kafka ${KAFKA}/${CLUSTER}`), LONG_MS);
  const { metadata } = await user.create(resource);
  await untilStatus('old', 'waits for addresses', reasonIs('WaitingForKafka', 'Reconciling'));
  starts(CLUSTER, beta);
  await strimzi.applyStatus({
    apiVersion: beta,
    kind: 'Kafka',
    metadata: { namespace: KAFKA, name: CLUSTER, uid: metadata.uid ?? '' },
    status: listenersStatus(broker.bootstrapServers),
  });
  const created = await untilStatus('old', 'is created', starting);
  expect(created.status).toMatchObject({
    kafka: { bootstrapServers: broker.bootstrapServers },
    topic: { managedBy: 'Strimzi', created: true, partitions: 2, replicas: 1 },
  });
  expect((await user.get(topicRef('old', beta)))?.metadata.finalizers).toEqual(['strimzi.io/topic-operator']);
  await remove('old');
  await gone('old');
  expect(await user.get(topicRef('old', beta))).toBeNull();
  expect(await topics.describe('old')).toBeNull();
  // The current release replaces it.
  for (const name of ['kafkas', 'kafkatopics']) {
    const target = {
      apiVersion: 'apiextensions.k8s.io/v1',
      kind: 'CustomResourceDefinition',
      namespace: '',
      name: `${name}.kafka.strimzi.io`,
    };
    const found = await user.get(target);
    await user.delete(target, found?.metadata.uid ?? '');
    await until(`${name} are gone`, async () => (await user.get(target)) === null, PATIENCE_MS);
  }
});

test('a current Strimzi gets a KafkaTopic with its settings, and more partitions later', async () => {
  await serve('v1');
  const { metadata } = await user.create(kafkaResource(V1, KAFKA, CLUSTER));
  await strimzi.applyStatus({
    apiVersion: V1,
    kind: 'Kafka',
    metadata: { namespace: KAFKA, name: CLUSTER, uid: metadata.uid ?? '' },
    status: listenersStatus(broker.bootstrapServers),
  });
  starts();
  await create('made', { config: { 'retention.ms': '7200000' } });
  const created = await untilStatus('made', 'is created', starting, LONG_MS);
  expect(created.status?.topic).toMatchObject({ managedBy: 'Strimzi', partitions: 2 });
  const found = await user.get(topicRef('made'));
  expect(found).toMatchObject({
    metadata: {
      labels: { 'strimzi.io/cluster': CLUSTER, 'kafkalab.dev/owner-uid': created.metadata.uid },
      annotations: { 'kafkalab.dev/owner': 'LoadTest default/made' },
    },
    spec: { topicName: 'made', partitions: 2, replicas: 1, config: { 'retention.ms': '7200000' } },
    status: { conditions: [{ type: 'Ready', status: 'True' }] },
  });
  // A setting that somebody has changed by hand stays, as do settings that somebody has added.
  const byHand = { 'retention.ms': '3600000', 'segment.ms': '600000' };
  await user.patch(topicRef('made'), { spec: { config: byHand } });
  const configOf = async () => (await topics.describe('made'))?.config;
  await until('the settings are in Kafka', async () => (await configOf())?.['retention.ms'] === '3600000', PATIENCE_MS);
  // Only exactly "false" makes a KafkaTopic unmanaged.
  await user.patch(topicRef('made'), { metadata: { annotations: { 'strimzi.io/managed': 'False' } } });
  await user.patch(ref('made'), { spec: { topic: { partitions: 3 } } });
  await untilStatus('made', 'has three', (it) => it.status?.topic?.partitions === 3);
  expect(await partitionsOf('made')).toBe(3);
  expect((await user.get(topicRef('made')))?.spec).toMatchObject({ partitions: 3, config: byHand });
  expect(await configOf()).toEqual(byHand);
});

test('a run says what Kafka refuses of its KafkaTopic, and continues', async () => {
  starts();
  const refuse = (value: string | null) =>
    user.patch(topicRef('made'), { spec: { config: { 'retention.millis': value } } });
  await refuse('1');
  const refused = await untilStatus('made', 'says it', (it) => messageOf(it).includes('KafkaError'));
  expect(messageOf(refused)).toMatch(
    /the Topic Operator says of KafkaTopic kafka\/made: KafkaError: .*retention\.millis/,
  );
  expect(messageOf(refused)).not.toContain('org.apache.kafka');
  expect(starting(refused)).toBe(true);
  await refuse(null);
  await untilStatus('made', 'says it no more', (it) => !messageOf(it).includes('KafkaError'));
});

test('foreign changes of the KafkaTopic: fewer partitions are restored, other replicas are reported', async () => {
  starts();
  await user.patch(topicRef('made'), { spec: { partitions: 1 } });
  await until('the partitions are restored', async () => askedOf(await user.get(topicRef('made'))) === 3);
  expect(await partitionsOf('made')).toBe(3);
  await user.patch(topicRef('made'), { spec: { replicas: 2 } });
  const refused = await untilStatus('made', 'is stalled', reasonIs('KafkaTopicNotSupported'));
  expect(messageOf(refused)).toContain('Replication factor change not supported');
  await user.patch(topicRef('made'), { spec: { replicas: 1 } });
  await untilStatus('made', 'continues', starting);
});

test.each([
  ['paused', 'strimzi.io/pause-reconciliation', 'true', 'KafkaTopicPaused'],
  ['unmanaged', 'strimzi.io/managed', 'false', 'KafkaTopicUnmanaged'],
])('%s: more partitions wait until it is taken up again', async (_, annotation, value, reason) => {
  starts();
  const more = (await partitionsOf('made')) + 1;
  await user.patch(topicRef('made'), { metadata: { annotations: { [annotation]: value } } });
  await user.patch(ref('made'), { spec: { topic: { partitions: more } } });
  const stalled = await untilStatus('made', 'is stalled', reasonIs(reason));
  expect(messageOf(stalled)).toContain(`kubectl annotate kafkatopic made -n ${KAFKA} ${annotation}-`);
  expect(await partitionsOf('made')).toBe(more - 1);
  await user.patch(topicRef('made'), { metadata: { annotations: { [annotation]: null } } });
  await untilStatus('made', 'has more', (it) => it.status?.topic?.partitions === more && starting(it));
});

test('a deletion with a Topic Operator removes KafkaTopic and topic', async () => {
  starts();
  await remove('made');
  await gone('made');
  expect(await user.get(topicRef('made'))).toBeNull();
  expect(await topics.describe('made')).toBeNull();
});

test('Auto creates a KafkaTopic if the operator’s default Kafka is one of Strimzi', async () => {
  starts();
  await create('own', {}, null);
  const own = await untilStatus('own', 'is created', starting);
  expect(own.status?.topic).toMatchObject({ managedBy: 'Strimzi', created: true });
  // The run keeps this Kafka, also under an operator with another default.
  expect(own.status?.kafka).toEqual({ bootstrapServers: broker.bootstrapServers });
  expect(await user.get(topicRef('own'))).not.toBeNull();
  await remove('own');
  await gone('own');
});

test('the message of a setting that Kafka refuses is Kafka’s own', async () => {
  starts();
  await create('wrong', { config: { 'retention.millis': '1' } });
  const refused = await untilStatus('wrong', 'is refused', reasonIs('KafkaTopicError'));
  expect(messageOf(refused)).toMatch(/KafkaError: .*retention\.millis/);
  expect(messageOf(refused)).not.toContain('org.apache.kafka');
  await remove('wrong');
  await gone('wrong');
  expect(await user.get(topicRef('wrong'))).toBeNull();
});

test('with Retain KafkaTopic and topic stay, and the next LoadTest uses them unchanged', async () => {
  starts();
  await create('kept', { deletionPolicy: 'Retain' });
  await untilStatus('kept', 'is created', starting);
  await remove('kept');
  await gone('kept');
  expect(await partitionsOf('kept')).toBe(2);
  await create('kept', { partitions: 4, raiseExisting: true });
  const used = await untilStatus('kept', 'is used', starting);
  // The KafkaTopic is foreign now, but partitions are still added through it.
  expect(used.status?.topic).toMatchObject({ managedBy: 'Existing', created: false, partitions: 4 });
  expect((await user.get(topicRef('kept')))?.spec).toMatchObject({ partitions: 4 });
  await remove('kept');
  await gone('kept');
  expect(await partitionsOf('kept')).toBe(4);
});

/** A KafkaTopic of another user, whose name differs from the topic. */
const createKafkaTopic = (name: string, topicName: string, cluster = CLUSTER) =>
  user.create({
    apiVersion: V1,
    kind: 'KafkaTopic',
    metadata: { namespace: KAFKA, name, labels: { 'strimzi.io/cluster': cluster } },
    spec: { topicName, partitions: 2, replicas: 1 },
  });

test('a foreign KafkaTopic whose name differs from its topic is raised and never deleted', async () => {
  starts();
  await createKafkaTopic('of-theirs', 'theirs');
  await until('the topic is there', async () => (await partitionsOf('theirs')) === 2, PATIENCE_MS);
  await create('theirs', { partitions: 3, raiseExisting: true });
  const used = await untilStatus('theirs', 'is used', (it) => starting(it) && it.status?.topic?.partitions === 3);
  expect(used.status?.topic).toMatchObject({
    managedBy: 'Existing',
    created: false,
    kafkaTopic: { cluster: CLUSTER, namespace: KAFKA, name: 'of-theirs' },
  });
  expect(askedOf(await user.get(topicRef('of-theirs')))).toBe(3);
  expect(await user.get(topicRef('theirs'))).toBeNull();
  await remove('theirs');
  await gone('theirs');
  expect(await partitionsOf('theirs')).toBe(3);
});

test('two KafkaTopics for one topic: the deletion of the LoadTest leaves the topic to the other one', async () => {
  starts();
  const before = Math.floor(Date.now() / 1000);
  await createKafkaTopic('of-both', 'shared', 'another-cluster');
  // The Topic Operator compares creation times, which are whole seconds.
  await until('the second has passed', async () => Math.floor(Date.now() / 1000) > before + 1, PATIENCE_MS);
  await create('shared');
  await untilStatus('shared', 'is created', starting);
  const { id } = (await topics.describe('shared')) ?? {};
  expect(id).toBeDefined();
  await user.patch(topicRef('of-both'), { metadata: { labels: { 'strimzi.io/cluster': CLUSTER } } });
  const readyOf = async (name: string) => {
    const { conditions = [] } = ((await user.get(topicRef(name)))?.status ?? {}) as {
      conditions?: { type: string; status: string }[];
    };
    return conditions.some(({ type, status }) => type === 'Ready' && status === 'True');
  };
  await until('the other one is Ready', () => readyOf('of-both'), PATIENCE_MS);
  // The Topic Operator looks at ours again after a change.
  await user.patch(topicRef('shared'), { metadata: { annotations: { touched: 'true' } } });
  const stalled = await untilStatus('shared', 'is stalled', reasonIs('KafkaTopicConflict'));
  expect(messageOf(stalled)).toContain('deletes the topic with its records');
  await remove('shared');
  await gone('shared');
  expect(await user.get(topicRef('shared'))).toBeNull();
  // The Topic Operator has seen the deletion, as it sees this later change.
  await user.patch(topicRef('of-both'), { spec: { partitions: 3 } });
  await until('the other one still works', async () => (await partitionsOf('shared')) === 3, PATIENCE_MS);
  expect((await topics.describe('shared'))?.id).toBe(id);
});

test('a KafkaTopic whose topicName was changed: the deletion says how to put it back, and then ends', async () => {
  starts();
  await create('renamed');
  await untilStatus('renamed', 'is created', starting);
  await user.patch(topicRef('renamed'), { spec: { topicName: 'elsewhere' } });
  await untilStatus('renamed', 'is stalled', reasonIs('KafkaTopicNotSupported'));
  await remove('renamed');
  const patch = '{"spec":{"topicName":"renamed"}}';
  const waits = await untilStatus('renamed', 'says what to do', (it) => messageOf(it).includes(patch));
  expect(messageOf(waits)).toContain(`kubectl patch kafkatopic renamed -n ${KAFKA} --type=merge -p '${patch}'`);
  await user.patch(topicRef('renamed'), JSON.parse(patch));
  await gone('renamed');
  expect(await user.get(topicRef('renamed'))).toBeNull();
  expect(await topics.describe('renamed')).toBeNull();
});

test('a schedule over a foreign Deployment adds partitions through the KafkaTopic', async () => {
  starts();
  await createKafkaTopic('of-anyone', 'anyones');
  await until('the topic is there', async () => (await partitionsOf('anyones')) === 2, PATIENCE_MS);
  const labels = { app: 'anyone' };
  await user.create({
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { namespace: 'default', name: 'anyone' },
    spec: {
      // No pods run here.
      replicas: 0,
      selector: { matchLabels: labels },
      template: { metadata: { labels }, spec: { containers: [{ name: 'app', image: 'app' }] } },
    },
  });
  await user.create({
    apiVersion: 'kafkalab.dev/v1alpha1',
    kind: 'ConsumerScale',
    metadata: { namespace: 'default', name: 'anyone' },
    spec: {
      scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'anyone' },
      consumers: { group: 'anyones', topic: 'anyones', kafka: { strimzi: { cluster: CLUSTER, namespace: KAFKA } } },
      steps: [{ partitions: 5, hold: '1s' }],
    },
  });
  const ended = await until(
    'the schedule has ended',
    async () => {
      const found = (await user.get({ ...ref('anyone'), kind: 'ConsumerScale' })) as ConsumerScale | null;
      if (found?.status?.finishedAt !== undefined && found.status.phase !== 'Running') return found;
      throw new Error(JSON.stringify(found?.status));
    },
    PATIENCE_MS,
  );
  expect(ended.status).toMatchObject({
    phase: 'Completed',
    partitionsAtStart: 2,
    steps: [{ phase: 'Done', partitions: 5 }],
  });
  expect(await partitionsOf('anyones')).toBe(5);
  expect(askedOf(await user.get(topicRef('of-anyone')))).toBe(5);
});

test('without a Topic Operator a LoadTest stalls after a minute, continues with one, and a deletion ends', async () => {
  await create('alone');
  const stalled = await untilStatus('alone', 'is stalled', reasonIs('TopicOperatorSilent'), LONG_MS);
  expect(messageOf(stalled)).toMatch(/^waited 60 s: .* KafkaTopic kafka\/alone .*; check that the Topic Operator runs/);
  // One for another cluster does not see it.
  starts('other');
  await create('seen', {}, { bootstrapServers: broker.bootstrapServers });
  await untilStatus('seen', 'is created', starting);
  expect(reasonIs('TopicOperatorSilent')((await lab('alone')) as LoadTest)).toBe(true);
  await topicOperator?.stop();
  starts();
  await untilStatus('alone', 'is created', starting);
  await topicOperator?.stop();
  await remove('seen');
  await remove('alone');
  await gone('seen');
  // Its finalizer stays, because only the Topic Operator may remove it.
  await gone('alone', LONG_MS);
  const hung = await user.get(topicRef('alone'));
  expect(hung?.metadata).toMatchObject({
    finalizers: ['strimzi.io/topic-operator'],
    deletionTimestamp: expect.any(String),
  });
  const [left] = await until('the Event is written', async () => {
    const events = await eventsOf('LeftBehind');
    return events.length > 0 && events;
  });
  expect(left).toContain('left behind: KafkaTopic kafka/alone');
  expect(left).toContain('kubectl patch kafkatopic alone -n kafka');
  // The restarted Topic Operator does the rest.
  starts();
  await until('the topic is gone', async () => (await topics.describe('alone')) === null, PATIENCE_MS);
});

test('an operator without STRIMZI_CLUSTER deletes the KafkaTopics that it created with it', async () => {
  starts();
  await create('left', {}, null);
  const created = await untilStatus('left', 'is created', starting);
  expect(created.status?.topic).toMatchObject({ managedBy: 'Strimzi', kafkaTopic: { cluster: CLUSTER, name: 'left' } });
  await replaceOperator({});
  await remove('left');
  await gone('left', LONG_MS);
  expect(await user.get(topicRef('left'))).toBeNull();
  expect(await topics.describe('left')).toBeNull();
});

test('an operator without rights in Kafka’s namespace reports the missing rights and continues when they are granted', async () => {
  starts();
  const rbac = 'rbac.authorization.k8s.io';
  const subjects = [{ kind: 'User', name: 'operator', apiGroup: rbac }];
  const rules = [...WATCHED_RULES, ...OWN_RULES].filter((rule) => !STRIMZI_RULES.includes(rule));
  await user.create({ apiVersion: `${rbac}/v1`, kind: 'ClusterRole', metadata: { name: 'operator' }, rules });
  const bound = (kind: string) => ({ apiGroup: rbac, kind, name: 'operator' });
  await user.create({
    apiVersion: `${rbac}/v1`,
    kind: 'ClusterRoleBinding',
    metadata: { name: 'operator' },
    roleRef: bound('ClusterRole'),
    subjects,
  });
  await replaceOperator(ITS_KAFKA, server.kubeconfigOfOperator);
  await create('denied');
  await create('own-denied', {}, null);
  for (const name of ['denied', 'own-denied']) {
    const stalled = await untilStatus(name, 'is stalled', reasonIs('StrimziForbidden'), LONG_MS);
    expect(messageOf(stalled)).toContain(
      `give its service account in namespace ${KAFKA} the rights to get, list, watch`,
    );
  }
  expect(await topics.describe('own-denied')).toBeNull();
  const metadata = { namespace: KAFKA, name: 'operator' };
  await user.create({ apiVersion: `${rbac}/v1`, kind: 'Role', metadata, rules: STRIMZI_RULES });
  await user.create({
    apiVersion: `${rbac}/v1`,
    kind: 'RoleBinding',
    metadata,
    roleRef: bound('Role'),
    subjects,
  });
  for (const name of ['denied', 'own-denied']) {
    const created = await untilStatus(name, 'is created', starting, LONG_MS);
    expect(created.status?.topic).toMatchObject({ managedBy: 'Strimzi', created: true });
  }
  for (const name of ['denied', 'own-denied']) await remove(name);
  for (const name of ['denied', 'own-denied']) await gone(name);
});
