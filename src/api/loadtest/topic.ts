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
  'Auto: nobody if it exists (see raiseExisting); otherwise as Strimzi',
  'if the Kafka resource is known and the API server has KafkaTopics, else as Admin.',
  'Strimzi: the Topic Operator, from a KafkaTopic in the namespace of the Kafka resource;',
  'needs kafka.strimzi, or the operator’s setting STRIMZI_CLUSTER.',
  'Admin: this operator, through Kafka’s Admin API.',
  'Existing: nobody; the topic must exist, and is never changed or deleted.',
  'Default Auto. Immutable.',
);

const RAISE_EXISTING = sentences(
  'Whether partitions may be added to a topic that this LoadTest did not create. Kafka cannot remove them again.',
  'false: only with management: Admin or Strimzi.',
  'With management: Auto the test stalls if the topic has fewer than topic.partitions.',
  'A ConsumerScale whose step adds partitions sets it to true.',
  'Default false.',
);

const DELETION_POLICY = sentences(
  'What happens to the topic when this LoadTest is deleted.',
  'Delete: it is deleted if this LoadTest created it (status.topic.created), even if another LoadTest uses it.',
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
    raiseExisting: field(z.boolean().default(false), RAISE_EXISTING),
    deletionPolicy: field(z.enum(['Delete', 'Retain']).default('Delete'), DELETION_POLICY),
  }),
  'Topic to produce to and consume from.',
);
