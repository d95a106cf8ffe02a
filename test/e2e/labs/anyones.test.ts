/** A schedule over a Deployment of foreign consumers: Kafka's console consumer. */
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
  recordsIn,
  removeNamespace,
  topics,
  untilConsumerScale,
  untilLoadTest,
} from '../../support/clusterLab.ts';

const NAMESPACE = 'anyones';
const NAME = 'anyones';
const APP = 'console';

const labels = { app: APP };
/** A Deployment without any label, image or library of this operator. */
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
              // The consumers find new partitions within one second instead of five minutes.
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

test('every step scales the Deployment and settles when the group has that many members', () => {
  expect(scale.status?.phase).toBe('Completed');
  expect(scale.status?.target).toBe(`Deployment/${APP}`);
  expect(scale.status?.steps?.map(({ consumers, partitions, phase }) => [consumers, partitions, phase])).toEqual([
    [1, 3, 'Done'],
    [3, 3, 'Done'],
    [3, 4, 'Done'],
    [2, 4, 'Done'],
  ]);
});

test('the rebalances of each step are known from the broker', () => {
  const { recent = [], count, partitionsMoved } = scale.status?.rebalances ?? {};
  expect(count).toBe(recent.length);
  expect(new Set(recent.map(({ source }) => source))).toEqual(new Set(['Broker']));
  expect(partitionsMoved).toBe(recent.reduce((sum, rebalance) => sum + rebalance.partitionsMoved, 0));
  expect(recent.map(({ trigger }) => trigger)).toEqual(expect.arrayContaining(['ScaleUp', 'ScaleDown']));
  const [, up, wider, down] = (scale.status?.steps ?? []).map((step) => {
    const { startedAt = '', finishedAt = '' } = step;
    const within = recent.filter(({ at }) => at >= startedAt && at < finishedAt);
    expect(step.rebalances).toBe(within.length);
    expect(step.partitionsMoved).toBe(within.reduce((sum, rebalance) => sum + rebalance.partitionsMoved, 0));
    return { within, last: within.at(-1), moved: step.partitionsMoved ?? 0 };
  });
  // From 1 to 3 members, the first one gives up two of its three partitions.
  expect(up?.last?.membersAfter).toBe(3);
  expect(up?.moved).toBeGreaterThanOrEqual(2);
  expect(up?.moved).toBeLessThanOrEqual(3 * (up?.within.length ?? 0));
  expect(wider?.last?.membersAfter).toBe(3);
  const gained = wider?.within.flatMap(({ members }) => members.flatMap((member) => member.gained));
  expect(gained).toContain(3);
  // From 3 to 2 members, at least the partition of the leaving one moves.
  expect(down?.last?.membersAfter).toBe(2);
  expect(down?.moved).toBeGreaterThanOrEqual(1);
  expect(down?.moved).toBeLessThanOrEqual(4 * (down?.within.length ?? 0));
});

test('the lag is the lag of the foreign group', async () => {
  const { total = Number.NaN, peak = Number.NaN } = scale.status?.lag ?? {};
  const steps = scale.status?.steps ?? [];
  // The schedule may end a lag sample later than its last step.
  expect(total).toBeLessThanOrEqual(peak);
  expect(peak).toBeGreaterThanOrEqual(Math.max(...steps.map(({ lag }) => lag?.peak ?? Number.NaN)));
  // The first records wait for the first commit. After that the group commits every 5 s, at 30 records per second.
  expect(peak).toBeGreaterThan(0);
  expect(total).toBeLessThan((await recordsIn(NAME)) / 2);
  expect((await describeGroup(NAME)).map(({ partition }) => partition)).toEqual([0, 1, 2, 3]);
});

test('the Deployment gets its original replicas back', async () => {
  const found = await get<{ spec: { replicas: number } }>('deployment', APP, NAMESPACE);
  expect(found?.spec.replicas).toBe(1);
  expect(scale.status?.restored).toBe(true);
});

test('deleting the schedule keeps the Deployment, the topic and the group', async () => {
  await kubectl(['delete', 'csc', NAME, '-n', NAMESPACE, '--timeout=60s']);
  expect(await get('deployment', APP, NAMESPACE)).toBeDefined();
  expect(await topics()).toContain(NAME);
  expect(await groups()).toContain(NAME);
});
