/** A snapshot of Kafka: one topic and one consumer group, read together. */
import type { EpochMs } from './time.ts';

export interface PartitionView {
  partition: number;
  /** Id of the broker that leads the partition; -1: none does. */
  leader: number;
  replicas: number[];
  isr: number[];
  beginningOffset: number;
  endOffset: number;
  /** Where the first open transaction begins, or else the end offset: as far as a read_committed group can read. Absent: not requested. */
  lastStableOffset?: number;
}

export interface TopicView {
  name: string;
  /** Kafka's topic id, as its tools print it (TopicId). A topic that is deleted and created again has another one. */
  id: string;
  partitions: PartitionView[];
}

export interface GroupMemberView {
  /** Kafka's member.id. */
  memberId: string;
  clientId: string;
  host: string;
  groupInstanceId?: string;
  /** Assigned partitions of the requested topic. For a classic group they are known in state Stable only. */
  partitions: number[];
  /** Number of assigned partitions of other topics. Absent: none are known. */
  otherPartitions?: number;
  /** The member subscribes to other topics only, so it is no consumer of the requested one. */
  otherTopicsOnly?: true;
  /** Protocol consumer only: target assignment. It differs from `partitions` while the group reconciles. */
  target?: number[];
  /** Protocol consumer only: the group epoch that this member has reached. */
  epoch?: number;
}

export interface GroupView {
  /**
   * State of the group, as the broker names it. Both protocols: Empty, Stable, Dead. classic: PreparingRebalance,
   * CompletingRebalance. consumer: Assigning, Reconciling.
   */
  state: string;
  /** Kafka's `group.protocol`. classic: a client assigns the partitions. consumer: the broker does (KIP-848). */
  protocol: 'classic' | 'consumer';
  /** Name of the assignor, e.g. range, cooperative-sticky, uniform. Absent: the group has none yet. */
  assignor?: string;
  /** Protocol consumer only: group epoch, which grows by one with each change of the group. */
  epoch?: number;
  members: GroupMemberView[];
  /** Committed offset per partition of the topic; null: none is committed. */
  committed: { partition: number; offset: number | null }[];
}

/** Settings in force by Kafka's names, or the sentence that says why Kafka does not show them. */
export type ConfigView = { known: Readonly<Record<string, string>> } | { unavailable: string };

/** One snapshot of topic and group. */
export interface KafkaView {
  /** Time at which the read of the committed offsets started. */
  at: EpochMs;
  /** Time between the start of that read and the arrival of all end offsets. Times the growth rate it bounds the error of lag. */
  spreadMs: number;
  brokers: { id: number; host: string; port: number }[];
  /** null: the topic does not exist. Absent: not requested. */
  topic?: TopicView | null;
  /** null: the group does not exist, or is dead. Absent: not requested. */
  group?: GroupView | null;
  /** Of the topic, and of one of the brokers. Absent: not requested. */
  configs?: { topic?: ConfigView; broker?: ConfigView };
  /** Evidence topic of this Kafka cluster, which the operator creates, with the end offset of each partition. */
  evidence: { topic: string; endOffsets: number[] };
}
