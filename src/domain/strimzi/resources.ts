/** Strimzi’s own resources: what they are named, and the fields of them that are read here. */
import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex, utf8ToBytes } from '@noble/hashes/utils.js';
import type { KubernetesObject } from '../../contract/kubernetes.ts';

export interface StrimziCluster {
  /** Name of the Kafka resource. */
  cluster: string;
  namespace: string;
}

/** The namespace that the Topic Operator of a Kafka resource watches; undefined: that of the Kafka resource. */
export const watchedNamespace = ({ spec }: KubernetesObject): string | undefined =>
  (spec as { entityOperator?: { topicOperator?: { watchedNamespace?: string } } } | undefined)?.entityOperator
    ?.topicOperator?.watchedNamespace;

/** Name of the topic that a KafkaTopic stands for; another spec.topicName than it was made with changes nothing. */
export function topicOf({ metadata, spec, status }: KubernetesObject): string {
  const made = (status as TopicStatus | undefined)?.topicName;
  return made ?? (spec as { topicName?: string } | undefined)?.topicName ?? metadata.name;
}

export const readyOf = ({ status }: KubernetesObject) =>
  (status as TopicStatus | undefined)?.conditions?.find(({ type }) => type === 'Ready');
export const CLUSTER_LABEL = 'strimzi.io/cluster';
/** Annotation of a KafkaTopic. Exactly "false" makes it unmanaged; the Topic Operator takes "False" as managed. */
export const MANAGED = 'strimzi.io/managed';

export const isUnmanaged = ({ metadata }: KubernetesObject): boolean => metadata.annotations?.[MANAGED] === 'false';

/** The topic's own name, or, where that can't be the name of a resource, one made of it with a hash. */
export function kafkaTopicName(topic: string): string {
  if (/^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/.test(topic)) return topic;
  const readable = topic
    .toLowerCase()
    .replace(/[^-a-z0-9]+/g, '-')
    .slice(0, 200)
    .replace(/^-+|-+$/g, '');
  const hash = bytesToHex(sha256(utf8ToBytes(topic))).slice(0, 16);
  return readable === '' ? `topic-${hash}` : `${readable}-${hash}`;
}

export interface TopicStatus {
  topicName?: string;
  observedGeneration?: number;
  conditions?: { type: string; status?: string; reason?: string; message?: string }[];
}
