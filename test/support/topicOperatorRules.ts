/** What the stand-in for the Topic Operator reads from a KafkaTopic. */
import type { KubernetesObject } from '../../src/contract/kubernetes.ts';

interface Spec {
  topicName?: string;
  partitions?: number;
  replicas?: number;
  config?: Record<string, string>;
}
export interface Condition {
  type: string;
  status: string;
  reason?: string;
  message?: string;
}
interface Status {
  observedGeneration?: number;
  topicName?: string;
  topicId?: string;
  conditions?: (Condition & { lastTransitionTime: string })[];
}

export const specOf = ({ spec }: KubernetesObject) => (spec ?? {}) as Spec;
export const statusOf = ({ status }: KubernetesObject) => (status ?? {}) as Status;
export const topicOf = (topic: KubernetesObject) => specOf(topic).topicName ?? topic.metadata.name;
export const isManaged = ({ metadata }: KubernetesObject) => metadata.annotations?.['strimzi.io/managed'] !== 'false';
export const isPaused = ({ metadata }: KubernetesObject) =>
  metadata.annotations?.['strimzi.io/pause-reconciliation']?.toLowerCase() === 'true';
export const isRenamed = (topic: KubernetesObject) => (statusOf(topic).topicName ?? topicOf(topic)) !== topicOf(topic);
export const refused = (reason: string, message: string): Condition => ({
  type: 'Ready',
  status: 'False',
  reason,
  message,
});

/** The oldest of the managed KafkaTopics of a topic; of two from the same second the one that is Ready. */
export function managerOf(topic: KubernetesObject, all: readonly KubernetesObject[]): KubernetesObject {
  const isReady = (one: KubernetesObject) =>
    statusOf(one).conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') === true;
  const rank = (one: KubernetesObject) => `${one.metadata.creationTimestamp} ${isReady(one) ? 0 : 1}`;
  const rivals = all.filter((one) => isManaged(one) && !isRenamed(one) && topicOf(one) === topicOf(topic));
  const [first = topic] = rivals.sort((a, b) => (rank(a) < rank(b) ? -1 : 1));
  return rank(first) === rank(topic) ? topic : first;
}
