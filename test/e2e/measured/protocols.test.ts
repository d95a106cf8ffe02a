/** A small lab 08: the same joins and leaves under three rebalance protocols. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { ConsumerScale } from '../../../src/api/consumerscale/consumerScale.ts';
import type { LoadTestStatus } from '../../../src/api/loadtest/status.ts';
import { kubectl } from '../../../tools/kubectl.ts';
import {
  applyIn,
  consumerScale,
  isOver,
  loadTest,
  makeNamespace,
  PATIENCE_MS,
  removeNamespace,
  untilConsumerScale,
} from '../../support/clusterLab.ts';

const NAMESPACE = 'lab08';
const COUNTS = [1, 2, 3, 4, 2];
/**
 * A partition that moves waits for one or two heartbeats (3 s each). A partition that stays does not wait for them, but after
 * each assignment librdkafka fetches it again with a delay of up to about one second. This may affect all partitions at once.
 */
const FETCHED_ANEW_MS = 2_500;
const NO_PAUSE_MS = 500;
type Rebalance = NonNullable<LoadTestStatus['rebalances']>['recent'][number];

const config: Record<string, Record<string, string>> = {
  eager: { 'partition.assignment.strategy': 'range' },
  cooperative: { 'partition.assignment.strategy': 'cooperative-sticky' },
  consumer: { 'group.protocol': 'consumer' },
};

beforeAll(() => makeNamespace(NAMESPACE));
afterAll(() => removeNamespace(NAMESPACE));

/** The protocols run one after another, because simultaneous runs would disturb each other. */
async function carriedOut(name: string): Promise<ConsumerScale> {
  await applyIn(
    NAMESPACE,
    loadTest(
      {
        topic: { name, partitions: 3, replicas: 2 },
        producers: { replicas: 1, messagesPerSecond: 150 },
        consumers: { replicas: 1, group: name, config: { 'auto.offset.reset': 'earliest', ...config[name] } },
      },
      name,
    ),
    consumerScale(
      { steps: COUNTS.map((consumers) => ({ consumers, hold: '8s' })), allowIdleConsumers: true },
      name,
      name,
    ),
  );
  const over = await untilConsumerScale(NAMESPACE, name, 'is over', isOver, 2 * PATIENCE_MS);
  await kubectl(['patch', 'loadtest', name, '-n', NAMESPACE, '--type=merge', '-p', '{"spec":{"suspend":true}}']);
  return over;
}

const movedIn = ({ members }: Rebalance): Set<number> =>
  new Set(members.flatMap(({ gained, lost }) => [...gained, ...lost]));
/** The longest pause of a partition that did not move. */
const longestOfOthers = (rebalance: Rebalance): number =>
  Math.max(0, ...rebalance.pauses.filter(({ partition }) => !movedIn(rebalance).has(partition)).map(({ ms }) => ms));

describe.each([
  ['eager', 'Eager'],
  ['cooperative', 'Cooperative'],
  ['consumer', 'Consumer'],
])('%s', (name, protocol) => {
  let scale: ConsumerScale;
  let recent: Rebalance[];
  beforeAll(async () => {
    scale = await carriedOut(name);
    // The first consumer may have joined before the schedule began.
    recent = (scale.status?.rebalances?.recent ?? []).filter(({ membersBefore }) => membersBefore > 0);
  });

  test('the schedule is Completed', () => {
    expect(scale.status?.phase).toBe('Completed');
    expect(scale.status?.steps?.map(({ consumers, phase }) => `${consumers} ${phase}`)).toEqual(
      COUNTS.map((count) => `${count} Done`),
    );
  });

  test('every rebalance has the name of its protocol', () => {
    expect(new Set(recent.map((rebalance) => rebalance.protocol))).toEqual(new Set([protocol]));
  });

  test('partitions move with each join and with the leave of an owner', () => {
    for (const step of scale.status?.steps?.slice(1) ?? []) {
      if (step.consumers !== 4) expect(step.partitionsMoved).toBeGreaterThan(0);
    }
    expect(recent.at(-1)?.membersAfter).toBe(2);
  });

  test('a fourth consumer for three partitions is an idle member', () => {
    expect(scale.status?.steps?.map(({ idle }) => idle?.length)).toEqual([0, 0, 0, 1, 0]);
  });

  test('every lost partition is gained by another member', () => {
    for (const { members } of recent) {
      expect(members.flatMap(({ gained }) => gained).sort()).toEqual(members.flatMap(({ lost }) => lost).sort());
    }
  });

  if (protocol === 'Eager') {
    test('all members revoke everything, briefly because their handlers have no work', () => {
      expect(recent.some((rebalance) => rebalance.longestPauseMs > 0)).toBe(true);
    });
  } else {
    test('only partitions that move wait for heartbeats', () => {
      for (const rebalance of recent) expect(longestOfOthers(rebalance)).toBeLessThan(FETCHED_ANEW_MS);
      // A member revokes a partition at one heartbeat, and another member gets it at the next.
      const moving = recent.filter(({ partitionsMoved }) => partitionsMoved > 0);
      expect(Math.max(...moving.map(({ longestPauseMs }) => longestPauseMs))).toBeGreaterThan(NO_PAUSE_MS);
      for (const rebalance of recent) expect(rebalance.stopTheWorldMs).toBeLessThan(FETCHED_ANEW_MS);
    });
  }
});
