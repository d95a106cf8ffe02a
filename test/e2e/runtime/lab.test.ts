/** A Lab on a real API server: what it creates, keeps, kills and deletes. The test writes the statuses of LoadTests. */
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from '@jest/globals';
import type { Lab } from '../../../src/api/lab/lab.ts';
import type { LabInput } from '../../../src/api/lab/spec.ts';
import type { LoadTest } from '../../../src/api/loadtest/loadTest.ts';
import type { LoadTestInput } from '../../../src/api/loadtest/spec.ts';
import type { LoadTestStatus } from '../../../src/api/loadtest/status.ts';
import { GROUP_VERSION } from '../../../src/api/sharedStatus.ts';
import type { KubernetesObject } from '../../../src/contract/kubernetes.ts';
import { labKind } from '../../../src/kinds/lab/plan.ts';
import type { Cluster, Workers } from '../../../src/runtime/ports.ts';
import { clusterOf } from '../../../tools/client.ts';
import { type ApiServer, startApiServer } from '../../support/apiServer.ts';
import { ROUND, resource, resting, running, summarised } from '../../support/labSeen.ts';
import { objectsOf } from '../../support/objects.ts';
import { serveCrds } from '../../support/serveCrds.ts';
import { startToyRuntime, type ToyRuntime } from '../../support/toyRuntime.ts';
import { until } from '../../support/until.ts';

const PATIENCE_MS = 30_000;

let server: ApiServer;
let user: Cluster & { close(): Promise<void> };
let operator: ToyRuntime;
/** The orders to workers. */
let orders: Parameters<Workers['setStop']>[0][];

const operate = (): ToyRuntime =>
  startToyRuntime(user, {
    kinds: [labKind()],
    workers: {
      setStop: async (order) => {
        orders.push(order);
      },
    },
  });

beforeAll(async () => {
  server = await startApiServer();
  user = clusterOf(server.kubeconfig);
  const objects = objectsOf(server);
  await serveCrds(objects);
  await objects.close();
});

afterAll(async () => {
  await user?.close();
  await server?.stop();
});

beforeEach(() => {
  orders = [];
  operator = operate();
});

afterEach(async () => {
  await operator.crash();
});

/** Crashes the operator and starts the next one. */
async function another(): Promise<void> {
  await operator.crash();
  operator = operate();
}

const ref = (kind: string, name: string, apiVersion = GROUP_VERSION) => ({
  apiVersion,
  kind,
  namespace: 'default',
  name,
});
const labOf = async (name: string) => (await user.get(ref('Lab', name))) as Lab | null;
const testOf = async (name: string) => (await user.get(ref('LoadTest', name))) as LoadTest | null;
const make = (name: string, spec: LabInput) =>
  user.create({ apiVersion: GROUP_VERSION, kind: 'Lab', metadata: { name, namespace: 'default' }, spec });
const phases = async (name: string) => (await labOf(name))?.status?.steps?.map(({ phase }) => phase);
const lab = (name: string, what: string, holds: (lab: Lab) => unknown) =>
  until(
    `Lab ${name}: ${what}`,
    async () => {
      const seen = await labOf(name);
      if (seen !== null && holds(seen)) return seen;
      throw new Error(JSON.stringify(seen?.status));
    },
    PATIENCE_MS,
  );
const loadTest = (name: string, what: string, holds: (test: LoadTest) => unknown = () => true) =>
  until(
    `LoadTest ${name}: ${what}`,
    async () => {
      const seen = await testOf(name);
      return seen !== null && holds(seen) ? seen : undefined;
    },
    PATIENCE_MS,
  );

/** Writes the status of a LoadTest, like its operator would. */
async function says(test: LoadTest, more: Partial<LoadTestStatus> = {}): Promise<void> {
  const { status } = running(test.spec as LoadTestInput, { generation: test.metadata.generation });
  const lag = status?.lag === undefined ? {} : { lag: { ...status.lag, at: new Date().toISOString() } };
  await user.applyStatus({
    apiVersion: GROUP_VERSION,
    kind: 'LoadTest',
    metadata: { namespace: 'default', name: test.metadata.name, uid: test.metadata.uid },
    status: { ...status, ...lag, ...more },
  } as KubernetesObject);
}

const eventsOf = async (name: string) =>
  (await user.list({ apiVersion: 'events.k8s.io/v1', kind: 'Event' }, { namespace: 'default' })).items
    .filter((event) => (event.regarding as { name?: string }).name === name)
    .map(({ reason }) => reason);

test('a lab survives a restart of the operator, sends once, and deletes what it created', async () => {
  const round = (name: string) => ({ ...ROUND, topic: { ...ROUND.topic, name } });
  await make('whole', {
    resources: [resource('LoadTest', 'mine', round('mine'))],
    steps: [
      { name: 'begin', apply: { kind: 'LoadTest', name: 'mine' }, expect: [{ that: 'group.members.size() == 1' }] },
      {
        name: 'two',
        scale: { loadTest: 'mine', consumers: 2 },
        expect: [{ that: 'group.members.size() == before.group.members.size() + 1' }],
      },
      { name: 'ten', produce: { name: 'first', loadTest: 'mine', messages: 10, keys: ['key1'] } },
      { name: 'grow', partitions: { loadTest: 'mine', partitions: 4 } },
    ],
  });
  const created = await loadTest('mine', 'is created');
  const owner = await labOf('whole');
  expect(created.metadata).toMatchObject({
    labels: { 'app.kubernetes.io/managed-by': 'kafka-lab-operator', 'kafkalab.dev/lab': 'whole' },
    ownerReferences: [{ kind: 'Lab', name: 'whole', uid: owner?.metadata.uid, controller: true }],
  });
  expect(created.spec.consumers?.replicas).toBe(1);
  await says(created);
  await lab('whole', 'waits for newer figures', ({ status }) => status?.steps?.[0]?.doneAt !== undefined);
  await says(created);
  const scaled = await loadTest('mine', 'has two consumers', ({ spec }) => spec.consumers?.replicas === 2);
  await another();
  await says(scaled);
  await lab('whole', 'both are there', ({ status }) => status?.steps?.[1]?.doneAt !== undefined);
  await says(scaled);
  const sends = await loadTest('whole-first', 'is created');
  expect(sends.spec).toMatchObject({
    topic: { name: 'mine', management: 'Existing' },
    producers: { messages: 10, record: { key: { mode: 'Fixed', values: ['key1'] } } },
  });
  await another();
  await lab('whole', 'knows its producer', ({ status }) => status?.steps?.[2]?.uid === sends.metadata.uid);
  await another();
  await says(sends, summarised('Completed', 'sent', 'Ready'));
  const grown = await loadTest('mine', 'has four partitions', ({ spec }) => spec.topic.partitions === 4);
  expect(grown.spec.consumers?.replicas).toBe(2);
  await says(grown);
  const { status } = await lab('whole', 'is over', (it) => it.status?.phase === 'Passed');
  expect(status).toMatchObject({ score: '2/2', step: '4/4', failed: 0 });
  expect((await testOf('whole-first'))?.metadata.uid).toBe(sends.metadata.uid);
  expect((await loadTest('mine', 'rests', ({ spec }) => spec.suspend)).metadata.uid).toBe(created.metadata.uid);
  await until('the Events are written', async () => (await eventsOf('whole')).includes('Passed'), PATIENCE_MS);
  expect(await eventsOf('whole')).toEqual(expect.arrayContaining(['StepStarted', 'StepPassed', 'Passed']));

  await user.delete(ref('Lab', 'whole'), owner?.metadata.uid ?? '');
  await until('the Lab is gone', async () => (await labOf('whole')) === null, PATIENCE_MS);
  expect([await testOf('mine'), await testOf('whole-first')]).toEqual([null, null]);
});

test('a stopped LoadTest starts again with the consumers of its schedule', async () => {
  const scaleTargetRef = { apiVersion: GROUP_VERSION, kind: 'LoadTest', name: 'tired' };
  await make('resting', {
    resources: [
      resource('LoadTest', 'tired', ROUND),
      resource('ConsumerScale', 'up', { scaleTargetRef, steps: [{ consumers: 3, hold: '1s' }] }),
    ],
    steps: [
      { name: 'begin', apply: { kind: 'LoadTest', name: 'tired' } },
      { name: 'rest', stop: { loadTest: 'tired', who: 'All' } },
      { name: 'go on', start: { loadTest: 'tired', who: 'All' } },
    ],
    afterwards: 'Keep',
  });
  const created = await loadTest('tired', 'is created');
  expect(created.spec).toMatchObject({ suspend: false, consumers: { replicas: 1 } });
  // A schedule scales like this.
  await user.patch(ref('LoadTest', 'tired'), { spec: { consumers: { replicas: 3 } } });
  await says(await loadTest('tired', 'has three', ({ spec }) => spec.consumers?.replicas === 3));
  const tired = await loadTest('tired', 'rests', ({ spec }) => spec.suspend);
  expect(tired.spec.consumers?.replicas).toBe(3);
  await another();
  await says(tired, resting(tired.spec as LoadTestInput, { generation: tired.metadata.generation }).status);
  const back = await loadTest('tired', 'goes on', ({ spec }) => !spec.suspend);
  expect(back.spec.consumers?.replicas).toBe(3);
  await says(back);
  await lab('resting', 'has passed', ({ status }) => status?.phase === 'Passed');
  expect((await loadTest('tired', 'goes on')).spec).toMatchObject({ suspend: false, consumers: { replicas: 3 } });
});

test('an invalid script creates nothing and runs when it is corrected', async () => {
  const steps = (that: string): LabInput['steps'] => [{ name: 'look', observe: {}, expect: [{ that }] }];
  await make('wrong', { steps: steps('loadTests.size() == 1') });
  const stalled = await lab('wrong', 'is stalled', ({ status }) => status?.phase === 'Pending');
  const { message } = stalled.status?.conditions.find(({ type }) => type === 'Stalled') ?? {};
  expect(message).toContain('steps[0] (look).expect[0].that');
  await user.patch(ref('Lab', 'wrong'), { spec: { steps: steps('1 + 1 == 2') } });
  await lab('wrong', 'has passed', ({ status }) => status?.phase === 'Passed');
});

test('a foreign object of the same name fails the step and stays', async () => {
  await user.create({
    apiVersion: GROUP_VERSION,
    kind: 'LoadTest',
    metadata: { name: 'theirs', namespace: 'default' },
    spec: ROUND,
  });
  await make('foreign', {
    resources: [resource('LoadTest', 'theirs', ROUND)],
    steps: [{ name: 'begin', apply: { kind: 'LoadTest', name: 'theirs' } }],
  });
  const failed = await lab('foreign', 'has failed', ({ status }) => status?.phase === 'Failed');
  expect(failed.status?.steps?.[0]?.message).toContain(
    'exists already and was not created by this operator. Delete it, or write another name for it in the Lab.',
  );
  const theirs = await testOf('theirs');
  expect(theirs?.metadata.ownerReferences).toBeUndefined();
  // A Lab that has ended does not react to its deletion.
  await user.delete(ref('LoadTest', 'theirs'), theirs?.metadata.uid ?? '');
  await another();
  await make('later', { steps: [{ name: 'look', observe: {} }] });
  await lab('later', 'has passed', ({ status }) => status?.phase === 'Passed');
  expect(await testOf('theirs')).toBeNull();
});

test('a kill deletes only the pod with the recorded uid, after its worker has agreed', async () => {
  const pod = (name: string): KubernetesObject => ({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace: 'default' },
    spec: { containers: [{ name: 'consumer', image: 'none' }] },
  });
  const name = 'victim-consumer-0';
  const podRef = ref('Pod', name, 'v1');
  await make('killing', {
    resources: [resource('LoadTest', 'victim', ROUND)],
    steps: [
      { name: 'begin', apply: { kind: 'LoadTest', name: 'victim' } },
      { name: 'kill', kill: { loadTest: 'victim', consumer: 0 } },
      { name: 'wait', wait: '1s' },
    ],
  });
  const test = await loadTest('victim', 'is created');
  await says(test);
  await lab('killing', 'waits for the pod', ({ status }) => status?.steps?.[1]?.message?.includes(name));
  const first = await user.create(pod(name));
  await until('it is gone', async () => (await user.get(podRef)) === null, PATIENCE_MS);
  const second = await user.create(pod(name));
  await lab('killing', 'has passed', ({ status }) => status?.phase === 'Passed');
  expect(orders.map(({ pods, run, stop }) => ({ pods: pods.map((it) => it.name), run, stop }))).toEqual([
    { pods: [name], run: test.metadata.uid, stop: 'Kill' },
  ]);
  expect((await labOf('killing'))?.status?.steps?.[1]?.uid).toBe(first.metadata.uid);
  expect((await user.get(podRef))?.metadata.uid).toBe(second.metadata.uid);
  expect(await phases('killing')).toEqual(['Passed', 'Passed', 'Passed']);
});
