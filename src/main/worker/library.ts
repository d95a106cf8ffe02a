/** The Kafka client library that a worker's spec asks for. */
import type { WorkerSpec } from '../../domain/workers/spec.ts';
import { connectionProperties } from '../../worker/clients/librdkafka/connectionProperties.ts';
import { librdkafkaConsumer } from '../../worker/clients/librdkafka/consumer.ts';
import { librdkafkaProducer } from '../../worker/clients/librdkafka/producer.ts';
import type { Library } from '../../worker/library.ts';

/** kafkajs is imported only where it is used: hundreds of pods start faster without it. */
export async function libraryFor({ bootstrapServers, work }: WorkerSpec): Promise<Library> {
  const librdkafka: Library = {
    evidence: ({ partition, ...settings }, events) =>
      librdkafkaProducer({ ...settings, bootstrapServers, partitioner: { mode: 'Explicit', partition } }, events),
    producer: (settings, events) => librdkafkaProducer({ ...settings, bootstrapServers }, events),
    consumer: (settings, events) => librdkafkaConsumer({ ...settings, bootstrapServers }, events),
    connectionProperties,
  };
  if (work.kafkajs === undefined) return librdkafka;
  if (work.role === 'Producer') {
    const { kafkajs: options } = work;
    const { kafkajsProducer } = await import('../../worker/clients/kafkajs/producer.ts');
    return {
      ...librdkafka,
      producer: ({ topic, name, partitioner }, events) =>
        kafkajsProducer({ topic, name, bootstrapServers, options, partitioner }, events),
    };
  }
  const { kafkajs: options } = work;
  const { kafkajsConsumer } = await import('../../worker/clients/kafkajs/consumer.ts');
  return {
    ...librdkafka,
    consumer: (settings, events) => kafkajsConsumer({ ...settings, bootstrapServers, options }, events),
  };
}
