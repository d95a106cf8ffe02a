/** status.topic of a LoadTest. */
import { z } from 'zod';
import { field, sentences, text } from '../../schema/schema.ts';
import { at, total } from '../../sharedStatus.ts';

const MANAGED_BY = sentences(
  'Who created the topic.',
  'Strimzi: this LoadTest, through a KafkaTopic.',
  'Admin: this LoadTest, through Kafka’s Admin API.',
  'Existing: somebody else, before the run.',
);

const kafkaTopic = field(
  z.strictObject({
    cluster: field(text(63), 'Name of the Kafka resource (label strimzi.io/cluster).'),
    namespace: field(text(63), 'Namespace of the KafkaTopic.'),
    name: field(text(253), 'metadata.name of the KafkaTopic.'),
  }),
  sentences(
    'KafkaTopic (kafka.strimzi.io) of the topic.',
    'Once recorded here it is used even if the operator’s setting STRIMZI_CLUSTER changes.',
    'Absent: no KafkaTopic is known.',
  ),
);

export const topic = field(
  z.strictObject({
    partitions: total('Current number of partitions, read from Kafka.'),
    replicas: total('Current number of replicas of partition 0, read from Kafka.'),
    managedBy: field(z.enum(['Strimzi', 'Admin', 'Existing']), MANAGED_BY),
    created: field(z.boolean(), 'true: this LoadTest created the topic, and deletionPolicy: Delete deletes it.'),
    waitingSince: at(
      'Time from which the operator has been waiting for the Topic Operator. Absent: it is not waiting.',
    ).exactOptional(),
    kafkaTopic: kafkaTopic.exactOptional(),
  }),
  'Topic as it exists in Kafka.',
);
