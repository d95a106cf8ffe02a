/** Failures during a lab: it continues with the same steps, and every rebalance is counted once. */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import type { ConsumerScale } from '../../../src/api/consumerscale/consumerScale.ts';
import { get, kubectl, list } from '../../../tools/kubectl.ts';
import {
  allBrokersReady,
  applyIn,
  consumerScale,
  crashOperator,
  eventually,
  groups,
  isOver,
  kafkaTool,
  killOperator,
  leader,
  loadTest,
  makeNamespace,
  OPERATOR_NAMESPACE,
  operatorPods,
  operatorsReady,
  PATIENCE_MS,
  removeNamespace,
  topics,
  untilConsumerScale,
  untilLoadTest,
} from '../../support/clusterLab.ts';
import { secondFold } from '../../support/secondFold.ts';

const NAMESPACE = 'withstand';
const cluster = join(import.meta.dirname, '../../../tools/cluster/cluster.ts');

beforeEach(() => makeNamespace(NAMESPACE));
afterEach(() => removeNamespace(NAMESPACE));

const lab = (topic: string) => [
  loadTest({
    topic: { name: topic, partitions: 3, replicas: 3 },
    producers: { replicas: 6, clientsPerPod: 2, messagesPerSecond: 10 },
    consumers: {
      replicas: 1,
      group: topic,
      processing: { perRecord: '5ms' },
      config: { 'auto.offset.reset': 'earliest', 'auto.commit.interval.ms': '500' },
    },
  }),
  consumerScale({
    steps: [
      { consumers: 1, hold: '10s' },
      { consumers: 3, hold: '10s' },
      { consumers: 2, hold: '10s' },
    ],
  }),
];

/** Compares the status with a second fold over the same evidence. */
async function expectEveryRebalanceOnce(scale: ConsumerScale): Promise<void> {
  const lab = await untilLoadTest(NAMESPACE, 'lab', 'is there', (it) => it.status?.rebalances !== undefined);
  const truth = (await secondFold(lab)).rebalances.list.map(({ number, at, members }) => ({
    number,
    at: new Date(at).toISOString(),
    members,
  }));
  const shown = lab.status?.rebalances?.recent.map(({ number, at, members }) => ({ number, at, members }));
  expect(shown).toEqual(truth.slice(0, shown?.length));
  expect(shown?.map(({ number }) => number)).toEqual(shown?.map((_, index) => index + 1));
  expect(scale.status?.steps?.map(({ consumers, phase }) => [consumers, phase])).toEqual([
    [1, 'Done'],
    [3, 'Done'],
    [2, 'Done'],
  ]);
  // 0 -> 1, 1 -> 3 (in one or two rebalances), 3 -> 2, and no others.
  const sizes =
    shown?.map(({ members }) => members.filter(({ gained, kept }) => gained.length + kept.length > 0).length) ?? [];
  expect([
    [1, 3, 2],
    [1, 2, 3, 2],
  ]).toContainEqual(sizes);
}

test('a lab survives crashes of the operator and deletions of its pod', async () => {
  await applyIn(NAMESPACE, ...lab('killed-operator'));
  await untilLoadTest(NAMESPACE, 'lab', 'begins to prepare', (it) => it.status?.startedAt !== undefined);
  await crashOperator();
  await untilConsumerScale(NAMESPACE, 'lab', 'step 1 runs', (it) => it.status?.steps?.[0]?.phase === 'Running');
  await killOperator();
  await untilConsumerScale(
    NAMESPACE,
    'lab',
    'step 2 has begun',
    (it) => it.status?.steps?.[1]?.startedAt !== undefined,
  );
  await crashOperator();
  await untilConsumerScale(
    NAMESPACE,
    'lab',
    'step 3 has settled',
    (it) => it.status?.steps?.[2]?.settledAt !== undefined,
  );
  await killOperator();
  const scale = await untilConsumerScale(NAMESPACE, 'lab', 'is over', isOver);
  expect(scale.status?.phase).toBe('Completed');
  await expectEveryRebalanceOnce(scale);
});

test('a lab survives a restart of the API server and the loss of a broker', async () => {
  await applyIn(NAMESPACE, ...lab('lost-broker'));
  await untilConsumerScale(NAMESPACE, 'lab', 'step 1 runs', (it) => it.status?.steps?.[0]?.phase === 'Running');
  await new Promise<void>((resolve, reject) => {
    const restart = spawn(process.execPath, [cluster, 'restart', 'kube-apiserver'], {
      stdio: 'ignore',
      env: { ...process.env, CLUSTER: 'local' },
    });
    restart
      .on('error', reject)
      .on('close', (code) => (code === 0 ? resolve() : reject(new Error(`restart ended with ${code}`))));
  });
  await untilConsumerScale(NAMESPACE, 'lab', 'step 2 runs', (it) => it.status?.steps?.[1]?.startedAt !== undefined);
  const acknowledged =
    (await get<{ status: { producers: { acknowledged: number } } }>('lt', 'lab', NAMESPACE))?.status.producers
      .acknowledged ?? 0;
  await kubectl(['delete', 'pod', '-n', 'kafka', '--grace-period=0', '--force', 'my-cluster-kafka-1']);
  const scale = await untilConsumerScale(NAMESPACE, 'lab', 'is over', isOver);
  expect(scale.status?.phase).toBe('Completed');
  expect(scale.status?.steps?.map(({ consumers, phase }) => [consumers, phase])).toEqual([
    [1, 'Done'],
    [3, 'Done'],
    [2, 'Done'],
  ]);
  const { status } = await untilLoadTest(
    NAMESPACE,
    'lab',
    'produces on',
    (it) => (it.status?.producers?.acknowledged ?? 0) > acknowledged + 300,
  );
  expect(status?.producers?.failed).toBe(0);
  expect(status?.delivery?.skipped).toBe(0);
  expect(status?.rebalances?.recent.map(({ number }) => number)).toEqual(
    status?.rebalances?.recent.map((_, index) => index + 1),
  );
  await allBrokersReady();
});

test('one of two operators acts, and the other takes over when it is killed', async () => {
  const replicas = (count: number) =>
    kubectl(['scale', '-n', OPERATOR_NAMESPACE, 'deployment/kafka-lab-operator', `--replicas=${count}`]);
  await replicas(2);
  try {
    const pods = await operatorsReady(2);
    const first = await eventually('a pod leads', leader, PATIENCE_MS);
    expect(pods.map(({ metadata }) => metadata.name)).toContain(first);
    await applyIn(NAMESPACE, ...lab('two-operators'));
    await untilConsumerScale(NAMESPACE, 'lab', 'step 1 runs', (it) => it.status?.steps?.[0]?.phase === 'Running');
    // The standby logs that it waits, and does nothing.
    const standby = pods.find(({ metadata }) => metadata.name !== first)?.metadata.name ?? '';
    const log = await kubectl(['logs', '-n', OPERATOR_NAMESPACE, standby]);
    expect(log).toContain('waiting for the lease');
    expect(log).not.toContain('lease taken');
    await killOperator(first);
    const second = await eventually(
      'another one leads',
      async () => {
        const now = await leader();
        return now && now !== first ? now : undefined;
      },
      PATIENCE_MS,
    );
    expect(second).not.toBe(first);
    const scale = await untilConsumerScale(NAMESPACE, 'lab', 'is over', isOver);
    expect(scale.status?.phase).toBe('Completed');
    await expectEveryRebalanceOnce(scale);
  } finally {
    await replicas(1);
    await eventually('one operator is left', async () => (await operatorPods()).length === 1, PATIENCE_MS);
  }
});

test('a deletion during the run removes everything of the LoadTest and nothing of its neighbour', async () => {
  const neighbour = loadTest(
    {
      topic: { name: 'neighbour', partitions: 1 },
      producers: { messagesPerSecond: 5 },
      consumers: { group: 'neighbour' },
    },
    'neighbour',
  );
  await applyIn(NAMESPACE, ...lab('deleted-midway'), neighbour);
  await untilConsumerScale(NAMESPACE, 'lab', 'step 2 runs', (it) => it.status?.steps?.[1]?.startedAt !== undefined);
  await untilLoadTest(NAMESPACE, 'neighbour', 'runs', (it) => it.status?.phase === 'Running');
  await kubectl(['delete', 'lt', 'lab', '-n', NAMESPACE, '--timeout=120s']);
  expect(await topics()).not.toContain('deleted-midway');
  expect(await groups()).not.toContain('deleted-midway');
  expect(
    (await list<{ metadata: { name: string } }>('statefulsets', NAMESPACE)).map(({ metadata }) => metadata.name).sort(),
  ).toEqual(['neighbour-consumer', 'neighbour-producer']);
  const failed = await untilConsumerScale(NAMESPACE, 'lab', 'has failed without its target', isOver);
  expect(failed.status?.phase).toBe('Failed');
  expect(failed.status?.conditions.find(({ type }) => type === 'Ready')?.message).toContain('LoadTest/lab');
  const before = await untilLoadTest(NAMESPACE, 'neighbour', 'runs', (it) => it.status?.phase === 'Running');
  await untilLoadTest(
    NAMESPACE,
    'neighbour',
    'keeps consuming',
    (it) => (it.status?.consumers?.consumed ?? 0) > (before.status?.consumers?.consumed ?? 0),
  );
  expect(await topics()).toContain('neighbour');
});

test('a deletion without Kafka ends, and an Event names what is left behind', async () => {
  const brokers = (count: number) =>
    kubectl(['scale', '-n', 'kafka', 'statefulset/my-cluster-kafka', `--replicas=${count}`]);
  await applyIn(
    NAMESPACE,
    loadTest({
      topic: { name: 'left-behind', partitions: 1 },
      producers: { messagesPerSecond: 5 },
      consumers: { group: 'left-behind' },
    }),
  );
  await untilLoadTest(NAMESPACE, 'lab', 'runs', (it) => it.status?.phase === 'Running');
  await brokers(0);
  try {
    await eventually('the brokers are gone', async () => (await list('pods', 'kafka')).length === 0, PATIENCE_MS);
    await untilLoadTest(NAMESPACE, 'lab', 'has late figures', (it) =>
      it.status?.conditions.some(({ reason }) => reason === 'FiguresLate'),
    );
    await kubectl(['delete', 'lt', 'lab', '-n', NAMESPACE, '--timeout=180s']);
    const events = await kubectl(['get', 'events', '-n', NAMESPACE, '--field-selector=reason=LeftBehind']);
    expect(events).toMatch(/left behind: topic left-behind and group left-behind, because Kafka at .* does not answer/);
  } finally {
    await brokers(3);
    await allBrokersReady();
  }
  expect(
    await eventually('the topic is still there', async () => (await topics()).includes('left-behind'), PATIENCE_MS),
  ).toBe(true);
  await kafkaTool('kafka-topics.sh', '--delete', '--topic', 'left-behind');
});
