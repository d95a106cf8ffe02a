/** The clients' settings as their workers take them. A plan translates them once and passes the result on. */

import type { LoadTest } from '../../api/loadtest/loadTest.ts';
import { recordSizeRules } from '../../api/loadtest/recordSize.ts';
import type { LoadTestSpec } from '../../api/loadtest/spec.ts';
import { togetherRules } from '../../api/loadtest/together.ts';
import { broken } from '../../api/schema/schema.ts';
import { topicSettingRules } from '../../api/settings/topic.ts';
import { asText } from '../../api/settings/values.ts';
import { toKafkajsConsumer, toKafkajsProducer } from '../../domain/settings/kafkajs.ts';
import type { KafkajsConsumer, KafkajsProducer } from '../../domain/settings/kafkajsOptions.ts';
import { toLibrdkafka } from '../../domain/settings/librdkafka.ts';

export interface ProducerSettings {
  /** librdkafka's properties; empty with kafkajs. */
  config: Record<string, string>;
  kafkajs?: KafkajsProducer;
}

export interface ConsumerSettings {
  /** librdkafka's properties; empty with kafkajs. */
  config: Record<string, string>;
  maxPollRecords: number;
  kafkajs?: KafkajsConsumer;
}

export interface ClientSettings {
  producers?: ProducerSettings;
  consumers?: ConsumerSettings;
}

interface Refused {
  refused: string[];
}

/** `refused`: one sentence for each setting that a client does not support. */
export type TranslatedSettings = { known: ClientSettings } | Refused;

/** Kafka's default for consumers, https://kafka.apache.org/documentation/#consumerconfigs_max.poll.records */
const MAX_POLL_RECORDS = 500;
/** kafkajs has no max.poll.records: it handles all records of one partition that a fetch returned. */
const WHOLE_BATCH = 1_000_000;

/** All that the manifest alone decides is refused at once. The admission policy refuses the same, where it is installed. */
export function translateSettings({ spec }: LoadTest): TranslatedSettings {
  const { topic, producers, consumers } = spec;
  const producing = producers && producerSettings(producers);
  const consuming = consumers && consumerSettings(consumers);
  const refused = [
    ...broken(topicSettingRules, topic.config),
    ...refusedIn(producing),
    ...refusedIn(consuming),
    ...broken([...togetherRules, ...recordSizeRules], spec),
  ];
  if (refused.length > 0 || isRefused(producing) || isRefused(consuming)) return { refused };
  return {
    known: {
      ...(producing === undefined ? {} : { producers: producing }),
      ...(consuming === undefined ? {} : { consumers: consuming }),
    },
  };
}

const refusedIn = (part: object | undefined): string[] => (isRefused(part) ? part.refused : []);
const isRefused = (part: object | undefined): part is Refused => part !== undefined && 'refused' in part;

function producerSettings({ client, config }: NonNullable<LoadTestSpec['producers']>): ProducerSettings | Refused {
  if (client === 'kafkajs') {
    const kafkajs = toKafkajsProducer(asText(config));
    return isRefused(kafkajs) ? kafkajs : { config: {}, kafkajs };
  }
  const properties = toLibrdkafka('Producer', asText(config));
  return isRefused(properties) ? properties : { config: properties.config };
}

function consumerSettings({ client, config }: NonNullable<LoadTestSpec['consumers']>): ConsumerSettings | Refused {
  if (client === 'kafkajs') {
    const kafkajs = toKafkajsConsumer(asText(config));
    return isRefused(kafkajs) ? kafkajs : { config: {}, maxPollRecords: WHOLE_BATCH, kafkajs };
  }
  const properties = toLibrdkafka('Consumer', asText(config));
  if (isRefused(properties)) return properties;
  return { config: properties.config, maxPollRecords: properties.maxPollRecords ?? MAX_POLL_RECORDS };
}
