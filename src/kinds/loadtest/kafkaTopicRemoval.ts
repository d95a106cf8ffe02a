/** The deletion of a KafkaTopic: what is done in this round, what it waits for, and what a person does if it never ends. */
import type { Action } from '../../contract/actions.ts';
import type { KubernetesObject } from '../../contract/kubernetes.ts';
import {
  deleteIt,
  isRenamed,
  makeUnmanaged,
  restoreName,
  withoutFinalizers,
  withoutJavaClass,
} from '../../domain/strimzi/answer.ts';
import { kafkaTopicRef, named } from '../../domain/strimzi/kafkaTopic.ts';
import { isUnmanaged, MANAGED, readyOf } from '../../domain/strimzi/resources.ts';

const isGoing = ({ metadata }: KubernetesObject) => metadata.deletionTimestamp !== undefined;

/** Another KafkaTopic manages the topic. The deletion of a managed KafkaTopic would delete the topic under it. */
const sharesTopic = (topic: KubernetesObject): boolean => readyOf(topic)?.reason === 'ResourceConflict';

/** A KafkaTopic that shares its topic is made unmanaged, and deleted when the Topic Operator has seen that. */
export function removeKafkaTopic(topic: KubernetesObject | undefined): Action[] {
  if (topic === undefined || isGoing(topic)) return [];
  const target = kafkaTopicRef(topic);
  const { uid = '' } = topic.metadata;
  if (!sharesTopic(topic)) return [{ type: 'DeleteObject', target, uid }];
  return isUnmanaged(topic) ? [] : [{ type: 'Annotate', target, uid, annotations: { [MANAGED]: 'false' } }];
}

/** What the deletion waits for; empty: nothing that is known. */
export function kafkaTopicWaits(topic: KubernetesObject | undefined): string[] {
  if (topic === undefined) return [];
  if (!isGoing(topic)) {
    return sharesTopic(topic)
      ? [
          `another KafkaTopic manages the same topic, so ${named(topic)} becomes unmanaged before it is deleted and the topic keeps its records; the Topic Operator has not seen that yet (condition Unmanaged)`,
        ]
      : [];
  }
  const ready = readyOf(topic);
  if (isRenamed(topic)) {
    const said = withoutJavaClass(ready?.message ?? 'Changing spec.topicName is not supported');
    return [
      `the Topic Operator does not delete ${named(topic)} while spec.topicName is changed (${ready?.reason ?? 'NotSupported'}: ${said}): put it back (${restoreName(topic)}), and the Topic Operator deletes KafkaTopic and topic`,
    ];
  }
  const said =
    ready?.status === 'False' && ready.reason !== 'NotSupported'
      ? `; it last said: ${withoutJavaClass(ready.message ?? ready.reason ?? 'nothing')}`
      : '';
  return [`the Topic Operator has not removed its finalizer (strimzi.io/topic-operator) yet${said}`];
}

/**
 * The command that ends the deletion. A renamed KafkaTopic without its finalizers would leave the topic in Kafka, and one that
 * shares its topic would take the records of the other with it.
 */
export function removalByHand(topic: KubernetesObject): string {
  if (!isGoing(topic)) {
    return sharesTopic(topic)
      ? `${makeUnmanaged(topic)}, then ${deleteIt(topic)} once its status has the condition Unmanaged`
      : deleteIt(topic);
  }
  return isRenamed(topic) ? restoreName(topic) : withoutFinalizers(topic);
}
