/** The topic of a run: created, raised to more partitions, or used as it is. */

import { asText } from '../../../api/settings/values.ts';
import type { Action } from '../../../contract/actions.ts';
import type { KafkaView, TopicView } from '../../../contract/kafkaView.ts';
import { progressing, stalled } from '../../../contract/summary.ts';
import { serversOf } from '../../../domain/settings/connection.ts';
import { counted } from '../../../domain/status/counted.ts';
import type { LoadTestSummary } from '../summary.ts';
import { createTopic, type KafkaTopicInput, keepTopic, type ThroughKafkaTopic } from './kafkaTopic.ts';
import { isPrepared, type Preparation, type PreparationInput, type Topic, waiting } from './preparation.ts';
import { whyNoStrimzi } from './strimziQuery.ts';
import { isRequested, liveTopic, whyNotRaised } from './topicOwner.ts';

export function haveTopic(input: PreparationInput, view: KafkaView): Preparation {
  const { strimzi, phase, started, seen } = input;
  const live = view.topic ?? undefined;
  const throughKafkaTopic = kafkaTopicInput(input);
  if (throughKafkaTopic !== undefined && strimzi?.forbidden !== undefined) {
    // Without rights to read KafkaTopics the operator cannot know the owner of the topic, so it changes nothing in Kafka.
    const enough = (live?.partitions.length ?? 0) >= seen.resource.spec.topic.partitions;
    if (isPrepared(input) && started && enough) return { ...input.recorded, actions: [] };
    return waiting(input, stalled(phase, 'StrimziForbidden', strimzi.forbidden));
  }
  return live === undefined
    ? missingTopic(input, view, throughKafkaTopic)
    : existingTopic(input, live, throughKafkaTopic);
}

/** undefined: the topic is not managed through a KafkaTopic. */
function kafkaTopicInput({ seen, strimzi, phase, started, recorded }: PreparationInput): KafkaTopicInput | undefined {
  const { management } = seen.resource.spec.topic;
  const byAdmin = management === 'Existing' || management === 'Admin' || isRequested(recorded.topic);
  return strimzi?.apiVersion === undefined || byAdmin
    ? undefined
    : { seen, strimzi, apiVersion: strimzi.apiVersion, phase, started };
}

// ---- Kafka does not have the topic ----------------------------------------------------------

function missingTopic(
  before: PreparationInput,
  view: KafkaView,
  throughKafkaTopic: KafkaTopicInput | undefined,
): Preparation {
  const { resource } = before.seen;
  const { name, replicas, management } = resource.spec.topic;
  if (resource.status?.preparedAt !== undefined) {
    const why = `topic ${name} was deleted during the run: delete this LoadTest and create it again`;
    return waiting(before, stalled('Running', 'TopicMissing', why));
  }
  if (management === 'Existing') {
    const why = `topic ${name} does not exist and topic.management is Existing: create the topic, or create another LoadTest with topic.management: Auto`;
    return waiting(before, stalled('Pending', 'TopicMissing', why));
  }
  const input = withoutOldRecords(before);
  const noStrimzi = whyNoStrimzi(resource, input.strimzi);
  if (noStrimzi !== undefined) return waiting(input, noStrimzi);
  const brokers = view.brokers.length;
  if (replicas > brokers && (input.strimzi?.topic ?? null) === null) {
    const why = `topic.replicas is ${replicas}, but the cluster has ${counted(brokers, 'broker')}: create another LoadTest with topic.replicas: ${brokers} or fewer, or add brokers`;
    return waiting(input, stalled('Pending', 'TooManyReplicas', why));
  }
  return throughKafkaTopic === undefined
    ? createdByAdmin(input)
    : withKafkaTopic(input, undefined, createTopic(throughKafkaTopic));
}

/** Records of a topic that has been deleted since do not count for the new one. */
const withoutOldRecords = (input: PreparationInput): PreparationInput =>
  input.recorded.endOffsetsAtStart === undefined
    ? input
    : { ...input, recorded: { ...input.recorded, endOffsetsAtStart: 0 } };

function createdByAdmin(input: PreparationInput): Preparation {
  const { seen, recorded, evidenceStart } = input;
  const { name, partitions, replicas, config } = seen.resource.spec.topic;
  const failure = failureOf(input, 'CreateTopic');
  if (failure?.reason === 'Refused') {
    // The LoadTest did not create it. If somebody else does, it is not ours.
    const { topic: _requested, ...rest } = recorded;
    const why = `Kafka refused to create topic ${name}: ${failure.message}`;
    return { ...rest, ...evidenceStart, actions: [], missing: stalled('Pending', 'TopicRefused', why) };
  }
  const trouble = failure === undefined ? '' : `: ${failure.message}; the operator retries`;
  const what = `creating topic ${name} with ${counted(partitions, 'partition')}${trouble}`;
  const creating = progressing('Pending' as const, 'CreatingTopic', what);
  if (recorded.topic?.creation === undefined) {
    // Kafka may not show a topic yet that it has just created, so its id is kept.
    const { created = false, id } = recorded.topic ?? {};
    const known = id === undefined ? {} : { id };
    const topic: Topic = { partitions: 0, replicas: 0, managedBy: 'Admin', created, ...known, creation: 'Requested' };
    return waiting(input, creating, { topic });
  }
  const create: Action = {
    type: 'CreateTopic',
    ...servers(input),
    topic: name,
    partitions,
    replicas,
    config: asText(config),
  };
  return waiting(input, creating, { actions: [create] });
}

// ---- Kafka has the topic --------------------------------------------------------------------

function existingTopic(
  input: PreparationInput,
  live: TopicView,
  throughKafkaTopic: KafkaTopicInput | undefined,
): Preparation {
  const { seen, phase, started, recorded } = input;
  const enough = live.partitions.length >= seen.resource.spec.topic.partitions;
  const noStrimzi = started && enough ? undefined : whyNoStrimzi(seen.resource, input.strimzi);
  if (noStrimzi !== undefined) return waiting(input, { ...noStrimzi, phase });
  const kept = throughKafkaTopic === undefined ? undefined : keepTopic(throughKafkaTopic, live);
  if (kept !== undefined) return withKafkaTopic(input, live, kept);
  const topic = liveTopic(live, throughKafkaTopic === undefined ? recorded.topic : undefined);
  const { preparedAt } = seen.resource.status ?? {};
  const replaced = topic.id !== undefined && topic.id !== live.id;
  if (preparedAt !== undefined && replaced) return waiting(input, topicReplaced(live), { topic });
  return enough ? { ...recorded, topic, actions: [] } : raisedByAdmin(input, live, topic);
}

const topicReplaced = ({ name }: TopicView): LoadTestSummary => {
  const why = `topic ${name} was deleted during the run, and somebody created it again: delete this LoadTest, which leaves that topic alone, and create it again`;
  return stalled('Running', 'TopicReplaced', why);
};

function raisedByAdmin(input: PreparationInput, live: TopicView, topic: Topic): Preparation {
  const { seen, phase, recorded } = input;
  const { name, partitions, management } = seen.resource.spec.topic;
  const has = counted(live.partitions.length, 'partition');
  if (management === 'Existing') {
    const why = `topic ${name} has ${has}, but topic.partitions is ${partitions} and topic.management is Existing: add the partitions yourself, or create another LoadTest with topic.management: Auto`;
    return waiting(input, stalled(phase, 'TooFewPartitions', why), { topic });
  }
  const notRaised = whyNotRaised(seen.resource, topic);
  if (notRaised !== undefined) return waiting(input, stalled(phase, 'TooFewPartitions', notRaised), { topic });
  const failure = failureOf(input, 'AddPartitions');
  if (failure?.reason === 'Refused') {
    const why = `Kafka refused to add partitions to topic ${name}: ${failure.message}`;
    return waiting(input, stalled(phase, 'TopicRefused', why), { topic });
  }
  const actions: Action[] = [{ type: 'AddPartitions', ...servers(input), topic: name, partitions }];
  if (isPrepared(input)) return { ...recorded, topic, actions, raising: partitions };
  const message = `topic ${name} has ${has}; adding partitions until it has ${partitions}`;
  return waiting(input, progressing(phase, 'AddingPartitions', message), { topic, actions });
}

// ---- both -----------------------------------------------------------------------------------

/** The preparation after a step through a KafkaTopic. */
function withKafkaTopic(
  { seen, recorded, evidenceStart }: PreparationInput,
  live: TopicView | undefined,
  { topic, actions, missing, remark }: ThroughKafkaTopic,
): Preparation {
  const { partitions } = seen.resource.spec.topic;
  const { topic: _before, ...rest } = recorded;
  return {
    ...rest,
    ...evidenceStart,
    ...(topic === undefined ? {} : { topic }),
    ...(live !== undefined && live.partitions.length < partitions ? { raising: partitions } : {}),
    actions,
    ...(missing === undefined ? {} : { missing }),
    ...(remark === undefined ? {} : { remark }),
  };
}

const servers = ({ seen: { resource } }: PreparationInput) => serversOf(resource.spec.kafka, resource.status?.kafka);

const failureOf = ({ seen }: PreparationInput, type: Action['type']) =>
  seen.failures.find(({ action }) => action.type === type);
