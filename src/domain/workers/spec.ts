/** The configuration of a worker pod: JSON in the environment variable KAFKALAB_WORKER (see environment.ts). */
import type { KafkajsConsumer, KafkajsProducer } from '../settings/kafkajsOptions.ts';

export interface RecordShape {
  /** Size to which the value is padded, in bytes. Absent: no padding. */
  sizeBytes?: number;
  /** Json: {"cnt": <n>}, where n counts from 0 per client. */
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
  /** By the hash of the key, as Kafka's Java client does. Records without a key: as the client library does. */
  | { mode: 'Default' }
  | { mode: 'RoundRobin' }
  /** Ignores the key. After `bytes` bytes of keys and values the producer switches to a random partition. */
  | { mode: 'Sticky'; bytes: number }
  | { mode: 'Explicit'; partition: number };

export interface ProducerSpec {
  role: 'Producer';
  /** Options of kafkajs. Absent: the client is librdkafka. */
  kafkajs?: KafkajsProducer;
  /** Rate per client. Absent: unlimited. */
  messagesPerSecond?: number;
  /** Messages of the run, divided among its clients: client i sends floor(total / clients), plus one if i < total mod clients. */
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
  /** Options of kafkajs. Absent: the client is librdkafka. */
  kafkajs?: KafkajsConsumer;
  group: string;
  /** Prefix of the clients' group.instance.id: `<prefix>.<client name>`. Absent: the members are not static. */
  staticMembersOf?: string;
  /** Processing time per record, in ms with fractions. */
  perRecordMs: number;
  /** Additional time per poll of the run's first client. Absent: none. */
  slowMember?: { perPollMs: number };
  commit: CommitMode;
  maxPollRecords: number;
  /** Report the processing order of each key. */
  keys?: true;
}

export interface WorkerSpec {
  /** uid of the LoadTest. */
  run: string;
  /** namespace/name of the LoadTest, for logs. */
  loadTest: string;
  bootstrapServers: string;
  topic: string;
  evidence: { topic: string; partition: number };
  clientsPerPod: number;
  /** librdkafka properties, translated and checked (see settings/librdkafka.ts). Empty for kafkajs. */
  config: Record<string, string>;
  work: ProducerSpec | ConsumerSpec;
}
