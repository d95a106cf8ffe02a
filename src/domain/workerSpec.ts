/** What the operator tells a worker pod, as JSON in the environment variable KAFKALAB_WORKER; the pod's index comes by KAFKALAB_POD_INDEX. */

export const WORKER_SPEC_ENV = 'KAFKALAB_WORKER';
/** Ordinal of the pod in its StatefulSet (label apps.kubernetes.io/pod-index). */
export const POD_INDEX_ENV = 'KAFKALAB_POD_INDEX';
export const POD_NAME_ENV = 'KAFKALAB_POD_NAME';
export const NODE_NAME_ENV = 'KAFKALAB_NODE_NAME';
/** A folder that outlives the container, not the pod: how far a producer has come, and what a consumer has not reported yet. */
export const STATE_DIR_ENV = 'KAFKALAB_STATE_DIR';
/** "1": a consumer writes each record that it processes to standard output (worker/recordLog.ts). */
export const RECORD_LOG_ENV = 'KAFKALAB_RECORD_LOG';
/** Port of the worker's HTTP server: /healthz, /readyz (200 once its clients work), /metrics, and STOP_PATH. */
export const WORKER_PORT = 8080;
/** Of every worker pod, among others. */
export const WORKER_LABELS = { 'app.kubernetes.io/name': 'kafka-lab-worker' };

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

/** Options of kafkajs, by the call that takes them; times in ms. */
interface KafkajsConnection {
  /** new Kafka() */
  kafka: {
    connectionTimeout: number;
    requestTimeout: number;
    retry: { initialRetryTime: number; maxRetryTime: number };
  };
}
export interface KafkajsProducer extends KafkajsConnection {
  /** kafka.producer() */
  producer: { metadataMaxAge: number; maxInFlightRequests: number; idempotent: boolean; retries: number };
  /** producer.send() */
  send: { acks: -1 | 0 | 1; timeout: number; compression: 'none' | 'gzip' };
}
export interface KafkajsConsumer extends KafkajsConnection {
  /** kafka.consumer() */
  consumer: {
    metadataMaxAge: number;
    allowAutoTopicCreation: boolean;
    sessionTimeout: number;
    heartbeatInterval: number;
    minBytes: number;
    maxBytes: number;
    maxBytesPerPartition: number;
    maxWaitTimeInMs: number;
    readUncommitted: boolean;
    rackId: string;
  };
  /** consumer.subscribe() */
  subscribe: { fromBeginning: boolean };
  /** consumer.run(), for commit mode Auto */
  run: { autoCommitInterval: number };
}

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
