/**
 * The two rdkafka-style clients of @confluentinc/kafka-javascript. They are loaded by name, because the package's main file
 * also loads its KafkaJS-style half, which the image does not contain.
 */
import { createRequire } from 'node:module';

type Binding = typeof import('@confluentinc/kafka-javascript');

const require = createRequire(import.meta.url);
export const Producer = require('@confluentinc/kafka-javascript/lib/producer.js') as Binding['Producer'];
export const KafkaConsumer =
  require('@confluentinc/kafka-javascript/lib/kafka-consumer.js') as Binding['KafkaConsumer'];
