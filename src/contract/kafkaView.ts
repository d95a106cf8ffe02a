/** A snapshot of Kafka: one topic and one consumer group, read together. */
import type { EpochMs } from './time.ts';

export interface PartitionView {
  partition: number;
  /** Broker id, -1 while there is none. */
  leader: number;
  replicas: number[];
  isr: number[];
  beginningOffset: number;
  endOffset: number;
}

export interface TopicView {
  name: string;
  partitions: PartitionView[];
}

export interface GroupMemberView {
  id: string;
  clientId: string;
  host: string;
  groupInstanceId?: string;
  /** Of the topic asked for. A classic group tells them only while it is Stable. */
  partitions: number[];
  /** `consumer` only: what it is to have; differs from `partitions` while the group reconciles. */
  target?: number[];
  /** `consumer` only: the group's epoch that this member has reached. */
  epoch?: number;
}

export interface GroupView {
  /** As the broker says: Empty, Stable, Dead; classic: PreparingRebalance, CompletingRebalance; consumer: Assigning, Reconciling. */
  state: string;
  /** Kafka's `group.protocol`: the clients assign, or the broker (KIP-848). */
  protocol: 'classic' | 'consumer';
  /** Name of the assignor: range, cooperative-sticky, uniform, …; absent while there is none. */
  assignor?: string;
  /** `consumer` only: grows by one with each change. */
  epoch?: number;
  members: GroupMemberView[];
  /** Committed offset per partition of the topic; null where nothing was committed. */
  committed: { partition: number; offset: number | null }[];
}

/** One look at Kafka: topic and group read together. */
export interface KafkaView {
  /** When the read of the committed offsets began. */
  at: EpochMs;
  /** From reading the committed offsets to having the end offsets: the error bound of lag is this times the rate. */
  spreadMs: number;
  brokers: { id: number; host: string; port: number }[];
  /** null: Kafka says that there is no such topic. Absent: not asked for. */
  topic?: TopicView | null;
  /** null: Kafka says that there is no such group (or that it is dead). Absent: not asked for. */
  group?: GroupView | null;
  /** The evidence topic of this Kafka cluster (made when missing), with the end offset of each partition. */
  evidence: { topic: string; endOffsets: number[] };
}
