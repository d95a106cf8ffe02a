/** A small lab 06: polls that take longer than max.poll.interval.ms, and a cure during the run (graded/06 has it from the beginning). */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { LoadTest } from '../../../src/api/loadtest/loadTest.ts';
import { kubectl } from '../../../tools/kubectl.ts';
import {
  applyIn,
  conditionOf,
  loadTest,
  makeNamespace,
  removeNamespace,
  untilLoadTest,
} from '../../support/clusterLab.ts';

const NAMESPACE = 'lab06';
const INTERVALS = { 'max.poll.interval.ms': '6000', 'session.timeout.ms': '6000', 'heartbeat.interval.ms': '2000' };

/** The consumers find 4,000 messages that take 20 ms each. */
const TROUBLE = loadTest(
  {
    topic: { name: 'trouble', partitions: 3, replicas: 2 },
    producers: { replicas: 1, messages: 4_000 },
    consumers: {
      replicas: 2,
      group: 'trouble',
      start: 'AfterProducers',
      processing: { perRecord: '20ms' },
      config: { 'auto.offset.reset': 'earliest', 'max.poll.records': '500', ...INTERVALS },
    },
  },
  'trouble',
);

beforeAll(() => makeNamespace(NAMESPACE));
afterAll(() => removeNamespace(NAMESPACE));

/** The rebalances after the start of the consumers. */
const triggers = ({ status }: LoadTest): string[] =>
  (status?.rebalances?.recent ?? []).map(({ trigger }) => trigger).filter((trigger) => trigger !== 'ScaleUp');

test('too much work per poll causes a storm with its cause and cure, and the cure ends it', async () => {
  await applyIn(NAMESPACE, TROUBLE);
  const storm = await untilLoadTest(
    NAMESPACE,
    'trouble',
    'has a storm',
    (it) => conditionOf(it, 'RebalanceStorm') !== undefined,
  );
  const condition = conditionOf(storm, 'RebalanceStorm');
  expect(condition?.reason).toBe('PollIntervalExceeded');
  expect(condition?.message).toMatch(
    /than max\.poll\.interval\.ms \(6000\) allows.*max\.poll\.interval\.ms: "[0-9]+" \(now 6000\) or max\.poll\.records: "100" \(now 500\)/,
  );
  expect(triggers(storm).length).toBeGreaterThanOrEqual(3);
  expect(triggers(storm).filter((trigger) => trigger === 'PollIntervalExceeded').length).toBeGreaterThanOrEqual(2);
  expect(triggers(storm)).not.toContain('SessionExpired');
  // The work of a removed member is lost: other members process the same messages again.
  await untilLoadTest(NAMESPACE, 'trouble', 'has duplicates', (it) => (it.status?.delivery?.duplicated ?? 0) > 0);
  // The interval is measured when the long poll ends.
  await untilLoadTest(
    NAMESPACE,
    'trouble',
    'has the time between two polls',
    (it) => (it.status?.consumers?.polls?.longestIntervalMs ?? 0) > 6_000,
  );

  const patch = { spec: { consumers: { config: { 'max.poll.records': '100' } } } };
  await kubectl(['patch', '-n', NAMESPACE, 'loadtest', 'trouble', '--type=merge', '-p', JSON.stringify(patch)]);
  const cured = await untilLoadTest(NAMESPACE, 'trouble', 'is over', (it) => it.status?.phase === 'Completed');
  const { consumed = 0, duplicated = 0, skipped } = cured.status?.delivery ?? {};
  expect({ once: consumed - duplicated, skipped }).toEqual({ once: 4_000, skipped: 0 });
});
