/** What the fold over a run's evidence answers: the figures of DESIGN's definitions, as plain data. Times in ms. */
import type { EpochMs } from '../../contract/time.ts';
import type { OutOfOrder } from './order.ts';

export interface LatencySummary {
  p50: number;
  p95: number;
  p99: number;
  max: number;
}

export type RebalanceTrigger =
  | 'ScaleUp'
  | 'ScaleDown'
  | 'MemberJoined'
  | 'MemberLeft'
  | 'SessionExpired'
  | 'PollIntervalExceeded'
  | 'PartitionsAdded'
  | 'Restart'
  | 'Unknown';

/** One settled change of assignment. */
export interface Rebalance {
  /** 1, 2, 3, … in the run; never changes once given. */
  number: number;
  /** First callback of the change, and the last. */
  at: EpochMs;
  settledAt: EpochMs;
  trigger: RebalanceTrigger;
  /** A change of the operator's explains it, whatever set it off. */
  asked?: true;
  /** The reasoning behind the trigger, as a sentence. */
  reason: string;
  protocol: 'Eager' | 'Cooperative' | 'Consumer' | 'None';
  /** Clients: our clients' callbacks. Broker: none of our clients saw it; from the operator's looks at the group, pauses unknown. */
  source: 'Clients' | 'Broker';
  /** source Broker: the change happened within so many ms up to `settledAt` (the time between two looks). */
  resolutionMs?: number;
  membersBefore: number;
  membersAfter: number;
  /** Partitions whose owner after differs from the owner before. */
  partitionsMoved: number;
  stopTheWorldMs: number;
  longestPauseMs: number;
  /** Partitions that paused; one that has not had a record since is not in it yet (see `pending`). */
  /** By how many ms a pause may be off because its two ends are by clocks of different processes (see clock.ts); absent: none is known. */
  errorBoundMs?: number;
  pauses: { partition: number; ms: number; from: EpochMs; to: EpochMs }[];
  /** Partitions whose first record after the rebalance has not been seen: their pause is not known yet. */
  pending: number[];
  /** Sorted by id; members that only watched are in it with `kept` (perhaps empty). */
  members: { id: string; gained: number[]; lost: number[]; kept: number[] }[];
}

export interface MemberView {
  /** The client's readable name; of a foreign member its group.instance.id or its member id with its client id in front. */
  id: string;
  memberId: string;
  host: string;
  partitions: number[];
  /** Clients: one of our own, told by itself. Broker: not started by this operator, as the broker's last description has it. */
  source: 'Clients' | 'Broker';
  /** client.id; only of those that the broker told of (the others' is their id). */
  clientId?: string;
}

export interface LagPoint {
  at: EpochMs;
  total: number;
}

export interface LagView {
  at: EpochMs;
  total: number;
  peak: number;
  peakAt: EpochMs;
  /** Records by which `total` may be off: spread of the two reads x the rate at which the end offsets grow. */
  errorBound: number;
  partitions: { partition: number; endOffset: number; committedOffset: number | null; lag: number }[];
  /** At most 120 points over the whole run, oldest first; each keeps the highest total of its stretch. */
  history: LagPoint[];
}

export interface RunView {
  producers: {
    /** Producers at work: they have had a record acknowledged, or have nothing left to send, and have not stopped. */
    producing: number;
    attempted: number;
    acknowledged: number;
    failed: number;
    bytes: number;
    /** Over the last 5 s of evidence while running; over the whole run (acknowledged / elapsed) once all are done. */
    messagesPerSecond: number;
    bytesPerSecond: number;
    /** First sent to last acknowledged. */
    elapsedMs: number;
    latencyMs: LatencySummary | null;
    /** Producers that are through with their share. */
    done: number;
    errors: { code: string; count: number }[];
    /** Acknowledged records by partition, ascending; of producers that tell it. */
    partitions: { partition: number; records: number }[];
  };
  keys: {
    /** Keys of the list. */
    distinct: number;
    /** There are other keys, which come after those of the list. */
    more: boolean;
    /** Of the list, keys whose records are in more than one partition: Kafka keeps no order among these. */
    inSeveralPartitions: number;
    /** Of the list, keys with records that were processed out of order; null where no consumer tells of any. */
    outOfOrder: number | null;
    /** The first MOST_KEYS (see keyTable.ts), by key, with their partitions ascending. Offsets are null with acks=0. */
    list: {
      key: string;
      /** The two records that prove it; null: none are known. undefined: no consumer tells of it. */
      outOfOrder: OutOfOrder | null | undefined;
      partitions: { partition: number; records: number; firstOffset: number | null; lastOffset: number | null }[];
    }[];
  };
  consumers: {
    consumed: number;
    messagesPerSecond: number;
    /** First to last processed. */
    elapsedMs: number;
    endToEndMs: LatencySummary | null;
    polls: { count: number; recordsMax: number; recordsP50: number; longestIntervalMs: number } | null;
    /** Live members, by id. */
    members: MemberView[];
    /** Ids of members that own no partition while the group is settled. */
    idle: string[];
    errors: { code: string; message: string; at: EpochMs }[];
  };
  delivery: {
    /** Acknowledged by the broker. */
    produced: number;
    /** Processed records, counted as often as they were processed. */
    consumed: number;
    /** Of those, processed before. */
    duplicated: number;
    /** Offsets passed over between the lowest and the highest one processed of each partition. */
    skipped: number;
  };
  /** null until the first sample. */
  lag: LagView | null;
  rebalances: {
    count: number;
    /** No rebalance is going on: what is owned is owned by one member each and nothing changed for a moment. */
    settled: boolean;
    /** Of all rebalances, summed. */
    partitionsMoved: number;
    longestPauseMs: number;
    longestStopTheWorldMs: number;
    /** All that are kept (last 500), oldest first. */
    list: Rebalance[];
  };
  /** Time of the newest fact. */
  latestAt: EpochMs;
}
