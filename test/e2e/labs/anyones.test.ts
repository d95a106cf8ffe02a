/** A schedule over a Deployment that this operator knows nothing of: Kafka's own console consumer. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { ConsumerScale } from '../../../src/api/consumerscale/consumerScale.ts';
import { get, kubectl } from '../../../tools/kubectl.ts';
import {
  applyIn,
  BROKERS,
  describeGroup,
  groups,
  isOver,
  loadTest,
  makeNamespace,
  PATIENCE_MS,
  removeNamespace,
  topics,
  untilConsumerScale,
  untilLoadTest,
} from '../../support/clusterLab.ts';

const NAMESPACE = 'anyones';
const NAME = 'anyones';
const APP = 'console';

const labels = { app: APP };
/** As people write it: no label, no image and no library of ours. */
const deployment = {
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: APP },
  spec: {
    replicas: 1,
    selector: { matchLabels: labels },
    template: {
      metadata: { labels },
      spec: {
        automountServiceAccountToken: false,
        securityContext: { runAsNonRoot: true, runAsUser: 65532, seccompProfile: { type: 'RuntimeDefault' } },
        containers: [
          {
            name: 'consumer',
            image: 'kafka-lab-kafka:4.3.1',
            imagePullPolicy: 'IfNotPresent',
            command: ['kafka-console-consumer.sh'],
            args: [
              ...['--bootstrap-server', BROKERS, '--topic', NAME, '--group', NAME],
              // New partitions are found within a second, not within five minutes.
              ...['--command-property', 'metadata.max.age.ms=1000'],
            ],
            env: [{ name: 'KAFKA_HEAP_OPTS', value: '-Xmx64m' }],
            securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } },
          },
        ],
      },
    },
  },
};

const schedule = {
  apiVersion: 'kafkalab.dev/v1alpha1',
  kind: 'ConsumerScale',
  metadata: { name: NAME },
  spec: {
    scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: APP },
    consumers: { group: NAME, topic: NAME, kafka: { bootstrapServers: BROKERS } },
    steps: [
      { consumers: 1, hold: '5s' },
      { consumers: 'Partitions', hold: '10s' },
      { partitions: 4, hold: '5s' },
      { consumers: 2, hold: '10s' },
    ],
    afterwards: 'Restore',
  },
};

let scale: ConsumerScale;

beforeAll(async () => {
  await makeNamespace(NAMESPACE);
  await applyIn(
    NAMESPACE,
    loadTest(
      {
        topic: { name: NAME, partitions: 3, replicas: 2 },
        producers: { replicas: 1, messagesPerSecond: 30, config: { 'metadata.max.age.ms': '1000' } },
      },
      NAME,
    ),
  );
  await untilLoadTest(NAMESPACE, NAME, 'sends', (it) => (it.status?.producers?.acknowledged ?? 0) > 0);
  await applyIn(NAMESPACE, deployment, schedule);
  scale = await untilConsumerScale(NAMESPACE, NAME, 'is over', isOver, 2 * PATIENCE_MS);
});

afterAll(async () => {
  await kubectl(['delete', 'deployment', APP, '-n', NAMESPACE, '--ignore-not-found', '--timeout=180s']);
  await removeNamespace(NAMESPACE);
});

test('every step is carried out on the Deployment, and settles when the group has as many members', () => {
  expect(scale.status?.phase).toBe('Completed');
  expect(scale.status?.target).toBe(`Deployment/${APP}`);
  expect(scale.status?.steps?.map(({ consumers, partitions, phase }) => [consumers, partitions, phase])).toEqual([
    [1, 3, 'Done'],
    [3, 3, 'Done'],
    [3, 4, 'Done'],
    [2, 4, 'Done'],
  ]);
});

test('the broker tells what the rebalances moved', () => {
  const [, up, wider, down] = scale.status?.steps ?? [];
  expect(up?.rebalances).toBeGreaterThan(0);
  expect(up?.partitionsMoved).toBeGreaterThanOrEqual(2);
  expect(wider?.rebalances).toBeGreaterThan(0);
  expect(down?.partitionsMoved).toBeGreaterThanOrEqual(1);
  const { recent = [], partitionsMoved } = scale.status?.rebalances ?? {};
  expect(recent.map(({ source }) => source)).toEqual(recent.map(() => 'Broker'));
  expect(recent.at(-1)?.membersAfter).toBe(2);
  expect(partitionsMoved).toBe(recent.reduce((sum, rebalance) => sum + rebalance.partitionsMoved, 0));
  expect(recent.map(({ trigger }) => trigger)).toEqual(expect.arrayContaining(['ScaleUp', 'ScaleDown']));
});

test('lag is that of their group', async () => {
  expect(scale.status?.lag?.total).toBeGreaterThanOrEqual(0);
  expect(scale.status?.lag?.peak).toBeGreaterThan(0);
  expect((await describeGroup(NAME)).map(({ partition }) => partition)).toEqual([0, 1, 2, 3]);
});

test('the Deployment has the replicas back that it was found with', async () => {
  const found = await get<{ spec: { replicas: number } }>('deployment', APP, NAMESPACE);
  expect(found?.spec.replicas).toBe(1);
  expect(scale.status?.restored).toBe(true);
});

test('deleting the schedule leaves Deployment, topic and group alone', async () => {
  await kubectl(['delete', 'csc', NAME, '-n', NAMESPACE, '--timeout=60s']);
  expect(await get('deployment', APP, NAMESPACE)).toBeDefined();
  expect(await topics()).toContain(NAME);
  expect(await groups()).toContain(NAME);
});
