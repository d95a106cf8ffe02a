import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from '@jest/globals';
import type { KubernetesObject } from '../../../src/contract/kubernetes.ts';
import { objectIn } from '../../../src/contract/queries.ts';
import { ActionError, type Cluster, type EvidenceReader, type Kafka } from '../../../src/runtime/ports.ts';
import { clusterOf } from '../../../tools/client.ts';
import { type ApiServer, startApiServer } from '../../support/apiServer.ts';
import { type FaultProxy, type Seen, startFaultProxy } from '../../support/faultProxy.ts';
import { settle } from '../../support/kept.ts';
import {
  configMapRef,
  installToys,
  type Toy,
  type ToySpec,
  type ToyStatus,
  toy,
  toyKind,
  toyRef,
} from '../../support/toy.ts';
import { startToyRuntime, type ToyRuntime } from '../../support/toyRuntime.ts';
import { until } from '../../support/until.ts';

let server: ApiServer;
let user: Cluster & { close(): Promise<void> };
let proxy: FaultProxy;
let through: Cluster & { close(): Promise<void> };
let running: ToyRuntime;

beforeAll(async () => {
  server = await startApiServer();
  user = clusterOf(server.kubeconfig);
  await installToys(user);
});

afterAll(async () => {
  await user?.close();
  await server?.stop();
});

beforeEach(async () => {
  proxy = await startFaultProxy(server.url);
  through = clusterOf(server.kubeconfigVia(proxy.url));
  running = startToyRuntime(through);
});

afterEach(async () => {
  await running.crash();
  await through.close();
  await proxy.stop();
  const { items } = await user.list({ apiVersion: 'example.dev/v1', kind: 'Toy' }, {});
  for (const { metadata } of items) {
    const target = { ...toyRef(metadata.name), namespace: metadata.namespace ?? '' };
    await user.patch(target, { metadata: { finalizers: null } });
    await user.delete(target, metadata.uid ?? '');
  }
  for (const item of await configMaps()) await user.delete(configMapRef(item.metadata.name), item.metadata.uid ?? '');
});

const make = (name: string, spec: ToySpec) => user.create(toy(name, spec));
const change = (name: string, spec: Partial<Record<keyof ToySpec, unknown>>) => user.patch(toyRef(name), { spec });
const read = async (name: string) => (await user.get(toyRef(name))) as Toy | null;
const statusOf = async (name: string): Promise<ToyStatus> => (await read(name))?.status ?? {};
const configMaps = async () =>
  (await user.list({ apiVersion: 'v1', kind: 'ConfigMap' }, { namespace: 'default' })).items.filter(
    ({ metadata }) => metadata.name !== 'kube-root-ca.crt',
  );
const copies = async (name: string) =>
  (await configMaps()).filter(({ metadata }) => metadata.name.startsWith(`${name}-`));
const remove = async (name: string) => user.delete(toyRef(name), (await read(name))?.metadata.uid ?? '');
const writes = () => proxy.seen.filter(({ method }) => method !== 'GET');
const isStatus = ({ path }: Seen) => path.includes('/status');
const eventsOf = async (name: string) =>
  (await user.list({ apiVersion: 'events.k8s.io/v1', kind: 'Event' }, { namespace: 'default' })).items.filter(
    (event) => (event.regarding as { name?: string }).name === name,
  );

test('desired objects and the status follow the spec', async () => {
  await make('round', { copies: 2, text: 'one' });
  await until('the status has 2 copies', async () => (await statusOf('round')).copies === 2);
  const [first] = await copies('round');
  const { uid } = (await read('round'))?.metadata ?? {};
  expect(first?.metadata).toMatchObject({
    labels: { 'app.kubernetes.io/managed-by': 'kafka-lab-operator', 'kafkalab.dev/toy': 'round' },
    ownerReferences: [
      { apiVersion: 'example.dev/v1', kind: 'Toy', name: 'round', uid, controller: true, blockOwnerDeletion: true },
    ],
  });
  await change('round', { copies: 3, text: 'two' });
  await until('the status has 3 copies', async () => (await statusOf('round')).copies === 3);
  expect((await copies('round')).map(({ data }) => data)).toEqual(Array(3).fill({ text: 'two' }));
});

test('only owned objects that are no longer desired are pruned', async () => {
  await user.create({ ...configMap('round-note'), data: { text: 'mine' } });
  await make('round', { copies: 3 });
  await until('the status has 3 copies', async () => (await statusOf('round')).copies === 3);
  await change('round', { copies: 1 });
  await until('the status has 1 copies', async () => (await statusOf('round')).copies === 1);
  expect((await copies('round')).map(({ metadata }) => metadata.name)).toEqual(['round-0', 'round-note']);
});

const configMap = (name: string): KubernetesObject => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { namespace: 'default', name },
});

test('foreign changes and deletions are repaired, and foreign fields stay', async () => {
  await make('round', { copies: 2, text: 'right' });
  await until('the status has 2 copies', async () => (await statusOf('round')).copies === 2);
  await user.patch(configMapRef('round-0'), { data: { text: 'wrong', more: 'added' } });
  await until('it is right again', async () => {
    const { text } = ((await user.get(configMapRef('round-0')))?.data ?? {}) as { text?: string };
    return text === 'right';
  });
  expect((await user.get(configMapRef('round-0')))?.data).toEqual({ text: 'right', more: 'added' });
  const lost = await user.get(configMapRef('round-1'));
  await user.delete(configMapRef('round-1'), lost?.metadata.uid ?? '');
  await until('it is back', async () => {
    const found = await user.get(configMapRef('round-1'));
    return found && found.metadata.uid !== lost?.metadata.uid;
  });
  // Without its label the watch no longer sees the object, but it is still found.
  await user.patch(configMapRef('round-1'), { metadata: { labels: { 'app.kubernetes.io/managed-by': null } } });
  await until('the label is back', async () => {
    const labels = (await user.get(configMapRef('round-1')))?.metadata.labels;
    return labels?.['app.kubernetes.io/managed-by'];
  });
});

test('a foreign object of the same name is not touched, and the status reports it', async () => {
  await user.create({ ...configMap('round-0'), data: { text: 'mine' } });
  await make('round', { copies: 2, text: 'theirs' });
  const failures = await until('the failure is shown', async () => {
    const status = await statusOf('round');
    return status.failures?.length ? status.failures : undefined;
  });
  expect(failures).toEqual([
    {
      action: 'Apply',
      reason: 'Refused',
      message:
        'ConfigMap default/round-0 exists already and was not created by this operator. Delete it, or give the Toy another name.',
    },
  ]);
  expect((await user.get(configMapRef('round-0')))?.data).toEqual({ text: 'mine' });
  // The other object is created. After the user has acted, a change of the spec starts a round at once.
  expect(await user.get(configMapRef('round-1'))).not.toBeNull();
  await user.delete(configMapRef('round-0'), (await user.get(configMapRef('round-0')))?.metadata.uid ?? '');
  await change('round', { text: 'now' });
  await until('it exists', async () => (await user.get(configMapRef('round-0'))) !== null);
  await until('the failure is gone', async () => (await statusOf('round')).failures?.length === 0);
});

test('an unchanged resource causes no requests', async () => {
  for (const name of ['a', 'b', 'c']) await make(name, { copies: 2 });
  await until('all are done', async () =>
    (await Promise.all(['a', 'b', 'c'].map(statusOf))).every((s) => s.copies === 2),
  );
  await until('its events are written', async () => (await eventsOf('c')).length >= 1);
  // Status writes are one second apart, so any pending write happens within two seconds.
  const quiet = await until('no request for two seconds', () => {
    const last = proxy.seen.at(-1)?.at ?? 0;
    return Date.now() - last > 2_000 ? proxy.seen.length : undefined;
  });
  await user.patch(toyRef('a'), { metadata: { labels: { touched: 'yes' } } });
  await user.create(configMap('marker'));
  await make('d', { copies: 1 });
  await until('d is done', async () => (await statusOf('d')).copies === 1);
  const since = proxy.seen.slice(quiet).filter(({ path }) => !path.includes('events'));
  expect(since.filter(({ path }) => !/\/(toys\/d|configmaps\/d-0)/.test(path))).toEqual([]);
});

test('a restarted operator applies each object once without a change', async () => {
  await make('round', { copies: 3 });
  await until('the status has 3 copies', async () => (await statusOf('round')).copies === 3);
  await running.stop();
  const before = (await copies('round')).map(({ metadata }) => metadata.resourceVersion);
  const at = (await read('round'))?.metadata.resourceVersion;
  proxy.seen.length = 0;
  running = startToyRuntime(through);
  await until('a round has ended', () => running.results.Done);
  await until('it has applied', () => writes().length >= 3);
  expect(writes().map(({ method, path }) => `${method} ${path.split('?')[0]?.split('/').pop()}`)).toEqual([
    'PATCH round-0',
    'PATCH round-1',
    'PATCH round-2',
  ]);
  expect((await copies('round')).map(({ metadata }) => metadata.resourceVersion)).toEqual(before);
  expect((await read('round'))?.metadata.resourceVersion).toBe(at);
});

test('the finalizer is set before the first object and removed when the plan is finished', async () => {
  await user.create(configMap('guard'));
  await make('round', { copies: 2, waitsFor: 'guard' });
  await until('the status has 2 copies', async () => (await statusOf('round')).copies === 2);
  const order = writes().map(({ path }) => path.split('?')[0]?.split('/').slice(-2).join('/'));
  expect(order[0]).toBe('toys/round');
  expect((await read('round'))?.metadata.finalizers).toEqual(['kafkalab.dev/cleanup']);
  await user.patch(toyRef('round'), { metadata: { finalizers: ['kafkalab.dev/cleanup', 'example.dev/other'] } });
  await remove('round');
  await until('what it owned is gone', async () => (await copies('round')).length === 0);
  expect((await read('round'))?.metadata.finalizers).toContain('kafkalab.dev/cleanup');
  await user.delete(configMapRef('guard'), (await user.get(configMapRef('guard')))?.metadata.uid ?? '');
  await until('only the other finalizer is left', async () => {
    const { finalizers } = (await read('round'))?.metadata ?? {};
    return finalizers?.length === 1 && finalizers[0] === 'example.dev/other';
  });
  const taken = writes().length;
  await user.patch(toyRef('round'), { metadata: { labels: { touched: 'yes' } } });
  await user.patch(toyRef('round'), { metadata: { finalizers: null } });
  await until('it is gone', async () => (await read('round')) === null);
  await make('next', { copies: 1 });
  await until('the next is done', async () => (await statusOf('next')).copies === 1);
  // Nothing was written to it after that.
  expect(
    writes()
      .slice(taken)
      .filter(({ path }) => path.includes('toys/round')),
  ).toEqual([]);
});

test('a resource that is created again under the same name starts anew', async () => {
  await make('round', { copies: 2, text: 'first' });
  await until('the status has 2 copies', async () => (await statusOf('round')).copies === 2);
  await remove('round');
  await until('it is gone', async () => (await read('round')) === null);
  await make('round', { copies: 1, text: 'second' });
  await until('the status has 1 copies', async () => (await statusOf('round')).copies === 1);
  const uid = (await read('round'))?.metadata.uid;
  expect((await copies('round')).map(({ data, metadata }) => [data, metadata.ownerReferences?.[0]?.uid])).toEqual([
    [{ text: 'second' }, uid],
  ]);
});

test('a status is written at most once per second', async () => {
  await make('busy', { copies: 1, tickMs: 10 });
  await until('four ticks are written', () => proxy.seen.filter(isStatus).length >= 4);
  const times = proxy.seen.filter(isStatus).map(({ at }) => at);
  // The second begins with the answer, a few ms after the proxy has seen the request.
  for (const [index, at] of times.slice(1).entries()) expect(at - (times[index] ?? 0)).toBeGreaterThanOrEqual(990);
  // No tick is lost or counted twice, because plan always observes the last written status. One write may be running.
  await until(
    'the ticks equal the status writes',
    async () => (await statusOf('busy')).ticks === proxy.seen.filter(isStatus).length,
  );
  expect(running.results.Waited).toBeGreaterThan(0);
});

test('a status that is too large is written without its largest field', async () => {
  await make('heavy', { copies: 1, ballastBytes: 300 * 1024 });
  await until('the rest of the status is there', async () => (await statusOf('heavy')).copies === 1);
  expect((await statusOf('heavy')).ballast).toBeUndefined();
  await until('an Event reports it', async () =>
    (await eventsOf('heavy')).some(
      ({ reason, note }) => reason === 'StatusTooLarge' && note === 'The status is too large; left out: ballast.',
    ),
  );
  await change('heavy', { copies: 2 });
  await until('it still works', async () => (await statusOf('heavy')).copies === 2);
});

test('an exception in plan is logged once and retried with backoff, and at once after a change of the spec', async () => {
  await make('bad', { copies: 1, broken: 'no such thing' });
  await until('it has failed three times', () => (running.results.Failed ?? 0) >= 3);
  const logged = running.log.lines.filter(({ fields }) => fields?.error === 'no such thing');
  expect(logged).toHaveLength(1);
  expect(logged[0]?.fields?.resource).toBe('Toy.example.dev default/bad');
  await until('there is one event', async () => (await eventsOf('bad')).length === 1);
  expect((await eventsOf('bad'))[0]).toMatchObject({ type: 'Warning', reason: 'Unexpected', note: 'no such thing' });
  await change('bad', { broken: null });
  await until('it works', async () => (await statusOf('bad')).copies === 1);
});

test('trouble of the API server delays a round without a failure of the resource', async () => {
  proxy.fault = ({ method, path }) =>
    method === 'PATCH' && path.includes('/configmaps/') ? { status: 503 } : undefined;
  await make('round', { copies: 1 });
  await until('it was refused', () => running.results.Failed);
  proxy.fault = () => undefined;
  await until('the status has 1 copies', async () => (await statusOf('round')).copies === 1);
  expect((await eventsOf('round')).map(({ reason }) => reason)).not.toContain('Unexpected');
});

test('the plan observes a refusal of the API server', async () => {
  await make('round', { copies: 1, scale: { name: 'nobody', replicas: 3 } });
  const failures = await until('the failure is shown', async () => {
    const status = await statusOf('round');
    return status.failures?.length ? status.failures : undefined;
  });
  expect(failures).toEqual([{ action: 'Scale', reason: 'Refused', message: 'deployments.apps "nobody" not found' }]);
  await change('round', { scale: null });
  await until('the failure is forgotten', async () => (await statusOf('round')).failures?.length === 0);
});

test('a Scale action uses the scale subresource', async () => {
  const labels = { app: 'some' };
  await user.create({
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { namespace: 'default', name: 'some' },
    spec: {
      replicas: 1,
      selector: { matchLabels: labels },
      template: { metadata: { labels }, spec: { containers: [{ name: 'a', image: 'a' }] } },
    },
  });
  await make('round', { copies: 1, scale: { name: 'some', replicas: 4 } });
  const target = { apiVersion: 'apps/v1', kind: 'Deployment', namespace: 'default', name: 'some' };
  await until(
    'it is scaled',
    async () => ((await user.get(target))?.spec as { replicas?: number } | undefined)?.replicas === 4,
  );
});

test('a change of a watched object starts a round, for foreign types and our own', async () => {
  await user.create({ ...configMap('seen'), data: { text: 'one' } });
  await make('watcher', { copies: 0, watches: { apiVersion: 'v1', kind: 'ConfigMap', name: 'seen' } });
  await until('one is seen', async () => (await statusOf('watcher')).watched === 'one');
  await user.patch(configMapRef('seen'), { data: { text: 'two' } });
  await until('two is seen', async () => (await statusOf('watcher')).watched === 'two');
  await user.delete(configMapRef('seen'), (await user.get(configMapRef('seen')))?.metadata.uid ?? '');
  await until('it is missed', async () => (await statusOf('watcher')).watched === undefined);
  await change('watcher', { watches: { apiVersion: 'example.dev/v1', kind: 'Toy', name: 'other' } });
  await make('other', { copies: 0 });
  await until('the other toy is seen', async () => (await statusOf('watcher')).watched === 'undefined');
  // No resource queries the ConfigMap, so its watch has ended.
  expect(proxy.seen.filter(({ path }) => path.includes('watch=true') && path.includes('name%3Dother'))).toEqual([]);
});

test('rounds continue after a restart of the API server', async () => {
  await make('round', { copies: 1 });
  await until('the status has 1 copies', async () => (await statusOf('round')).copies === 1);
  await server.kill();
  await until('it notices', () => running.runtime.trouble);
  await server.restart();
  await change('round', { copies: 2 });
  await until('the status has 2 copies', async () => (await statusOf('round')).copies === 2, 30_000);
});

test('many resources share few connections', async () => {
  const names = Array.from({ length: 60 }, (_, index) => `many-${index}`);
  await Promise.all(names.map((name) => make(name, { copies: 2 })));
  await until(
    'all are done',
    async () => (await Promise.all(names.map(statusOf))).every((s) => s.copies === 2),
    120_000,
  );
  expect(proxy.seen.length).toBeGreaterThan(300);
  // At most 16 for requests and one for each of four watches. A few closing ones may be counted for a moment.
  expect(proxy.mostConnections).toBeLessThanOrEqual(24);
  // Connections are used again. One that was idle for seconds is replaced.
  expect(proxy.connections).toBeLessThanOrEqual(60);
  expect(proxy.seen.every(({ userAgent }) => userAgent === 'kafka-lab-operator')).toBe(true);
});

test('the plan observes a failed action before the status is written, and the action is retried', async () => {
  await running.crash();
  let broken = true;
  let recordedTooEarly = false;
  const acts: string[] = [];
  const kafka: Kafka = {
    view: async () => ({ unavailable: 'not here' }),
    act: async (action) => {
      acts.push(action.type);
      if (broken) throw new ActionError('Unreachable', 'nobody there');
    },
  };
  const kind: typeof toyKind = {
    ...toyKind,
    plan(seen) {
      const plan = toyKind.plan(seen);
      recordedTooEarly ||= broken && seen.resource.status?.ticks === 1;
      const create = { type: 'CreateTopic', topic: 't', partitions: 1, replicas: 1, config: {} } as const;
      const after = { type: 'DeleteGroup', group: 'g' } as const;
      return {
        ...plan,
        actions: seen.resource.status?.ticks ? [] : [create, after],
        status: { ...plan.status, ticks: seen.failures.length ? 0 : 1 },
      };
    },
  };
  running = startToyRuntime(through, { kafka, kinds: [kind] });
  await make('round', { copies: 1 });
  await until('the failure is shown', async () => (await statusOf('round')).failures?.[0]?.message === 'nobody there');
  expect((await statusOf('round')).ticks).toBe(0);
  expect(acts).not.toContain('DeleteGroup');
  expect(recordedTooEarly).toBe(false);
  broken = false;
  await until('it has succeeded', async () => (await statusOf('round')).ticks === 1);
  expect(acts.filter((type) => type === 'DeleteGroup').length).toBeGreaterThan(0);
  expect((await statusOf('round')).failures).toEqual([]);
});

test('an active round ends before its resource has another one, even if the lease is lost', async () => {
  await running.crash();
  const acts: string[] = [];
  let cutOff: (why: Error) => void = () => {};
  const kafka: Kafka = {
    view: async () => ({ unavailable: 'not here' }),
    async act() {
      acts.push('began');
      if (acts.length > 1) return;
      await new Promise<void>((_, reject) => {
        cutOff = reject;
      }).finally(() => acts.push('ended'));
    },
  };
  let shown = false;
  const kind: typeof toyKind = {
    ...toyKind,
    plan(seen) {
      const plan = toyKind.plan(seen);
      shown ||= seen.failures.length > 0;
      return {
        ...plan,
        actions: seen.resource.status?.ticks ? [] : [{ type: 'DeleteGroup', group: 'g' }],
        status: { ...plan.status, ticks: 1 },
      };
    },
  };
  running = startToyRuntime(through, { kafka, kinds: [kind] });
  await make('round', { copies: 0 });
  await until('the action is under way', () => acts.length > 0);
  await running.loseAndRegain();
  await settle();
  expect(acts).toEqual(['began']);
  expect(running.runtime.longestActive?.key).toBe('Toy.example.dev default/round');
  cutOff(new Error('cut off'));
  await until('it has succeeded', async () => (await statusOf('round')).ticks === 1);
  expect(acts).toEqual(['began', 'ended', 'began']);
  expect(shown).toBe(false);
});

test('the evidence of a run is read as long as a resource needs it, and a change starts a round', async () => {
  await running.crash();
  const calls: string[] = [];
  let state = 'reading';
  let changed = () => {};
  const evidence: EvidenceReader = {
    open: ({ run }) => {
      if (calls.at(-1) !== `open ${run}`) calls.push(`open ${run}`);
      return state === 'reading' ? { unavailable: state } : { known: state };
    },
    onChange: (run, call) => {
      calls.push(`onChange ${run}`);
      changed = call;
    },
    close: (run) => void calls.push(`close ${run}`),
  };
  // A watched object names the run.
  const kind: typeof toyKind = {
    ...toyKind,
    needs(resource, answers) {
      const { run } = (objectIn(answers?.[0])?.data ?? {}) as { run?: string };
      return {
        ...toyKind.needs(resource),
        ...(run ? { evidence: { run, topic: 'e', partition: 0, offset: 0 } } : {}),
      };
    },
    plan(seen) {
      const plan = toyKind.plan(seen);
      const text = 'known' in seen.evidence ? String(seen.evidence.known) : seen.evidence.unavailable;
      return { ...plan, status: { ...plan.status, watched: text } };
    },
  };
  running = startToyRuntime(through, { evidence, kinds: [kind] });
  await user.create({ ...configMap('where'), data: { run: 'r1' } });
  const watches = { apiVersion: 'v1', kind: 'ConfigMap', name: 'where' };
  await make('a', { copies: 0, watches });
  await make('b', { copies: 0, watches });
  await until(
    'both are reading',
    async () => (await statusOf('a')).watched === 'reading' && (await statusOf('b')).watched === 'reading',
  );
  state = 'read';
  changed();
  await until(
    'both have read',
    async () => (await statusOf('a')).watched === 'read' && (await statusOf('b')).watched === 'read',
  );
  await remove('a');
  await until('a is gone', async () => (await read('a')) === null);
  expect(calls).not.toContain('close r1');
  await remove('b');
  await until('b is gone', async () => (await read('b')) === null);
  await until('it is closed', () => calls.includes('close r1'));
  expect(calls.filter((call) => !call.startsWith('open'))).toEqual(['onChange r1', 'close r1']);
});

test('a runtime for some namespaces requests nothing else', async () => {
  await running.crash();
  for (const name of ['labs', 'other']) {
    await user.create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name, namespace: '' } });
  }
  proxy.seen.length = 0;
  running = startToyRuntime(through, { namespaces: ['labs'] });
  await user.create(toy('outside', { copies: 1 }, 'other'));
  await user.create(toy('inside', { copies: 1 }, 'labs'));
  await until('the one inside is done', async () => {
    const found = (await user.get({ ...toyRef('inside'), namespace: 'labs' })) as Toy | null;
    return found?.status?.copies === 1;
  });
  expect((await user.get({ ...toyRef('outside'), namespace: 'other' }))?.metadata.finalizers).toBeUndefined();
  const elsewhere = proxy.seen.filter(
    ({ path }) => /\/(toys|configmaps)/.test(path) && !path.includes('/namespaces/labs/'),
  );
  expect(elsewhere).toEqual([]);
});
