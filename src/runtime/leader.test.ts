import { expect, test } from '@jest/globals';
import { keptLog, manualClock, settle } from '../../test/support/kept.ts';
import type { KubernetesObject } from '../contract/kubernetes.ts';
import { pause } from './clock.ts';
import { type LeaderOptions, leadWhenElected } from './leader.ts';
import { ApiError, type Cluster } from './ports.ts';

/** One Lease with the API server's rule for concurrent writes. Tests against a real API server are in test/e2e/runtime. */
function leaseServer() {
  let lease: KubernetesObject | null = null;
  let version = 0;
  let created = 0;
  const server = {
    away: false,
    /** Writes succeed but get no answer. */
    mute: false,
    remove: () => {
      lease = null;
    },
    spec: () => (lease?.spec ?? {}) as { holderIdentity?: string; leaseTransitions?: number },
    client: {
      async get() {
        answer();
        return lease;
      },
      async create(object) {
        answer();
        if (lease) throw new ApiError(409, 'AlreadyExists', 'already exists');
        created += 1;
        return write({ ...object, metadata: { ...object.metadata, uid: `uid-${created}` } });
      },
      async update(object) {
        answer();
        if (!lease) throw new ApiError(404, 'NotFound', 'not found');
        if (object.metadata.resourceVersion !== lease.metadata.resourceVersion)
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
    if (server.mute) throw new ApiError(0, 'Timeout', 'no answer');
    return lease;
  }
  return server;
}

function candidates() {
  const clock = manualClock();
  const server = leaseServer();
  const join = (identity: string, options: Partial<LeaderOptions> = {}) => {
    const stop = new AbortController();
    const log = keptLog();
    const self = {
      stop,
      leading: false,
      losses: 0,
      terms: 0,
      ended: undefined as string | undefined,
      finish: () => {},
      logged: (level: string) => log.lines.filter((line) => line.level === level).map(({ message }) => message),
    };
    void leadWhenElected(
      { cluster: server.client, namespace: 'n', name: 'l', identity, clock, random: () => 0, log, ...options },
      stop.signal,
      (lost) =>
        new Promise((resolve) => {
          expect(lost.aborted).toBe(false);
          self.leading = true;
          self.terms += 1;
          self.finish = () => {
            self.leading = false;
            resolve();
          };
          lost.addEventListener('abort', () => {
            self.losses += 1;
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

test('a holder without an answer for 45 s stops acting and continues when it regains its lease', async () => {
  const { clock, server, join } = candidates();
  const holder = join('a');
  await settle();
  expect(holder.leading).toBe(true);
  await clock.advance(60_000);
  expect(holder.leading).toBe(true);
  server.away = true;
  await clock.advance(39_000);
  expect(holder.leading).toBe(true);
  await clock.advance(7_000);
  expect([holder.leading, holder.losses, holder.ended]).toEqual([false, 1, undefined]);
  await clock.advance(120_000);
  expect([holder.leading, holder.ended]).toEqual([false, undefined]);
  server.away = false;
  await clock.advance(5_000);
  expect([holder.leading, holder.terms, holder.losses, holder.ended]).toEqual([true, 2, 1, undefined]);
  expect(server.spec()).toMatchObject({ holderIdentity: 'a', leaseTransitions: 0 });
  expect(holder.logged('warn')).toContain('interrupted: the lease has not been renewed for 45 s');
  expect(holder.logged('info').at(-1)).toMatch(/^continuing after 12\d s/);
  // The second term is like the first one: it may be interrupted, too.
  await clock.advance(120_000);
  server.away = true;
  await clock.advance(50_000);
  expect([holder.leading, holder.terms, holder.losses]).toEqual([false, 2, 2]);
  server.away = false;
  await clock.advance(5_000);
  expect([holder.leading, holder.terms]).toEqual([true, 3]);
});

test('a holder recognises its own write that succeeded without an answer', async () => {
  const { clock, server, join } = candidates();
  const holder = join('a');
  await settle();
  server.mute = true;
  await clock.advance(60_000);
  expect([holder.leading, holder.losses]).toEqual([false, 1]);
  server.mute = false;
  await clock.advance(11_000);
  expect([holder.leading, holder.terms]).toEqual([true, 2]);
});

test('a holder does not act on an answer later than the renew deadline', async () => {
  const { clock, server, join } = candidates();
  let lateMs = 0;
  const update = async (object: KubernetesObject) => {
    const answer = await server.client.update(object);
    if (lateMs > 0) await pause(clock, lateMs);
    return answer;
  };
  const holder = join('a', { cluster: { ...server.client, update } });
  await settle();
  server.away = true;
  await clock.advance(60_000);
  expect(holder.leading).toBe(false);
  lateMs = 46_000;
  server.away = false;
  await clock.advance(60_000);
  expect([holder.leading, holder.terms]).toEqual([false, 1]);
  lateMs = 0;
  await clock.advance(60_000);
  expect([holder.leading, holder.terms]).toEqual([true, 2]);
});

test('an interrupted holder does not continue after another leader, even if that one has released the lease', async () => {
  const { clock, server, join } = candidates();
  const cutOff = { away: false };
  const behind =
    <A extends unknown[], R>(call: (...parameters: A) => Promise<R>) =>
    async (...parameters: A): Promise<R> => {
      if (cutOff.away) throw new ApiError(0, 'Unreachable', 'nobody there');
      return call(...parameters);
    };
  const { get, create, update } = server.client;
  const first = join('a', { cluster: { get: behind(get), create: behind(create), update: behind(update) } });
  await settle();
  const second = join('b');
  cutOff.away = true;
  let both = false;
  for (let n = 0; n < 120; n += 1) {
    await clock.advance(1_000);
    both ||= first.leading && second.leading;
  }
  expect([first.leading, second.leading, both]).toEqual([false, true, false]);
  second.stop.abort();
  second.finish();
  await settle();
  expect([second.ended, server.spec().holderIdentity]).toEqual(['Released', '']);
  cutOff.away = false;
  await clock.advance(6_000);
  expect([first.ended, first.terms, server.spec().holderIdentity]).toEqual(['Lost', 1, '']);
  expect(first.logged('error')).toEqual(['lease lost: another process holds it or may have held it']);
});

test.each(['gone', 'another object of the same name'])(
  'an interrupted holder does not continue when its lease is %s',
  async (what) => {
    const { clock, server, join } = candidates();
    const holder = join('a');
    await settle();
    server.away = true;
    await clock.advance(60_000);
    server.away = false;
    server.remove();
    if (what !== 'gone')
      await server.client.create({
        apiVersion: 'coordination.k8s.io/v1',
        kind: 'Lease',
        metadata: { namespace: 'n', name: 'l' },
        spec: { holderIdentity: 'a' },
      });
    await clock.advance(11_000);
    expect([holder.ended, holder.terms]).toEqual(['Lost', 1]);
  },
);

test('a renewal creates a deleted lease again', async () => {
  const { clock, server, join } = candidates();
  const holder = join('a');
  await settle();
  server.remove();
  await clock.advance(11_000);
  expect([holder.leading, holder.terms, holder.losses]).toEqual([true, 1, 0]);
  expect(server.spec().holderIdentity).toBe('a');
});

test('a stop during an interruption ends the process and releases its own lease', async () => {
  const { clock, server, join } = candidates();
  const holder = join('a');
  await settle();
  server.away = true;
  await clock.advance(60_000);
  server.away = false;
  holder.stop.abort();
  await clock.advance(1);
  expect([holder.ended, holder.terms, server.spec().holderIdentity]).toEqual(['Released', 1, '']);
});

test('only the lease of a predecessor is taken at once', async () => {
  const { clock, server, join } = candidates();
  await server.client.create({
    apiVersion: 'coordination.k8s.io/v1',
    kind: 'Lease',
    metadata: { namespace: 'n', name: 'l' },
    spec: { holderIdentity: 'pod-1_x', leaseDurationSeconds: 60, leaseTransitions: 3 },
  });
  const other = join('pod-2_y', { predecessor: (holder) => holder.startsWith('pod-2_') });
  await clock.advance(30_000);
  expect(other.leading).toBe(false);
  const next = join('pod-1_y', { predecessor: (holder) => holder.startsWith('pod-1_') });
  await settle();
  expect(next.leading).toBe(true);
  expect(server.spec()).toMatchObject({ holderIdentity: 'pod-1_y', leaseTransitions: 4 });
  await clock.advance(120_000);
  expect([next.leading, other.leading]).toEqual([true, false]);
});

test('a lease is free when our own clock has seen it unchanged for its duration', async () => {
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

test('one of several simultaneous candidates leads', async () => {
  const { clock, join } = candidates();
  const all = ['a', 'b', 'c', 'd'].map((identity) => join(identity));
  await clock.advance(120_000);
  expect(all.filter(({ leading }) => leading)).toHaveLength(1);
});

test('a stopped leader renews the lease until its work is done and then releases it', async () => {
  const { clock, server, join } = candidates();
  const holder = join('a');
  const next = join('b');
  await settle();
  holder.stop.abort();
  await clock.advance(30_000);
  expect([holder.leading, next.leading]).toEqual([true, false]);
  holder.finish();
  await clock.advance(5_000);
  expect([holder.ended, next.leading]).toEqual(['Released', true]);
  expect(server.spec().holderIdentity).toBe('b');
});

test('a candidate that is stopped while it waits never leads', async () => {
  const { clock, join } = candidates();
  join('a');
  const next = join('b');
  await settle();
  next.stop.abort();
  await clock.advance(1);
  expect([next.ended, next.leading]).toEqual(['Released', false]);
});
