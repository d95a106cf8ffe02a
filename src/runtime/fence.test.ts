import { expect, test } from '@jest/globals';
import { acrossTerms, fenced, fencedKafka, fencedWorkers } from './fence.ts';
import type { Cluster, Workers } from './ports.ts';

const object = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'a', namespace: 'n' } };
const ref = { apiVersion: 'v1', kind: 'ConfigMap', name: 'a', namespace: 'n' };

/** Every call of the port, with its signal in place. */
const calls: [string, (cluster: Cluster, signal?: AbortSignal) => unknown][] = [
  ['list', (cluster, signal) => cluster.list(ref, {}, signal)],
  ['watch', (cluster, signal) => cluster.watch(ref, {}, '1', signal ?? new AbortController().signal)],
  ['get', (cluster, signal) => cluster.get(ref, signal)],
  ['create', (cluster, signal) => cluster.create(object, signal)],
  ['update', (cluster, signal) => cluster.update(object, signal)],
  ['apply', (cluster, signal) => cluster.apply(object, signal)],
  ['applyStatus', (cluster, signal) => cluster.applyStatus(object, signal)],
  ['patch', (cluster, signal) => cluster.patch(ref, {}, signal)],
  ['scale', (cluster, signal) => cluster.scale(ref, 1, signal)],
  ['delete', (cluster, signal) => cluster.delete(ref, 'uid', signal)],
];

test.each(calls)('%s is cancelled by its own signal and by the loss of the lease', (name, call) => {
  let passed: AbortSignal | undefined;
  const cluster = {
    [name]: (...parameters: unknown[]) => {
      passed = parameters.at(-1) as AbortSignal;
    },
  } as unknown as Cluster;
  for (const signal of [undefined, new AbortController().signal]) {
    const lost = new AbortController();
    call(fenced(cluster, lost.signal), signal);
    expect(passed?.aborted).toBe(false);
    lost.abort();
    expect(passed?.aborted).toBe(true);
  }
  const own = new AbortController();
  call(fenced(cluster, new AbortController().signal), own.signal);
  own.abort();
  expect(passed?.aborted).toBe(true);
});

test('Kafka gets no action after the loss of the lease', async () => {
  const acts: string[] = [];
  const lost = new AbortController();
  const kafka = fencedKafka(
    {
      view: async () => ({ unavailable: '' }),
      act: async ({ type }) => void acts.push(type),
    },
    lost.signal,
  );
  await kafka.act({ type: 'DeleteGroup', group: 'g' });
  lost.abort();
  await expect(kafka.act({ type: 'DeleteTopic', topic: 't', topicId: 'id-t' })).rejects.toThrow();
  expect(acts).toEqual(['DeleteGroup']);
});

test('an order to workers is cancelled by the loss of the lease', async () => {
  let passed: AbortSignal | undefined;
  const lost = new AbortController();
  const setStop: Workers['setStop'] = async (_order, signal) => {
    passed = signal;
  };
  const workers = fencedWorkers({ setStop }, lost.signal);
  const order = { pods: [], port: 8080, run: 'uid', stop: 'Kill' as const };
  for (const own of [undefined, new AbortController().signal]) {
    await workers.setStop(order, own);
    expect(passed?.aborted).toBe(false);
  }
  lost.abort();
  expect(passed?.aborted).toBe(true);
});

test('a call between two terms waits for the next term', async () => {
  const asked: string[] = [];
  const cluster = (term: string) =>
    ({
      create: async (given: typeof object) => {
        asked.push(term);
        return given;
      },
    }) as unknown as Cluster;
  const terms = acrossTerms();
  const first = terms.cluster.create(object);
  expect(asked).toEqual([]);
  terms.begin(cluster('first'));
  await first;
  await terms.cluster.create(object);
  terms.end();
  const last = terms.cluster.create(object);
  await new Promise(setImmediate);
  expect(asked).toEqual(['first', 'first']);
  terms.begin(cluster('second'));
  await last;
  expect(asked).toEqual(['first', 'first', 'second']);
});
