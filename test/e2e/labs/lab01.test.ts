import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { ConsumerScale } from '../../../src/api/consumerscale/consumerScale.ts';
import type { LoadTest } from '../../../src/api/loadtest/loadTest.ts';
import { get, kubectl } from '../../../tools/kubectl.ts';
import {
  conditionOf,
  describeGroup,
  eventually,
  groups,
  isOver,
  makeNamespace,
  PATIENCE_MS,
  removeNamespace,
  stopProducers,
  topics,
  untilConsumerScale,
  untilLoadTest,
} from '../../support/clusterLab.ts';

const NAMESPACE = 'lab01';
const NAME = 'lag-small';
let scale: ConsumerScale;
let loadTest: LoadTest;

beforeAll(async () => {
  await makeNamespace(NAMESPACE);
  await kubectl(
    ['apply', '-n', NAMESPACE, '-f', '-'],
    await readFile(join(import.meta.dirname, 'lag-small.yaml'), 'utf8'),
  );
  const running = untilLoadTest(
    NAMESPACE,
    NAME,
    'has lag over the threshold',
    (it) => conditionOf(it, 'LagHigh') !== undefined,
  );
  await running;
  scale = await untilConsumerScale(NAMESPACE, NAME, 'is over', isOver, 2 * PATIENCE_MS);
  loadTest = await untilLoadTest(NAMESPACE, NAME, 'lag is back', (it) => conditionOf(it, 'LagHigh') === undefined);
});

afterAll(() => removeNamespace(NAMESPACE));

test('the schedule is Completed with every step as written', () => {
  expect(scale.status?.phase).toBe('Completed');
  expect(scale.status?.steps?.map(({ consumers, partitions, phase }) => ({ consumers, partitions, phase }))).toEqual([
    { consumers: 1, partitions: 3, phase: 'Done' },
    { consumers: 3, partitions: 3, phase: 'Done' },
  ]);
});

test('lag rises with one consumer and falls with three', () => {
  const [one, three] = scale.status?.steps ?? [];
  expect(one?.lag?.after).toBeGreaterThan((one?.lag?.before ?? 0) + 300);
  expect(three?.lag?.peak).toBeGreaterThanOrEqual(three?.lag?.before ?? 0);
  // The step ends with the lag sample that decides it.
  expect(three?.lag?.after).toBeLessThan(200);
  expect(three?.lag?.drainedMs).toBeGreaterThan(0);
  expect(three?.lag?.after).toBeLessThan((one?.lag?.after ?? 0) / 2);
});

test('every rebalance has who gained, who lost, and its costs', () => {
  const { rebalances } = loadTest.status ?? {};
  expect(rebalances?.count).toBe(rebalances?.recent.length);
  expect(rebalances?.recent.map(({ number }) => number)).toEqual(rebalances?.recent.map((_, index) => index + 1));
  const [first, ...later] = rebalances?.recent ?? [];
  expect(first).toMatchObject({
    trigger: 'ScaleUp',
    membersBefore: 0,
    membersAfter: 1,
    partitionsMoved: 3,
    protocol: 'Eager',
  });
  expect(first?.members).toEqual([{ name: `${NAME}-consumer-0`, gained: [0, 1, 2], lost: [], kept: [] }]);
  expect(later.length).toBeGreaterThan(0);
  expect(later.at(-1)?.membersAfter).toBe(3);
  expect(later.reduce((sum, { partitionsMoved }) => sum + partitionsMoved, 0)).toBeGreaterThanOrEqual(2);
  for (const rebalance of later) {
    expect(rebalance.trigger).toBe('ScaleUp');
    expect(rebalance.stopTheWorldMs).toBeLessThanOrEqual(rebalance.longestPauseMs);
    // Every lost partition was gained by another member.
    const gained = rebalance.members.flatMap((member) => member.gained).sort();
    const lost = rebalance.members.flatMap((member) => member.lost).sort();
    expect(gained).toEqual(lost);
  }
  // With a backlog and a busy handler every pause is measured.
  expect(rebalances?.longestPauseMs).toBeGreaterThan(0);
});

test('three members own one partition each', () => {
  const { members, idle } = loadTest.status?.consumers ?? {};
  expect(members?.map(({ name }) => name)).toEqual([0, 1, 2].map((index) => `${NAME}-consumer-${index}`));
  expect(members?.map(({ partitions }) => partitions.length)).toEqual([1, 1, 1]);
  expect(idle).toEqual([]);
});

test('nothing is skipped, and clean rebalances duplicate nothing', () => {
  expect(loadTest.status?.delivery).toMatchObject({ duplicated: 0, skipped: 0 });
  expect(loadTest.status?.delivery?.consumed).toBeGreaterThan(1_000);
  expect(loadTest.status?.producers).toMatchObject({ desired: 10, ready: 10, failed: 0 });
});

test('kubectl get and the Events show what happened', async () => {
  const table = await kubectl(['get', 'lt,csc', '-n', NAMESPACE]);
  expect(table).toMatch(/PHASE +PRODUCERS +CONSUMERS +LAG +REBALANCES +WORST PAUSE/);
  expect(table).toMatch(/lag-small +Running +10 +3/);
  expect(table).toMatch(/lag-small +Completed +lag-small +2\/2/);
  const events = await kubectl(['get', 'events', '-n', NAMESPACE, '-o', 'json']);
  const reasons = (JSON.parse(events) as { items: { reason: string }[] }).items.map(({ reason }) => reason);
  expect(reasons).toEqual(
    expect.arrayContaining(['Rebalanced', 'LagHigh', 'LagBack', 'StepStarted', 'StepDone', 'Completed']),
  );
});

test('the log of a consumer describes its assignments in plain words', async () => {
  const log = await kubectl(['logs', '-n', NAMESPACE, `${NAME}-consumer-0`]);
  const messages = log
    .trim()
    .split('\n')
    .map((line) => (JSON.parse(line) as { message: string }).message);
  expect(messages).toEqual(
    expect.arrayContaining([expect.stringMatching(/^assigned 0,1,2/), expect.stringMatching(/^revoked 0,1,2/)]),
  );
});

test('without any clients the lag in the status equals that of kafka-consumer-groups.sh', async () => {
  await kubectl(['scale', '-n', NAMESPACE, 'loadtest', NAME, '--replicas=0']);
  await untilLoadTest(
    NAMESPACE,
    NAME,
    'has no consumers',
    (it) => it.status?.consumers?.members.length === 0 && it.status.consumers.ready === 0,
  );
  await stopProducers(NAMESPACE, NAME);
  await eventually(
    'has no producers',
    async () => (await kubectl(['get', 'pods', '-n', NAMESPACE, '-o', 'name'])) === '',
    PATIENCE_MS,
  );
  const truth = await describeGroup(NAME);
  expect(truth).toHaveLength(3);
  await untilLoadTest(
    NAMESPACE,
    NAME,
    `lag is ${JSON.stringify(truth)}`,
    (it) =>
      JSON.stringify(
        it.status?.lag?.partitions.map(({ partition, committedOffset, endOffset }) => ({
          partition,
          committedOffset,
          endOffset,
        })),
      ) === JSON.stringify(truth),
    60_000,
  );
  // The log has exactly the acknowledged records.
  const after = await get<LoadTest>('loadtest', NAME, NAMESPACE);
  expect(after?.status?.producers?.acknowledged).toBe(truth.reduce((sum, { endOffset }) => sum + endOffset, 0));
});

test('a deletion removes exactly what the LoadTest created', async () => {
  await kubectl(['delete', 'csc,lt', NAME, '-n', NAMESPACE, '--timeout=180s']);
  expect(await kubectl(['get', 'statefulsets', '-n', NAMESPACE, '-o', 'name'])).toBe('');
  expect(await topics()).not.toContain(NAME);
  expect(await topics()).toContain('kafkalab-evidence');
  expect(await groups()).not.toContain(NAME);
});
