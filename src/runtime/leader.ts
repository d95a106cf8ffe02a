/**
 * Leader election over a Lease (coordination.k8s.io/v1), as client-go's tools/leaderelection does it: the holder
 * renews every `retryMs`; who sees the lease unchanged for its whole duration, by its own clock, takes it; a holder
 * that could not renew for `renewDeadlineMs` stops before others may start.
 */
import type { EpochMs, KubernetesObject, ObjectRef } from '../api/kind.ts';
import { pause } from './clock.ts';
import { microTime } from './microTime.ts';
import { ApiError, type Clock, type Cluster, type Log, type Random } from './ports.ts';

export interface LeaderOptions {
  cluster: Pick<Cluster, 'get' | 'create' | 'update'>;
  namespace: string;
  name: string;
  /** Unique per process. */
  identity: string;
  clock: Clock;
  random: Random;
  log: Log;
  /**
   * Defaults 30 s, 20 s, 4 s: twice those of k8s.io/component-base/config/v1alpha1 (15 s, 10 s, 2 s). A lab of 200 pods
   * may keep the API server of a small machine busy for longer than 10 s, and whoever loses the lease starts over.
   */
  leaseDurationMs?: number;
  renewDeadlineMs?: number;
  retryMs?: number;
}

export type Tenure = 'Released' | 'Lost';

interface LeaseSpec {
  holderIdentity?: string;
  leaseDurationSeconds?: number;
  acquireTime?: string;
  renewTime?: string;
  leaseTransitions?: number;
}

/**
 * Waits for the lease, then runs `lead`, which has to return soon after `stop` or `lost` aborts: after `stop` it may
 * finish what it has in hand (the lease is renewed meanwhile and then released), after `lost` it must not write any more.
 * Answers how it ended.
 */
export async function leadWhenElected(
  options: LeaderOptions,
  stop: AbortSignal,
  lead: (lost: AbortSignal) => Promise<void>,
): Promise<Tenure> {
  const { cluster, identity, clock, random, log } = options;
  const leaseDurationMs = options.leaseDurationMs ?? 30_000;
  const renewDeadlineMs = options.renewDeadlineMs ?? 20_000;
  const retryMs = options.retryMs ?? 4_000;
  const ref: ObjectRef = {
    apiVersion: 'coordination.k8s.io/v1',
    kind: 'Lease',
    namespace: options.namespace,
    name: options.name,
  };
  /** The lease as last seen, and when by the own clock it was first seen like that. */
  let seen: { lease: KubernetesObject; since: EpochMs } | undefined;

  const specOf = (lease: KubernetesObject) => (lease.spec ?? {}) as LeaseSpec;

  function see(lease: KubernetesObject): void {
    if (seen?.lease.metadata.resourceVersion !== lease.metadata.resourceVersion) seen = { lease, since: clock.now() };
  }

  const heldBySelf = () => seen !== undefined && specOf(seen.lease).holderIdentity === identity;

  /** Whether the lease is ours after this. A holder that renews never takes it from somebody who came between. */
  async function tryOnce(renewing: boolean, signal: AbortSignal): Promise<boolean> {
    // The holder writes on from its own last write; a conflict tells that somebody else wrote.
    if (!heldBySelf()) {
      const lease = await cluster.get(ref, signal);
      if (!lease) {
        const at = microTime(clock.now());
        const spec: LeaseSpec = {
          holderIdentity: identity,
          leaseDurationSeconds: Math.ceil(leaseDurationMs / 1000),
          acquireTime: at,
          renewTime: at,
          leaseTransitions: 0,
        };
        const { apiVersion, kind, namespace, name } = ref;
        see(await cluster.create({ apiVersion, kind, metadata: { namespace, name }, spec }, signal));
        return true;
      }
      see(lease);
      const { holderIdentity, leaseDurationSeconds } = specOf(lease);
      const lasts = (leaseDurationSeconds ?? 0) * 1000;
      if (renewing && holderIdentity !== identity) return false;
      const free = !holderIdentity || holderIdentity === identity;
      if (!free && clock.now() < (seen?.since ?? 0) + lasts) return false;
    }
    if (!seen) return false;
    const before = specOf(seen.lease);
    const own = before.holderIdentity === identity;
    const now = microTime(clock.now());
    const spec: LeaseSpec = {
      ...before,
      holderIdentity: identity,
      leaseDurationSeconds: Math.ceil(leaseDurationMs / 1000),
      acquireTime: own ? (before.acquireTime ?? now) : now,
      renewTime: now,
      leaseTransitions: (before.leaseTransitions ?? 0) + (own ? 0 : 1),
    };
    try {
      see(await cluster.update({ ...seen.lease, spec }, signal));
      return true;
    } catch (error) {
      if (error instanceof ApiError && (error.status === 409 || error.status === 404)) {
        seen = undefined;
        return false;
      }
      throw error;
    }
  }

  async function release(): Promise<void> {
    if (!seen || !heldBySelf()) return;
    const now = microTime(clock.now());
    const spec: LeaseSpec = { ...specOf(seen.lease), holderIdentity: '', leaseDurationSeconds: 1, renewTime: now };
    try {
      await cluster.update({ ...seen.lease, spec });
      log.info('lease released', { lease: options.name });
    } catch (error) {
      log.warn('the lease could not be released; it runs out by itself', { error: String(error) });
    }
  }

  let waiting = false;
  while (!stop.aborted) {
    try {
      if (await tryOnce(false, stop)) break;
      if (!waiting) log.info('waiting for the lease', { holder: seen && specOf(seen.lease).holderIdentity });
      waiting = true;
    } catch (error) {
      if (!stop.aborted) log.warn('the lease could not be taken, will try again', { error: String(error) });
    }
    // client-go's JitterFactor is 1.2: up to 2.2 times the period.
    await pause(clock, retryMs * (1 + 1.2 * random()), stop);
  }
  if (stop.aborted) {
    await release();
    return 'Released';
  }

  log.info('lease taken', { lease: options.name, identity });
  const loss = new AbortController();
  const ended = new AbortController();
  const done = lead(loss.signal).finally(() => ended.abort());
  done.catch(() => {}); // thrown to the caller below

  let renewedAt = clock.now();
  let lost = false;
  while (!lost) {
    await pause(clock, retryMs, ended.signal);
    if (ended.signal.aborted) break;
    const asked = clock.now();
    const deadline = new AbortController();
    const cancel = clock.after(renewedAt + renewDeadlineMs - asked, () => deadline.abort());
    try {
      if (await tryOnce(true, deadline.signal)) renewedAt = asked;
      else lost = seen !== undefined && !heldBySelf();
    } catch (error) {
      log.warn('the lease could not be renewed', { error: String(error) });
    } finally {
      cancel();
    }
    lost ||= clock.now() - renewedAt >= renewDeadlineMs;
  }
  if (lost) {
    log.error('lease lost: acting ends now', { lease: options.name });
    loss.abort();
    await done;
    return 'Lost';
  }
  try {
    await done;
  } finally {
    await release();
  }
  return 'Released';
}
