/** spec.topic of a LoadTest. */
import { z } from 'zod';
import { count, field, sentences } from '../schema/schema.ts';
import { describeTopicSettings, LONGEST_TOPIC_SETTING, topicSettingRules } from '../settings/topic.ts';
import { settings } from '../settings/values.ts';
import { topicName } from '../shared.ts';

const PARTITIONS = sentences(
  'Number of partitions.',
  'Default 1 (Kafka’s num.partitions).',
  'Can be increased while the test runs.',
  'With management: Existing, the smallest number that the topic must have.',
);

const MANAGEMENT = sentences(
  'Who creates the topic.',
  'Auto: nobody if it exists; otherwise as Strimzi',
  'if the Kafka resource is known and the API server has KafkaTopics, else as Admin.',
  'Strimzi: the Topic Operator, from a KafkaTopic in the namespace of the Kafka resource;',
  'needs kafka.strimzi, or the operator’s setting STRIMZI_CLUSTER.',
  'Admin: this operator, through Kafka’s Admin API.',
  'Existing: nobody; the topic must exist, and is never changed or deleted.',
  'Default Auto. Immutable.',
);

const DELETION_POLICY = sentences(
  'What happens to the topic when this LoadTest is deleted.',
  'Delete: it is deleted if this LoadTest created it.',
  'Retain: it stays.',
  'Default Delete.',
);

export const topic = field(
  z.strictObject({
    name: topicName('Name of the topic. Immutable.'),
    partitions: field(count(1, 10_000).default(1), PARTITIONS),
    replicas: field(
      count(1, 100).default(1),
      'Replication factor. Default 1 (Kafka’s default.replication.factor). At most the number of brokers. Immutable.',
    ),
    config: field(settings(LONGEST_TOPIC_SETTING), describeTopicSettings(), ...topicSettingRules),
    management: field(z.enum(['Auto', 'Strimzi', 'Admin', 'Existing']).default('Auto'), MANAGEMENT),
    deletionPolicy: field(z.enum(['Delete', 'Retain']).default('Delete'), DELETION_POLICY),
  }),
  'Topic to produce to and consume from.',
);
