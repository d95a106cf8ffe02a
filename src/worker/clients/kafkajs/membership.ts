/** A kafkajs consumer's membership in its group, and the rebalance callbacks that are due at the next poll. */
import type { ConsumerEvents, RebalanceContext } from '../port.ts';

export interface Membership {
  /** kafkajs assigned this partition at the last join. */
  isAssigned(partition: number): boolean;
  /** The reason that the next callbacks name. */
  explain(reason: string): void;
  /** kafkajs joined; the callbacks for the old and the new partitions follow at the next poll, unless the client is closed. */
  joined(partitions: number[], memberId: string): void;
  /** `revoked` for all owned partitions, now. */
  revoke(lost: boolean): Promise<void>;
  /** The same at the next poll. */
  revokeLater(lost: boolean): void;
  /** Makes the callbacks that are due, in order. */
  serve(): Promise<void>;
}

/** `wake`: makes a waiting poll return. `closed`: the client is being closed. */
export function createMembership(
  name: string,
  events: ConsumerEvents,
  wake: () => void,
  closed: () => boolean,
): Membership {
  let memberId = name;
  let reason: string | undefined;
  let assignment: number[] = [];
  /** The partitions that `events` have assigned and not revoked. */
  let owned: number[] = [];
  const due: (() => Promise<void> | void)[] = [];

  const context = (why: string | undefined): RebalanceContext => ({
    memberId,
    protocol: 'Eager',
    ...(why === undefined ? {} : { reason: why }),
  });
  const callLater = (callback: () => Promise<void> | void) => {
    due.push(callback);
    wake();
  };
  const revoke = async (lost: boolean) => {
    if (owned.length === 0) return;
    const revoked = owned;
    owned = [];
    await events.revoked(revoked, lost, context(closed() ? undefined : reason));
  };
  const assign = async (partitions: number[], id: string) => {
    await revoke(false);
    memberId = id;
    owned = partitions;
    events.assigned(partitions, context(reason));
    reason = undefined;
  };

  return {
    isAssigned: (partition) => assignment.includes(partition),
    explain(why) {
      reason = why;
    },
    joined(partitions, id) {
      assignment = partitions;
      if (!closed()) callLater(() => assign(partitions, id));
    },
    revoke,
    revokeLater(lost) {
      callLater(() => revoke(lost));
    },
    async serve() {
      for (let next = due.shift(); next !== undefined; next = due.shift()) await next();
    },
  };
}
