/**
 * Kafka clusters and topics of Strimzi, as its resources tell them: Kafka and KafkaTopic of kafka.strimzi.io. Pure.
 * Source: "Using the Topic Operator" and the API reference, https://strimzi.io/docs/operators/latest/overview
 */
import { createHash } from 'node:crypto';
import { type KubernetesObject, OWNER_UID, type Wanted } from '../api/kind.ts';
import type { KafkaConnection } from '../api/loadTest.ts';

export interface StrimziCluster {
  /** Name of the Kafka resource. */
  cluster: string;
  namespace: string;
}

/** Newest first: `v1` since Strimzi 0.49, `v1beta2` before. */
const VERSIONS = ['kafka.strimzi.io/v1', 'kafka.strimzi.io/v1beta2'];
const CLUSTER_LABEL = 'strimzi.io/cluster';
const MANAGED = 'strimzi.io/managed';
const PAUSED = 'strimzi.io/pause-reconciliation';

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

// ---- what to look at -------------------------------------------------------------------------

export interface Sought {
  at: StrimziCluster;
  /** The Kafka resource. */
  kafka: boolean;
  /** Name of a topic whose KafkaTopic is looked at. */
  topic?: string;
  /** metadata.name of that, where it is on record. */
  known?: string | undefined;
  /** By that name or the topic's only: it is known that no other one stands for the topic. */
  byName?: boolean | undefined;
}

export interface StrimziSight {
  at: StrimziCluster;
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

/**
 * The objects to look at, and what they show. First the versions that the API server has, then the resources in one of
 * them: `objects` are those seen so far, in the order of `refs`, which goes on from there. A KafkaTopic is looked for by its
 * name, and among all of its cluster only where that one is not it.
 */
export function lookAtStrimzi(
  { at, kafka, topic, known, byName }: Sought,
  objects: readonly (KubernetesObject | null)[] = [],
): { refs: Wanted[]; sight: StrimziSight } {
  const refs: Wanted[] = [];
  const none: StrimziSight = { at, apiVersion: undefined, kafka: null, topic: null, taken: null };
  for (const apiVersion of VERSIONS) {
    refs.push({ apiVersion: 'v1', kind: 'APIResourceList', namespace: '', name: apiVersion });
    const list = objects[refs.length - 1];
    if (list === undefined) return { refs, sight: none };
    if (!serves(list, 'KafkaTopic')) continue;
    const { namespace } = at;
    let forbidden: string | undefined;
    /** undefined: not seen yet. */
    const see = (kind: string, name: string): KubernetesObject | null | undefined => {
      refs.push({ apiVersion, kind, namespace, name, orForbidden: true });
      const object = objects[refs.length - 1];
      if (object?.kind !== 'Status') return object;
      const what = kind === 'Kafka' ? 'Kafka resources' : 'KafkaTopics';
      forbidden ??= `this operator may not read ${what} in namespace ${namespace}: ${rightsIn(namespace)}`;
      return null;
    };
    const resource = kafka ? see('Kafka', at.cluster) : null;
    const found = topic === undefined ? NO_TOPIC : lookForTopic({ topic, known, byName, at }, see);
    const sight: StrimziSight = { at, apiVersion, kafka: resource ?? null, ...found };
    return { refs, sight: forbidden === undefined ? sight : { ...sight, forbidden } };
  }
  return { refs, sight: none };
}

const NO_TOPIC: Pick<StrimziSight, 'topic' | 'taken'> = { topic: null, taken: null };

function lookForTopic(
  { topic, known, byName: only, at }: Omit<Sought, 'kafka' | 'topic'> & { topic: string },
  see: (kind: string, name: string) => KubernetesObject | null | undefined,
): Pick<StrimziSight, 'topic' | 'taken'> {
  const byName = see('KafkaTopic', known ?? kafkaTopicName(topic));
  if (byName === undefined) return NO_TOPIC;
  const isIt = byName !== null && topicOf(byName) === topic;
  if (isIt && byName.metadata.labels?.[CLUSTER_LABEL] === at.cluster) return { topic: byName, taken: null };
  if (only) return { topic: isIt ? byName : null, taken: isIt ? null : byName };
  const list = see('KafkaTopicList', `${CLUSTER_LABEL}=${at.cluster}`);
  const others = ((list?.items ?? []) as KubernetesObject[]).filter((one) => topicOf(one) === topic);
  // Where there are several, all but one say that they are in conflict.
  const found = others.find((one) => readyOf(one)?.reason !== 'ResourceConflict') ?? others[0] ?? null;
  return { topic: found ?? (isIt ? byName : null), taken: isIt ? null : byName };
}

/** Name of the topic that a KafkaTopic stands for; another spec.topicName than it was made with changes nothing. */
export function topicOf({ metadata, spec, status }: KubernetesObject): string {
  const made = (status as TopicStatus | undefined)?.topicName;
  return made ?? (spec as { topicName?: string } | undefined)?.topicName ?? metadata.name;
}

const readyOf = ({ status }: KubernetesObject) =>
  (status as TopicStatus | undefined)?.conditions?.find(({ type }) => type === 'Ready');

/** What to grant to the operator where Kafka resources and KafkaTopics are. */
export const rightsIn = (namespace: string): string =>
  `give its service account in namespace ${namespace} the rights to get, list, watch, create, patch and delete kafkatopics and to get, list and watch kafkas (kafka.strimzi.io); the Helm chart does so with strimzi.namespace: ${namespace}`;

/** What the API server says of a request about Strimzi's resources, and what to do where it lacks rights. */
export const withRights = (message: string, namespace: string): string =>
  message.includes('forbidden') ? `${message}: ${rightsIn(namespace)}` : message;

const serves = (list: KubernetesObject | null, kind: string): boolean =>
  ((list?.resources ?? []) as { kind: string }[]).some((resource) => resource.kind === kind);

// ---- the Kafka resource ----------------------------------------------------------------------

interface ListenerSpec {
  name: string;
  type?: string;
  tls?: boolean;
  authentication?: unknown;
}
interface KafkaResource {
  spec?: { kafka?: { listeners?: ListenerSpec[] } };
  status?: { listeners?: { name?: string; bootstrapServers?: string; certificates?: string[] }[] };
}

const PLAIN =
  'a listener without TLS and authentication, e.g. {name: plain, port: 9092, type: internal, tls: false}, in the Kafka resource';

/** Addresses of a listener that clients without certificates and passwords can use; or why there are none. */
export function bootstrapServers(
  { at, apiVersion, kafka }: StrimziSight,
  listener: string | undefined,
): { known: string } | { refused: string } | { waits: string } {
  const what = `Kafka ${at.namespace}/${at.cluster}`;
  if (apiVersion === undefined) {
    return {
      refused: `the API server has no Kafka of kafka.strimzi.io (v1 or v1beta2): install Strimzi, or create another LoadTest with kafka: {bootstrapServers: my-kafka:9092}`,
    };
  }
  if (kafka === null) {
    return {
      refused: `${what} of kafka.strimzi.io does not exist: create it, or create another LoadTest with the right kafka.strimzi (cluster, namespace)`,
    };
  }
  const { spec, status } = kafka as KafkaResource;
  const offered = spec?.kafka?.listeners ?? [];
  const chosen =
    listener === undefined
      ? offered.find((one) => one.type === 'internal' && isPlain(one))
      : offered.find(({ name }) => name === listener);
  const names = offered.filter(isPlain).map(({ name }) => name);
  const instead =
    names.length > 0 ? `create another LoadTest with kafka.strimzi.listener: ${names.join(' or ')}` : `write ${PLAIN}`;
  if (chosen === undefined) {
    return listener === undefined
      ? {
          refused: `${what} has no internal listener without TLS and authentication, and this operator has no certificates or passwords yet: ${instead}`,
        }
      : { refused: `${what} has no listener ${listener}: ${instead}` };
  }
  const told = status?.listeners?.find(({ name }) => name === chosen.name);
  if (chosen.tls === true || (told?.certificates ?? []).length > 0) {
    return {
      refused: `listener ${chosen.name} of ${what} uses TLS, for which this operator has no certificates yet: ${instead}`,
    };
  }
  if (chosen.authentication !== undefined) {
    return {
      refused: `listener ${chosen.name} of ${what} asks for authentication, for which this operator has no credentials yet: ${instead}`,
    };
  }
  if (!told?.bootstrapServers) {
    return { waits: `${what} does not tell an address of listener ${chosen.name} yet (status.listeners)` };
  }
  return { known: told.bootstrapServers };
}

const isPlain = ({ tls, authentication }: ListenerSpec): boolean => tls !== true && authentication === undefined;

// ---- the KafkaTopic --------------------------------------------------------------------------

/** The topic's own name, or, where that can't be the name of a resource, one made of it with a hash. */
export function kafkaTopicName(topic: string): string {
  if (/^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/.test(topic)) return topic;
  const readable = topic
    .toLowerCase()
    .replace(/[^-a-z0-9]+/g, '-')
    .slice(0, 200)
    .replace(/^-+|-+$/g, '');
  const hash = createHash('sha256').update(topic).digest('hex').slice(0, 16);
  return readable === '' ? `topic-${hash}` : `${readable}-${hash}`;
}

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

interface TopicStatus {
  topicName?: string;
  observedGeneration?: number;
  conditions?: { type: string; status?: string; reason?: string; message?: string }[];
}

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
