/** A small lab 04: consumers join a group one by one, up to one more than there are partitions, and leave it again. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { ConsumerScale } from '../../../src/api/consumerscale/consumerScale.ts';
import type { ConsumerScaleStepStatus } from '../../../src/api/consumerscale/status.ts';
import type { LoadTest } from '../../../src/api/loadtest/loadTest.ts';
import type { LoadTestStatus } from '../../../src/api/loadtest/status.ts';
import { kubectl } from '../../../tools/kubectl.ts';
import {
  applyIn,
  conditionOf,
  consumerScale,
  isOver,
  loadTest,
  makeNamespace,
  PATIENCE_MS,
  removeNamespace,
  untilConsumerScale,
  untilLoadTest,
} from '../../support/clusterLab.ts';

const NAMESPACE = 'lab04';
const NAME = 'round-small';
const COUNTS = [1, 2, 3, 4, 3, 2, 1];
type Recent = NonNullable<LoadTestStatus['rebalances']>['recent'];
let seen: LoadTest;
let scale: ConsumerScale;
let idle: ReturnType<typeof conditionOf>;

// 20 messages per second arrive, which is as much as three consumers can process. So messages always wait, and every pause is
// measured. A consumer answers the group between two polls, which is after at most 4 x 150 ms.
beforeAll(async () => {
  await makeNamespace(NAMESPACE);
  await applyIn(
    NAMESPACE,
    loadTest(
      {
        topic: { name: NAME, partitions: 3, replicas: 2 },
        producers: { replicas: 1, messagesPerSecond: 20 },
        consumers: {
          replicas: 1,
          group: NAME,
          processing: { perRecord: '150ms' },
          config: {
            'auto.offset.reset': 'earliest',
            'auto.commit.interval.ms': '1000',
            'max.poll.records': '4',
            'partition.assignment.strategy': 'range',
          },
        },
      },
      NAME,
    ),
    consumerScale(
      { allowIdleConsumers: true, steps: COUNTS.map((consumers) => ({ consumers, hold: '8s' })) },
      NAME,
      NAME,
    ),
  );
  const four = await untilLoadTest(
    NAMESPACE,
    NAME,
    'has an idle fourth consumer',
    (it) => conditionOf(it, 'IdleConsumers') !== undefined,
    2 * PATIENCE_MS,
  );
  idle = conditionOf(four, 'IdleConsumers');
  scale = await untilConsumerScale(NAMESPACE, NAME, 'is over', isOver, 2 * PATIENCE_MS);
  seen = await untilLoadTest(NAMESPACE, NAME, 'one is left', (it) => it.status?.consumers?.members.length === 1);
});

afterAll(() => removeNamespace(NAMESPACE));

const steps = (): ConsumerScaleStepStatus[] => scale.status?.steps ?? [];
/** The rebalances that began within a step. The first step also gets the ones before it: the first consumer may join earlier. */
const within = (index: number): Recent => {
  const { startedAt = '', finishedAt = '' } = steps()[index] ?? {};
  return (seen.status?.rebalances?.recent ?? []).filter(
    ({ at }) => (index === 0 || at >= startedAt) && at < finishedAt,
  );
};
/** The number of partitions of each member after a step, largest first. */
const shares = (index: number): number[] | undefined =>
  within(index)
    .at(-1)
    ?.members.map(({ gained, kept }) => gained.length + kept.length)
    // The rebalance lists a member that has left with its lost partitions.
    .sort((a, b) => b - a)
    .slice(0, COUNTS[index]);

test('the schedule is Completed with every step as written', () => {
  expect(scale.status?.phase).toBe('Completed');
  expect(steps().map(({ consumers, phase }) => `${consumers} ${phase}`)).toEqual(
    COUNTS.map((count) => `${count} Done`),
  );
});

// biome-ignore format: one step per line
test.each([
  [1, 'all three', [3]],
  [2, 'two and one', [2, 1]],
  [3, 'one each', [1, 1, 1]],
  [4, 'one each, and the fourth has none', [1, 1, 1, 0]],
  [5, 'one each', [1, 1, 1]],
  [6, 'two and one', [2, 1]],
  [7, 'all three', [3]],
])('step %i: %s', (step, _, owned) => {
  expect(shares(step - 1)).toEqual(owned);
});

test('every step is one rebalance with its trigger', () => {
  expect(COUNTS.map((_, index) => within(index).map(({ trigger }) => trigger))).toEqual([
    ['ScaleUp'],
    ['ScaleUp'],
    ['ScaleUp'],
    ['ScaleUp'],
    ['ScaleDown'],
    ['ScaleDown'],
    ['ScaleDown'],
  ]);
  for (const { protocol } of seen.status?.rebalances?.recent ?? []) expect(protocol).toBe('Eager');
});

test('no partition moves when the fourth consumer joins and leaves', () => {
  const later = steps().slice(1);
  expect(later.map(({ partitionsMoved }) => (partitionsMoved ?? 0) > 0)).toEqual([
    true,
    true,
    false,
    false,
    true,
    true,
  ]);
});

test('the status shows the idle fourth consumer and the cause', () => {
  expect(idle).toMatchObject({ reason: 'MoreMembersThanPartitions' });
  expect(idle?.message).toMatch(
    new RegExp(`^4 members, 3 partitions: ${NAME}-consumer-3 has no partition.*spec.topic.partitions: 4.*replicas: 3`),
  );
  expect(steps().map((step) => step.idle)).toEqual([[], [], [], [`${NAME}-consumer-3`], [], [], []]);
  expect(conditionOf(seen, 'IdleConsumers')).toBeUndefined();
});

test('every leave of an owner has a measured pause, and stop-the-world is a part of it', () => {
  for (const index of [5, 6]) {
    const { longestPauseMs = 0, stopTheWorldMs = 0 } = steps()[index] ?? {};
    expect(longestPauseMs).toBeGreaterThan(0);
    expect(stopTheWorldMs).toBeGreaterThan(0);
    expect(stopTheWorldMs).toBeLessThanOrEqual(longestPauseMs);
  }
});

test('requested joins and leaves are not a storm', () => {
  expect(seen.status?.conditions).toContainEqual(
    expect.objectContaining({ type: 'RebalanceStorm', status: 'False', reason: 'Calm' }),
  );
});

test('nothing is skipped, and clean stops duplicate nothing', () => {
  expect(seen.status?.delivery).toMatchObject({ duplicated: 0, skipped: 0 });
});

test('there is one Event about the idle consumer and one about its end', async () => {
  const events = await kubectl(['get', 'events', '-n', NAMESPACE, '-o', 'json']);
  const reasons = (JSON.parse(events) as { items: { reason: string }[] }).items.map(({ reason }) => reason);
  expect(reasons.filter((reason) => reason === 'IdleConsumers')).toHaveLength(1);
  expect(reasons).toContain('IdleConsumersOver');
  expect(reasons).not.toContain('RebalanceStorm');
});
