/**
 * The rebalance callbacks of librdkafka's consumer: answers each with assign or unassign, and passes it on.
 *
 * Traps:
 * - A callback is raised within `consume`, on a thread of libuv's pool. It reaches JavaScript in the same turn of the event
 *   loop as the result of that `consume`, and librdkafka waits for the answer.
 * - The member id and the reason for a rebalance are only in the lines of `debug=cgrp`: a few per heartbeat, about a dozen
 *   per commit. They reach JavaScript after the callback, in the same turn.
 * - A client that is being closed reports its protocol as NONE, and waits for an answer to an assignment all the same.
 */
import type { RebalanceProtocol } from '../../../domain/evidence/facts.ts';
import type { ConsumerEvents, RebalanceContext } from '../port.ts';
import { codes, type KafkaConsumer } from './binding.ts';
import type { ClientSettings } from './connect.ts';
import { errorName, type LogLine, refusal } from './errors.ts';
import { memberIdIn, rebalanceReasonIn } from './groupLog.ts';

const ASSIGN_PARTITIONS = codes.ERR__ASSIGN_PARTITIONS;
const REVOKE_PARTITIONS = codes.ERR__REVOKE_PARTITIONS;

type LibraryProtocol = 'NONE' | 'EAGER' | 'COOPERATIVE';

/** librdkafka's consumer with the methods that the binding's types lack. */
export type RdkafkaConsumer = InstanceType<typeof KafkaConsumer> & {
  assign(partitions: unknown[]): void;
  unassign(): void;
  incrementalAssign(partitions: unknown[]): void;
  incrementalUnassign(partitions: unknown[]): void;
  assignmentLost(): boolean;
  rebalanceProtocol(): LibraryProtocol;
};

interface Partition {
  topic: string;
  partition: number;
}

type CallbackError = { code: number; message: string } | undefined;

export interface Rebalances {
  /** librdkafka's `rebalance_cb`. */
  called(error: CallbackError, partitions: Partition[]): void;
  /** A line of librdkafka's log, which may name the member id or the reason. */
  logged(line: LogLine): void;
  /** To be called before each `consume`. */
  pollBegins(): void;
  /** Answers the waiting callbacks. */
  serve(): Promise<void>;
  waiting(): boolean;
  /** The partition was revoked since the poll began. */
  isRevoked(partition: number): boolean;
  /** The cooperative protocol of a classic group is in use. */
  isCooperative(): boolean;
}

/** `client` returns undefined before it is connected. `closed`: the client is being closed. */
export function createRebalances(
  { name, config }: ClientSettings,
  client: () => RdkafkaConsumer | undefined,
  closed: () => boolean,
  events: ConsumerEvents,
): Rebalances {
  const newProtocol = config['group.protocol'] === 'consumer';
  let memberId = name;
  let reason: string | undefined;
  let protocol: LibraryProtocol = 'NONE';
  /** Callbacks without an answer yet. */
  const callbacks: { error: CallbackError; partitions: Partition[] }[] = [];
  let revokedInPoll = new Set<number>();
  let serving: Promise<void> = Promise.resolve();

  const isIncremental = () => protocol === 'COOPERATIVE' || newProtocol;
  const context = (why: string | undefined): RebalanceContext => {
    const known = newProtocol ? 'Consumer' : PROTOCOLS[protocol];
    return why === undefined ? { memberId, protocol: known } : { memberId, protocol: known, reason: why };
  };

  const assign = (partitions: Partition[]) => {
    const connected = client();
    if (connected === undefined) return;
    if (isIncremental()) connected.incrementalAssign(partitions);
    else connected.assign(partitions);
    events.assigned(numbersOf(partitions), context(reason));
    reason = undefined;
  };
  const revoke = async (partitions: Partition[]) => {
    const connected = client();
    if (connected === undefined) return;
    for (const { partition } of partitions) revokedInPoll.add(partition);
    await events.revoked(numbersOf(partitions), connected.assignmentLost(), context(closed() ? undefined : reason));
    if (isIncremental()) connected.incrementalUnassign(partitions);
    else connected.unassign();
  };
  const answer = async (error: CallbackError, partitions: Partition[]) => {
    const current = client()?.rebalanceProtocol() ?? 'NONE';
    if (current !== 'NONE') protocol = current;
    if (error?.code === ASSIGN_PARTITIONS) {
      if (closed()) client()?.unassign();
      else assign(partitions);
      return;
    }
    if (error?.code !== REVOKE_PARTITIONS) {
      events.trouble({ code: errorName(error?.code ?? 0), message: error?.message ?? 'the rebalance failed' });
    }
    await revoke(partitions);
  };
  const serveAll = async () => {
    for (let next = callbacks.shift(); next !== undefined; next = callbacks.shift()) {
      try {
        await answer(next.error, next.partitions);
      } catch (failure) {
        const { code, message } = refusal(failure);
        events.trouble({ code, message: `rebalance: ${message}` });
      }
    }
  };
  const serve = (): Promise<void> => {
    serving = serving.then(serveAll);
    return serving;
  };

  return {
    called(error, partitions) {
      callbacks.push({ error, partitions });
      setImmediate(serve);
    },
    logged({ fac, message }) {
      if (fac === 'MEMBERID') memberId = memberIdIn(message) ?? memberId;
      reason = rebalanceReasonIn(message) ?? reason;
    },
    pollBegins() {
      revokedInPoll = new Set();
    },
    serve,
    waiting: () => callbacks.length > 0,
    isRevoked: (partition) => revokedInPoll.has(partition),
    isCooperative: () => !newProtocol && protocol === 'COOPERATIVE',
  };
}

const PROTOCOLS: Record<LibraryProtocol, RebalanceProtocol> = {
  NONE: 'None',
  EAGER: 'Eager',
  COOPERATIVE: 'Cooperative',
};

const numbersOf = (partitions: Partition[]): number[] => partitions.map((each) => each.partition).sort((a, b) => a - b);
