/**
 * KafkaTopics of Strimzi: how one is written, and what the Topic Operator makes of it.
 * Source: "Using the Topic Operator", https://strimzi.io/docs/operators/latest/overview
 */
import { type Action, OWNER_UID } from '../../contract/actions.ts';
import type { KubernetesObject, ObjectRef } from '../../contract/kubernetes.ts';
import { deleteIt, isRenamed, makeUnmanaged, restoreName, withoutAnnotation, withoutJavaClass } from './answer.ts';
import {
  CLUSTER_LABEL,
  isUnmanaged,
  kafkaTopicName,
  MANAGED,
  type StrimziCluster,
  type TopicStatus,
} from './resources.ts';

const PAUSED = 'strimzi.io/pause-reconciliation';

export interface WantedTopic {
  name: string;
  partitions: number;
  replicas: number;
  config: Record<string, string>;
}

/** `owner`: `LoadTest demo/lag` and its uid. */
export function kafkaTopic(
  { cluster, namespace }: StrimziCluster,
  apiVersion: string,
  { name, partitions, replicas, config }: WantedTopic,
  owner: { name: string; uid: string },
): KubernetesObject {
  return {
    apiVersion,
    kind: 'KafkaTopic',
    metadata: {
      name: kafkaTopicName(name),
      namespace,
      labels: { [CLUSTER_LABEL]: cluster, [OWNER_UID]: owner.uid },
      annotations: { 'kafkalab.dev/owner': owner.name },
    },
    spec: { topicName: name, partitions, replicas, config },
  };
}

export const isMadeFor = (topic: KubernetesObject, uid: string): boolean => topic.metadata.labels?.[OWNER_UID] === uid;

/** Partitions that the KafkaTopic asks for; 0: it leaves that to the brokers. */
export const partitionsAsked = (topic: KubernetesObject): number =>
  (topic.spec as { partitions?: number } | undefined)?.partitions ?? 0;

/** Raises the partitions that the KafkaTopic asks for, and changes nothing else: people may have changed its settings. */
export const raise = (topic: KubernetesObject, partitions: number): Action[] =>
  partitionsAsked(topic) >= partitions ? [] : [{ type: 'Patch', target: kafkaTopicRef(topic), spec: { partitions } }];

export const kafkaTopicRef = ({
  apiVersion,
  kind,
  metadata: { namespace = '', name },
}: KubernetesObject): ObjectRef => ({
  apiVersion,
  kind,
  namespace,
  name,
});

/** `KafkaTopic kafka/orders` */
export const named = ({ kind, metadata: { namespace, name } }: KubernetesObject): string =>
  `${kind} ${namespace}/${name}`;

/** What the Topic Operator makes of a KafkaTopic. */
export type TopicVerdict =
  | { is: 'Ready' }
  /** It may pass by itself; `check`: what to look at when it takes too long. */
  | { is: 'Waiting'; why: string; check: string }
  | Refused;

/** It waits for somebody: `why` says what to do. */
interface Refused {
  is: 'Refused';
  reason: string;
  why: string;
}

/** `at`: the Kafka resource that it should belong to. */
export function judgeKafkaTopic(topic: KubernetesObject, { cluster }: StrimziCluster): TopicVerdict {
  const { namespace = '', annotations = {}, labels = {}, generation = 1, deletionTimestamp } = topic.metadata;
  const what = named(topic);
  const check = `check that the Topic Operator runs (spec.entityOperator.topicOperator of Kafka ${cluster}), that it watches namespace ${namespace}, and that its log says nothing of ${what}`;
  const waiting = (why: string): TopicVerdict => ({ is: 'Waiting', why, check });

  if (deletionTimestamp !== undefined) {
    return waiting(
      `${what} is being deleted, which waits for the Topic Operator (finalizer strimzi.io/topic-operator)`,
    );
  }
  if (labels[CLUSTER_LABEL] !== cluster) {
    return {
      is: 'Refused',
      reason: 'KafkaTopicOfAnother',
      why: `${what} has label ${CLUSTER_LABEL}: ${labels[CLUSTER_LABEL] ?? '(none)'}, so the Topic Operator of Kafka ${cluster} does not see it: give it label ${CLUSTER_LABEL}: ${cluster}, or give the topic another name`,
    };
  }
  if (isUnmanaged(topic)) {
    return {
      is: 'Refused',
      reason: 'KafkaTopicUnmanaged',
      why: `${what} is unmanaged (annotation ${MANAGED}: "false"), so the Topic Operator does nothing for it: take the annotation away (${withoutAnnotation(topic, MANAGED)})`,
    };
  }
  if (annotations[PAUSED]?.toLowerCase() === 'true') {
    return {
      is: 'Refused',
      reason: 'KafkaTopicPaused',
      why: `${what} is paused (annotation ${PAUSED}: "true"), so the Topic Operator does nothing for it: take the annotation away (${withoutAnnotation(topic, PAUSED)})`,
    };
  }
  const { observedGeneration, conditions = [] } = (topic.status ?? {}) as TopicStatus;
  const condition = (type: string) => conditions.find((one) => one.type === type);
  const ready = condition('Ready');
  if (conditions.length === 0) return waiting(`the Topic Operator has not taken up ${what} yet`);
  if (ready === undefined) {
    // Paused or unmanaged until a moment ago: the annotation is gone, the condition not yet.
    return waiting(`the Topic Operator has not taken up ${what} again yet (${conditions[0]?.type})`);
  }
  if ((observedGeneration ?? 0) < generation) {
    return waiting(
      `the Topic Operator has not seen the last change of ${what} yet (generation ${generation}, it has seen ${observedGeneration ?? 'none'})`,
    );
  }
  if (ready.status === 'True') return { is: 'Ready' };
  return judgeRefusal(topic, ready);
}

/** Ready is False: the Topic Operator has answered, and what it said is passed on at once. */
function judgeRefusal(topic: KubernetesObject, ready: NonNullable<TopicStatus['conditions']>[number]): Refused {
  const what = named(topic);
  const { reason = 'Unknown' } = ready;
  const message = withoutJavaClass(ready.message ?? 'without a message');
  const refused = (code: string, why: string): Refused => ({ is: 'Refused', reason: code, why });
  if (reason === 'NotSupported') {
    const back = isRenamed(topic)
      ? `Put spec.topicName back: ${restoreName(topic)}`
      : 'Put spec.partitions and spec.replicas back to what the topic has';
    return refused('KafkaTopicNotSupported', `the Topic Operator can’t do what ${what} asks for: ${message}. ${back}`);
  }
  if (reason === 'ResourceConflict') {
    return refused(
      'KafkaTopicConflict',
      `another KafkaTopic manages the same topic as ${what}: ${message}. Keep one of the two. If you delete the other while it is managed, the Topic Operator deletes the topic with its records. To delete ${what}: ${makeUnmanaged(topic)}, wait until its status has the condition Unmanaged, then ${deleteIt(topic)}`,
    );
  }
  return refused(
    'KafkaTopicError',
    `the Topic Operator says of ${what}: ${reason}: ${message}. It tries again after a change of the KafkaTopic, and every two minutes by default. If the message names a setting or the replicas, correct them in the KafkaTopic, or create another LoadTest with values that Kafka takes`,
  );
}
