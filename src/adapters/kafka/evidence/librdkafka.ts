/** The two rdkafka-style clients by name: the package's main file loads its KafkaJS-style half too, which the image leaves out. */
import { createRequire } from 'node:module';

type Binding = typeof import('@confluentinc/kafka-javascript');

const require = createRequire(import.meta.url);
export const Producer = require('@confluentinc/kafka-javascript/lib/producer.js') as Binding['Producer'];
export const KafkaConsumer =
  require('@confluentinc/kafka-javascript/lib/kafka-consumer.js') as Binding['KafkaConsumer'];
