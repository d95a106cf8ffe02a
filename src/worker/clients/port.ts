/** What a worker needs of a Kafka client library: one file per library beside this one. */

import type { RebalanceProtocol } from '../../domain/evidence/facts.ts';
import type { EpochMs } from '../process/time.ts';

/** An error of the library by the name Kafka's documentation gives it, without ERR_ (`UNKNOWN_TOPIC_OR_PART`, `MSG_TIMED_OUT`). */
export interface ClientTrouble {
  code: string;
  message: string;
}

export interface Delivery {
  /** What was given to `send`. */
  token: number;
  /** Of key and value. */
  bytes: number;
  /** Name of the error; absent: acknowledged. */
  error?: string;
  /** What was given to `send`; absent: none, or not acknowledged. */
  key?: string;
  /** Where an acknowledged record went. */
  partition?: number;
  /** Its offset there; absent: the broker tells none (acks=0). */
  offset?: number;
}

export interface ProducerEvents {
  delivered(delivery: Delivery): void;
  trouble(trouble: ClientTrouble): void;
}

export interface ProducerClient {
  /** Resolves once a broker has answered; tries until then, or until `close`. Rejects when the settings are refused. */
  connect(): Promise<void>;
  /** false: the client's own buffer is full, to be tried again after deliveries. Throws a ClientRefusal for a record that can't be sent at all. */
  send(value: Buffer, key: string | null, token: number): boolean;
  /** Waits until everything is delivered or has failed, at most so long. True: nothing is left. */
  flush(timeoutMs: number): Promise<boolean>;
  close(): Promise<void>;
}

export class ClientRefusal extends Error {
  readonly code: string;
  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

export interface ConsumedRecord {
  partition: number;
  offset: number;
  timestamp: EpochMs;
  /** Of key and value. */
  bytes: number;
  /** null or absent: it has none. */
  key?: Buffer | null;
}

export interface RebalanceContext {
  /** The member id that the coordinator gave, once known; else the client's name. */
  memberId: string;
  protocol: RebalanceProtocol;
  /** What the library says about why. */
  reason?: string;
}

/**
 * Rebalance callbacks come only from within `poll` and `close`, so never while records that `poll` returned are being
 * processed; records of revoked partitions are not returned any more.
 */
export interface ConsumerEvents {
  assigned(partitions: number[], context: RebalanceContext): void;
  /** The partitions are owned, unless `lost`, until the promise is settled: the last chance to commit. */
  revoked(partitions: number[], lost: boolean, context: RebalanceContext): Promise<void>;
  trouble(trouble: ClientTrouble): void;
}

export interface Position {
  partition: number;
  /** Of the next record to read: last processed + 1. */
  offset: number;
}

export interface ConsumerClient {
  /** Connects and subscribes; as a producer's. */
  connect(): Promise<void>;
  /** At most `max` records; when there are none, those that come within `timeoutMs`, or none. */
  poll(max: number, timeoutMs: number): Promise<ConsumedRecord[]>;
  /** Ends a waiting `poll` early. */
  wake(): void;
  /**
   * Only of a client that sends its heartbeats between records: this one has been processed (or all up to this one, which
   * took no time). Gives what is to be waited for; false: the rest of what `poll` returned is not to be begun any more.
   */
  processed?(position: Position): Promise<boolean>;
  /** Marks positions as processed, for the library's own periodic commit. */
  store(positions: Position[]): void;
  /** Resolves when the coordinator has taken them; rejects with a ClientRefusal, at the latest after `timeoutMs`. */
  commit(positions: Position[], timeoutMs: number): Promise<void>;
  /** Leaves the group; `revoked` is called for what was owned. Not to be called during a `poll`. */
  close(): Promise<void>;
}
