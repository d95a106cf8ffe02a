/** A small lab 06: heartbeats that are too rare. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { kubectl } from '../../../tools/kubectl.ts';
import {
  applyIn,
  conditionOf,
  loadTest,
  makeNamespace,
  removeNamespace,
  untilLoadTest,
} from '../../support/clusterLab.ts';

const NAMESPACE = 'lab06-heartbeats';

beforeAll(() => makeNamespace(NAMESPACE));
afterAll(() => removeNamespace(NAMESPACE));

test('with a heartbeat interval close to the session timeout, sessions expire and the message names the setting', async () => {
  await applyIn(
    NAMESPACE,
    loadTest(
      {
        topic: { name: 'heartbeat', partitions: 3, replicas: 2 },
        producers: { replicas: 1, messagesPerSecond: 30 },
        consumers: {
          replicas: 3,
          group: 'heartbeat',
          config: { 'auto.offset.reset': 'earliest', 'session.timeout.ms': '6000', 'heartbeat.interval.ms': '5900' },
        },
      },
      'heartbeat',
    ),
  );
  const storm = await untilLoadTest(
    NAMESPACE,
    'heartbeat',
    'has a storm',
    (it) => conditionOf(it, 'RebalanceStorm') !== undefined,
  );
  const condition = conditionOf(storm, 'RebalanceStorm');
  expect(condition?.reason).toBe('SessionExpired');
  expect(condition?.message).toMatch(/heartbeat\.interval\.ms: "2000" \(now 5900\)/);
  expect(storm.status?.rebalances?.recent.map(({ trigger }) => trigger)).toContain('SessionExpired');

  const patch = { spec: { consumers: { config: { 'heartbeat.interval.ms': '2000' } } } };
  await kubectl(['patch', '-n', NAMESPACE, 'loadtest', 'heartbeat', '--type=merge', '-p', JSON.stringify(patch)]);
  await untilLoadTest(NAMESPACE, 'heartbeat', 'the storm is over', (it) =>
    it.status?.conditions.some(({ type, reason }) => type === 'RebalanceStorm' && reason === 'Calm'),
  );
  const events = await kubectl(['get', 'events', '-n', NAMESPACE, '-o', 'json']);
  const storms = (
    JSON.parse(events) as { items: { reason: string; type: string; involvedObject: { name: string } }[] }
  ).items
    .filter(({ involvedObject, reason }) => involvedObject.name === 'heartbeat' && reason.startsWith('RebalanceStorm'))
    .map(({ type, reason }) => `${type} ${reason}`);
  expect(storms.sort()).toEqual(['Normal RebalanceStormOver', 'Warning RebalanceStorm']);
});
