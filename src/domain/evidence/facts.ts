/**
 * The facts that workers and the operator report to the evidence topic. Every status, chart and grade is
 * a fold over them. One report is one Kafka record (JSON value, key = run). All reports of a run go to
 * one partition, so the log's order is the order of the run.
 */
import type { EpochMs } from '../../contract/time.ts';

/**
 * One batch of facts from one process. Consumers send one about every 250 ms, producers every 1 to 3 s.
 * Assignments are reported at once.
 */
export interface Report {
  v: 1;
  /** uid of the LoadTest, or of the ConsumerScale if the consumers are external. */
  run: string;
  /** Unique per process start: `<pod name>/<8 hex digits>`, or `operator/<8 hex digits>`. */
  instance: string;
  /** 1, 2, 3, … within the instance. A repeated number is a duplicate. */
  seq: number;
  /** Sender's time when it handed the report to its producer, in ms with fractions. */
  sentAt: EpochMs;
  /** Shortest time so far from a report's `sentAt` to its acknowledgement, in ms by the sender's clock. Absent before the first. */
  roundTripMs?: number;
  /**
   * The report was sent on behalf of a dead instance, from the journal in its pod: its unacknowledged facts and its work
   * since the last report. See docs/decisions/0013-what-a-dead-process-leaves-behind.md.
   */
  posthumous?: true;
  facts: Fact[];
}

/** A report read back from the topic, with its offset and the broker's LogAppendTime. */
export interface ReportAt {
  offset: number;
  appendedAt: EpochMs;
  report: Report;
}

/** Offsets [from, to): `to` is one past the last. */
export type OffsetRange = [from: number, to: number];

/** Values recorded since the last report: an HdrHistogram in its compressed V2 form, base64. Durations are in µs. */
export type EncodedHistogram = string;

export type RebalanceProtocol = 'Eager' | 'Cooperative' | 'Consumer' | 'None';

interface FromClient {
  /** Readable name of the client, stable over restarts of its pod: `<pod name>`, or `<pod name>.<n>` if a pod runs several clients. */
  client: string;
  at: EpochMs;
}

export interface Started extends FromClient {
  type: 'Started';
  role: 'Producer' | 'Consumer';
  /** Node or host name. */
  host: string;
  /** The consumer has a group.instance.id, so it stays in the group when it stops. */
  static?: true;
  /** kafkajs sends no heartbeats while it processes a record. Absent: the client does. */
  library?: 'kafkajs';
}

/** The client begins to stop. Missing if the process was killed, crashed or lost its node. */
export interface Stopping extends FromClient {
  type: 'Stopping';
  cause: 'Terminated' | 'Done' | 'Error';
  detail?: string;
}

export interface Stopped extends FromClient {
  type: 'Stopped';
}

/**
 * The client's process ended without a clean stop and its evidence is now complete. Only in posthumous reports, and only
 * if nothing was lost. `at` is the time of the client's last action or later.
 */
export interface Died extends FromClient {
  type: 'Died';
}

/** Acknowledged records of one partition. */
export type PartitionShare = [partition: number, records: number];

/** Acknowledged records of one key in one partition. Offsets are null if the broker returned none (acks=0). */
export type KeyShare = [partition: number, records: number, firstOffset: number | null, lastOffset: number | null];

/** A producer's cumulative totals since its start. `latency` (send to acknowledgement) covers the time since the last report. */
export interface Produced extends FromClient {
  type: 'Produced';
  attempted: number;
  acknowledged: number;
  failed: number;
  /** Bytes of acknowledged keys and values. */
  bytes: number;
  firstSentAt?: EpochMs;
  lastAcknowledgedAt?: EpochMs;
  latency?: EncodedHistogram;
  /** Cumulative count by Kafka error name. */
  errors?: Record<string, number>;
  /** Acknowledged records by partition. Only partitions that changed since the last report. */
  partitions?: PartitionShare[];
  /** Acknowledged records by key. Only keys and partitions that changed. Long lists are split over several facts with equal totals. */
  keys?: { key: string; partitions: KeyShare[] }[];
  /** `keys` omits this key and all keys after it (in UTF-16 order), because the run has more keys than can be reported. */
  keysBefore?: string;
  /** Every record of the producer's share has been acknowledged or has failed. */
  done: boolean;
}

/** The client's assignment after a rebalance callback. */
export interface Assigned extends FromClient {
  type: 'Assigned';
  memberId: string;
  protocol: RebalanceProtocol;
  gained: number[];
  /** All partitions owned from now on. */
  owned: number[];
  /** The client library's explanation, if it gives one. */
  reason?: string;
}

export interface Revoked extends FromClient {
  type: 'Revoked';
  memberId: string;
  protocol: RebalanceProtocol;
  lost: number[];
  owned: number[];
  /**
   * Revoked: the group asked for the partitions, and the client owned them until now. Lost: the client is no longer a member
   * (session or poll interval exceeded). Closed: the client stopped cleanly.
   */
  cause: 'Revoked' | 'Lost' | 'Closed';
  reason?: string;
}

/** Records of one partition processed since the last report. A batch never spans a rebalance callback of its client. */
export interface PartitionWork {
  partition: number;
  ranges: OffsetRange[];
  records: number;
  bytes: number;
  /** When processing of the batch's first record began. */
  firstBeganAt: EpochMs;
  /** Time that the first record had been in the log (`firstBeganAt` minus its timestamp, at least 0). */
  firstWaitedMs: number;
  /** When processing of the batch's last record ended. */
  lastEndedAt: EpochMs;
  /**
   * Longest pause between two records within the batch: [b − min(b − a, w), b], where `a` is the end of the earlier record,
   * `b` the begin of the later one and `w` the time that the later one had been in the log. Absent if shorter than 1 ms.
   */
  longestPause?: { from: EpochMs; to: EpochMs };
}

/** A processed record. `writtenAt` is its timestamp, by the producer's clock; the other times are by the consumer's clock. */
export type MetRecord = [offset: number, writtenAt: EpochMs, beganAt: EpochMs, endedAt: EpochMs];

/** First and last processed record of one key in one partition since the last report. `last` is absent if there was only one. */
export type KeyWork = [partition: number, first: MetRecord, last?: MetRecord];

/** Offsets of a partition that a client passed without getting a record. */
export interface PassedOffsets {
  partition: number;
  /** No record of these offsets is for this reader: transaction markers, aborted and compacted records. */
  withoutRecord?: OffsetRange[];
  /** Records of these offsets were deleted (retention, DeleteRecords) before the group read them. */
  deleted?: OffsetRange[];
}

export interface Consumed extends FromClient {
  type: 'Consumed';
  partitions: PartitionWork[];
  /** Keys processed since the last report, if the LoadTest watches keys. Long lists continue in the next report, at the latest at a rebalance callback. */
  keys?: { key: string; partitions: KeyWork[] }[];
  /** As in Produced. */
  keysBefore?: string;
  /** Offsets passed without a record since the last report. */
  passed?: PassedOffsets[];
  /** Begin of processing minus record timestamp, since the last report. */
  endToEnd?: EncodedHistogram;
  /** Records that `endToEnd` leaves out since the last report, because their timestamp is not of this log. Absent: none. */
  endToEndLeftOut?: number;
  /**
   * Polls that returned records since the last report. `sizes` is a histogram of records per poll (plain numbers).
   * `longestIntervalMs` is the longest time from the return of a poll to the next poll.
   */
  polls?: { count: number; recordsMax: number; sizes: EncodedHistogram; longestIntervalMs?: number };
  /** The client has consumed everything that its spec asks for. */
  done?: boolean;
}

/** The consumer is alive. Sent after 3 s without any other fact. */
export interface Alive extends FromClient {
  type: 'Alive';
  owned: number[];
}

/** An error of the client library that a user would ask about. */
export interface ClientError extends FromClient {
  type: 'ClientError';
  code: string;
  message: string;
}

/** A member of the group as the broker describes it. */
export interface BrokerMember {
  memberId: string;
  clientId: string;
  host: string;
  groupInstanceId?: string;
  /** Assigned partitions of the run's topic. Empty while a classic group is not Stable. */
  partitions: number[];
  /** Number of assigned partitions of other topics. Absent: none are known. */
  otherPartitions?: number;
  /** The member subscribes to other topics only. */
  otherTopicsOnly?: true;
}

/** One snapshot of Kafka by the operator: offsets, committed offsets and the group's description. */
export interface LagSample {
  type: 'LagSample';
  at: EpochMs;
  /** Time between reading committed and end offsets. */
  spreadMs: number;
  /** null: the group does not exist yet. */
  groupState: string | null;
  groupMembers: number;
  /** How the group rebalances, as far as the broker's description shows. Absent without a group or an assignor. */
  protocol?: RebalanceProtocol;
  /** At most 500, sorted by member id. */
  members?: BrokerMember[];
  /** Replaces `members`: the list is equal to that of the sample with this `at`. */
  membersAsAt?: EpochMs;
  /**
   * Where the group begins in a partition without a valid committed offset: its auto.offset.reset. Unknown: it is that of
   * external consumers, and nobody named it. Absent in reports of older operators: Earliest.
   */
  resetsTo?: OffsetReset;
  partitions: OffsetsSeen[];
}

/** The offsets of one partition in a snapshot. */
export interface OffsetsSeen {
  partition: number;
  endOffset: number;
  /** The end of the log for a group with isolation.level=read_committed. Absent: the group reads to the end offset. */
  lastStableOffset?: number;
  committedOffset: number | null;
  beginningOffset: number;
}

export type OffsetReset = 'Earliest' | 'Latest' | 'Unknown';

/** The operator changed the number of producers, consumers or partitions. */
export interface Scaled {
  type: 'Scaled';
  at: EpochMs;
  what: 'Producers' | 'Consumers' | 'Partitions';
  from: number;
  to: number;
}

export type Fact =
  | Started
  | Stopping
  | Stopped
  | Died
  | Produced
  | Assigned
  | Revoked
  | Consumed
  | Alive
  | ClientError
  | LagSample
  | Scaled;

/** The evidence topic, one in each Kafka cluster that the operator works with. */
export const EVIDENCE_TOPIC = 'kafkalab-evidence';
