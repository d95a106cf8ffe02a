/** What the operator tells a worker pod, as JSON in the environment variable KAFKALAB_WORKER; the pod's index comes by KAFKALAB_POD_INDEX. */
import type { KafkajsConsumer, KafkajsProducer } from '../settings/kafkajsOptions.ts';

export interface RecordShape {
  /** Size of the value in bytes; a Json value is padded up to it. Absent: as short as the value is. */
  sizeBytes?: number;
  /** Json: {"cnt": <n>}, n counting from 0 per client. */
  value: 'Json';
  key: KeyShape;
}

export type KeyShape =
  | { mode: 'None' }
  | { mode: 'Fixed'; values: string[] }
  | { mode: 'Sequence'; cardinality: number }
  | { mode: 'Random'; cardinality: number };

/** How a producer chooses the partition of a record. */
export type PartitionerShape =
  /** By the hash of its key, as Kafka's Java client; without a key, as the client library does. */
  | { mode: 'Default' }
  | { mode: 'RoundRobin' }
  /** Whatever its key: so many bytes of keys and values to one partition, then to another by chance. */
  | { mode: 'Sticky'; bytes: number }
  | { mode: 'Explicit'; partition: number };

export interface ProducerSpec {
  role: 'Producer';
  /** Present: the client is kafkajs. */
  kafkajs?: KafkajsProducer;
  /** Per client; absent: as fast as it can. */
  messagesPerSecond?: number;
  /** Of the whole run, with the number of clients it is shared out over: client i sends floor(total/clients), plus one if i < total mod clients. */
  messages?: { total: number; clients: number };
  record: RecordShape;
  partitioner: PartitionerShape;
}

export type CommitMode =
  | { mode: 'Auto' }
  | { mode: 'Record' }
  | { mode: 'Every'; records: number }
  | { mode: 'Poll' }
  | { mode: 'Never' };

export interface ConsumerSpec {
  role: 'Consumer';
  /** Present: the client is kafkajs. */
  kafkajs?: KafkajsConsumer;
  group: string;
  /** Present: each client is a static member; its group.instance.id is this, a dot, and its name. */
  staticMembersOf?: string;
  /** Time spent on each record, in ms with fractions; 0: none. */
  perRecordMs: number;
  /** What the run's first client spends on each poll besides; absent: nothing. */
  slowMember?: { perPollMs: number };
  commit: CommitMode;
  maxPollRecords: number;
  /** Tell in which order the records of each key were met. */
  keys?: true;
}

export interface WorkerSpec {
  run: string;
  /** namespace/name of the LoadTest, for logs. */
  loadTest: string;
  bootstrapServers: string;
  topic: string;
  evidence: { topic: string; partition: number };
  clientsPerPod: number;
  /** librdkafka properties, already translated from Kafka's names and checked; none where the client is kafkajs. */
  config: Record<string, string>;
  work: ProducerSpec | ConsumerSpec;
}
