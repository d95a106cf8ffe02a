/** A Lease (coordination.k8s.io/v1) from the view of one candidate. Every write requires the version that was read. */

import type { KubernetesObject, ObjectRef } from '../contract/kubernetes.ts';
import type { EpochMs } from '../contract/time.ts';
import { microTime } from './microTime.ts';
import { ApiError, type Clock, type Cluster } from './ports.ts';

/** Take: acquire an expired lease. Renew: keep the lease while leading. Regain: continue after an interruption if nobody else has led. */
type Aim = 'Take' | 'Renew' | 'Regain';
/** Held: this attempt succeeded. Open: the next attempt may succeed. Lost: another candidate holds the lease or may have held it. */
type Answer = 'Held' | 'Open' | 'Lost';

export interface LeaseOptions {
  cluster: Pick<Cluster, 'get' | 'create' | 'update'>;
  namespace: string;
  name: string;
  identity: string;
  /** Whether a holder is known to have ended. Its lease is taken without a wait. */
  predecessor?: (holder: string) => boolean;
  durationMs: number;
  clock: Pick<Clock, 'now'>;
}

interface OwnLease {
  attempt(aim: Aim, signal: AbortSignal): Promise<Answer>;
  /** The holder that was read last. */
  readonly holder: string | undefined;
  /** Gives the lease up. False: it was not held. */
  release(): Promise<boolean>;
}

interface LeaseSpec {
  holderIdentity?: string;
  leaseDurationSeconds?: number;
  acquireTime?: string;
  renewTime?: string;
  leaseTransitions?: number;
}

/** A version of the lease, and the time of our own clock at which it was first seen. */
interface Seen {
  lease: KubernetesObject;
  since: EpochMs;
}

const specOf = (lease: KubernetesObject) => (lease.spec ?? {}) as LeaseSpec;

/** What to do with the lease that was read. Pure. `uid`: of the lease that this candidate wrote last. */
function decide(
  aim: Aim,
  seen: Seen | null,
  self: Pick<LeaseOptions, 'identity' | 'predecessor'> & { uid: string | undefined },
  now: EpochMs,
): 'Create' | 'Update' | 'Wait' | 'GiveUp' {
  // Without a lease object another candidate may have led and gone during the interruption.
  if (!seen) return aim === 'Regain' ? 'GiveUp' : 'Create';
  const { holderIdentity = '', leaseDurationSeconds = 0 } = specOf(seen.lease);
  if (holderIdentity === self.identity)
    return aim === 'Regain' && seen.lease.metadata.uid !== self.uid ? 'GiveUp' : 'Update';
  if (aim !== 'Take') return 'GiveUp';
  const ended = holderIdentity === '' || self.predecessor?.(holderIdentity) === true;
  return ended || now >= seen.since + leaseDurationSeconds * 1000 ? 'Update' : 'Wait';
}

export function ownLease(options: LeaseOptions): OwnLease {
  const { cluster, identity, clock } = options;
  const ref: ObjectRef = {
    apiVersion: 'coordination.k8s.io/v1',
    kind: 'Lease',
    namespace: options.namespace,
    name: options.name,
  };
  const leaseDurationSeconds = Math.ceil(options.durationMs / 1000);
  let seen: Seen | undefined;
  let uid: string | undefined;

  function see(lease: KubernetesObject): Seen {
    if (!seen || seen.lease.metadata.resourceVersion !== lease.metadata.resourceVersion)
      seen = { lease, since: clock.now() };
    return seen;
  }

  function wrote(lease: KubernetesObject): 'Held' {
    see(lease);
    uid = lease.metadata.uid;
    return 'Held';
  }

  const held = () => (seen && specOf(seen.lease).holderIdentity === identity ? seen.lease : undefined);

  async function create(signal: AbortSignal): Promise<'Held'> {
    const at = microTime(clock.now());
    const spec: LeaseSpec = {
      holderIdentity: identity,
      leaseDurationSeconds,
      acquireTime: at,
      renewTime: at,
      leaseTransitions: 0,
    };
    const { apiVersion, kind, namespace, name } = ref;
    return wrote(await cluster.create({ apiVersion, kind, metadata: { namespace, name }, spec }, signal));
  }

  async function update(lease: KubernetesObject, signal: AbortSignal): Promise<'Held' | 'Open'> {
    const before = specOf(lease);
    const own = before.holderIdentity === identity;
    const now = microTime(clock.now());
    const spec: LeaseSpec = {
      ...before,
      holderIdentity: identity,
      leaseDurationSeconds,
      acquireTime: own ? (before.acquireTime ?? now) : now,
      renewTime: now,
      leaseTransitions: (before.leaseTransitions ?? 0) + (own ? 0 : 1),
    };
    try {
      return wrote(await cluster.update({ ...lease, spec }, signal));
    } catch (error) {
      // Another candidate wrote it, or our own write succeeded without an answer. Reading it shows which.
      if (!(error instanceof ApiError && (error.status === 409 || error.status === 404))) throw error;
      seen = undefined;
      return 'Open';
    }
  }

  return {
    async attempt(aim, signal) {
      // The holder renews from its own last write. After a conflict the lease is read in the same attempt.
      const own = held();
      if (own && (await update(own, signal)) === 'Held') return 'Held';
      const lease = await cluster.get(ref, signal);
      const now = lease && see(lease);
      switch (decide(aim, now, { ...options, uid }, clock.now())) {
        case 'Create':
          return create(signal);
        case 'Update':
          return now ? update(now.lease, signal) : 'Open';
        case 'Wait':
          return 'Open';
        case 'GiveUp':
          return 'Lost';
      }
    },
    get holder() {
      return seen && specOf(seen.lease).holderIdentity;
    },
    async release() {
      const lease = held();
      if (!lease) return false;
      seen = undefined;
      const now = microTime(clock.now());
      const spec: LeaseSpec = { ...specOf(lease), holderIdentity: '', leaseDurationSeconds: 1, renewTime: now };
      await cluster.update({ ...lease, spec });
      return true;
    },
  };
}
