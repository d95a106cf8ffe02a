/** A Lease (coordination.k8s.io/v1) as one candidate sees and writes it; every write is bound to the version it saw. */

import type { KubernetesObject, ObjectRef } from '../contract/kubernetes.ts';
import type { EpochMs } from '../contract/time.ts';
import { microTime } from './microTime.ts';
import { ApiError, type Clock, type Cluster } from './ports.ts';

/** Take: from whoever let it run out. Renew: while acting. Regain: acting was interrupted, and may go on if nobody else came. */
type Aim = 'Take' | 'Renew' | 'Regain';
/** Open: not held by this attempt, the next one may. Lost: somebody else is or may have been in it. */
type Answer = 'Held' | 'Open' | 'Lost';

export interface LeaseOptions {
  cluster: Pick<Cluster, 'get' | 'create' | 'update'>;
  namespace: string;
  name: string;
  identity: string;
  /** Whether a holder is known to have ended: its lease is not waited for. */
  predecessor?: (holder: string) => boolean;
  durationMs: number;
  clock: Pick<Clock, 'now'>;
}

interface OwnLease {
  attempt(aim: Aim, signal: AbortSignal): Promise<Answer>;
  /** As last seen. */
  readonly holder: string | undefined;
  /** Whether there was something to let go. */
  release(): Promise<boolean>;
}

interface LeaseSpec {
  holderIdentity?: string;
  leaseDurationSeconds?: number;
  acquireTime?: string;
  renewTime?: string;
  leaseTransitions?: number;
}

/** A lease, and when by the own clock it was first seen like that. */
interface Seen {
  lease: KubernetesObject;
  since: EpochMs;
}

const specOf = (lease: KubernetesObject) => (lease.spec ?? {}) as LeaseSpec;

/** What to do about the lease that was read. Pure. `uid` is that of the lease which it last wrote itself. */
function decide(
  aim: Aim,
  seen: Seen | null,
  self: Pick<LeaseOptions, 'identity' | 'predecessor'> & { uid: string | undefined },
  now: EpochMs,
): 'Create' | 'Update' | 'Wait' | 'GiveUp' {
  // While nobody acted, somebody else may have come and gone with a lease that is gone.
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
      // Somebody wrote it, or an own write was carried out whose answer did not come: it has to be read.
      if (!(error instanceof ApiError && (error.status === 409 || error.status === 404))) throw error;
      seen = undefined;
      return 'Open';
    }
  }

  return {
    async attempt(aim, signal) {
      // The holder writes on from its own last write; what is there instead is read at once.
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
