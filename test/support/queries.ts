/** What kinds ask of the API server, and what it answers, written short. */
import type { KubernetesObject } from '../../src/contract/kubernetes.ts';
import type { Answer, Query } from '../../src/contract/queries.ts';

/** null: there is no such object. */
export const shown = (object: KubernetesObject | null): Answer => ({ object });

/** `KafkaTopic kafka/t`, `KafkaTopics kafka strimzi.io/cluster=my-cluster`, `served kafka.strimzi.io/v1` */
export function queryLine(query: Query): string {
  if ('served' in query) return `served ${query.served}`;
  if ('list' in query) return `${query.list.kind}s ${query.namespace} ${query.labelSelector}`;
  const { kind, namespace, name } = query.get;
  return `${kind} ${namespace}/${name}`;
}
