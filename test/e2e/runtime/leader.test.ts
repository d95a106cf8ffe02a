import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { systemClock } from '../../../src/runtime/clock.ts';
import { leadWhenElected, type Tenure } from '../../../src/runtime/leader.ts';
import { createRuntime } from '../../../src/runtime/loop/runtime.ts';
import type { Cluster, EvidenceReader } from '../../../src/runtime/ports.ts';
import { clusterOf } from '../../../tools/client.ts';
import { type ApiServer, startApiServer } from '../../support/apiServer.ts';
import { type FaultProxy, startFaultProxy } from '../../support/faultProxy.ts';
import { keptLog, noEvidence, noKafka, noMetrics, noWorkers } from '../../support/kept.ts';
import { configMapRef, installToys, toy, toyKind, toyRef } from '../../support/toy.ts';
import { until } from '../../support/until.ts';

type Client = Cluster & { close(): Promise<void> };
let server: ApiServer;
let user: Client;

beforeAll(async () => {
  server = await startApiServer();
  user = clusterOf(server.kubeconfig);
  await installToys(user);
});

afterAll(async () => {
  await user?.close();
  await server?.stop();
});

interface Candidate {
  proxy: FaultProxy;
  log: ReturnType<typeof keptLog>;
  leading: () => boolean;
  terms: number;
  stop: AbortController;
  end: Promise<Tenure>;
  close(): Promise<void>;
}

/** A candidate with a sixth of the default times, behind its own proxy. */
async function candidate(
  name: string,
  identity: string,
  {
    kind = toyKind,
    evidence = noEvidence,
    leaseDurationMs = 10_000,
  }: { kind?: typeof toyKind; evidence?: EvidenceReader; leaseDurationMs?: number } = {},
): Promise<Candidate> {
  const proxy = await startFaultProxy(server.url);
  const client = clusterOf(server.kubeconfigVia(proxy.url), { timeoutMs: 2_000 });
  const stop = new AbortController();
  const log = keptLog();
  let leading = false;
  const self: Candidate = {
    proxy,
    log,
    leading: () => leading,
    terms: 0,
    stop,
    end: Promise.resolve('Released'),
    async close() {
      stop.abort();
      await self.end;
      await client.close();
      await proxy.stop();
    },
  };
  const options = { leaseDurationMs, renewDeadlineMs: 7_500, retryMs: 500 };
  const runtime = createRuntime({
    kinds: [kind],
    cluster: client,
    kafka: noKafka,
    workers: noWorkers,
    evidence,
    clock: systemClock,
    random: Math.random,
    log,
    metrics: noMetrics,
    instance: identity,
  });
  runtime.start();
  self.end = leadWhenElected(
    {
      cluster: client,
      namespace: 'default',
      name,
      identity,
      clock: systemClock,
      random: Math.random,
      log,
      ...options,
    },
    stop.signal,
    async (lost) => {
      leading = true;
      self.terms += 1;
      await runtime.lead(stop.signal, lost);
      leading = false;
    },
  ).finally(() => runtime.stop());
  return self;
}

const leaseOf = async (name: string) =>
  (await user.get({ apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', namespace: 'default', name }))?.spec as {
    holderIdentity: string;
    leaseTransitions: number;
    leaseDurationSeconds: number;
    renewTime: string;
    acquireTime: string;
  };
const writesOf = ({ proxy }: Candidate) =>
  proxy.seen.filter(({ method, path }) => method !== 'GET' && !path.includes('leases'));

test('a leader that is cut off stops acting before the other candidate takes over', async () => {
  const first = await candidate('cut', 'first');
  await until('the first leads', first.leading);
  const second = await candidate('cut', 'second');
  await user.create(toy('one', { copies: 1 }));
  await until('the copy exists', () => user.get(configMapRef('one-0')));
  expect(second.leading()).toBe(false);
  expect(writesOf(second)).toEqual([]);
  expect(writesOf(first).length).toBeGreaterThan(0);
  expect(await leaseOf('cut')).toMatchObject({
    holderIdentity: 'first',
    leaseTransitions: 0,
    leaseDurationSeconds: 10,
  });

  // The first one is cut off but alive, so it keeps trying.
  let firstEndedAt = 0;
  let secondBeganAt = 0;
  first.proxy.fault = () => 'hang';
  first.proxy.breakAll();
  const watching = setInterval(() => {
    if (!firstEndedAt && !first.leading()) firstEndedAt = Date.now();
    if (!secondBeganAt && second.leading()) secondBeganAt = Date.now();
  }, 1);
  await until('the second leads', second.leading);
  // It tries to regain its lease until it learns that the lease is lost.
  expect(first.leading()).toBe(false);
  first.proxy.fault = () => undefined;
  expect(await first.end).toBe('Lost');
  expect(first.terms).toBe(1);
  await until('both were seen', () => firstEndedAt && secondBeganAt);
  clearInterval(watching);
  expect(firstEndedAt).toBeLessThan(secondBeganAt);
  await user.create(toy('two', { copies: 1 }));
  await until('the copy exists', () => user.get(configMapRef('two-0')));
  expect(writesOf(second).length).toBeGreaterThan(0);
  expect(await leaseOf('cut')).toMatchObject({ holderIdentity: 'second', leaseTransitions: 1 });
  await first.close();
  await second.close();
});

test('a leader that regains its lease continues with its whole state', async () => {
  const calls: string[] = [];
  const evidence: EvidenceReader = {
    open({ run }) {
      if (calls.at(-1) !== `open ${run}`) calls.push(`open ${run}`);
      return { unavailable: 'nothing yet' };
    },
    onChange: (run) => void calls.push(`onChange ${run}`),
    close: (run) => void calls.push(`close ${run}`),
  };
  const kind: typeof toyKind = {
    ...toyKind,
    needs: (resource, answers) => ({
      ...toyKind.needs(resource, answers),
      evidence: { run: resource.metadata.name, topic: 'e', partition: 0, offset: 0 },
    }),
  };
  const only = await candidate('again', 'only', { kind, evidence });
  await until('it leads', only.leading);
  await user.create(toy('kept', { copies: 1 }));
  await user.create(toy('leaves', { copies: 0 }));
  await until('both runs are open', async () => calls.includes('open kept') && calls.includes('open leaves'));
  await until('the copy exists', () => user.get(configMapRef('kept-0')));
  const acquired = await leaseOf('again');
  const writes = writesOf(only).length;

  only.proxy.fault = () => 'hang';
  only.proxy.breakAll();
  await until('it stops acting', () => !only.leading());
  await user.create(toy('meanwhile', { copies: 1 }));
  const leaving = await user.patch(toyRef('leaves'), { metadata: { finalizers: [] } });
  await user.delete(toyRef('leaves'), leaving.metadata.uid ?? '');
  const asked = () => only.proxy.seen.filter(({ path }) => path.includes('leases')).length;
  const before = asked();
  // Each attempt takes 2 s, the timeout of the client.
  await until('it has asked in vain for longer than the lease lasts', () => asked() >= before + 5);
  expect(only.leading()).toBe(false);
  expect(await user.get(configMapRef('meanwhile-0'))).toBeNull();

  only.proxy.fault = () => undefined;
  only.proxy.breakAll();
  await until('it leads again', only.leading);
  await until('the copy of the new toy exists', () => user.get(configMapRef('meanwhile-0')), 60_000);
  await until('the run of the deleted toy is closed', () => calls.includes('close leaves'), 60_000);
  expect(writesOf(only).length).toBeGreaterThan(writes);
  expect(only.terms).toBe(2);
  expect(await leaseOf('again')).toMatchObject({
    holderIdentity: 'only',
    leaseTransitions: 0,
    acquireTime: acquired.acquireTime,
  });
  expect(only.log.lines.map(({ message }) => message)).toContainEqual(expect.stringMatching(/^continuing after \d+ s/));
  expect(calls.filter((call) => call.endsWith(' kept') && !call.startsWith('open'))).toEqual(['onChange kept']);
  await only.close();
  expect(calls).toContain('close kept');
});

test('an Event that was pending at the loss of the lease is written in the next term', async () => {
  const only = await candidate('pending', 'only');
  await until('it leads', only.leading);
  const events = () => only.proxy.seen.filter(({ method, path }) => method !== 'GET' && path.includes('/events'));
  only.proxy.fault = ({ path }) => (path.includes('/events') ? 'hang' : undefined);
  await user.create(toy('pending', { copies: 1 }));
  await until('it tries to write the Event', () => events().length > 0);
  // It gives up after four attempts.
  only.proxy.fault = ({ path }) =>
    path.includes('/events') ? 'hang' : path.includes('leases') ? { status: 500 } : undefined;
  await until('it stops acting', () => !only.leading());
  only.proxy.fault = ({ path }) => (path.includes('leases') ? { status: 500 } : undefined);
  const before = events().length;
  const asked = () => only.proxy.seen.filter(({ path }) => path.includes('leases')).length;
  const since = asked();
  await until('it has asked for its lease for a while', () => asked() >= since + 10, 30_000);
  expect(events()).toHaveLength(before);
  const written = async () =>
    (
      await user.list(
        { apiVersion: 'events.k8s.io/v1', kind: 'Event' },
        { namespace: 'default', fieldSelector: 'regarding.name=pending' },
      )
    ).items.length;
  expect(await written()).toBe(0);
  only.proxy.fault = () => undefined;
  await until('the Event is written', async () => (await written()) > 0);
  expect(only.terms).toBe(2);
  await only.close();
});

test('after a graceful stop the other candidate leads at once', async () => {
  // The lease is long, so that its expiry is no explanation for the takeover.
  const leaseDurationMs = 120_000;
  const first = await candidate('graceful', 'first', { leaseDurationMs });
  await until('the first leads', first.leading);
  const second = await candidate('graceful', 'second', { leaseDurationMs });
  await until('the second waits', () => second.proxy.seen.some(({ path }) => path.includes('leases')));
  const stoppedAt = Date.now();
  first.stop.abort();
  expect(await first.end).toBe('Released');
  await until('the second leads', second.leading);
  expect(Date.now() - stoppedAt).toBeLessThan(leaseDurationMs / 2);
  await first.close();
  await second.close();
});

test('a leader keeps leading through failed renewals and a deleted lease', async () => {
  const only = await candidate('kept', 'only');
  await until('it leads', only.leading);
  const renewals = () =>
    only.proxy.seen.filter(({ method, path }) => method === 'PUT' && path.includes('leases')).length;
  only.proxy.fault = ({ path }) => (path.includes('leases') ? { status: 500 } : undefined);
  const before = renewals();
  await until('some renewals fail', () => renewals() >= before + 3);
  only.proxy.fault = () => undefined;
  const since = (await leaseOf('kept')).renewTime;
  await until('it is renewed', async () => (await leaseOf('kept')).renewTime !== since);
  const target = { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', namespace: 'default', name: 'kept' };
  const lease = await user.get(target);
  await user.delete(target, lease?.metadata.uid ?? '');
  await until('it is there again', async () => (await leaseOf('kept'))?.holderIdentity === 'only');
  expect((await leaseOf('kept')).renewTime).toMatch(/\.\d{6}Z$/);
  expect(only.terms).toBe(1);
  expect(only.leading()).toBe(true);
  await only.close();
  expect((await leaseOf('kept')).holderIdentity).toBe('');
});

test.each(['usurper', ''])(
  'a leader stops when another process has changed the holder to "%s"',
  async (holderIdentity) => {
    const name = holderIdentity ? 'taken' : 'emptied';
    const only = await candidate(name, 'only');
    await until('it leads', only.leading);
    await user.patch(
      { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', namespace: 'default', name },
      { spec: { holderIdentity } },
    );
    expect(await only.end).toBe('Lost');
    await only.close();
    expect((await leaseOf(name)).holderIdentity).toBe(holderIdentity);
  },
);
