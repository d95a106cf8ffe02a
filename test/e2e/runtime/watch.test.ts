import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { systemClock } from '../../../src/runtime/clock.ts';
import type { Cluster } from '../../../src/runtime/ports.ts';
import type { Change } from '../../../src/runtime/watch/objectStore.ts';
import { type WatchCache, watchCache } from '../../../src/runtime/watch/watchCache.ts';
import { clusterOf } from '../../../tools/client.ts';
import { type ApiServer, startApiServer } from '../../support/apiServer.ts';
import { type FaultProxy, type Seen, startFaultProxy } from '../../support/faultProxy.ts';
import { keptLog } from '../../support/kept.ts';
import { configMapRef } from '../../support/toy.ts';
import { until } from '../../support/until.ts';

let server: ApiServer;
let direct: Cluster & { close(): Promise<void> };
let proxy: FaultProxy;
let through: Cluster & { close(): Promise<void> };
let cache: WatchCache;
let changes: Change[];

beforeAll(async () => {
  server = await startApiServer();
  direct = clusterOf(server.kubeconfig);
});

afterAll(async () => {
  await direct?.close();
  await server?.stop();
});

beforeEach(async () => {
  proxy = await startFaultProxy(server.url);
  through = clusterOf(server.kubeconfigVia(proxy.url), { idleMs: 2_000 });
  changes = [];
});

afterEach(async () => {
  await cache.stop();
  await through.close();
  await proxy.stop();
  const { items } = await direct.list({ apiVersion: 'v1', kind: 'ConfigMap' }, { namespace: 'default' });
  for (const item of items) await direct.delete({ ...configMapRef(item.metadata.name) }, item.metadata.uid ?? '');
});

function start(cluster: Cluster = through): WatchCache {
  cache = watchCache({
    cluster,
    type: { apiVersion: 'v1', kind: 'ConfigMap', plural: 'configmaps' },
    selection: { namespace: 'default', labelSelector: 'test=watch' },
    changed: (change) => changes.push(change),
    clock: systemClock,
    random: Math.random,
    log: keptLog(),
    backoff: { baseMs: 50, limitMs: 500 },
    absentTypeMs: 200,
  });
  cache.start();
  return cache;
}

const configMap = (name: string, text = '') => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { namespace: 'default', name, labels: { test: 'watch' } },
  data: { text },
});
const isWatch = ({ path }: Seen) => path.includes('/configmaps') && path.includes('watch=true');
const isList = ({ path }: Seen) => path.includes('/configmaps') && !path.includes('watch=true');
const watches = () => proxy.seen.filter(isWatch).length;
const lists = () => proxy.seen.filter(isList).length;
const text = (name: string) => (cache.get('default', name)?.data as { text?: string } | undefined)?.text;

test('the cache has the objects of the first list and follows all changes', async () => {
  await direct.create(configMap('before'));
  start();
  await cache.whenSynced();
  expect([...cache.all()].map(({ metadata }) => metadata.name)).toEqual(['before']);
  expect(cache.get('default', 'before')).toMatchObject({ apiVersion: 'v1', kind: 'ConfigMap' });
  await direct.create(configMap('after'));
  await until('after is seen', () => cache.get('default', 'after'));
  await direct.patch(configMapRef('after'), { data: { text: 'new' } });
  await until('the new text is seen', () => text('after') === 'new');
  const uid = cache.get('default', 'before')?.metadata.uid ?? '';
  await direct.delete(configMapRef('before'), uid);
  await until('before is gone', () => cache.get('default', 'before') === undefined);
  expect(changes.map(({ type, object }) => `${type} ${object.metadata.name}`)).toEqual([
    'Added before',
    'Added after',
    'Modified after',
    'Deleted before',
  ]);
  expect(lists()).toBe(1);
});

test('a list is read in pages', async () => {
  for (const name of ['a', 'b', 'c', 'd', 'e']) await direct.create(configMap(name));
  const paged = clusterOf(server.kubeconfigVia(proxy.url), { pageSize: 2 });
  start(paged);
  await cache.whenSynced();
  expect([...cache.all()]).toHaveLength(5);
  expect(lists()).toBe(3);
  await cache.stop();
  await paged.close();
});

test('a watch continues after errors without another list', async () => {
  start();
  await cache.whenSynced();
  await until('it watches', () => watches() === 1);
  proxy.fault = (seen) => (isWatch(seen) ? { status: 500 } : undefined);
  proxy.breakAll();
  await until('it was refused some times', () => watches() >= 4);
  await direct.create(configMap('meanwhile'));
  expect(cache.get('default', 'meanwhile')).toBeUndefined();
  expect(cache.trouble).toBe('injected');
  proxy.fault = () => undefined;
  await until('it has caught up', () => cache.get('default', 'meanwhile'));
  expect(lists()).toBe(1);
  expect(cache.synced).toBe(true);
});

test('retries back off', async () => {
  proxy.fault = () => ({ status: 500 });
  start();
  await until('it tried four times', () => lists() === 4);
  const times = proxy.seen.map(({ at }) => at);
  // The waits are 50, 100 and 200 ms, each shortened by up to one half.
  expect((times[3] ?? 0) - (times[0] ?? 0)).toBeGreaterThanOrEqual(170);
  expect(cache.synced).toBe(false);
  proxy.fault = () => undefined;
  await cache.whenSynced();
  expect(cache.synced).toBe(true);
});

test('a retry waits as long as the server asks, up to the limit', async () => {
  proxy.fault = () => ({ status: 429, headers: { 'retry-after': '1' } });
  // The server asks for 1 s. The own limit is 500 ms.
  start();
  await until('it tried twice', () => lists() === 2);
  const [first, second] = proxy.seen.map(({ at }) => at);
  expect((second ?? 0) - (first ?? 0)).toBeGreaterThanOrEqual(450);
});

test('a compacted version leads to another list', async () => {
  await direct.create(configMap('stays'));
  const goes = await direct.create(configMap('goes'));
  start();
  await cache.whenSynced();
  await until('it watches', () => watches() === 1);
  // The watch cache of the server hides a compaction until the server restarts.
  proxy.fault = (seen) => (isWatch(seen) ? { status: 503 } : undefined);
  proxy.breakAll();
  await direct.delete(configMapRef('goes'), goes.metadata.uid ?? '');
  await direct.create(configMap('comes'));
  await server.compact();
  await server.restart();
  await direct.create(configMap('later'));
  await server.compact();
  proxy.fault = () => undefined;
  await until('it has caught up', () => cache.get('default', 'later') && cache.get('default', 'comes'));
  expect(cache.get('default', 'goes')).toBeUndefined();
  expect(cache.get('default', 'stays')).toBeDefined();
  expect(lists()).toBe(2);
});

test('an expiry event within a watch leads to another list', async () => {
  start();
  await cache.whenSynced();
  await until('it watches', () => watches() === 1);
  const expired = { type: 'ERROR', object: { kind: 'Status', code: 410, reason: 'Expired', message: 'too old' } };
  let sent = false;
  proxy.fault = (seen) => {
    if (!isWatch(seen) || sent) return undefined;
    sent = true;
    return { status: 200, body: expired };
  };
  proxy.breakAll();
  await until('it lists again', () => lists() === 2);
  const order = proxy.seen.map((seen) => (isWatch(seen) ? 'watch' : 'list'));
  expect(order.slice(0, 4)).toEqual(['list', 'watch', 'watch', 'list']);
  await direct.create(configMap('new'));
  await until('it follows', () => cache.get('default', 'new'));
});

test('a watch requests bookmarks and continues from the last one', async () => {
  start();
  await cache.whenSynced();
  await until('it watches', () => watches() === 1);
  const { metadata } = await direct.create({ ...configMap('elsewhere'), kind: 'Secret', data: {} });
  const { resourceVersion = '' } = metadata;
  let sent = false;
  proxy.fault = (seen) => {
    if (!isWatch(seen) || sent) return undefined;
    sent = true;
    return {
      status: 200,
      body: { type: 'BOOKMARK', object: { apiVersion: 'v1', kind: 'ConfigMap', metadata: { resourceVersion } } },
    };
  };
  proxy.breakAll();
  await until('it watches from there', () =>
    proxy.seen.some((seen) => isWatch(seen) && seen.path.includes(`resourceVersion=${resourceVersion}&`)),
  );
  expect(proxy.seen.filter(isWatch).every(({ path }) => path.includes('allowWatchBookmarks=true'))).toBe(true);
  await direct.create(configMap('new'));
  await until('it follows', () => cache.get('default', 'new'));
  expect(changes).toHaveLength(1);
  expect(lists()).toBe(1);
});

test('the cache recovers after a restart of the API server', async () => {
  start(direct);
  await cache.whenSynced();
  await server.kill();
  await until('it notices', () => cache.trouble);
  await server.restart();
  await direct.create(configMap('after-the-restart'));
  await until('it follows', () => cache.get('default', 'after-the-restart'));
});

test('a silent watch is replaced by another list', async () => {
  start();
  await cache.whenSynced();
  await until('it watches', () => watches() === 1);
  proxy.fault = (seen) => (isWatch(seen) ? 'hang' : undefined);
  proxy.breakAll();
  await until('it watches again', () => watches() === 2);
  await direct.create(configMap('unheard'));
  await until('it lists again', () => cache.get('default', 'unheard'));
});

test('an object that was deleted and created again during an interruption is two objects', async () => {
  const first = await direct.create(configMap('same-name', 'first'));
  start();
  await cache.whenSynced();
  await until('it watches', () => watches() === 1);
  proxy.fault = () => 'break';
  proxy.breakAll();
  await direct.delete(configMapRef('same-name'), first.metadata.uid ?? '');
  const second = await direct.create(configMap('same-name', 'second'));
  proxy.fault = (seen) =>
    isWatch(seen) && seen.path.includes('resourceVersion=') && lists() === 1
      ? { status: 410, body: { kind: 'Status', code: 410, reason: 'Expired' } }
      : undefined;
  await until('the second is seen', () => text('same-name') === 'second');
  expect(changes.map(({ type, object }) => [type, object.metadata.uid])).toEqual([
    ['Added', first.metadata.uid],
    ['Deleted', first.metadata.uid],
    ['Added', second.metadata.uid],
  ]);
});

test('the cache of a missing type is empty until the server has the type', async () => {
  cache = watchCache({
    cluster: direct,
    type: { apiVersion: 'later.example.dev/v1', kind: 'Late', plural: 'lates' },
    changed: (change) => changes.push(change),
    clock: systemClock,
    random: Math.random,
    log: keptLog(),
    absentTypeMs: 100,
  });
  cache.start();
  await cache.whenSynced();
  expect([...cache.all()]).toEqual([]);
  const names = { kind: 'Late', plural: 'lates', singular: 'late', listKind: 'LateList' };
  const schema = { openAPIV3Schema: { type: 'object' } };
  await direct.create({
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: 'lates.later.example.dev' },
    spec: {
      group: 'later.example.dev',
      scope: 'Namespaced',
      names,
      versions: [{ name: 'v1', served: true, storage: true, schema }],
    },
  });
  const late = { apiVersion: 'later.example.dev/v1', kind: 'Late', metadata: { namespace: 'default', name: 'one' } };
  await until('it can be created', () => direct.create(late));
  await until('it is seen', () => cache.get('default', 'one'));
});

test('a stopped cache ends its watch', async () => {
  start();
  await cache.whenSynced();
  await until('it watches', () => watches() === 1);
  await cache.stop();
  await direct.create(configMap('too-late'));
  const requests = proxy.seen.length;
  // Another cache with the same proxy sees the object, so the stopped one could have seen it, too.
  const other = watchCache({
    cluster: through,
    type: { apiVersion: 'v1', kind: 'ConfigMap' },
    selection: { namespace: 'default' },
    changed: () => {},
    clock: systemClock,
    random: Math.random,
    log: keptLog(),
  });
  other.start();
  await until('the other sees it', () => other.get('default', 'too-late'));
  await other.stop();
  expect(changes).toEqual([]);
  expect(proxy.seen.slice(requests).filter(({ path }) => path.includes('labelSelector'))).toEqual([]);
});
