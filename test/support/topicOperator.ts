/**
 * A stand-in for Strimzi's Topic Operator, whose image is not available here. It handles real KafkaTopics and a real Kafka as
 * release 1.2.0 does, with these rules:
 * - It handles the KafkaTopics of one namespace whose label strimzi.io/cluster has the name of its cluster: after each change of
 *   the object, and at a resync (every two minutes by default). So Ready stays True after the topic vanished from Kafka, until
 *   the resync creates it again.
 * - The topic is spec.topicName or metadata.name. It is created with spec.partitions, spec.replicas and spec.config.
 * - spec.config is applied to the topic, and settings of the topic that are not in spec.config are removed.
 * - It adds partitions if spec.partitions grows. It refuses fewer partitions, another spec.replicas (without Cruise Control)
 *   and a spec.topicName that differs from the status: Ready False, reason NotSupported. If Kafka refuses: Ready False,
 *   reason KafkaError, with a message that begins with the Java class.
 * - Of several KafkaTopics for one topic the oldest manages it. The others: Ready False, reason ResourceConflict, no finalizer.
 * - The status has topicName, topicId, observedGeneration (the handled generation) and one condition: Ready,
 *   ReconciliationPaused (annotation strimzi.io/pause-reconciliation) or Unmanaged (annotation strimzi.io/managed: exactly
 *   "false"). A paused KafkaTopic has the observedGeneration too. An unmanaged one has no topicName.
 * - Finalizer strimzi.io/topic-operator, on KafkaTopics that it has managed. Deleting a KafkaTopic deletes its topic, also if it
 *   is paused or in conflict, unless it is unmanaged. One with a changed spec.topicName stays, NotSupported. Without a running
 *   operator the KafkaTopic stays.
 * It does not support Cruise Control.
 */
import type { KubernetesObject, ObjectRef } from '../../src/contract/kubernetes.ts';
import type { Cluster } from '../../src/runtime/ports.ts';
import {
  type Condition,
  isManaged,
  isPaused,
  isRenamed,
  managerOf,
  refused,
  specOf,
  statusOf,
  topicOf,
} from './topicOperatorRules.ts';

/** The calls to Kafka. Each throws with the message of Kafka's Java client if Kafka refuses. */
export interface Topics {
  /** `config`: the settings of the topic itself. */
  describe(
    topic: string,
  ): Promise<{ partitions: number; replicas: number; id: string; config: Record<string, string> } | null>;
  create(topic: string, partitions: number, replicas: number, config: Record<string, string>): Promise<unknown>;
  raise(topic: string, partitions: number): Promise<unknown>;
  /** null: the setting is removed. */
  configure(topic: string, changes: Record<string, string | null>): Promise<unknown>;
  remove(topic: string): Promise<unknown>;
}

export interface TopicOperator {
  /** Resolves when it has made its last change. */
  stop(): Promise<void>;
}

const FINALIZER = 'strimzi.io/topic-operator';

const RENAMED = 'Changing spec.topicName is not supported';
const hasFinalizer = ({ metadata }: KubernetesObject) => (metadata.finalizers ?? []).includes(FINALIZER);

class NotSupported extends Error {}

/** `everyMs`: the period in which it looks for changes; `resyncMs`: in which it handles KafkaTopics that have not changed. */
export function startTopicOperator(
  cluster: Cluster,
  topics: Topics,
  {
    apiVersion,
    namespace,
    name,
    everyMs = 200,
    resyncMs = 120_000,
  }: { apiVersion: string; namespace: string; name: string; everyMs?: number; resyncMs?: number },
): TopicOperator {
  const stopping = new AbortController();
  const type = { apiVersion, kind: 'KafkaTopic', plural: 'kafkatopics' };
  /** The KafkaTopics as they were handled last, by uid. */
  const handled = new Map<string, KubernetesObject>();
  let resyncAt = 0;

  async function round(): Promise<void> {
    const { items } = await cluster.list(type, { namespace, labelSelector: `strimzi.io/cluster=${name}` });
    const there = new Set(items.map(({ metadata }) => metadata.uid));
    for (const [uid, gone] of handled) {
      if (there.has(uid)) continue;
      // It had no finalizer.
      await removeTopicOf(gone);
      handled.delete(uid);
    }
    const resync = Date.now() >= resyncAt;
    for (const item of items) {
      if (stopping.signal.aborted) return;
      const { uid = '', resourceVersion } = item.metadata;
      if (!resync && handled.get(uid)?.metadata.resourceVersion === resourceVersion) continue;
      await reconcile(item, items);
      if (item.metadata.deletionTimestamp === undefined || isRenamed(item)) handled.set(uid, item);
      else handled.delete(uid);
    }
    if (resync) resyncAt = Date.now() + resyncMs;
  }

  async function reconcile(topic: KubernetesObject, all: readonly KubernetesObject[]): Promise<void> {
    if (topic.metadata.deletionTimestamp !== undefined) return finalize(topic);
    if (!isManaged(topic)) return writeStatus(topic, { type: 'Unmanaged', status: 'True' });
    if (isRenamed(topic)) return writeStatus(topic, refused('NotSupported', RENAMED));
    const manager = managerOf(topic, all);
    if (manager !== topic) {
      const message = `Managed by Ref{namespace='${namespace}', name='${manager.metadata.name}'}`;
      return writeStatus(topic, refused('ResourceConflict', message));
    }
    if (isPaused(topic)) return writeStatus(topic, { type: 'ReconciliationPaused', status: 'True' });
    const { finalizers = [] } = topic.metadata;
    // The change of the finalizers is handled next.
    if (!hasFinalizer(topic)) return void (await write(topic, { finalizers: [...finalizers, FINALIZER] }));
    try {
      await bringUpToDate(topic);
    } catch (error) {
      const reason = error instanceof NotSupported ? 'NotSupported' : 'KafkaError';
      return writeStatus(topic, refused(reason, (error as Error).message));
    }
    const id = (await topics.describe(topicOf(topic)))?.id;
    return writeStatus(topic, { type: 'Ready', status: 'True' }, id);
  }

  async function finalize(topic: KubernetesObject): Promise<void> {
    const { finalizers = [] } = topic.metadata;
    if (!hasFinalizer(topic)) return;
    if (isManaged(topic) && isRenamed(topic)) return writeStatus(topic, refused('NotSupported', RENAMED));
    await removeTopicOf(topic);
    await write(topic, { finalizers: finalizers.filter((one) => one !== FINALIZER) });
  }

  async function removeTopicOf(topic: KubernetesObject): Promise<void> {
    if (!isManaged(topic) || isRenamed(topic)) return;
    if ((await topics.describe(topicOf(topic))) !== null) await topics.remove(topicOf(topic));
  }

  /** Creates the topic, or makes it as the spec has it. */
  async function bringUpToDate(topic: KubernetesObject): Promise<void> {
    const { partitions, replicas, config = {} } = specOf(topic);
    const topicName = topicOf(topic);
    const live = await topics.describe(topicName);
    if (live === null) {
      try {
        await topics.create(topicName, partitions ?? 1, replicas ?? 1, config);
      } catch (error) {
        // Kafka had not shown it yet.
        if (!(error as Error).message.includes('TopicExistsException')) throw error;
      }
      return;
    }
    const wanted = Object.entries(config).filter(([key, value]) => live.config[key] !== String(value));
    const surplus = Object.keys(live.config).filter((key) => !(key in config));
    const changes = [...wanted.map(([key, value]) => [key, String(value)]), ...surplus.map((key) => [key, null])];
    if (changes.length > 0) await topics.configure(topicName, Object.fromEntries(changes));
    if (partitions !== undefined && partitions > live.partitions) await topics.raise(topicName, partitions);
    if (replicas !== undefined && replicas !== live.replicas) {
      const each = Array.from({ length: live.partitions }, (_, partition) => partition);
      throw new NotSupported(
        `Replication factor change not supported, but required for partitions [${each.join(', ')}]`,
      );
    }
    if (partitions !== undefined && partitions < live.partitions) {
      throw new NotSupported('Decreasing partitions not supported');
    }
  }

  const refOf = ({ metadata }: KubernetesObject): ObjectRef => ({ ...type, namespace, name: metadata.name });
  const write = (topic: KubernetesObject, metadata: Record<string, unknown>) =>
    cluster.patch(refOf(topic), { metadata: { resourceVersion: topic.metadata.resourceVersion, ...metadata } });

  async function writeStatus(topic: KubernetesObject, condition: Condition, topicId?: string): Promise<void> {
    const before = statusOf(topic);
    const { name: metadataName, uid = '', generation = 0 } = topic.metadata;
    const named = isManaged(topic) ? { topicName: before.topicName ?? topicOf(topic) } : {};
    const id = topicId ?? before.topicId;
    const [last] = before.conditions ?? [];
    const same =
      last !== undefined &&
      (['type', 'status', 'reason', 'message'] as const).every((part) => last[part] === condition[part]);
    const known = before.observedGeneration === generation && before.topicName === named.topicName;
    if (same && known && before.topicId === id) return;
    await cluster.applyStatus({
      apiVersion: topic.apiVersion,
      kind: topic.kind,
      metadata: { namespace, name: metadataName, uid },
      status: {
        observedGeneration: generation,
        ...named,
        ...(id === undefined ? {} : { topicId: id }),
        conditions: [{ ...condition, lastTransitionTime: new Date().toISOString() }],
      },
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
