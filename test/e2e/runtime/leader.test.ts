import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { systemClock } from '../../../src/runtime/clock.ts';
import { leadWhenElected, type Tenure } from '../../../src/runtime/leader.ts';
import type { Cluster } from '../../../src/runtime/ports.ts';
import { createRuntime } from '../../../src/runtime/runtime.ts';
import { type ApiServer, startApiServer } from '../../support/apiServer.ts';
import { type FaultProxy, startFaultProxy } from '../../support/faultProxy.ts';
import { keptLog, noEvidence, noKafka, noMetrics, noWorkers } from '../../support/kept.ts';
import { clusterOf, configMapRef, installToys, toy, toyKind } from '../../support/toy.ts';
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
  leading: () => boolean;
  terms: number;
  stop: AbortController;
  end: Promise<Tenure>;
  close(): Promise<void>;
}

/** With a third of the usual times, behind a proxy of its own. */
async function candidate(name: string, identity: string): Promise<Candidate> {
  const proxy = await startFaultProxy(server.url);
  const client = clusterOf(server.kubeconfigVia(proxy.url), { timeoutMs: 1_000 });
  const stop = new AbortController();
  let leading = false;
  const self: Candidate = {
    proxy,
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
  const options = { leaseDurationMs: 4_000, renewDeadlineMs: 2_500, retryMs: 300 };
  const runtime = createRuntime({
    kinds: [toyKind],
    cluster: client,
    kafka: noKafka,
    workers: noWorkers,
    evidence: noEvidence,
    clock: systemClock,
    random: Math.random,
    log: keptLog(),
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
      log: keptLog(),
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
  };
const writesOf = ({ proxy }: Candidate) =>
  proxy.seen.filter(({ method, path }) => method !== 'GET' && !path.includes('leases'));

test('one of two acts; the other takes over when the first is cut off, which stops acting before that', async () => {
  const first = await candidate('cut', 'first');
  await until('the first leads', first.leading);
  const second = await candidate('cut', 'second');
  await user.create(toy('one', { copies: 1 }));
  await until('it is made', () => user.get(configMapRef('one-0')));
  expect(second.leading()).toBe(false);
  expect(writesOf(second)).toEqual([]);
  expect(writesOf(first).length).toBeGreaterThan(0);
  expect(await leaseOf('cut')).toMatchObject({ holderIdentity: 'first', leaseTransitions: 0, leaseDurationSeconds: 4 });

  // Cut off, not dead: it goes on trying.
  let firstEndedAt = 0;
  let secondBeganAt = 0;
  first.proxy.fault = () => 'hang';
  first.proxy.breakAll();
  const watching = setInterval(() => {
    if (!firstEndedAt && !first.leading()) firstEndedAt = Date.now();
    if (!secondBeganAt && second.leading()) secondBeganAt = Date.now();
  }, 1);
  await until('the second leads', second.leading, 20_000);
  expect(await first.end).toBe('Lost');
  await until('both were seen', () => firstEndedAt && secondBeganAt);
  clearInterval(watching);
  expect(firstEndedAt).toBeLessThan(secondBeganAt);
  await user.create(toy('two', { copies: 1 }));
  await until('it is made', () => user.get(configMapRef('two-0')));
  expect(writesOf(second).length).toBeGreaterThan(0);
  expect(await leaseOf('cut')).toMatchObject({ holderIdentity: 'second', leaseTransitions: 1 });
  first.proxy.fault = () => undefined;
  await first.close();
  await second.close();
});

test('a graceful stop hands over at once', async () => {
  const first = await candidate('graceful', 'first');
  await until('the first leads', first.leading);
  const second = await candidate('graceful', 'second');
  await until('the second waits', () => second.proxy.seen.some(({ path }) => path.includes('leases')));
  const stoppedAt = Date.now();
  first.stop.abort();
  expect(await first.end).toBe('Released');
  await until('the second leads', second.leading);
  // Its next look comes after 0.3 to 0.66 s; the lease would have lasted 4 s.
  expect(Date.now() - stoppedAt).toBeLessThan(3_000);
  await first.close();
  await second.close();
});

test('keeps the lease over short troubles and a deleted lease', async () => {
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
  'gives way when somebody else was in the lease, who now says "%s"',
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
