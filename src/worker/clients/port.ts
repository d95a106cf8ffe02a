/** What a worker needs from a Kafka client library. Each library has a folder beside this file. */
import type { RebalanceProtocol } from '../../domain/evidence/facts.ts';
import type { EpochMs } from '../process/time.ts';

/** An error that the client library reported. It does not end the client, unless its code is FATAL. */
export interface ClientTrouble {
  /** The name in Kafka's documentation, without ERR_: UNKNOWN_TOPIC_OR_PART, MSG_TIMED_OUT. */
  code: string;
  message: string;
}

/** A call that the client library refused, with its reason as in ClientTrouble. */
export class ClientRefusal extends Error {
  readonly code: string;
  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

/** The result of one `send`. */
export interface Delivery {
  /** As given to `send`. */
  token: number;
  /** Size of key and value. */
  bytes: number;
  /** Kafka's error name. Absent: the record was acknowledged. */
  error?: string;
  /** As given to `send`. Absent: the record has none, or was not acknowledged. */
  key?: string;
  /** Partition of an acknowledged record. */
  partition?: number;
  /** Offset of an acknowledged record. Absent: the broker returned none (acks=0). */
  offset?: number;
}

export interface ProducerEvents {
  delivered(delivery: Delivery): void;
  trouble(trouble: ClientTrouble): void;
}

export interface ProducerClient {
  /** Retries until a broker answers or the client is closed. Rejects when the library refuses the settings. */
  connect(): Promise<void>;
  /**
   * Hands a record to the client. Returns false if the client's buffer is full; try again after deliveries. Throws
   * ClientRefusal for a record that can never be sent. `token` comes back with the delivery.
   */
  send(value: Buffer, key: string | null, token: number): boolean;
  /** Waits up to `timeoutMs` until every record is delivered or has failed. Resolves with true if none is left. */
  flush(timeoutMs: number): Promise<boolean>;
  close(): Promise<void>;
}

export interface ConsumedRecord {
  partition: number;
  offset: number;
  timestamp: EpochMs;
  /** Size of key and value. */
  bytes: number;
  /** null or absent: the record has none. */
  key?: Buffer | null;
}

export interface RebalanceContext {
  /** member.id from the coordinator; the client's name before it is known. */
  memberId: string;
  protocol: RebalanceProtocol;
  /** The library's own explanation, if it has one. */
  reason?: string;
}

/**
 * Rebalance callbacks come only from within `poll` and `close`, never while records returned by `poll` are processed. A
 * poll returns no records of revoked partitions.
 */
export interface ConsumerEvents {
  /** `partitions`: those that were added. */
  assigned(partitions: number[], context: RebalanceContext): void;
  /** Unless `lost`, the client owns the partitions until the promise settles, which is the last chance to commit. */
  revoked(partitions: number[], lost: boolean, context: RebalanceContext): Promise<void>;
  /**
   * The client has got everything before `position`, which is the end of the partition for this reader. Comes within `poll`,
   * after the records before it. Not every client reports it.
   */
  reachedEnd?(position: Position): void;
  trouble(trouble: ClientTrouble): void;
}

export interface Position {
  partition: number;
  /** Offset of the next record to read: the last processed offset + 1. */
  offset: number;
}

export interface ConsumerClient {
  /** Connects as a producer does, and subscribes. */
  connect(): Promise<void>;
  /** At most `max` records. If none is ready, waits up to `timeoutMs` for some. */
  poll(max: number, timeoutMs: number): Promise<ConsumedRecord[]>;
  /** Makes a waiting `poll` return. */
  wake(): void;
  /**
   * Notes that the records before `position` are processed. Only of clients that send heartbeats between records. Resolves
   * with false if the remaining records of the last `poll` must not be processed.
   */
  processed?(position: Position): Promise<boolean>;
  /** Marks positions for the library's periodic commit (enable.auto.commit). Throws ClientRefusal. */
  store(positions: Position[]): void;
  /** Resolves when the coordinator has committed the positions. Rejects with ClientRefusal, after `timeoutMs` at the latest. */
  commit(positions: Position[], timeoutMs: number): Promise<void>;
  /** The group's committed offsets; null: none. undefined: the coordinator did not answer. */
  committedOffsets?(partitions: number[]): Promise<Map<number, number | null> | undefined>;
  /** Offset of the first record of the log that still exists. undefined: the broker did not answer. */
  logStart?(partition: number): Promise<number | undefined>;
  /** Calls `revoked` for the owned partitions and leaves the group. Must not be called during a `poll`. */
  close(): Promise<void>;
}
