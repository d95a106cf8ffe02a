/** Short forms of queries and answers. */
import type { KubernetesObject } from '../../src/contract/kubernetes.ts';
import type { Answer, Query } from '../../src/contract/queries.ts';

/** The answer to a `get`. null: the object does not exist. */
export const shown = (object: KubernetesObject | null): Answer => ({ object });

/** `KafkaTopic kafka/t`, `KafkaTopics kafka strimzi.io/cluster=my-cluster`, `served kafka.strimzi.io/v1` */
export function queryLine(query: Query): string {
  if ('served' in query) return `served ${query.served}`;
  if ('list' in query)
    return [`${query.list.kind}s`, query.namespace, query.labelSelector].filter((part) => part !== undefined).join(' ');
  const { kind, namespace, name } = query.get;
  return `${kind} ${namespace}/${name}`;
}
