/** Known problems of client-node 2.0.1, each tested with a real API server. */
import { createServer } from 'node:net';
import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { OWNER_UID } from '../../../src/contract/actions.ts';
import { applyUnowned } from '../../../src/runtime/loop/unowned.ts';
import { ApiError, type Cluster } from '../../../src/runtime/ports.ts';
import { clusterOf } from '../../../tools/client.ts';
import { type ApiServer, startApiServer } from '../../support/apiServer.ts';
import { type FaultProxy, startFaultProxy } from '../../support/faultProxy.ts';
import { configMapRef } from '../../support/toy.ts';

type Client = Cluster & { close(): Promise<void> };
let server: ApiServer;
let proxy: FaultProxy;
let client: Client;

beforeAll(async () => {
  server = await startApiServer();
  proxy = await startFaultProxy(server.url);
  client = clusterOf(server.kubeconfigVia(proxy.url), { timeoutMs: 500, idleMs: 500 });
});

afterAll(async () => {
  await client?.close();
  await proxy?.stop();
  await server?.stop();
});

beforeEach(() => {
  proxy.fault = () => undefined;
});

const configMaps = { apiVersion: 'v1', kind: 'ConfigMap' };
const inDefault = { namespace: 'default' };
const configMap = (name: string, data = {}) => ({ ...configMaps, metadata: { namespace: 'default', name }, data });

async function errorOf(call: Promise<unknown>): Promise<ApiError> {
  const error = await call.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(ApiError);
  return error as ApiError;
}

test('consecutive requests share connections', async () => {
  const own = clusterOf(server.kubeconfigVia(proxy.url));
  const before = proxy.connections;
  for (let n = 0; n < 20; n += 1) await own.list(configMaps, inDefault);
  // undici opens another connection if a request begins before the last answer has ended completely.
  expect(proxy.connections - before).toBeLessThanOrEqual(5);
  await own.close();
});

test('a reader that leaves a watch closes its connection', async () => {
  const { resourceVersion } = await client.list(configMaps, inDefault);
  const aborted = new AbortController();
  const before = proxy.connections;
  await client.create(configMap('first'));
  for await (const { type, object } of client.watch(configMaps, inDefault, resourceVersion, aborted.signal)) {
    expect([type, object.metadata.name]).toEqual(['ADDED', 'first']);
    break;
  }
  const { resourceVersion: next } = await client.list(configMaps, inDefault);
  await client.create(configMap('second'));
  for await (const { object } of client.watch(configMaps, inDefault, next, aborted.signal)) {
    expect(object.metadata.name).toBe('second');
    break;
  }
  expect(proxy.connections - before).toBeLessThanOrEqual(2);
});

test('a silent request or watch fails', async () => {
  proxy.fault = () => 'hang';
  expect(await errorOf(client.get(configMapRef('x')))).toMatchObject({ status: 0, reason: 'Timeout' });
  proxy.fault = () => undefined;
  const { resourceVersion } = await client.list(configMaps, inDefault);
  const watched = client.watch(configMaps, inDefault, resourceVersion, new AbortController().signal);
  expect(await errorOf(watched[Symbol.asyncIterator]().next())).toMatchObject({ status: 0, reason: 'Timeout' });
});

test('a broken connection or a closed port is an error without a status', async () => {
  proxy.fault = () => 'break';
  expect(await errorOf(client.get(configMapRef('x')))).toMatchObject({ status: 0, reason: 'Unreachable' });
  const port = await new Promise<number>((resolve) => {
    const taken = createServer().listen(0, '127.0.0.1', () => {
      const { port: free } = taken.address() as { port: number };
      taken.close(() => resolve(free));
    });
  });
  const nowhere = clusterOf(server.kubeconfigVia(`http://127.0.0.1:${port}`));
  expect(await errorOf(nowhere.get(configMapRef('x')))).toMatchObject({ status: 0, reason: 'Unreachable' });
  await nowhere.close();
});

test('a cancelled request ends at once', async () => {
  proxy.fault = () => 'hang';
  const giveUp = new AbortController();
  const call = errorOf(client.get(configMapRef('x'), giveUp.signal));
  giveUp.abort();
  expect(await call).toMatchObject({ status: 0, reason: 'Aborted' });
});

test('a refusal has the message of the server', async () => {
  expect(await errorOf(client.create(configMap('Not A Name')))).toMatchObject({ status: 422, reason: 'Invalid' });
  expect(await errorOf(client.create(configMap('first')))).toMatchObject({ status: 409, reason: 'AlreadyExists' });
  const type = { apiVersion: 'nowhere.example.dev/v1', kind: 'None' };
  expect(await errorOf(client.list(type, {}))).toMatchObject({ status: 404 });
  expect(await errorOf(client.list({ apiVersion: 'v1', kind: 'None' }, {}))).toMatchObject({
    status: 404,
    message: 'the API server has no None in v1',
  });
  proxy.fault = () => ({ status: 429, headers: { 'retry-after': '7' } });
  expect(await errorOf(client.list(configMaps, inDefault))).toMatchObject({ status: 429, retryAfterMs: 7_000 });
});

test('the objects of a list have apiVersion and kind', async () => {
  const { items } = await client.list(configMaps, inDefault);
  expect(items.length).toBeGreaterThan(0);
  for (const item of items) expect(item).toMatchObject(configMaps);
});

test('apply creates an object, changes it and removes its own fields; with a uid it never creates', async () => {
  const created = await client.apply(configMap('applied', { a: '1', b: '2' }));
  await client.patch(configMapRef('applied'), { data: { c: '3' } });
  const changed = await client.apply(configMap('applied', { a: '4' }));
  expect(changed.data).toEqual({ a: '4', c: '3' });
  await client.delete(configMapRef('applied'), created.metadata.uid ?? '');
  const again = configMap('applied');
  const metadata = { ...again.metadata, uid: created.metadata.uid ?? '' };
  expect(await errorOf(client.apply({ ...again, metadata }))).toMatchObject({ status: 409 });
});

test('delete removes only the object with the uid and succeeds if it is gone', async () => {
  const created = await client.create(configMap('deleted'));
  await client.delete(configMapRef('deleted'), 'another-uid');
  expect(await client.get(configMapRef('deleted'))).not.toBeNull();
  await client.delete(configMapRef('deleted'), created.metadata.uid ?? '');
  expect(await client.get(configMapRef('deleted'))).toBeNull();
  await client.delete(configMapRef('deleted'), created.metadata.uid ?? '');
});

test('the served kinds of a version exclude subresources', async () => {
  expect(await client.served('apps/v1')).toEqual(expect.arrayContaining(['Deployment', 'StatefulSet']));
  expect(await client.served('apps/v1')).not.toContain('Scale');
  expect(await client.served('v1')).toContain('ConfigMap');
  expect(await client.served('nowhere.example.dev/v1')).toEqual([]);
  proxy.fault = () => ({ status: 500 });
  expect(await errorOf(client.served('apps/v1'))).toMatchObject({ status: 500 });
});

test('an object in another namespace is created and changed only for its owner', async () => {
  const unowned = (owner: string, data: Record<string, string>) => {
    const { metadata, ...rest } = configMap('unowned', data);
    return { ...rest, metadata: { ...metadata, labels: { [OWNER_UID]: owner } } };
  };
  const found = () => client.get(configMapRef('unowned'));
  await applyUnowned(unowned('mine', { a: '1' }), client);
  await applyUnowned(unowned('mine', { a: '2' }), client);
  const labels = { [OWNER_UID]: 'mine', 'app.kubernetes.io/managed-by': 'kafka-lab-operator' };
  expect(await found()).toMatchObject({ metadata: { labels }, data: { a: '2' } });
  await expect(applyUnowned(unowned('another', { a: '3' }), client)).rejects.toMatchObject({
    reason: 'Refused',
    message: expect.stringContaining('ConfigMap default/unowned exists already'),
  });
  // A finalizer keeps the object, so it is not created again by accident.
  await client.patch(configMapRef('unowned'), { metadata: { finalizers: ['example.dev/held'] } });
  await client.delete(configMapRef('unowned'), (await found())?.metadata.uid ?? '');
  await expect(applyUnowned(unowned('mine', { a: '4' }), client)).rejects.toMatchObject({ reason: 'Unexpected' });
  expect((await found())?.data).toEqual({ a: '2' });
  await client.patch(configMapRef('unowned'), { metadata: { finalizers: null } });
  expect(await found()).toBeNull();
});
