/** A clean stop and a crash in the same group: the pauses of partitions and the duplicates of each. */
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
/** Members learn of a rebalance by a heartbeat. A session may end up to one interval earlier after the last record. */
const HEARTBEAT_MS = 1_000;
/** The longest clean stop on a busy machine, well below a session. */
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
        // Each partition gets a record every 50 ms, so that pauses are measured precisely.
        producers: {
          replicas: 3,
          messagesPerSecond: 20,
          record: { key: { mode: 'Sequence', cardinality: 300 } },
          config: { acks: 'all' },
        },
        consumers: {
          replicas: 3,
          group: NAME,
          // Only rebalances commit, so that a crash leaves many records uncommitted.
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
    'has one consumer less',
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
  run = await untilLoadTest(NAMESPACE, NAME, 'has consumed everything that was sent', ({ status }) => {
    const { produced = 0, consumed = 0, duplicated = 0, skipped = 0 } = status?.delivery ?? {};
    return status?.producers?.ready === 0 && produced > 0 && consumed - duplicated + skipped === produced;
  });
});

afterAll(() => removeNamespace(NAMESPACE));

/** The rebalance in which a consumer lost its partitions, with the pauses of these. */
function departure(name: string) {
  const rebalance = scale.status?.rebalances?.recent.findLast(({ members }) =>
    members.some((member) => member.name === name && member.lost.length > 0 && member.gained.length === 0),
  );
  const lost = rebalance?.members.find((member) => member.name === name)?.lost ?? [];
  const pauses = rebalance?.pauses.filter(({ partition }) => lost.includes(partition)).map(({ ms }) => ms) ?? [];
  return { rebalance, lost, pauses };
}

test('each step is Done and has the stop of its consumers', () => {
  expect(scale.status?.phase).toBe('Completed');
  expect(scale.status?.steps?.map(({ consumers, phase, stop }) => ({ consumers, phase, stop }))).toEqual([
    { consumers: 3, phase: 'Done', stop: undefined },
    { consumers: 2, phase: 'Done', stop: undefined },
    { consumers: 1, phase: 'Done', stop: 'Kill' },
  ]);
});

test('a clean stop leaves the group, and the partitions pause only briefly', () => {
  const { rebalance, lost, pauses } = departure(`${NAME}-consumer-2`);
  expect(rebalance).toMatchObject({ trigger: 'ScaleDown', membersBefore: 3, membersAfter: 2 });
  expect(lost).toHaveLength(1);
  for (const ms of pauses) expect(ms).toBeLessThan(CLEAN_MS);
  expect(scale.status?.steps?.[1]?.longestPauseMs).toBeLessThan(CLEAN_MS);
});

test('after a kill the partitions pause until the end of the session', () => {
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
  // A posthumous report covers its last records, so the error bound lacks the 750 ms of unreported work.
  expect(rebalance?.errorBoundMs).toBeLessThan(500);
  expect(scale.status?.steps?.[2]?.longestPauseMs).toBeGreaterThan(SESSION_MS - 2 * HEARTBEAT_MS);
});

test('a clean stop duplicates nothing, and a crash duplicates only uncommitted records', () => {
  expect(afterLeave.status?.delivery).toMatchObject({ duplicated: 0, skipped: 0 });
  expect(run.status?.delivery?.duplicated).toBeGreaterThan(0);
  expect(run.status?.delivery?.skipped).toBe(0);
});
