/**
 * Strimzi on the cluster of `make cluster` for the duration of a test: its CRDs, a Kafka resource for the existing brokers, and
 * the stand-in for the Topic Operator.
 */
import { readFileSync } from 'node:fs';
import { clusterOf } from '../../tools/client.ts';
import { kubeconfig, kubectl, tryKubectl } from '../../tools/kubectl.ts';
import { adminTopics } from './adminTopics.ts';
import { BROKERS, brokersFromHere, eventually } from './clusterLab.ts';
import { kafkaResource, listenersStatus, strimziDefinitions } from './strimziCrds.ts';
import { startTopicOperator, type TopicOperator } from './topicOperator.ts';

export const KAFKA_NAMESPACE = 'kafka';
export const KAFKA_CLUSTER = 'my-cluster';
const V1 = 'kafka.strimzi.io/v1';

export async function installStrimzi(): Promise<void> {
  const definitions = await strimziDefinitions();
  for (const definition of definitions) {
    // Server-side apply, because the CRD of Kafka is too large for the annotation of kubectl apply.
    await kubectl(['apply', '--server-side', '-f', '-'], JSON.stringify(definition));
  }
  await eventually('KafkaTopics are served', async () => {
    const { code } = await tryKubectl(['get', 'kafkatopics', '-n', KAFKA_NAMESPACE]);
    return code === 0;
  });
  const resource = JSON.stringify(kafkaResource(V1, KAFKA_NAMESPACE, KAFKA_CLUSTER));
  await eventually('Kafka resources are served', async () => {
    const { code } = await tryKubectl(['apply', '-f', '-'], resource);
    return code === 0;
  });
  const target = ['kafkas.kafka.strimzi.io', KAFKA_CLUSTER, '-n', KAFKA_NAMESPACE];
  const status = JSON.stringify({ status: listenersStatus(BROKERS) });
  await kubectl(['patch', ...target, '--subresource=status', '--type=merge', '-p', status]);
}

/** Removes Strimzi, because other tests run without it. The finalizers of remaining KafkaTopics are removed first. */
export async function uninstallStrimzi(): Promise<void> {
  const names = (await tryKubectl(['get', 'kafkatopics', '-n', KAFKA_NAMESPACE, '-o', 'name'])).stdout.split('\n');
  for (const name of names.filter((line) => line !== '')) {
    await tryKubectl(['patch', name, '-n', KAFKA_NAMESPACE, '--type=merge', '-p', '{"metadata":{"finalizers":null}}']);
  }
  for (const name of ['kafkas.kafka.strimzi.io', 'kafkatopics.kafka.strimzi.io']) {
    await kubectl(['delete', 'crd', name, '--ignore-not-found', '--timeout=120s']);
  }
}

export async function runTopicOperator(): Promise<TopicOperator> {
  const cluster = clusterOf(readFileSync(kubeconfig, 'utf8'), { fieldManager: 'topic-operator' });
  const topics = adminTopics(await brokersFromHere());
  const options = { apiVersion: V1, namespace: KAFKA_NAMESPACE, name: KAFKA_CLUSTER, everyMs: 500 };
  const running = startTopicOperator(cluster, topics, options);
  return {
    async stop() {
      await running.stop();
      await Promise.all([cluster.close(), topics.close()]);
    },
  };
}
