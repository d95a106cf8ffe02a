/** Short forms of Strimzi's resources, in the order in which a plan queries them. */
import { OWNER_UID } from '../../src/contract/actions.ts';
import type { KubernetesObject, ObjectMeta } from '../../src/contract/kubernetes.ts';
import type { Answer } from '../../src/contract/queries.ts';

export const V1 = 'kafka.strimzi.io/v1';
export const V1BETA2 = 'kafka.strimzi.io/v1beta2';
export const CLUSTER = { cluster: 'my-cluster', namespace: 'kafka' };

/** The answer with the kinds of an API version. */
export const served = (...kinds: string[]): Answer => ({ kinds });
export const STRIMZI = served('Kafka', 'KafkaTopic');
export const NO_STRIMZI = served();

interface Listener {
  name: string;
  type?: string;
  tls?: boolean;
  authentication?: unknown;
}
export const PLAIN: Listener = { name: 'plain', type: 'internal', tls: false };
export const TLS: Listener = { name: 'tls', type: 'internal', tls: true };

/** A Kafka resource. `ready`: its status has the addresses of its listeners. */
export const kafkaResource = (listeners: Listener[] = [PLAIN, TLS], ready = true): KubernetesObject => ({
  apiVersion: V1,
  kind: 'Kafka',
  metadata: { name: CLUSTER.cluster, namespace: CLUSTER.namespace },
  spec: { kafka: { listeners } },
  ...(ready
    ? { status: { listeners: listeners.map(({ name }) => ({ name, bootstrapServers: `${name}.kafka.svc:9092` })) } }
    : {}),
});

/** The answer with all KafkaTopics of the cluster. */
export const kafkaTopics = (...items: KubernetesObject[]): Answer => ({ items });

/** The answer when the operator may not read KafkaTopics. */
export const FORBIDDEN: Answer = {
  forbidden: 'kafkatopics.kafka.strimzi.io is forbidden: User "operator" cannot list resource "kafkatopics"',
};

interface Condition {
  type: string;
  status?: string;
  reason?: string;
  message?: string;
}
export const READY: Condition = { type: 'Ready', status: 'True' };
export const notReady = (reason: string, message: string): Condition => ({
  type: 'Ready',
  status: 'False',
  reason,
  message,
});

/** The KafkaTopic of topic `t` with three partitions, created for LoadTest lag. */
export const kafkaTopicOf = (
  conditions: Condition[],
  {
    partitions = 3,
    observed = 1,
    owner = 'uid-lag',
    topicName = 't',
    ...meta
  }: Partial<ObjectMeta> & {
    partitions?: number;
    observed?: number;
    owner?: string | null;
    topicName?: string;
  } = {},
): KubernetesObject => ({
  apiVersion: V1,
  kind: 'KafkaTopic',
  metadata: {
    name: 't',
    namespace: CLUSTER.namespace,
    uid: 'uid-t',
    generation: 1,
    ...meta,
    labels: {
      'strimzi.io/cluster': CLUSTER.cluster,
      ...(owner === null ? {} : { [OWNER_UID]: owner }),
      ...meta.labels,
    },
  },
  spec: { topicName, partitions, replicas: 2, config: {} },
  ...(conditions.length === 0 ? {} : { status: { conditions, observedGeneration: observed, topicName } }),
});
