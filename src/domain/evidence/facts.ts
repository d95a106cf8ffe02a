/**
 * What workers and the operator report to the evidence topic, and nothing else: every status,
 * chart and grade is a fold over these records. One report is one Kafka record (JSON value, key =
 * run); all reports of a run go to one partition, so a run has one order, the log's.
 */
import type { EpochMs } from '../../contract/time.ts';

/** One batch of facts from one process. About 250 ms of a consumer's work, 1 to 3 s of a producer’s; at once for assignments. */
export interface Report {
  v: 1;
  /** uid of the LoadTest, or of the ConsumerScale over somebody else's consumers. */
  run: string;
  /** Unique per process start: `<pod name>/<8 hex digits>`, or `operator/<8 hex digits>`. */
  instance: string;
  /** 1, 2, 3, … within the instance; a number seen before is a duplicate. */
  seq: number;
  /** The sender's clock when it handed the report to its producer, in ms with fractions. */
  sentAt: EpochMs;
  /** Shortest time so far from a report's `sentAt` to its acknowledgement, in ms by the sender's clock. Absent: none yet. */
  roundTripMs?: number;
  /**
   * The instance is dead, and this was sent in its place, from what it had kept in its pod: what it had said and nobody had
   * acknowledged, and what it had done since. See docs/decisions/0013-what-a-dead-process-leaves-behind.md.
   */
  posthumous?: true;
  facts: Fact[];
}

/** A report as read back: where it stood in the partition and the broker's LogAppendTime. */
export interface ReportAt {
  offset: number;
  appendedAt: EpochMs;
  report: Report;
}

/** Offsets [from, to): `to` is one past the last. */
export type OffsetRange = [from: number, to: number];

/** HdrHistogram in its compressed V2 form, base64 (values in microseconds), of what was recorded since the last report. */
export type EncodedHistogram = string;

export type RebalanceProtocol = 'Eager' | 'Cooperative' | 'Consumer' | 'None';

interface ClientFact {
  /** Readable name of the client, stable over restarts of its pod: `<pod name>` or `<pod name>.<n>` when a pod runs several. */
  client: string;
  at: EpochMs;
}

export interface Started extends ClientFact {
  type: 'Started';
  role: 'Producer' | 'Consumer';
  /** Node or host name. */
  host: string;
  /** A consumer with a group.instance.id: it does not leave the group when it stops. */
  static?: true;
  /** Where that matters: kafkajs sends no heartbeat while it processes a record. Absent: the client does. */
  library?: 'kafkajs';
}

/** The client begins to stop. Absent before an end without warning (kill, crash, lost node). */
export interface Stopping extends ClientFact {
  type: 'Stopping';
  cause: 'Terminated' | 'Done' | 'Error';
  detail?: string;
}

export interface Stopped extends ClientFact {
  type: 'Stopped';
}

/**
 * Only in posthumous reports: the client's process ended without a goodbye, and with this report all that the client did
 * has been told. `at`: no earlier than the last thing that it did. Absent where some of it is lost.
 */
export interface Died extends ClientFact {
  type: 'Died';
}

/** Acknowledged records of one partition. */
export type PartitionShare = [partition: number, records: number];

/** Acknowledged records of one key in one partition; offsets are null where the broker tells none (acks=0). */
export type KeyShare = [partition: number, records: number, firstOffset: number | null, lastOffset: number | null];

/** A producer's totals since its start (cumulative), with the latencies (send to acknowledgement) since the last report. */
export interface Produced extends ClientFact {
  type: 'Produced';
  attempted: number;
  acknowledged: number;
  failed: number;
  /** Of key and value, acknowledged. */
  bytes: number;
  firstSentAt?: EpochMs;
  lastAcknowledgedAt?: EpochMs;
  latency?: EncodedHistogram;
  /** Kafka error name → how often, cumulative. */
  errors?: Record<string, number>;
  /** Where the acknowledged records went, of the partitions in which that has changed since the last report. */
  partitions?: PartitionShare[];
  /** The same by key, of the keys and partitions in which it has changed. Many go in several facts with the same totals. */
  keys?: { key: string; partitions: KeyShare[] }[];
  /** There are too many keys to tell of each: this one and those after it, in the order of their text, are left out. */
  keysBefore?: string;
  /** All of its share has been acknowledged or has failed. */
  done: boolean;
}

/** The client's assignment after a rebalance callback. */
export interface Assigned extends ClientFact {
  type: 'Assigned';
  memberId: string;
  protocol: RebalanceProtocol;
  gained: number[];
  /** All that it owns from now on. */
  owned: number[];
  /** What the library itself says about why, where it does. */
  reason?: string;
}

export interface Revoked extends ClientFact {
  type: 'Revoked';
  memberId: string;
  protocol: RebalanceProtocol;
  lost: number[];
  owned: number[];
  /** Revoked: asked by the group, still owner until now. Lost: no longer a member (session or poll interval exceeded). Closed: its own clean stop. */
  cause: 'Revoked' | 'Lost' | 'Closed';
  reason?: string;
}

/** What was done to one partition since the last report; a batch never spans a rebalance callback of its client. */
export interface PartitionWork {
  partition: number;
  ranges: OffsetRange[];
  records: number;
  bytes: number;
  /** Processing of the first record of the batch began. */
  firstBeganAt: EpochMs;
  /** How long that first record had been in the log then (its timestamp to firstBeganAt, never negative). */
  firstWaitedMs: number;
  /** Processing of the last record of the batch ended. */
  lastEndedAt: EpochMs;
  /** The longest pause between two records within the batch, [b − min(b − a, d), b]; left out under 1 ms. */
  longestPause?: { from: EpochMs; to: EpochMs };
}

/** A processed record: its timestamp (`writtenAt`, by its producer’s clock), and its processing. */
export type MetRecord = [offset: number, writtenAt: EpochMs, beganAt: EpochMs, endedAt: EpochMs];

/** Of one key in one partition, the first and the last record processed since that was last told; without `last` there was one only. */
export type KeyWork = [partition: number, first: MetRecord, last?: MetRecord];

export interface Consumed extends ClientFact {
  type: 'Consumed';
  partitions: PartitionWork[];
  /** Of the keys met since the last report, where keys are watched; when they are many, some wait for the next one, but not past a rebalance callback. */
  keys?: { key: string; partitions: KeyWork[] }[];
  /** As in Produced. */
  keysBefore?: string;
  /** Processing began − record timestamp, since the last report. */
  endToEnd?: EncodedHistogram;
  /**
   * Polls that returned records since the last report; `sizes`: histogram of records per poll (plain numbers);
   * `longestIntervalMs`: longest time from the return of a poll to the next one, over all that have ended since.
   */
  polls?: { count: number; recordsMax: number; sizes: EncodedHistogram; longestIntervalMs?: number };
  /** The client has consumed all that it was asked to. */
  done?: boolean;
}

/** Still there: sent by a consumer that had nothing else to say for 3 s. */
export interface Alive extends ClientFact {
  type: 'Alive';
  owned: number[];
}

/** An error that the client saw and that people would ask about. */
export interface ClientError extends ClientFact {
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
  /** Of the run's topic. Of a classic group empty unless it is Stable. */
  partitions: number[];
}

/** The operator's own look at Kafka. */
export interface LagSample {
  type: 'LagSample';
  at: EpochMs;
  /** Time between reading committed and end offsets. */
  spreadMs: number;
  /** null: no such group yet. */
  groupState: string | null;
  groupMembers: number;
  /** How the group rebalances, as far as the broker's description tells. Absent: no group, or no assignor yet. */
  protocol?: RebalanceProtocol;
  /** By member id, at most 500. */
  members?: BrokerMember[];
  /** Instead of `members`: they are those of the sample with this `at`. */
  membersAsAt?: EpochMs;
  partitions: { partition: number; endOffset: number; committedOffset: number | null; beginningOffset: number }[];
}

/** The operator changed what should run. */
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

/** Name of the topic that the operator makes for evidence in each Kafka cluster it works with. */
export const EVIDENCE_TOPIC = 'kafkalab-evidence';
