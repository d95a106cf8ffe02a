/** Who created the topic of a run: by Kafka's answers to the LoadTest's own requests, and by topic ids. */

import type { LoadTest } from '../../../api/loadtest/loadTest.ts';
import type { TopicView } from '../../../contract/kafkaView.ts';
import type { Observed } from '../../../contract/kind.ts';
import { counted } from '../../../domain/status/counted.ts';
import type { Topic } from './preparation.ts';

/** The LoadTest asks, or has asked, Kafka's Admin API to create the topic. */
export const isRequested = (topic: Topic | undefined): boolean =>
  topic !== undefined && (topic.managedBy === 'Admin' || topic.creation !== undefined);

/** The recorded topic after Kafka's answers to CreateTopic that have arrived since. */
export function answeredTopic(
  recorded: Topic | undefined,
  { done, failures }: Pick<Observed<LoadTest>, 'done' | 'failures'>,
): Topic | undefined {
  const answers = done.flatMap(({ action, result }) => (action.type === 'CreateTopic' ? [result] : []));
  const id = answers.findLast(({ topicId }) => topicId !== undefined)?.topicId;
  if (recorded === undefined) return undefined;
  const { creation, ...topic } = recorded;
  if (id !== undefined) return { ...topic, managedBy: 'Admin', created: true, id };
  // After a lost answer, "it exists already" may be about the LoadTest's own topic.
  if (creation !== 'Requested') return recorded;
  if (answers.some(({ existed }) => existed)) return { ...topic, managedBy: 'Existing', created: false };
  const lost = failures.some(({ action, reason }) => action.type === 'CreateTopic' && reason !== 'Refused');
  return lost ? { ...topic, creation: 'Unanswered' } : recorded;
}

/** The LoadTest may have created a topic, and its id is unknown. */
const isUnanswered = ({ created, id, creation }: Topic): boolean =>
  creation !== undefined || (created && id === undefined);

/** A topic that Kafka has. The LoadTest created it only if it has the recorded id. */
export function liveTopic(live: TopicView, recorded: Topic | undefined): Topic {
  const ours = recorded?.id === live.id;
  const creator = recorded?.kafkaTopic === undefined ? 'Admin' : 'Strimzi';
  return {
    partitions: live.partitions.length,
    replicas: live.partitions[0]?.replicas.length ?? 0,
    managedBy: ours ? creator : 'Existing',
    created: ours,
    ...(recorded?.id === undefined ? {} : { id: recorded.id }),
    ...(recorded !== undefined && !ours && isUnanswered(recorded) ? { creation: 'Unanswered' } : {}),
  };
}

/** Why a topic that Kafka has is not deleted; undefined: the LoadTest created it. */
export function whyNotDeleted(live: TopicView, recorded: Topic): string | undefined {
  if (recorded.id === live.id) return undefined;
  return isUnanswered(recorded)
    ? 'the operator does not know whether this LoadTest created it: it has no answer of Kafka to its request to create the topic'
    : `it is not the topic that this LoadTest created (id ${recorded.id}): that one was deleted, and somebody created this one`;
}

/** Why partitions are not added to a topic of others under topic.management: Auto; undefined: they may be added. */
export function whyNotRaised({ spec }: LoadTest, topic: Topic): string | undefined {
  const { name, partitions, management, raiseExisting } = spec.topic;
  if (management !== 'Auto' || topic.created || raiseExisting) return undefined;
  const known = topic.creation === undefined ? 'was not created' : 'is not known to have been created';
  return `topic ${name} exists with ${counted(topic.partitions, 'partition')} and ${known} by this LoadTest, whose topic.partitions is ${partitions}: set topic.raiseExisting: true to add partitions (Kafka cannot remove them again), or create another LoadTest with topic.partitions: ${topic.partitions} or with another topic.name`;
}
