/** status.topic of a LoadTest. */
import { z } from 'zod';
import { field, sentences, text } from '../../schema/schema.ts';
import { at, total } from '../../sharedStatus.ts';

const MANAGED_BY = sentences(
  'Who creates the topic, or created it.',
  'Strimzi: this LoadTest, through a KafkaTopic.',
  'Admin: this LoadTest, through Kafka’s Admin API.',
  'Existing: somebody else, or it is unknown who did (creation: Unanswered).',
);

const CREATED = sentences(
  'true: this LoadTest created the topic, and deletionPolicy: Delete deletes it.',
  'false: it did not, it has not done so yet, or that is unknown. The topic is never deleted.',
);

const ID = sentences(
  'Kafka’s topic id of the topic that this LoadTest created, as kafka-topics.sh --describe prints it (TopicId).',
  'Only the topic with this id is deleted, not another one that has its name later.',
  'Absent: this LoadTest created no topic, or Kafka has not confirmed it yet.',
);

const CREATION = sentences(
  'Unfinished creation of the topic through Kafka’s Admin API.',
  'Requested: this LoadTest asks Kafka to create the topic.',
  'Unanswered: Kafka’s answer was lost (the operator or the connection broke), so it is unknown who created the topic.',
  'It is then left behind with an Event.',
  'Absent: none is in progress.',
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
    created: field(z.boolean(), CREATED),
    id: field(text(64), ID).exactOptional(),
    creation: field(z.enum(['Requested', 'Unanswered']), CREATION).exactOptional(),
    waitingSince: at(
      'Time from which the operator has been waiting for the Topic Operator. Absent: it is not waiting.',
    ).exactOptional(),
    kafkaTopic: kafkaTopic.exactOptional(),
  }),
  'Topic as it exists in Kafka.',
);
