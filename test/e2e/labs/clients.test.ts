/** Restarts of static members, and consumers on kafkajs. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { LoadTest } from '../../../src/api/loadtest/loadTest.ts';
import { kubectl } from '../../../tools/kubectl.ts';
import {
  applyIn,
  consumerScale,
  isOver,
  loadTest,
  makeNamespace,
  removeNamespace,
  untilConsumerScale,
  untilLoadTest,
} from '../../support/clusterLab.ts';
import { reportsOf } from '../../support/secondFold.ts';

const NAMESPACE = 'clients';
beforeAll(() => makeNamespace(NAMESPACE));
afterAll(() => removeNamespace(NAMESPACE));

/** The number of rebalance callbacks that the processes of a pod have reported. */
async function callbacksOf(pod: string, test: LoadTest): Promise<number> {
  const reports = (await reportsOf(test)).filter(({ report }) => report.instance.startsWith(`${pod}/`));
  const facts = reports.flatMap(({ report }) => report.facts);
  return facts.filter(({ type }) => type === 'Assigned' || type === 'Revoked').length;
}

test('the restart of a static member pauses only its own partitions, and the other member gets no callback', async () => {
  await applyIn(
    NAMESPACE,
    loadTest(
      {
        topic: { name: 'static', partitions: 4, replicas: 2 },
        producers: { replicas: 1, messagesPerSecond: 80 },
        consumers: { replicas: 2, group: 'static', identity: 'Static', config: { 'auto.offset.reset': 'earliest' } },
      },
      'static',
    ),
  );
  const before = await untilLoadTest(
    NAMESPACE,
    'static',
    'two share',
    ({ status }) =>
      status?.consumers?.members.length === 2 &&
      status.consumers.members.every(({ partitions }) => partitions.length === 2) &&
      status.rebalances?.settled &&
      status.consumers.consumed > 200,
  );
  const owned = before.status?.consumers?.members.find(({ name }) => name === 'static-consumer-1')?.partitions;
  const count = before.status?.rebalances?.count ?? 0;
  const callbacks = await callbacksOf('static-consumer-0', before);
  expect(callbacks).toBeGreaterThan(0);
  await kubectl(['delete', 'pod', 'static-consumer-1', '-n', NAMESPACE, '--wait=false']);
  const after = await untilLoadTest(
    NAMESPACE,
    'static',
    'the restart is in the status',
    (it) =>
      (it.status?.rebalances?.count ?? 0) > count &&
      it.status?.rebalances?.settled &&
      it.status.rebalances.recent.every(({ pending }) => pending === undefined),
  );
  const { status } = after;
  const rebalances = status?.rebalances?.recent.slice(count);
  expect(rebalances).toHaveLength(1);
  expect(rebalances?.[0]).toMatchObject({ trigger: 'Restart', membersBefore: 2, membersAfter: 2, partitionsMoved: 0 });
  // The broker keeps the partitions for the restarted pod, so the group does not rebalance.
  expect(await callbacksOf('static-consumer-0', after)).toBe(callbacks);
  const { pauses = [], stopTheWorldMs } = rebalances?.[0] ?? {};
  const its = pauses.filter(({ partition }) => owned?.includes(partition));
  expect(its.map(({ partition }) => partition)).toEqual(owned);
  const shortest = Math.min(...its.map(({ ms }) => ms));
  expect(shortest).toBeGreaterThan(500);
  // The other member may have waited for the processor, but for less time than a pod takes to restart.
  for (const { partition, ms } of pauses) {
    if (!owned?.includes(partition)) expect(ms).toBeLessThan(shortest / 2);
  }
  expect(stopTheWorldMs).toBeLessThan(shortest / 2);
  expect(status?.delivery).toMatchObject({ duplicated: 0, skipped: 0 });
});

test('with kafkajs the status has every join and leave, and every record is accounted for', async () => {
  await applyIn(
    NAMESPACE,
    loadTest(
      {
        topic: { name: 'kafkajs', partitions: 3, replicas: 2 },
        producers: { replicas: 1, messagesPerSecond: 60, client: 'kafkajs' },
        consumers: { replicas: 1, group: 'kafkajs', client: 'kafkajs', config: { 'auto.offset.reset': 'earliest' } },
      },
      'kafkajs',
    ),
    consumerScale({ steps: [1, 2, 1].map((consumers) => ({ consumers, hold: '8s' })) }, 'kafkajs', 'kafkajs'),
  );
  const scale = await untilConsumerScale(NAMESPACE, 'kafkajs', 'is over', isOver);
  expect(scale.status?.phase).toBe('Completed');
  const { status } = await untilLoadTest(
    NAMESPACE,
    'kafkajs',
    'all pauses are known',
    (it) =>
      it.status?.consumers?.members.length === 1 &&
      it.status.rebalances?.settled &&
      it.status.rebalances.recent.every(({ pending }) => pending === undefined),
  );
  const recent = status?.rebalances?.recent ?? [];
  expect(recent.map(({ membersAfter }) => membersAfter)).toEqual([1, 2, 1]);
  expect(new Set(recent.map(({ protocol }) => protocol))).toEqual(new Set(['Eager']));
  expect(recent.slice(1).map(({ trigger }) => trigger)).toEqual(['ScaleUp', 'ScaleDown']);
  for (const { members } of recent.slice(1)) {
    expect(members.flatMap(({ gained }) => gained).sort()).toEqual(members.flatMap(({ lost }) => lost).sort());
  }
  // In an eager rebalance the members that stay pause, too.
  expect(recent[1]?.longestPauseMs).toBeGreaterThan(0);
  expect(status?.producers?.failed).toBe(0);
  expect(status?.delivery).toMatchObject({ skipped: 0 });
  expect(status?.delivery?.consumed).toBeGreaterThan(500);
});
