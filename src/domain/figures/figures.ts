/** The figures of a run as plain data: the result of the fold over its evidence. Durations are in ms, times in ms since 1970. */
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

/** One settled change of the group's assignment. */
export interface Rebalance {
  /** 1, 2, 3, … in the run. Stays the same once assigned. */
  number: number;
  /** Time of the first callback. */
  at: EpochMs;
  /** Time of the last callback. */
  settledAt: EpochMs;
  trigger: RebalanceTrigger;
  /** A change by the operator explains the rebalance, whatever its trigger. */
  asked?: true;
  /** Explains the trigger in a sentence. */
  reason: string;
  protocol: 'Eager' | 'Cooperative' | 'Consumer' | 'None';
  /** Clients: from the callbacks of our clients. Broker: only the operator's snapshots of the group show it; its pauses are unknown. */
  source: 'Clients' | 'Broker';
  /** Only for source Broker: time between the two snapshots. The change happened within this time before `settledAt`. */
  resolutionMs?: number;
  membersBefore: number;
  membersAfter: number;
  /** Number of partitions with another owner after the rebalance than before. */
  partitionsMoved: number;
  stopTheWorldMs: number;
  longestPauseMs: number;
  /** Largest error of a pause, in ms, because the clocks of two processes time its ends (see clock.ts). Absent if pauses are unknown. */
  errorBoundMs?: number;
  /** Partitions that paused. A partition without a record since the rebalance is in `pending` instead. */
  pauses: { partition: number; ms: number; from: EpochMs; to: EpochMs }[];
  /**
   * Partitions without a record since the rebalance. Their pause is unknown until one is processed. If many rebalances wait for
   * many partitions, the pauses of the oldest stay unknown.
   */
  pending: number[];
  /** All members before and after, sorted by name. A member that gained and lost nothing has only `kept`, which may be empty. */
  members: { name: string; gained: number[]; lost: number[]; kept: number[] }[];
}

export interface MemberView {
  /** The client's readable name. For an external member: its group.instance.id, or its member id prefixed with its client.id. */
  name: string;
  memberId: string;
  host: string;
  partitions: number[];
  /** Clients: one of our clients, as reported by itself. Broker: an external member, as described by the broker. */
  source: 'Clients' | 'Broker';
  /** External members only: number of partitions of other topics that the member owns. Absent: none. */
  otherPartitions?: number;
  /** External members only: the member subscribes to other topics only, so it is a consumer of another service. */
  otherTopicsOnly?: true;
  /** client.id of an external member. The client.id of our own clients is their name. */
  clientId?: string;
}

export interface LagPoint {
  at: EpochMs;
  /** Without the partitions whose lag is unknown. */
  total: number;
  /** Number of partitions whose lag is unknown. Absent: none. */
  unknown?: number;
}

export interface LagView {
  at: EpochMs;
  /** Without the partitions whose lag is unknown. */
  total: number;
  /** Number of partitions whose lag is unknown: the group has committed nothing there. */
  unknown: number;
  peak: number;
  peakAt: EpochMs;
  /** Largest error of `total`, in records: time between the two reads x the rate at which the end offsets grow. */
  errorBound: number;
  partitions: {
    partition: number;
    endOffset: number;
    /** The end of the log for a read_committed group, to which its lag is counted. Absent: lag is counted to the end offset. */
    lastStableOffset?: number;
    committedOffset: number | null;
    lag: number | null;
  }[];
  /** At most 120 points over the whole run, oldest first. Each is the highest total of its interval. */
  history: LagPoint[];
}

export interface RunView {
  producers: {
    /** Working producers: not stopped, and with a record acknowledged or nothing left to send. */
    producing: number;
    attempted: number;
    acknowledged: number;
    failed: number;
    bytes: number;
    /** Average of the last 5 s of evidence. Once all producers are done: average of the whole run (acknowledged / elapsed). */
    messagesPerSecond: number;
    bytesPerSecond: number;
    /** From the first send to the last acknowledgement. */
    elapsedMs: number;
    latencyMs: LatencySummary | null;
    /** Producers that have finished their share. */
    done: number;
    /** `message` and `at`: of the newest error that a client reported with this code. */
    errors: { code: string; count: number; message?: string; at?: EpochMs }[];
    /** Acknowledged records by partition, ascending. Only from producers that report partitions. */
    partitions: { partition: number; records: number }[];
  };
  keys: {
    /** Number of keys in the list. */
    distinct: number;
    /** The run has further keys, which sort after those of the list. */
    more: boolean;
    /** Listed keys with records in more than one partition. Kafka guarantees no order between partitions. */
    inSeveralPartitions: number;
    /** Listed keys with records that were processed out of order. null: no consumer reports keys. */
    outOfOrder: number | null;
    /** The first MOST_KEYS keys (see keyTable.ts), ascending, with their partitions ascending. Offsets are null with acks=0. */
    list: {
      key: string;
      /** Two records that were processed out of order. null: none are known. undefined: no consumer reports this key. */
      outOfOrder: OutOfOrder | null | undefined;
      partitions: { partition: number; records: number; firstOffset: number | null; lastOffset: number | null }[];
    }[];
  };
  consumers: {
    consumed: number;
    messagesPerSecond: number;
    /** From the first to the last processed record. */
    elapsedMs: number;
    endToEndMs: LatencySummary | null;
    /** Processed records that `endToEndMs` leaves out, because their timestamp is not of this log. */
    endToEndLeftOut: number;
    polls: { count: number; recordsMax: number; recordsP50: number; longestIntervalMs: number } | null;
    /** Live members, sorted by name. */
    members: MemberView[];
    /** Names of members without a partition of any topic. Empty until the group has settled. */
    idle: string[];
    errors: { code: string; message: string; at: EpochMs }[];
  };
  delivery: {
    /** Records acknowledged by the broker. */
    produced: number;
    /** Processed records. A record counts each time it is processed. */
    consumed: number;
    /** Processed records that had been processed before. */
    duplicated: number;
    /** Offsets between the lowest and the highest one of each partition that were passed over for no known reason. */
    skipped: number;
    /** Offsets without a record for this reader: transaction markers, aborted and compacted records. */
    withoutRecord: number;
    /** Records that retention or DeleteRecords removed before the group read them. */
    lostToRetention: number;
    /** Which of these numbers are inexact, and why. Absent: all are exact. */
    inexact?: string;
  };
  /** null until the first sample. */
  lag: LagView | null;
  rebalances: {
    count: number;
    /** No rebalance is in progress. */
    settled: boolean;
    /** Sum over all rebalances. */
    partitionsMoved: number;
    longestPauseMs: number;
    longestStopTheWorldMs: number;
    /** The last 500 rebalances, oldest first. */
    list: Rebalance[];
  };
  /** Time of the newest fact. */
  latestAt: EpochMs;
}
