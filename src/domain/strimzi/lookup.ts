/**
 * The Kafka resources and KafkaTopics of Strimzi (kafka.strimzi.io): which to look at, and what is there.
 * Source: the API reference, https://strimzi.io/docs/operators/latest/overview
 */
import type { KafkaConnection } from '../../api/shared.ts';
import type { KubernetesObject } from '../../contract/kubernetes.ts';
import { type Answer, objectIn, type Query } from '../../contract/queries.ts';
import { CLUSTER_LABEL, kafkaTopicName, readyOf, type StrimziCluster, topicOf, watchedNamespace } from './resources.ts';

/** Newest first: `v1` since Strimzi 0.49, `v1beta2` before. */
const VERSIONS = ['kafka.strimzi.io/v1', 'kafka.strimzi.io/v1beta2'];

/** The Kafka resource behind a connection, where it is known; `default`: the one behind the operator's own connection. */
export function strimziCluster(
  connection: KafkaConnection | undefined,
  ownNamespace: string,
  byDefault: StrimziCluster | undefined,
): StrimziCluster | undefined {
  if (connection === undefined) return byDefault;
  const { strimzi } = connection;
  return strimzi && { cluster: strimzi.cluster, namespace: strimzi.namespace ?? ownNamespace };
}

export interface StrimziQuery {
  at: StrimziCluster;
  /** The Kafka resource. */
  kafka: boolean;
  /** Namespace of KafkaTopics, where it is on record. */
  topicNamespace?: string | undefined;
  /** Name of a topic whose KafkaTopic is looked at. */
  topic?: string;
  /** metadata.name of that, where it is on record. */
  known?: string | undefined;
  /** By that name or the topic's only: it is known that no other one stands for the topic. */
  byName?: boolean | undefined;
}

export interface StrimziView {
  at: StrimziCluster;
  /** Where KafkaTopics are: the namespace that the Topic Operator watches. */
  topicsAt: StrimziCluster;
  /** Version in which the API server has KafkaTopics; undefined: in none that is known. */
  apiVersion: string | undefined;
  /** null: there is none. */
  kafka: KubernetesObject | null;
  /** The KafkaTopic that stands for the topic, whatever its own name is. */
  topic: KubernetesObject | null;
  /** The KafkaTopic of another topic that has the name which one for this topic would get. */
  taken: KubernetesObject | null;
  /** Some of it may not be read (and is null): what to do about it, as a sentence. */
  forbidden?: string;
}

/** One by its name, or all with a label. */
type See = (kind: 'Kafka' | 'KafkaTopic', of: { name: string } | { labelSelector: string }) => Answer | undefined;

/**
 * What to ask, and what the answers show. First the versions that the API server has, then the resources in one of them:
 * `answers` are those so far, in the order of `queries`, which goes on from there. A KafkaTopic is looked for by its name,
 * and among all of its cluster only where that one is not it.
 */
export function queryStrimzi(
  { at, kafka, topic, known, byName, topicNamespace }: StrimziQuery,
  answers: readonly Answer[] = [],
): { queries: Query[]; view: StrimziView } {
  const queries: Query[] = [];
  /** undefined: not asked yet. */
  const ask = (query: Query): Answer | undefined => {
    queries.push(query);
    return answers[queries.length - 1];
  };
  const recordedAt = { ...at, namespace: topicNamespace ?? at.namespace };
  const none: StrimziView = { at, topicsAt: recordedAt, apiVersion: undefined, kafka: null, ...NO_TOPIC };
  for (const apiVersion of VERSIONS) {
    const served = ask({ served: apiVersion });
    if (served === undefined) return { queries, view: none };
    if (!('kinds' in served) || !served.kinds.includes('KafkaTopic')) continue;
    let forbidden: string | undefined;
    const seeIn =
      (namespace: string): See =>
      (kind, of) => {
        const answer = ask(
          'name' in of
            ? { get: { apiVersion, kind, namespace, name: of.name }, orForbidden: true }
            : { list: { apiVersion, kind }, namespace, labelSelector: of.labelSelector, orForbidden: true },
        );
        if (answer === undefined || !('forbidden' in answer)) return answer;
        const what = kind === 'Kafka' ? 'Kafka resources' : 'KafkaTopics';
        forbidden ??= `this operator may not read ${what} in namespace ${namespace}: ${rightsIn(namespace)}`;
        return answer;
      };
    const asked = kafka ? seeIn(at.namespace)('Kafka', { name: at.cluster }) : undefined;
    const resource = objectIn(asked) ?? null;
    // The Kafka resource names the namespace of its KafkaTopics.
    if (kafka && asked === undefined) return { queries, view: { ...none, apiVersion } };
    const namespace = topicNamespace ?? (resource && watchedNamespace(resource)) ?? at.namespace;
    const topicsAt = { ...at, namespace };
    const found = topic === undefined ? NO_TOPIC : lookForTopic({ topic, known, byName, at }, seeIn(namespace));
    const view: StrimziView = { at, topicsAt, apiVersion, kafka: resource, ...found };
    return { queries, view: forbidden === undefined ? view : { ...view, forbidden } };
  }
  return { queries, view: none };
}

const NO_TOPIC: Pick<StrimziView, 'topic' | 'taken'> = { topic: null, taken: null };

function lookForTopic(
  { topic, known, byName: only, at }: Omit<StrimziQuery, 'kafka' | 'topic'> & { topic: string },
  see: See,
): Pick<StrimziView, 'topic' | 'taken'> {
  const byName = objectIn(see('KafkaTopic', { name: known ?? kafkaTopicName(topic) }));
  if (byName === undefined) return NO_TOPIC;
  const isIt = byName !== null && topicOf(byName) === topic;
  if (isIt && byName.metadata.labels?.[CLUSTER_LABEL] === at.cluster) return { topic: byName, taken: null };
  if (only) return { topic: isIt ? byName : null, taken: isIt ? null : byName };
  const all = see('KafkaTopic', { labelSelector: `${CLUSTER_LABEL}=${at.cluster}` });
  const others = all !== undefined && 'items' in all ? all.items.filter((one) => topicOf(one) === topic) : [];
  // Where there are several, all but one say that they are in conflict.
  const found = others.find((one) => readyOf(one)?.reason !== 'ResourceConflict') ?? others[0] ?? null;
  return { topic: found ?? (isIt ? byName : null), taken: isIt ? null : byName };
}

/** What to grant to the operator where Kafka resources and KafkaTopics are. */
export const rightsIn = (namespace: string): string =>
  `give its service account in namespace ${namespace} the rights to get, list, watch, create, patch and delete kafkatopics and to get, list and watch kafkas (kafka.strimzi.io); the Helm chart does so with strimzi.namespace: ${namespace}`;

/** What the API server says of a request about Strimzi's resources, and what to do where it lacks rights. */
export const withRights = (message: string, namespace: string): string =>
  message.includes('forbidden') ? `${message}: ${rightsIn(namespace)}` : message;
