/**
 * The rdkafka-style half of @confluentinc/kafka-javascript, the librdkafka binding. Its parts are loaded by name, because
 * the package's main file also loads the KafkaJS-style half.
 *
 * Trap: a `topicConf` argument of a constructor, even an empty one, discards the topic properties of the configuration, so
 * it is never passed.
 */
import { createRequire } from 'node:module';

type Binding = typeof import('@confluentinc/kafka-javascript');

const require = createRequire(import.meta.url);
export const Producer = require('@confluentinc/kafka-javascript/lib/producer.js') as Binding['Producer'];
export const KafkaConsumer =
  require('@confluentinc/kafka-javascript/lib/kafka-consumer.js') as Binding['KafkaConsumer'];
/** Error numbers by name: ERR__TRANSPORT, ERR_UNKNOWN_TOPIC_OR_PART. */
export const { codes } = require('@confluentinc/kafka-javascript/lib/error.js') as { codes: Record<string, number> };
/** `err2str`: librdkafka's text for an error number. */
export const { err2str } = require('@confluentinc/kafka-javascript/librdkafka.js') as {
  err2str(code: number): string;
};
