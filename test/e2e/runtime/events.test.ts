import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { systemClock } from '../../../src/runtime/clock.ts';
import { eventRecorder } from '../../../src/runtime/events.ts';
import type { Cluster } from '../../../src/runtime/ports.ts';
import { clusterOf } from '../../../tools/client.ts';
import { type ApiServer, startApiServer } from '../../support/apiServer.ts';
import { type FaultProxy, startFaultProxy } from '../../support/faultProxy.ts';
import { keptLog } from '../../support/kept.ts';
import { configMapRef } from '../../support/toy.ts';
import { until } from '../../support/until.ts';

let server: ApiServer;
let proxy: FaultProxy;
let cluster: Cluster & { close(): Promise<void> };

beforeAll(async () => {
  server = await startApiServer();
  proxy = await startFaultProxy(server.url);
  cluster = clusterOf(server.kubeconfigVia(proxy.url));
});

afterAll(async () => {
  await cluster?.close();
  await proxy?.stop();
  await server?.stop();
});

const recorder = (repeatMs = 50) =>
  eventRecorder({
    cluster,
    instance: 'test',
    clock: systemClock,
    random: Math.random,
    log: keptLog(),
    repeatMs,
    budget: { burst: 5, refillMs: 60_000 },
  });

async function subject(name: string) {
  return cluster.create({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { namespace: 'default', name } });
}

interface Event {
  reason: string;
  note: string;
  type: string;
  eventTime: string;
  series?: { count: number; lastObservedTime: string };
}

async function eventsOf(name: string): Promise<Event[]> {
  const { items } = await cluster.list(
    { apiVersion: 'events.k8s.io/v1', kind: 'Event' },
    { namespace: 'default', fieldSelector: `regarding.name=${name}` },
  );
  return items as unknown as Event[];
}

const notice = (message: string) => ({ type: 'Normal', reason: 'Tried', message }) as const;

test('repeats are one counting Event, also across a restart, and kubectl shows it', async () => {
  const about = await subject('repeats');
  const first = recorder();
  for (let n = 0; n < 5; n += 1) first.record(about, notice('again'));
  first.record(about, notice('other'));
  await first.flush();
  const second = recorder();
  second.record(about, notice('again'));
  await second.flush();
  const events = await eventsOf('repeats');
  expect(events.map(({ note, series }) => [note, series?.count]).sort()).toEqual([
    ['again', 6],
    ['other', undefined],
  ]);
  expect(events[0]?.eventTime).toMatch(/\.\d{6}Z$/);
  // `kubectl describe` uses the core API.
  const { items } = await cluster.list(
    { apiVersion: 'v1', kind: 'Event' },
    { namespace: 'default', fieldSelector: `involvedObject.uid=${about.metadata.uid}` },
  );
  expect(items.map(({ reason }) => reason)).toEqual(['Tried', 'Tried']);
});

test('the count of an Event is written at most once per period', async () => {
  const about = await subject('paced');
  const events = recorder(300);
  events.record(about, notice('again'));
  await until('it is written', async () => (await eventsOf('paced')).length === 1);
  proxy.seen.length = 0;
  for (let n = 0; n < 100; n += 1) events.record(about, notice('again'));
  await until('all are counted', async () => (await eventsOf('paced'))[0]?.series?.count === 101);
  expect(proxy.seen.filter(({ method }) => method === 'PATCH')).toHaveLength(1);
});

test('an Event that the API server has deleted is created again', async () => {
  const about = await subject('forgotten');
  const events = recorder();
  events.record(about, notice('again'));
  const name = await until('it is written', async () => {
    const { items } = await cluster.list(
      { apiVersion: 'events.k8s.io/v1', kind: 'Event' },
      { namespace: 'default', fieldSelector: 'regarding.name=forgotten' },
    );
    return items[0]?.metadata;
  });
  await cluster.delete(
    { apiVersion: 'events.k8s.io/v1', kind: 'Event', namespace: 'default', name: name.name },
    name.uid ?? '',
  );
  events.record(about, notice('again'));
  await events.flush();
  expect(await eventsOf('forgotten')).toHaveLength(1);
});

test('beyond its budget an object gets one more Event per reason', async () => {
  const about = await subject('noisy');
  const events = recorder();
  for (let n = 0; n < 30; n += 1) events.record(about, notice(`no. ${n}`));
  await events.flush();
  const notes = (await eventsOf('noisy')).map(({ note, series }) => [note, series?.count ?? 1]);
  expect(notes).toHaveLength(6);
  expect(notes).toContainEqual(['There are more notices with reason Tried than are written as Events.', 25]);
});

test('a long message is cut between characters to the limit of the API server', async () => {
  const about = await subject('long');
  const events = recorder();
  events.record(about, notice('ü'.repeat(2_000)));
  await events.flush();
  const [event] = await eventsOf('long');
  expect(Buffer.byteLength(event?.note ?? '')).toBeLessThanOrEqual(1024);
  expect(event?.note).toMatch(/^ü{500,}…$/);
});

test('a write is retried after trouble of the API server and dropped after a refusal', async () => {
  const about = await subject('trouble');
  const events = recorder();
  let failed = 0;
  proxy.fault = ({ method }) => (method === 'POST' && failed++ < 1 ? { status: 500 } : undefined);
  events.record(about, notice('in the end'));
  await until('it is written', async () => (await eventsOf('trouble')).length === 1);
  proxy.fault = () => undefined;
  events.record({ ...about, metadata: { ...about.metadata, namespace: 'nowhere' } }, notice('lost'));
  await events.flush();
  expect(await cluster.get(configMapRef('trouble'))).not.toBeNull();
});
