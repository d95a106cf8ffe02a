/** The deletion of a LoadTest: it stops the clients, then deletes the group and the topic that it created, and nothing else. */

import type { LoadTest } from '../../api/loadtest/loadTest.ts';
import type { LoadTestStatus } from '../../api/loadtest/status.ts';
import type { Action } from '../../contract/actions.ts';
import { setCondition } from '../../contract/conditions.ts';
import type { KafkaView } from '../../contract/kafkaView.ts';
import type { Notice, Observed, Plan } from '../../contract/kind.ts';
import type { KubernetesObject } from '../../contract/kubernetes.ts';
import { progressing, summaryConditions } from '../../contract/summary.ts';
import { epochMs } from '../../contract/time.ts';
import type { RunFigures } from '../../domain/fold/runFigures.ts';
import { serversOf } from '../../domain/settings/connection.ts';
import { counted } from '../../domain/status/counted.ts';
import { isMadeFor, named as nameOf } from '../../domain/strimzi/kafkaTopic.ts';
import type { StrimziView } from '../../domain/strimzi/lookup.ts';
import { podsLeft, podsOf } from './clients.ts';
import { kafkaTopicWaits, removalByHand, removeKafkaTopic } from './kafkaTopicRemoval.ts';
import { answeredTopic, whyNotDeleted } from './preparation/topicOwner.ts';

/** After 60 s a deletion no longer waits for an unavailable Kafka or for a group that others still use. */
const LEAVE_BEHIND_AFTER_MS = 60_000;
/** The Topic Operator always gets 60 s from the deletion of the KafkaTopic, because stopping the clients takes time too. */
const TOPIC_OPERATOR_MS = 60_000;
const LOOK_AGAIN_MS = 1_000;
/** Its lastTransitionTime is the first round of the deletion. Time without an operator does not count. */
const DELETING = 'Deleting';
/** Clients of a group that the message names. */
const NAMED = 5;

/** The deletion as it is in this round. */
interface Deletion {
  seen: Observed<LoadTest, RunFigures>;
  status: LoadTestStatus;
  /** undefined: the topic was not created through a KafkaTopic. */
  strimzi: StrimziView | undefined;
  /** It has taken more than 60 s. */
  late: boolean;
  /** Something was to be deleted in Kafka in the round before. */
  tried: boolean;
}

/** `stopped`: the workloads with 0 replicas. They are applied until their pods have ended. */
export function teardown(
  seen: Observed<LoadTest, RunFigures>,
  status: LoadTestStatus,
  stopped: KubernetesObject[],
  strimzi?: StrimziView,
): Plan<LoadTestStatus> {
  const recorded = status.conditions.find(({ type }) => type === DELETING);
  const topic = answeredTopic(status.topic, seen);
  const deletion: Deletion = {
    seen,
    status: topic === undefined ? status : { ...status, topic },
    strimzi,
    late: seen.now - (epochMs(recorded?.lastTransitionTime) ?? seen.now) > LEAVE_BEHIND_AFTER_MS,
    tried: recorded?.reason === 'RemovingFromKafka',
  };
  const stopping = deletion.late ? undefined : stopClients(deletion, stopped);
  if (stopping !== undefined) return stopping;
  const created = createdByRun(deletion);
  if (named(created) === '') return finish(deletion);
  return 'unavailable' in seen.kafka
    ? withoutKafka(deletion, created, seen.kafka.unavailable)
    : removeFromKafka(deletion, created, seen.kafka.known);
}

function stopClients(deletion: Deletion, stopped: KubernetesObject[]): Plan<LoadTestStatus> | undefined {
  const { owned } = deletion.seen;
  const running = owned.filter((object) => podsOf(object) > 0);
  if (running.length > 0) {
    const names = new Set(running.map(({ metadata }) => metadata.name));
    return wait(deletion, 'StoppingClients', `stopping ${counted(podsLeft(running), 'pod')}`, {
      apply: stopped.filter(({ metadata }) => names.has(metadata.name)),
    });
  }
  return owned.length > 0 ? wait(deletion, 'RemovingClients', 'removing the workloads') : undefined;
}

/** What exists in Kafka and Strimzi because of this LoadTest, and is to be deleted with it. */
interface Created {
  /** Only the topic with the recorded id is deleted. */
  topic?: string;
  /** The KafkaTopic of the topic. The Topic Operator deletes both. */
  kafkaTopic?: KubernetesObject;
  group?: string;
}

function createdByRun({ seen, status, strimzi }: Deletion): Created {
  const { spec, metadata } = seen.resource;
  const { created = false, id, creation } = status.topic ?? {};
  const mayBeOurs = created || id !== undefined || creation !== undefined;
  const deletesTopic = mayBeOurs && spec.topic.deletionPolicy === 'Delete';
  const kafkaTopic = strimzi?.topic ?? null;
  const ours = kafkaTopic !== null && isMadeFor(kafkaTopic, metadata.uid);
  return {
    // A KafkaTopic that somebody else has created since owns the topic.
    ...(deletesTopic && (kafkaTopic === null || ours) ? { topic: spec.topic.name } : {}),
    ...(deletesTopic && ours ? { kafkaTopic } : {}),
    ...(status.consumers?.groupCreated === true && spec.consumers !== undefined ? { group: spec.consumers.group } : {}),
  };
}

/** Why the KafkaTopic may not be read, if there may be one of a topic that is to be deleted. */
const forbidden = ({ seen, status, strimzi }: Deletion): string | undefined =>
  status.topic?.created === true && seen.resource.spec.topic.deletionPolicy === 'Delete'
    ? strimzi?.forbidden
    : undefined;

/** The Topic Operator still has time. */
function isPatient({ seen }: Deletion, { kafkaTopic }: Created): boolean {
  const deletedAt = kafkaTopic?.metadata.deletionTimestamp;
  return deletedAt !== undefined && seen.now - (epochMs(deletedAt) ?? seen.now) < TOPIC_OPERATOR_MS;
}

function withoutKafka(deletion: Deletion, created: Created, why: string): Plan<LoadTestStatus> {
  // A topic whose KafkaTopic is gone is gone with it.
  const goneWithKafkaTopic =
    deletion.status.topic?.managedBy === 'Strimzi' &&
    created.kafkaTopic === undefined &&
    forbidden(deletion) === undefined;
  const left = goneWithKafkaTopic ? without('topic', created) : created;
  if (named(left) === '') return finish(deletion);
  if (deletion.late && !isPatient(deletion, created)) return finish(deletion, [leftBehind(left, why)]);
  const since =
    created.kafkaTopic === undefined
      ? `${LEAVE_BEHIND_AFTER_MS / 1000} s after the deletion began`
      : `${TOPIC_OPERATOR_MS / 1000} s after the deletion of the KafkaTopic`;
  const message = `cannot delete ${named(left)}: ${why}; the operator gives up ${since}`;
  return wait(deletion, 'KafkaUnavailable', message, { actions: removeKafkaTopic(left.kafkaTopic) });
}

function removeFromKafka(deletion: Deletion, created: Created, view: KafkaView): Plan<LoadTestStatus> {
  const { seen, late, tried } = deletion;
  const unread = forbidden(deletion);
  const kept = unread === undefined ? keptTopic(deletion, created, view) : undefined;
  const left: Created = {
    ...stillThere(kept === undefined ? created : without('topic', created), view),
    ...(unread !== undefined && created.topic !== undefined ? { topic: created.topic } : {}),
  };
  const events = kept === undefined ? [] : [kept];
  if (named(left) === '') return finish(deletion, events);
  const members = left.group === undefined ? [] : (view.group?.members ?? []);
  const clients = [...new Set(members.map(({ clientId }) => clientId))].slice(0, NAMED).join(', ');
  const why = [
    ...(members.length > 0 ? [`group ${left.group} still has ${counted(members.length, 'member')} (${clients})`] : []),
    ...(unread === undefined ? [] : [unread]),
    ...kafkaTopicWaits(created.kafkaTopic),
    ...seen.failures.map(({ message }) => message),
  ].join('; ');
  if (late && !isPatient(deletion, created) && (why !== '' || tried)) {
    return finish(deletion, [leftBehind(left, why || 'it was deleted and has been created again'), ...events]);
  }
  return wait(deletion, 'RemovingFromKafka', `deleting ${named(left)}${why === '' ? '' : `: ${why}`}`, {
    // A topic that may have a KafkaTopic is not deleted behind its back.
    actions: members.length > 0 ? [] : removal(unread === undefined ? left : without('topic', left), deletion),
  });
}

/** The Event about a topic that Kafka has under this name, and that is not known to be the LoadTest's own. */
function keptTopic({ seen, status }: Deletion, { topic, kafkaTopic }: Created, view: KafkaView): Notice | undefined {
  if (topic === undefined || kafkaTopic !== undefined || view.topic == null || status.topic === undefined)
    return undefined;
  const why = whyNotDeleted(view.topic, status.topic);
  if (why === undefined) return undefined;
  const { bootstrapServers } = serversOf(seen.resource.spec.kafka, status.kafka);
  const server = bootstrapServers === undefined ? '' : ` --bootstrap-server ${bootstrapServers}`;
  return {
    type: 'Warning',
    reason: 'LeftBehind',
    message: `left behind: topic ${topic} (id ${view.topic.id}), because ${why}. If nobody uses it, delete it: kafka-topics.sh${server} --delete --topic ${topic}`,
  };
}

const stillThere = ({ kafkaTopic, ...created }: Created, { topic, group }: KafkaView): Created => ({
  ...(kafkaTopic === undefined ? {} : { kafkaTopic }),
  ...(created.topic === undefined || topic == null ? {} : { topic: created.topic }),
  ...(created.group === undefined || group == null ? {} : { group: created.group }),
});

const without = (part: keyof Created, { [part]: _without, ...rest }: Created): Created => rest;

/** `topic t and group g`; empty: nothing. */
const named = ({ topic, kafkaTopic, group }: Created): string =>
  [
    ...(kafkaTopic === undefined ? [] : [nameOf(kafkaTopic)]),
    ...(topic === undefined || kafkaTopic !== undefined ? [] : [`topic ${topic}`]),
    ...(group === undefined ? [] : [`group ${group}`]),
  ].join(' and ');

/** The group goes before its topic. With members in the group nothing is deleted, so no reader loses its topic. */
function removal({ topic, kafkaTopic, group }: Created, { seen, status }: Deletion): Action[] {
  const servers = serversOf(seen.resource.spec.kafka, status.kafka);
  const topicId = status.topic?.id;
  return [
    ...(group === undefined ? [] : [{ type: 'DeleteGroup' as const, ...servers, group }]),
    ...(kafkaTopic !== undefined
      ? removeKafkaTopic(kafkaTopic)
      : topic === undefined || topicId === undefined
        ? []
        : [{ type: 'DeleteTopic' as const, ...servers, topic, topicId }]),
  ];
}

function leftBehind(left: Created, why: string): Notice {
  const { kafkaTopic } = left;
  const commands = [
    ...(kafkaTopic === undefined ? [] : [removalByHand(kafkaTopic)]),
    'kafka-topics.sh --delete',
    'kafka-consumer-groups.sh --delete',
  ];
  return {
    type: 'Warning',
    reason: 'LeftBehind',
    message: `left behind: ${named(left)}, because ${why}. Delete by hand what you no longer need (${commands.join(', ')})`,
  };
}

function wait(
  { seen: { resource, now }, status }: Deletion,
  reason: string,
  message: string,
  rest: Partial<Plan<LoadTestStatus>> = {},
): Plan<LoadTestStatus> {
  const { generation: observedGeneration } = resource.metadata;
  const summary = progressing(status.phase, reason, message);
  const conditions = summaryConditions(status.conditions, summary, observedGeneration, now);
  const deleting = { type: DELETING, status: 'True' as const, reason, message, observedGeneration };
  return {
    apply: [],
    actions: [],
    events: [],
    lookAgainInMs: LOOK_AGAIN_MS,
    status: { ...status, conditions: setCondition(conditions, deleting, now) },
    ...rest,
  };
}

const finish = ({ status }: Deletion, events: Notice[] = []): Plan<LoadTestStatus> => ({
  apply: [],
  actions: [],
  events,
  status,
  finished: true,
});
