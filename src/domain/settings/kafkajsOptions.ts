/** Options of kafkajs in a WorkerSpec, by the call that takes them. Times are in ms. */

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
