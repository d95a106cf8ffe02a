/** The Kafka clients that a worker can create. main/worker/library.ts implements it for librdkafka and kafkajs. */
import type { PartitionerShape } from '../domain/workers/spec.ts';
import type { ConsumerClient, ConsumerEvents, ProducerClient, ProducerEvents } from './clients/port.ts';

/** In all settings `name` is the client.id and `config` are librdkafka properties. */
export interface Library {
  /** The producer of the evidence topic, which is librdkafka's in every worker. */
  evidence(
    settings: { topic: string; partition: number; name: string; config: Record<string, string> },
    events: ProducerEvents,
  ): ProducerClient;
  producer(
    settings: { topic: string; name: string; config: Record<string, string>; partitioner: PartitionerShape },
    events: ProducerEvents,
  ): ProducerClient;
  consumer(
    settings: {
      topic: string;
      name: string;
      config: Record<string, string>;
      group: string;
      autoCommit: boolean;
      /** Report the member id and the library's reasons for rebalances. */
      explained: boolean;
    },
    events: ConsumerEvents,
  ): ConsumerClient;
  /** The properties in `config` that the evidence producer needs too. */
  connectionProperties(config: Record<string, string>): Record<string, string>;
}
