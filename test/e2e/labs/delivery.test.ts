import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { kubectl, list } from '../../../tools/kubectl.ts';
import {
  applyIn,
  consumerScale,
  eventually,
  isOver,
  loadTest,
  makeNamespace,
  PATIENCE_MS,
  recordsIn,
  removeNamespace,
  untilConsumerScale,
  untilLoadTest,
} from '../../support/clusterLab.ts';

const NAMESPACE = 'delivery';
beforeAll(() => makeNamespace(NAMESPACE));
afterAll(() => removeNamespace(NAMESPACE));

test('a run of 20,000 messages completes with exact counts and no remaining pods', async () => {
  await applyIn(
    NAMESPACE,
    loadTest(
      {
        topic: { name: 'exact', partitions: 3, replicas: 3 },
        producers: {
          replicas: 6,
          clientsPerPod: 3,
          messages: 20_000,
          record: { sizeBytes: 100, key: { mode: 'Sequence', cardinality: 50 } },
          config: { acks: 'all', 'linger.ms': '20', 'batch.size': '16384' },
        },
        consumers: {
          replicas: 2,
          group: 'exact',
          config: { 'auto.offset.reset': 'earliest', 'max.poll.records': '100' },
        },
      },
      'exact',
    ),
  );
  const { status } = await untilLoadTest(NAMESPACE, 'exact', 'is over', (it) =>
    ['Completed', 'Failed'].includes(it.status?.phase ?? ''),
  );
  expect(status?.phase).toBe('Completed');
  expect(await recordsIn('exact')).toBe(20_000);
  expect(status?.producers).toMatchObject({
    attempted: 20_000,
    acknowledged: 20_000,
    failed: 0,
    appended: 20_000,
    endOffsetsAtStart: 0,
    bytes: expect.any(Number),
    done: 6,
  });
  expect(status?.delivery).toEqual({
    produced: 20_000,
    consumed: 20_000,
    duplicated: 0,
    skipped: 0,
    withoutRecord: 0,
    lostToRetention: 0,
  });
  // Each value has exactly 100 bytes, in addition to its key.
  expect(status?.producers?.bytes).toBeGreaterThan(20_000 * 100);
  expect(status?.consumers?.polls?.recordsMax).toBeLessThanOrEqual(100);
  expect(status?.producers?.latencyMs?.p50).toBeGreaterThan(0);
  expect(status?.producers?.latencyMs?.max).toBeGreaterThanOrEqual(status?.producers?.latencyMs?.p99 ?? Number.NaN);
  expect(status?.consumers?.elapsedMs).toBeGreaterThan(0);
  await eventually('no pod is left', async () => (await list('pods', NAMESPACE)).length === 0, PATIENCE_MS);
});

test('the records found in the log equal the count of Kafka’s own tool, with older records, acks 0 and other writers', async () => {
  const sends = (name: string, messages: number, topic: Record<string, unknown>, more = {}) =>
    applyIn(NAMESPACE, loadTest({ topic: { name: 'found', ...topic }, producers: { messages, ...more } }, name));
  const completed = (name: string) =>
    untilLoadTest(NAMESPACE, name, 'is completed', ({ status }) => status?.phase === 'Completed');
  await sends('found-first', 300, { partitions: 3, replicas: 3 });
  const first = await completed('found-first');
  expect(first.status?.producers).toMatchObject({ acknowledged: 300, appended: 300, endOffsetsAtStart: 0 });
  expect(await recordsIn('found')).toBe(300);

  await sends('found-second', 200, { management: 'Existing' }, { config: { acks: '0' } });
  const second = await completed('found-second');
  const { appended = Number.NaN } = second.status?.producers ?? {};
  expect(second.status?.producers?.endOffsetsAtStart).toBe(300);
  expect(await recordsIn('found')).toBe(300 + appended);

  // Two LoadTests run at the same time, and each finds the records of both since its begin.
  await sends('found-steady', 400, { management: 'Existing' }, { messagesPerSecond: 20 });
  await untilLoadTest(NAMESPACE, 'found-steady', 'has sent', ({ status }) => (status?.producers?.appended ?? 0) >= 20);
  await sends('found-meanwhile', 50, { management: 'Existing' });
  const [steady] = await Promise.all([completed('found-steady'), completed('found-meanwhile')]);
  expect(steady.status?.producers).toMatchObject({ acknowledged: 400, appended: 450 });
  expect(await recordsIn('found')).toBe(300 + appended + 450);
});

test('a duration ends a run, and a suspension removes the clients without using up the duration', async () => {
  await applyIn(
    NAMESPACE,
    loadTest(
      {
        topic: { name: 'timed', partitions: 2, replicas: 1 },
        producers: { replicas: 2, clientsPerPod: 2, messagesPerSecond: 20 },
        consumers: { replicas: 1, group: 'timed', config: { 'auto.offset.reset': 'earliest' } },
        duration: '60s',
      },
      'timed',
    ),
  );
  await untilLoadTest(
    NAMESPACE,
    'timed',
    'has consumed',
    (it) => (it.status?.consumers?.consumed ?? 0) > 50 && it.status?.preparedAt !== undefined,
  );
  await kubectl(['patch', 'lt', 'timed', '-n', NAMESPACE, '--type=merge', '-p', '{"spec":{"suspend":true}}']);
  const suspended = await untilLoadTest(
    NAMESPACE,
    'timed',
    'is suspended',
    (it) => it.status?.phase === 'Suspended' && it.status.producers?.ready === 0,
  );
  expect(suspended.status?.consumers?.consumed).toBeGreaterThan(50);
  await kubectl(['patch', 'lt', 'timed', '-n', NAMESPACE, '--type=merge', '-p', '{"spec":{"suspend":false}}']);
  const { status } = await untilLoadTest(NAMESPACE, 'timed', 'is over', (it) => it.status?.phase === 'Completed');
  const ranMs =
    Date.parse(status?.finishedAt ?? '') - Date.parse(status?.preparedAt ?? '') - (status?.suspendedMs ?? 0);
  expect(status?.suspendedMs).toBeGreaterThan(0);
  expect(ranMs).toBeGreaterThanOrEqual(60_000);
  expect(status?.delivery).toMatchObject({ skipped: 0 });
  expect(status?.delivery?.consumed).toBeGreaterThan(suspended.status?.delivery?.consumed ?? Number.NaN);
});

test('partitions that a step adds are found and owned by consumers', async () => {
  await applyIn(
    NAMESPACE,
    loadTest(
      {
        topic: { name: 'wider', partitions: 2, replicas: 1 },
        producers: {
          replicas: 2,
          clientsPerPod: 2,
          messagesPerSecond: 20,
          config: { 'metadata.max.age.ms': '1000' },
        },
        consumers: {
          replicas: 2,
          group: 'wider',
          config: { 'auto.offset.reset': 'earliest', 'metadata.max.age.ms': '1000' },
        },
      },
      'wider',
    ),
    consumerScale(
      {
        steps: [
          { consumers: 2, hold: '5s' },
          { partitions: 4, hold: '5s' },
          { consumers: 'Partitions', hold: '5s' },
        ],
        afterwards: 'Restore',
      },
      'wider',
      'wider',
    ),
  );
  const { status } = await untilConsumerScale(NAMESPACE, 'wider', 'is over', isOver);
  expect(status?.phase).toBe('Completed');
  expect(status?.steps?.map(({ consumers, partitions }) => [consumers, partitions])).toEqual([
    [2, 2],
    [2, 4],
    [4, 4],
  ]);
  expect(status?.steps?.[1]?.rebalances).toBeGreaterThan(0);
  expect(status?.rebalances?.recent.some(({ trigger }) => trigger === 'PartitionsAdded')).toBe(true);
  const restored = await untilLoadTest(
    NAMESPACE,
    'wider',
    'has two consumers again',
    (it) => it.spec.consumers?.replicas === 2,
  );
  expect(restored.spec.topic.partitions).toBe(4);
  expect(status?.restored).toBe(true);
});
