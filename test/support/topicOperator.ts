/**
 * A stand-in for Strimzi's Topic Operator, whose image is not available here. It handles real KafkaTopics and a real Kafka as
 * documented in "Using the Topic Operator" (https://strimzi.io/docs/operators/latest), with these rules:
 * - It handles the KafkaTopics of one namespace whose label strimzi.io/cluster has the name of its cluster.
 * - The topic is spec.topicName or metadata.name. It is created with spec.partitions, spec.replicas and spec.config.
 * - It adds partitions if spec.partitions grows. It refuses fewer partitions, another spec.replicas (without Cruise Control)
 *   and a spec.topicName that differs from the status: Ready False, reason NotSupported. If Kafka refuses: Ready False,
 *   reason KafkaError.
 * - The status has topicName, topicId, observedGeneration (the handled generation) and one condition: Ready,
 *   ReconciliationPaused (annotation strimzi.io/pause-reconciliation) or Unmanaged (annotation strimzi.io/managed: "false").
 *   A paused KafkaTopic keeps its observedGeneration (0 if it had none). An unmanaged one has no topicName.
 * - Finalizer strimzi.io/topic-operator: deleting a KafkaTopic deletes its topic, even if it is paused, unless it is unmanaged.
 *   Without a running operator the KafkaTopic stays.
 * It does not support Cruise Control, several KafkaTopics for one topic, or changes of the config after the creation.
 */
import type { KubernetesObject, ObjectRef } from '../../src/contract/kubernetes.ts';
import type { Cluster } from '../../src/runtime/ports.ts';

/** The calls to Kafka. Each throws with Kafka's own message if Kafka refuses. */
export interface Topics {
  describe(topic: string): Promise<{ partitions: number; replicas: number; id: string } | null>;
  create(topic: string, partitions: number, replicas: number, config: Record<string, string>): Promise<unknown>;
  raise(topic: string, partitions: number): Promise<unknown>;
  remove(topic: string): Promise<unknown>;
}

export interface TopicOperator {
  /** Resolves when it has made its last change. */
  stop(): Promise<void>;
}

const FINALIZER = 'strimzi.io/topic-operator';

interface Spec {
  topicName?: string;
  partitions?: number;
  replicas?: number;
  config?: Record<string, string>;
}
interface Status {
  observedGeneration?: number;
  topicName?: string;
  topicId?: string;
  conditions?: { type: string; status: string; reason?: string; message?: string; lastTransitionTime: string }[];
}

class NotSupported extends Error {}

/** `everyMs`: the period of its rounds over all KafkaTopics. */
export function startTopicOperator(
  cluster: Cluster,
  topics: Topics,
  {
    apiVersion,
    namespace,
    name,
    everyMs = 200,
  }: { apiVersion: string; namespace: string; name: string; everyMs?: number },
): TopicOperator {
  const stopping = new AbortController();
  const type = { apiVersion, kind: 'KafkaTopic', plural: 'kafkatopics' };

  async function round(): Promise<void> {
    const { items } = await cluster.list(type, { namespace, labelSelector: `strimzi.io/cluster=${name}` });
    for (const item of items) {
      if (stopping.signal.aborted) return;
      await reconcile(item);
    }
  }

  async function reconcile(topic: KubernetesObject): Promise<void> {
    const { annotations = {}, finalizers = [], deletionTimestamp, generation } = topic.metadata;
    const { topicName = topic.metadata.name, partitions, replicas, config = {} } = (topic.spec ?? {}) as Spec;
    const before = (topic.status ?? {}) as Status;
    const managed = annotations['strimzi.io/managed'] !== 'false';
    if (deletionTimestamp !== undefined) {
      if (!finalizers.includes(FINALIZER)) return;
      if (managed && (await topics.describe(topicName)) !== null) await topics.remove(topicName);
      await write(topic, { finalizers: finalizers.filter((one) => one !== FINALIZER) });
      return;
    }
    const paused = annotations['strimzi.io/pause-reconciliation'] === 'true';
    if ((!paused || !managed) && !finalizers.includes(FINALIZER)) {
      await write(topic, { finalizers: [...finalizers, FINALIZER] });
      return;
    }
    const observed = { observedGeneration: generation ?? 0 };
    if (!managed) return writeStatus(topic, observed, { type: 'Unmanaged', status: 'True' });
    if (paused) {
      const { topicName: known = topicName, observedGeneration = 0 } = before;
      const status = { observedGeneration, topicName: known };
      return writeStatus(topic, status, { type: 'ReconciliationPaused', status: 'True' });
    }
    const status = { ...observed, topicName: before.topicName ?? topicName };
    try {
      if (before.topicName !== undefined && before.topicName !== topicName) {
        throw new NotSupported('Changing spec.topicName is not supported');
      }
      let live = await topics.describe(topicName);
      if (live === null) await topics.create(topicName, partitions ?? 1, replicas ?? 1, config);
      else if (partitions !== undefined && partitions < live.partitions) {
        throw new NotSupported('Decreasing partitions not supported');
      } else if (replicas !== undefined && replicas !== live.replicas) {
        const all = Array.from({ length: live.partitions }, (_, partition) => partition);
        throw new NotSupported(
          `Replication factor change not supported, but required for partitions [${all.join(', ')}]`,
        );
      } else if (partitions !== undefined && partitions > live.partitions) await topics.raise(topicName, partitions);
      live = await topics.describe(topicName);
      const topicId = live === null ? {} : { topicId: live.id };
      return await writeStatus(topic, { ...status, ...topicId }, { type: 'Ready', status: 'True' });
    } catch (error) {
      const reason = error instanceof NotSupported ? 'NotSupported' : 'KafkaError';
      return writeStatus(topic, status, { type: 'Ready', status: 'False', reason, message: (error as Error).message });
    }
  }

  const refOf = ({ metadata }: KubernetesObject): ObjectRef => ({ ...type, namespace, name: metadata.name });
  const write = (topic: KubernetesObject, metadata: Record<string, unknown>) =>
    cluster.patch(refOf(topic), { metadata: { resourceVersion: topic.metadata.resourceVersion, ...metadata } });

  async function writeStatus(
    { apiVersion: version, kind, metadata, status: before }: KubernetesObject,
    status: Status,
    condition: { type: string; status: string; reason?: string; message?: string },
  ): Promise<void> {
    const [last] = (before as Status | undefined)?.conditions ?? [];
    const same =
      last !== undefined &&
      (['type', 'status', 'reason', 'message'] as const).every((part) => last[part] === condition[part]);
    const { observedGeneration, topicName } = (before ?? {}) as Status;
    if (same && observedGeneration === status.observedGeneration && topicName === status.topicName) return;
    const conditions = [{ ...condition, lastTransitionTime: new Date().toISOString() }];
    const { name, uid = '' } = metadata;
    await cluster.applyStatus({
      apiVersion: version,
      kind,
      metadata: { namespace, name, uid },
      status: { ...status, conditions },
    });
  }

  const ended = (async () => {
    while (!stopping.signal.aborted) {
      try {
        await round();
      } catch {
        // After a lost race or a busy API server, the next round tries again.
      }
      await new Promise((resolve) => setTimeout(resolve, everyMs));
    }
  })();
  return {
    stop() {
      stopping.abort();
      return ended;
    },
  };
}
