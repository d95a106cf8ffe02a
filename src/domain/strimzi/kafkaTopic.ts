/**
 * KafkaTopics of Strimzi: how one is written, and what the Topic Operator makes of it.
 * Source: "Using the Topic Operator", https://strimzi.io/docs/operators/latest/overview
 */
import { OWNER_UID } from '../../contract/actions.ts';
import type { KubernetesObject } from '../../contract/kubernetes.ts';
import { CLUSTER_LABEL, kafkaTopicName, type StrimziCluster, type TopicStatus } from './resources.ts';

const MANAGED = 'strimzi.io/managed';
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

/** `KafkaTopic kafka/orders` */
export const named = ({ kind, metadata: { namespace, name } }: KubernetesObject): string =>
  `${kind} ${namespace}/${name}`;

/** What the Topic Operator makes of a KafkaTopic. */
export type TopicVerdict =
  | { is: 'Ready' }
  /** It may pass by itself; `check`: what to look at when it takes too long. */
  | { is: 'Waiting'; why: string; check: string }
  /** It waits for somebody: `why` says what to do. */
  | { is: 'Refused'; reason: string; why: string };

/** `at`: the Kafka resource that it should belong to. */
export function judgeKafkaTopic(topic: KubernetesObject, { cluster }: StrimziCluster): TopicVerdict {
  const { name, namespace = '', annotations = {}, labels = {}, generation = 1, deletionTimestamp } = topic.metadata;
  const what = named(topic);
  const annotate = (annotation: string) => `kubectl annotate kafkatopic ${name} -n ${namespace} ${annotation}-`;
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
  if (annotations[MANAGED]?.toLowerCase() === 'false') {
    return {
      is: 'Refused',
      reason: 'KafkaTopicUnmanaged',
      why: `${what} is unmanaged (annotation ${MANAGED}: "false"), so the Topic Operator does nothing for it: take the annotation away (${annotate(MANAGED)})`,
    };
  }
  if (annotations[PAUSED]?.toLowerCase() === 'true') {
    return {
      is: 'Refused',
      reason: 'KafkaTopicPaused',
      why: `${what} is paused (annotation ${PAUSED}: "true"), so the Topic Operator does nothing for it: take the annotation away (${annotate(PAUSED)})`,
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
  const { reason = 'Unknown', message = 'without a message' } = ready;
  if (reason === 'NotSupported') {
    return {
      is: 'Refused',
      reason: 'KafkaTopicNotSupported',
      why: `the Topic Operator can’t do what ${what} asks for: ${message}. Put spec.partitions, spec.replicas and spec.topicName back to what the topic has`,
    };
  }
  if (reason === 'ResourceConflict') {
    return {
      is: 'Refused',
      reason: 'KafkaTopicConflict',
      why: `another KafkaTopic manages the same topic as ${what}: ${message}. Delete one of the two, or create another LoadTest with another topic.name`,
    };
  }
  return {
    is: 'Waiting',
    why: `the Topic Operator says of ${what}: ${reason}: ${message}`,
    check:
      'the Topic Operator tries again by itself (every two minutes by default); where the message names a setting, create another LoadTest with one that Kafka takes',
  };
}
