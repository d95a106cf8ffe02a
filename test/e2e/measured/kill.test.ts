/** A clean stop against a crash, in one group: what each costs its partitions, and what is delivered twice. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { ConsumerScale } from '../../../src/api/consumerscale/consumerScale.ts';
import type { LoadTest } from '../../../src/api/loadtest/loadTest.ts';
import {
  applyIn,
  consumerScale,
  isOver,
  loadTest,
  makeNamespace,
  removeNamespace,
  stopProducers,
  untilConsumerScale,
  untilLoadTest,
} from '../../support/clusterLab.ts';

const NAMESPACE = 'kill';
const NAME = 'crash';
const SESSION_MS = 6_000;
/** Members learn of a rebalance by it, and a session ends up to so much earlier after the last sign of life. */
const HEARTBEAT_MS = 1_000;
/** What a clean stop may take on a busy machine: well under a session. */
const CLEAN_MS = 3_000;

let afterLeave: LoadTest;
let scale: ConsumerScale;
let run: LoadTest;

beforeAll(async () => {
  await makeNamespace(NAMESPACE);
  await applyIn(
    NAMESPACE,
    loadTest(
      {
        topic: { name: NAME, partitions: 3, replicas: 2 },
        // A record every 50 ms in each partition, so that a pause shows in all its length.
        producers: {
          replicas: 3,
          messagesPerSecond: 20,
          record: { key: { mode: 'Sequence', cardinality: 300 } },
          config: { acks: 'all' },
        },
        consumers: {
          replicas: 3,
          group: NAME,
          // Commits come with a rebalance only: what a crash leaves uncommitted is plain to see.
          config: {
            'auto.offset.reset': 'earliest',
            'auto.commit.interval.ms': '60000',
            'session.timeout.ms': String(SESSION_MS),
            'heartbeat.interval.ms': String(HEARTBEAT_MS),
            'partition.assignment.strategy': 'range',
          },
        },
      },
      NAME,
    ),
    consumerScale(
      {
        steps: [
          { consumers: 3, hold: '5s' },
          { consumers: 2, hold: '15s' },
          { consumers: 1, hold: '10s', stop: 'Kill' },
        ],
      },
      NAME,
      NAME,
    ),
  );
  await untilConsumerScale(
    NAMESPACE,
    NAME,
    'one has left',
    (it) => isOver(it) || it.status?.steps?.[1]?.settledAt !== undefined,
  );
  afterLeave = await untilLoadTest(
    NAMESPACE,
    NAME,
    'has consumed since',
    (it) => (it.status?.delivery?.consumed ?? 0) > 0,
  );
  scale = await untilConsumerScale(NAMESPACE, NAME, 'is over', isOver);
  await stopProducers(NAMESPACE, NAME);
  run = await untilLoadTest(
    NAMESPACE,
    NAME,
    'nothing is sent any more and everything has been consumed',
    ({ status }) => {
      const { produced = 0, consumed = 0, duplicated = 0, skipped = 0 } = status?.delivery ?? {};
      return status?.producers?.ready === 0 && produced > 0 && consumed - duplicated + skipped === produced;
    },
  );
});

afterAll(() => removeNamespace(NAMESPACE));

/** The rebalance in which it lost its partitions, and how long these paused. */
function departure(name: string) {
  const rebalance = scale.status?.rebalances?.recent.findLast(({ members }) =>
    members.some((member) => member.name === name && member.lost.length > 0 && member.gained.length === 0),
  );
  const lost = rebalance?.members.find((member) => member.name === name)?.lost ?? [];
  const pauses = rebalance?.pauses.filter(({ partition }) => lost.includes(partition)).map(({ ms }) => ms) ?? [];
  return { rebalance, lost, pauses };
}

test('each step is done as asked, and says how its consumers went', () => {
  expect(scale.status?.phase).toBe('Completed');
  expect(scale.status?.steps?.map(({ consumers, phase, stop }) => ({ consumers, phase, stop }))).toEqual([
    { consumers: 3, phase: 'Done', stop: undefined },
    { consumers: 2, phase: 'Done', stop: undefined },
    { consumers: 1, phase: 'Done', stop: 'Kill' },
  ]);
});

test('who stops cleanly leaves the group, and its partitions hardly pause', () => {
  const { rebalance, lost, pauses } = departure(`${NAME}-consumer-2`);
  expect(rebalance).toMatchObject({ trigger: 'ScaleDown', membersBefore: 3, membersAfter: 2 });
  expect(lost).toHaveLength(1);
  for (const ms of pauses) expect(ms).toBeLessThan(CLEAN_MS);
  expect(scale.status?.steps?.[1]?.longestPauseMs).toBeLessThan(CLEAN_MS);
});

test('who is killed says nothing, and its partitions wait for the end of its session', () => {
  const { rebalance, lost, pauses } = departure(`${NAME}-consumer-1`);
  expect(rebalance).toMatchObject({ trigger: 'SessionExpired', membersBefore: 2, membersAfter: 1 });
  expect(rebalance?.reason).toContain('scaled the consumers from 2 to 1');
  expect(rebalance?.reason).toContain(`killed ${NAME}-consumer-1`);
  expect(lost.length).toBeGreaterThan(0);
  expect(pauses).toHaveLength(lost.length);
  for (const ms of pauses) {
    expect(ms).toBeGreaterThan(SESSION_MS - 2 * HEARTBEAT_MS);
    expect(ms).toBeLessThan(SESSION_MS + CLEAN_MS);
  }
  // What it had not reported was told in its place at once: of the 750 ms of doubt about its end nothing is left.
  expect(rebalance?.errorBoundMs).toBeLessThan(500);
  expect(scale.status?.steps?.[2]?.longestPauseMs).toBeGreaterThan(SESSION_MS - 2 * HEARTBEAT_MS);
});

test('a clean stop delivers nothing twice; a crash what was not committed, and loses nothing', () => {
  expect(afterLeave.status?.delivery).toMatchObject({ duplicated: 0, skipped: 0 });
  expect(run.status?.delivery?.duplicated).toBeGreaterThan(0);
  expect(run.status?.delivery?.skipped).toBe(0);
});
