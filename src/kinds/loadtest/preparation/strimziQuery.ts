/** What a LoadTest queries of Strimzi: the Kafka resource of its cluster and the KafkaTopic of its topic. */

import type { LoadTest } from '../../../api/loadtest/loadTest.ts';
import type { Observed } from '../../../contract/kind.ts';
import { stalled } from '../../../contract/summary.ts';
import type { RunFigures } from '../../../domain/fold/runFigures.ts';
import { isUnknown } from '../../../domain/settings/connection.ts';
import { queryStrimzi, type StrimziQuery, type StrimziView, strimziCluster } from '../../../domain/strimzi/lookup.ts';
import type { StrimziCluster } from '../../../domain/strimzi/resources.ts';
import type { LoadTestSummary } from '../summary.ts';
import { isRequested } from './topicOwner.ts';

/** undefined: nothing of Strimzi is needed, or the Kafka resource is unknown. */
export function strimziQuery(
  { spec, status, metadata }: LoadTest,
  byDefault: StrimziCluster | undefined,
): StrimziQuery | undefined {
  const recorded = status?.topic?.kafkaTopic;
  const at =
    recorded === undefined
      ? strimziCluster(spec.kafka, metadata.namespace, byDefault)
      : { cluster: recorded.cluster, namespace: recorded.namespace };
  if (at === undefined) return undefined;
  const { management, name, partitions } = spec.topic;
  const deleting = metadata.deletionTimestamp !== undefined;
  const mayHaveOne = (management === 'Auto' || management === 'Strimzi') && !isRequested(status?.topic);
  const createdByIt = status?.topic?.created === true && status.topic.managedBy === 'Strimzi';
  const topic = deleting ? createdByIt : mayHaveOne;
  const kafka = !deleting && isUnknown(spec.kafka, status?.kafka);
  // A run whose topic has no KafkaTopic searches for one again only when it needs more partitions.
  const has = status?.topic?.partitions ?? 0;
  const byName = !deleting && recorded === undefined && status?.preparedAt !== undefined && has >= partitions;
  const { topicNamespace } = recorded === undefined ? (status?.kafka ?? {}) : { topicNamespace: recorded.namespace };
  return topic || kafka
    ? { at, kafka, topicNamespace, ...(topic ? { topic: name, known: recorded?.name, byName } : {}) }
    : undefined;
}

export function strimziView(
  { resource, answers }: Observed<LoadTest, RunFigures>,
  byDefault: StrimziCluster | undefined,
): StrimziView | undefined {
  const query = strimziQuery(resource, byDefault);
  return query === undefined ? undefined : queryStrimzi(query, answers).view;
}

/** With topic.management: Strimzi, why a KafkaTopic is impossible; undefined: it is possible, or not asked for. */
export function whyNoStrimzi({ spec }: LoadTest, strimzi: StrimziView | undefined): LoadTestSummary | undefined {
  if (spec.topic.management !== 'Strimzi' || strimzi?.apiVersion !== undefined) return undefined;
  return strimzi === undefined
    ? stalled(
        'Pending',
        'NoStrimziCluster',
        'topic.management is Strimzi, but the operator does not know the Kafka resource of its default connection: start the operator with STRIMZI_CLUSTER and STRIMZI_NAMESPACE, or create another LoadTest with kafka: {strimzi: {cluster: my-cluster, namespace: kafka}}',
      )
    : stalled(
        'Pending',
        'NoKafkaTopics',
        'topic.management is Strimzi, but the API server does not serve KafkaTopic (kafka.strimzi.io/v1 or v1beta2): install Strimzi, or create another LoadTest with topic.management: Admin',
      );
}
