/** spec.topic of a LoadTest. */
import { z } from 'zod';
import { count, field, text } from '../schema/schema.ts';
import { topicName } from '../shared.ts';

export const topic = field(
  z.strictObject({
    name: topicName('Name of the topic. Can’t be changed.'),
    partitions: field(
      count(1, 10_000).default(1),
      'Partitions of the topic; may be raised while the test runs. Default 1 (Kafka’s num.partitions). Under management: Existing, the fewest that the topic has to have.',
    ),
    replicas: field(
      count(1, 100).default(1),
      'Replication factor; at most the number of brokers. Default 1 (Kafka’s default.replication.factor). Can’t be changed.',
    ),
    config: field(
      z.record(z.string(), text(1_000)).default({}).meta({ maxProperties: 50 }),
      'Topic settings under Kafka’s names, values as text, e.g. retention.ms: "7200000". Default: the brokers’ settings. Source: Kafka’s topic configs; a name or value that Kafka refuses stalls the test with Kafka’s own sentence. Can’t be changed.',
      {
        cel: "self.all(name, name.matches('^[a-z]+([.][a-z]+)+$'))",
        message: 'write topic settings under Kafka’s names, e.g. retention.ms, cleanup.policy, min.insync.replicas',
        messageCel:
          "'\"' + self.filter(name, !name.matches('^[a-z]+([.][a-z]+)+$'))[0] + '\" is no topic setting of Kafka: write Kafka’s name, e.g. retention.ms, cleanup.policy, min.insync.replicas'",
        holds: (config) => Object.keys(config).every((name) => /^[a-z]+([.][a-z]+)+$/.test(name)),
      },
    ),
    management: field(
      z.enum(['Auto', 'Strimzi', 'Admin', 'Existing']).default('Auto'),
      'Who makes the topic. Strimzi: its Topic Operator, by a KafkaTopic that this operator writes into the namespace of the Kafka resource; needs kafka.strimzi, or an operator with STRIMZI_CLUSTER. Admin: this operator, through Kafka’s Admin API. Existing: nobody, it has to be there and is never changed or deleted. Auto: used as it is where it exists, else made as Strimzi does where the Kafka resource is known and the API server has KafkaTopics, else as Admin does. Default Auto.',
    ),
    deletionPolicy: field(
      z.enum(['Delete', 'Retain']).default('Delete'),
      'What becomes of the topic when this LoadTest is deleted. Delete: it is deleted, if this LoadTest made it. Retain: it stays. Default Delete.',
    ),
  }),
  'The topic that is produced to and consumed from.',
);
