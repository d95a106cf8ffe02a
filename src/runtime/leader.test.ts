import { expect, test } from '@jest/globals';
import { keptLog, manualClock, settle } from '../../test/support/kept.ts';
import type { KubernetesObject } from '../api/kind.ts';
import { leadWhenElected } from './leader.ts';
import { ApiError, type Cluster } from './ports.ts';

/** One Lease with the API server's rule for concurrent writes; tests against the real one are in test/e2e/runtime. */
function leaseServer() {
  let lease: KubernetesObject | null = null;
  let version = 0;
  const server = {
    away: false,
    spec: () => (lease?.spec ?? {}) as { holderIdentity?: string; leaseTransitions?: number },
    client: {
      async get() {
        answer();
        return lease;
      },
      async create(object) {
        answer();
        if (lease) throw new ApiError(409, 'AlreadyExists', 'already exists');
        return write(object);
      },
      async update(object) {
        answer();
        if (object.metadata.resourceVersion !== lease?.metadata.resourceVersion)
          throw new ApiError(409, 'Conflict', 'conflict');
        return write(object);
      },
    } satisfies Pick<Cluster, 'get' | 'create' | 'update'>,
  };
  function answer() {
    if (server.away) throw new ApiError(0, 'Unreachable', 'nobody there');
  }
  function write(object: KubernetesObject) {
    version += 1;
    lease = { ...object, metadata: { ...object.metadata, resourceVersion: String(version) } };
    return lease;
  }
  return server;
}

function candidates() {
  const clock = manualClock();
  const server = leaseServer();
  const join = (identity: string) => {
    const stop = new AbortController();
    const self = { stop, leading: false, lost: false, ended: undefined as string | undefined, finish: () => {} };
    void leadWhenElected(
      { cluster: server.client, namespace: 'n', name: 'l', identity, clock, random: () => 0, log: keptLog() },
      stop.signal,
      (lost) =>
        new Promise((resolve) => {
          self.leading = true;
          self.finish = () => {
            self.leading = false;
            resolve();
          };
          lost.addEventListener('abort', () => {
            self.lost = true;
            self.finish();
          });
        }),
    ).then((ended) => {
      self.ended = ended;
    });
    return self;
  };
  return { clock, server, join };
}

test('without an answer for 20 s the holder ends', async () => {
  const { clock, server, join } = candidates();
  const holder = join('a');
  await settle();
  expect(holder.leading).toBe(true);
  await clock.advance(60_000);
  expect(holder.leading).toBe(true);
  server.away = true;
  await clock.advance(18_000);
  expect(holder.leading).toBe(true);
  await clock.advance(5_000);
  expect([holder.leading, holder.lost, holder.ended]).toEqual([false, true, 'Lost']);
});

test('a lease unchanged for 15 s by the own clock is free, whatever time is written in it', async () => {
  const { clock, server, join } = candidates();
  await server.client.create({
    apiVersion: 'coordination.k8s.io/v1',
    kind: 'Lease',
    metadata: { namespace: 'n', name: 'l' },
    spec: {
      holderIdentity: 'dead',
      leaseDurationSeconds: 15,
      renewTime: '1999-01-01T00:00:00.000000Z',
      leaseTransitions: 3,
    },
  });
  const next = join('b');
  await clock.advance(14_000);
  expect(next.leading).toBe(false);
  await clock.advance(3_000);
  expect(next.leading).toBe(true);
  expect(server.spec()).toMatchObject({ holderIdentity: 'b', leaseTransitions: 4 });
});

test('of many who come at once one leads', async () => {
  const { clock, join } = candidates();
  const all = ['a', 'b', 'c', 'd'].map(join);
  await clock.advance(120_000);
  expect(all.filter(({ leading }) => leading)).toHaveLength(1);
});

test('stopped, it renews until its work is done and then lets go', async () => {
  const { clock, server, join } = candidates();
  const holder = join('a');
  const next = join('b');
  await settle();
  holder.stop.abort();
  await clock.advance(30_000);
  expect([holder.leading, next.leading]).toEqual([true, false]);
  holder.finish();
  await clock.advance(2_000);
  expect([holder.ended, next.leading]).toEqual(['Released', true]);
  expect(server.spec().holderIdentity).toBe('b');
});

test('one who is stopped while waiting ends without a term', async () => {
  const { clock, join } = candidates();
  join('a');
  const next = join('b');
  await settle();
  next.stop.abort();
  await clock.advance(1);
  expect([next.ended, next.leading]).toEqual(['Released', false]);
});
