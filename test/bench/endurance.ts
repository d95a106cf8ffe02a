/** 50 rebalances of nine consumers, during which the operator is killed twice. The status must have each of them once. */
import { isDeepStrictEqual } from 'node:util';
import type { LoadTest } from '../../src/api/loadtest/loadTest.ts';
import { get, kubectl } from '../../tools/kubectl.ts';
import {
  applyIn,
  killOperator,
  loadTest,
  makeNamespace,
  removeNamespace,
  untilLoadTest,
} from '../support/clusterLab.ts';
import { secondFold } from '../support/secondFold.ts';

const NAMESPACE = 'bench';
const PATIENCE_MS = 10 * 60_000;
const CHANGES = 50;
const KILLED_BEFORE = new Set([15, 35]);

export async function endurance(): Promise<Record<string, unknown>> {
  await makeNamespace(NAMESPACE);
  await applyIn(
    NAMESPACE,
    loadTest({
      topic: { name: 'bench', partitions: 9, replicas: 2 },
      producers: { replicas: 1, messagesPerSecond: 90 },
      consumers: { replicas: 9, group: 'bench', config: { 'auto.offset.reset': 'earliest' } },
    }),
  );
  const settledWith = (replicas: number, more: number) =>
    untilLoadTest(
      NAMESPACE,
      'lab',
      `${replicas} have settled`,
      ({ status }) =>
        status?.consumers?.members.length === replicas &&
        status.rebalances?.settled === true &&
        status.rebalances.count >= more,
      PATIENCE_MS,
    );
  const first = (await settledWith(9, 1)).status?.rebalances?.count ?? 0;
  let count = first;
  const perChange: number[] = [];
  for (let change = 1; change <= CHANGES; change++) {
    const replicas = change % 2 === 1 ? 8 : 9;
    await kubectl(['scale', 'loadtest/lab', '-n', NAMESPACE, `--replicas=${replicas}`]);
    if (KILLED_BEFORE.has(change)) await killOperator();
    const now = (await settledWith(replicas, count + 1)).status?.rebalances?.count ?? 0;
    perChange.push(now - count);
    count = now;
  }
  const lab = (await get<LoadTest>('lt', 'lab', NAMESPACE)) as LoadTest;
  const reported = lab.status?.rebalances?.recent ?? [];
  const truth = new Map((await secondFold(lab)).rebalances.list.map((one) => [one.number, one]));
  const differing = reported.filter(({ number, at, members }) => {
    const one = truth.get(number);
    return one === undefined || new Date(one.at).toISOString() !== at || !isDeepStrictEqual(one.members, members);
  });
  await removeNamespace(NAMESPACE);
  return {
    changes: CHANGES,
    operatorKilled: KILLED_BEFORE.size,
    rebalances: count - first,
    changesWithOne: perChange.filter((one) => one === 1).length,
    perChange,
    inSecondFold: truth.size - first,
    compared: reported.length,
    differing: differing.length,
  };
}
