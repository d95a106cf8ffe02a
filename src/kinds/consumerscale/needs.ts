/** What a ConsumerScale needs to observe: its target, who else scales it, Strimzi's resources, and topic, group and evidence of the consumers. */
import { CONSUMER_SCALE_NAMES, type ConsumerScale } from '../../api/consumerscale/consumerScale.ts';
import { GROUP_VERSION } from '../../api/sharedStatus.ts';
import type { KubernetesObject } from '../../contract/kubernetes.ts';
import type { EvidenceNeed, KafkaNeed, Needs } from '../../contract/needs.ts';
import { type Answer, objectsIn, type Query } from '../../contract/queries.ts';
import { isUnknown, serversOf } from '../../domain/settings/connection.ts';
import { queryStrimzi, type StrimziQuery, type StrimziView, strimziCluster } from '../../domain/strimzi/lookup.ts';
import type { StrimziCluster } from '../../domain/strimzi/resources.ts';
import { scalesConsumers } from './autoscaler.ts';
import { scheduleAhead } from './otherSchedules.ts';
import { isFinished } from './summary.ts';
import { type Target, targetAmong, targetRef } from './target.ts';

/** `byDefault`: the Kafka resource that the operator's default connection belongs to. */
export function needs(
  resource: ConsumerScale,
  answers: Answer[] | undefined,
  byDefault: StrimziCluster | undefined,
): Needs {
  const deleting = resource.metadata.deletionTimestamp !== undefined;
  if (isFinished(resource.status) && !deleting) return {};
  const first = firstQueries(resource);
  const waits = scheduleAhead(resource, rivalsAmong(resource, answers ?? []).schedules) !== undefined;
  if (deleting || waits) return { queries: first };
  const target = targetAmong(resource, answers);
  const query = strimziQuery(resource, byDefault);
  const strimzi = query === undefined ? [] : queryStrimzi(query, answers?.slice(first.length)).queries;
  const queries: Needs = { queries: [...first, ...strimzi] };
  return target === undefined ? queries : { ...queries, ...kafkaAndEvidence(resource, target) };
}

/** About the target and who else scales it. */
function firstQueries(resource: ConsumerScale): Query[] {
  const { namespace } = resource.metadata;
  const schedules = { list: { apiVersion: GROUP_VERSION, kind: CONSUMER_SCALE_NAMES.kind }, namespace };
  const autoscalers: Query = {
    list: { apiVersion: 'autoscaling/v2', kind: 'HorizontalPodAutoscaler' },
    namespace,
    // Without the right to read them, the schedule notices an autoscaler by what it writes.
    orForbidden: true,
  };
  return [{ get: targetRef(resource) }, schedules, ...(scalesConsumers(resource) ? [autoscalers] : [])];
}

/** All schedules and autoscalers of the namespace. */
export function rivalsAmong(
  resource: ConsumerScale,
  answers: readonly Answer[],
): { schedules: ConsumerScale[]; autoscalers: KubernetesObject[] } {
  const [, schedules, autoscalers] = answers.slice(0, firstQueries(resource).length);
  return { schedules: objectsIn(schedules) as ConsumerScale[], autoscalers: objectsIn(autoscalers) };
}

function kafkaAndEvidence(resource: ConsumerScale, { uid, loadTest }: Target): Pick<Needs, 'kafka' | 'evidence'> {
  const external = resource.spec.consumers;
  const connection = (loadTest?.spec ?? external)?.kafka;
  const found = (loadTest ?? resource).status?.kafka;
  if (isUnknown(connection, found)) return {};
  const servers = serversOf(connection, found);
  const group = loadTest === undefined ? external?.group : loadTest.spec.consumers?.group;
  const topic = loadTest?.spec.topic.name ?? external?.topic;
  const kafka: KafkaNeed = {
    ...servers,
    ...(topic === undefined ? {} : { topic }),
    ...(group === undefined ? {} : { group }),
    // A LoadTest samples its lag itself.
    ...(external?.isolationLevel === 'read_committed' ? { lastStableOffsets: true } : {}),
  };
  const place = (loadTest ?? resource).status?.evidence;
  if (place === undefined) return { kafka };
  const evidence: EvidenceNeed = { ...servers, run: loadTest === undefined ? resource.metadata.uid : uid, ...place };
  return { kafka, evidence };
}

/** For an external target; a LoadTest queries Strimzi itself. undefined: nothing of Strimzi is needed. */
function strimziQuery(
  { spec: { consumers: external, steps }, status, metadata }: ConsumerScale,
  byDefault: StrimziCluster | undefined,
): StrimziQuery | undefined {
  const at = external === undefined ? undefined : strimziCluster(external.kafka, metadata.namespace, byDefault);
  if (external === undefined || at === undefined) return undefined;
  const kafka = isUnknown(external.kafka, status?.kafka);
  const addsPartitions = steps.some(({ partitions }) => partitions !== undefined);
  const { topicNamespace } = status?.kafka ?? {};
  return kafka || addsPartitions
    ? { at, kafka, topicNamespace, ...(addsPartitions ? { topic: external.topic } : {}) }
    : undefined;
}

/** `answers`: to the first queries, then about Strimzi. */
export function strimziView(
  resource: ConsumerScale,
  answers: Answer[],
  byDefault: StrimziCluster | undefined,
): StrimziView | undefined {
  const query = strimziQuery(resource, byDefault);
  return query === undefined ? undefined : queryStrimzi(query, answers.slice(firstQueries(resource).length)).view;
}
