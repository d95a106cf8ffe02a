/** The batch that kafkajs has handed over: its records go out poll by poll, then kafkajs' promise is settled. */
import type { EachBatchPayload } from 'kafkajs';
import type { ClientTrouble, ConsumedRecord, Position } from '../port.ts';
import { errorName, refusal } from './client.ts';
import type { Membership } from './membership.ts';

/** Errors of a heartbeat or a commit after which kafkajs rejoins. */
const REJOIN_ERRORS = ['REBALANCE_IN_PROGRESS', 'NOT_COORDINATOR_FOR_GROUP', 'ILLEGAL_GENERATION', 'UNKNOWN_MEMBER_ID'];
/** Those of them that mean it is no longer a member. */
const LOST_ERRORS = ['ILLEGAL_GENERATION', 'UNKNOWN_MEMBER_ID'];

interface Batch {
  payload: EachBatchPayload;
  records: ConsumedRecord[];
  /** Index of the first record that no poll has returned. */
  next: number;
  /** kafkajs has rejoined since. */
  stale: boolean;
  /** The error of a heartbeat or commit between its records. */
  failure?: unknown;
  settle(failure?: unknown): void;
}

export interface Handover {
  /** kafkajs' `eachBatch`. Resolves when a later poll finds all records processed; rejects to make kafkajs rejoin. */
  eachBatch(payload: EachBatchPayload): Promise<void>;
  waiting(): boolean;
  /** The next records of the batch, at most `max`. */
  take(max: number): ConsumedRecord[];
  /** Sends a heartbeat and, with `autoCommit`, commits what is due. Resolves with false if the batch must not continue. */
  processed(position: Position, autoCommit: boolean): Promise<boolean>;
  /** Settles the batch if its records are processed or it failed. */
  finish(): Promise<void>;
  /** kafkajs has joined the group again. */
  rejoined(): void;
  /** Settles the batch as it is. */
  abandon(): void;
}

const recordsOf = ({ partition, messages }: EachBatchPayload['batch']): ConsumedRecord[] =>
  messages.map(({ offset, timestamp, key, value }) => ({
    partition,
    offset: Number(offset),
    timestamp: Number(timestamp),
    bytes: (key?.length ?? 0) + (value?.length ?? 0),
    key,
  }));

/** `wake`: makes a waiting poll return. `closed`: the client is being closed. */
export function createHandover(
  membership: Membership,
  wake: () => void,
  closed: () => boolean,
  trouble: (trouble: ClientTrouble) => void,
): Handover {
  let batch: Batch | undefined;
  /** The error after which kafkajs rejoins; no batch is accepted until it has. */
  let rejoining: unknown;

  const fail = async (current: Batch, failure: unknown) => {
    const code = errorName(failure);
    const { message } = refusal(failure);
    if (REJOIN_ERRORS.includes(code)) {
      rejoining = failure;
      membership.explain(`${code}: ${message}`);
      await membership.revoke(LOST_ERRORS.includes(code));
    } else trouble({ code, message });
    current.settle(failure);
  };

  return {
    async eachBatch(payload) {
      if (closed()) return;
      if (rejoining !== undefined) throw rejoining;
      // The batch was fetched before kafkajs rejoined.
      if (!membership.isAssigned(payload.batch.partition)) return;
      await new Promise<void>((resolve, reject) => {
        batch = {
          payload,
          records: recordsOf(payload.batch),
          next: 0,
          stale: false,
          settle(failure) {
            batch = undefined;
            if (failure === undefined) resolve();
            else reject(failure);
          },
        };
        wake();
      });
    },
    waiting: () => batch !== undefined,
    take(max) {
      if (batch === undefined) return [];
      const records = batch.records.slice(batch.next, batch.next + max);
      batch.next += records.length;
      return records;
    },
    async processed({ partition, offset }, autoCommit) {
      const current = batch;
      if (current === undefined) return true;
      if (membership.isAssigned(partition)) current.payload.resolveOffset(String(offset - 1));
      try {
        await current.payload.heartbeat();
        if (autoCommit) await current.payload.commitOffsetsIfNecessary();
      } catch (error) {
        current.failure = error;
        return false;
      }
      return !current.stale;
    },
    async finish() {
      if (batch === undefined) return;
      const { failure, stale, next, records } = batch;
      if (failure !== undefined) await fail(batch, failure);
      else if (stale || next >= records.length) batch.settle();
    },
    rejoined() {
      rejoining = undefined;
      if (batch !== undefined) batch.stale = true;
    },
    abandon: () => batch?.settle(),
  };
}
