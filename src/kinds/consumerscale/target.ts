/** What a schedule scales: a LoadTest, which has its own group, topic and evidence, or anyone's workload, for which the ConsumerScale has them. */
import type { ConsumerScale } from '../../api/consumerscale/consumerScale.ts';
import type { LoadTest } from '../../api/loadtest/loadTest.ts';
import type { KubernetesObject, ObjectRef } from '../../contract/kubernetes.ts';
import type { EvidenceNeed, KafkaNeed, Needs } from '../../contract/needs.ts';
import { isUnknown, serversOf } from '../../domain/settings/connection.ts';
import { lookAtStrimzi, type Sought, type StrimziSight, strimziCluster } from '../../domain/strimzi/lookup.ts';
import type { StrimziCluster } from '../../domain/strimzi/resources.ts';
import { failed, type Saying } from './standing.ts';

export interface Target {
  uid: string;
  deleting: boolean;
  /** As asked for now; undefined: a LoadTest without any. */
  consumers: { replicas: number; clientsPerPod: number } | undefined;
  /** Absent: somebody else's. */
  loadTest?: LoadTest;
  /** Name of the LoadTest that it is a part of. */
  partOf?: string;
}

export const targetRef = ({ spec, metadata }: ConsumerScale): ObjectRef => ({
  ...spec.scaleTargetRef,
  namespace: metadata.namespace,
});

/** `LoadTest/lag` */
export const targetName = ({ spec: { scaleTargetRef } }: ConsumerScale): string =>
  `${scaleTargetRef.kind}/${scaleTargetRef.name}`;

/** undefined: there is none (yet, or any more). */
export function targetAmong(
  { spec }: ConsumerScale,
  objects: (KubernetesObject | null)[] | undefined,
): Target | undefined {
  const object = objects?.[0] ?? undefined;
  if (object === undefined) return undefined;
  const found = { uid: object.metadata.uid ?? '', deleting: object.metadata.deletionTimestamp !== undefined };
  if (spec.scaleTargetRef.kind === 'LoadTest') {
    const loadTest = object as LoadTest;
    return { ...found, consumers: loadTest.spec.consumers, loadTest };
  }
  const owner = object.metadata.ownerReferences?.find(({ controller, kind }) => controller && kind === 'LoadTest');
  // apps/v1: one replica where nothing is said.
  const replicas = (object.spec as { replicas?: number } | undefined)?.replicas ?? 1;
  return {
    ...found,
    consumers: { replicas, clientsPerPod: 1 },
    ...(owner === undefined ? {} : { partOf: owner.name }),
  };
}

/** Topic, group and evidence of the consumers that are scaled. */
export function lookedAt(resource: ConsumerScale, { uid, loadTest }: Target): Pick<Needs, 'kafka' | 'evidence'> {
  const theirs = resource.spec.consumers;
  const connection = (loadTest?.spec ?? theirs)?.kafka;
  const found = (loadTest ?? resource).status?.kafka;
  if (isUnknown(connection, found)) return {};
  const servers = serversOf(connection, found);
  const group = loadTest === undefined ? theirs?.group : loadTest.spec.consumers?.group;
  const topic = loadTest?.spec.topic.name ?? theirs?.topic;
  const kafka: KafkaNeed = {
    ...servers,
    ...(topic === undefined ? {} : { topic }),
    ...(group === undefined ? {} : { group }),
  };
  const place = (loadTest ?? resource).status?.evidence;
  if (place === undefined) return { kafka };
  const evidence: EvidenceNeed = { ...servers, run: loadTest === undefined ? resource.metadata.uid : uid, ...place };
  return { kafka, evidence };
}

/** What is looked at of Strimzi for somebody else's consumers; a LoadTest does so itself. undefined: nothing. */
export function soughtOf(
  { spec: { consumers: theirs, steps }, status, metadata }: ConsumerScale,
  byDefault: StrimziCluster | undefined,
): Sought | undefined {
  const at = theirs === undefined ? undefined : strimziCluster(theirs.kafka, metadata.namespace, byDefault);
  if (theirs === undefined || at === undefined) return undefined;
  const kafka = isUnknown(theirs.kafka, status?.kafka);
  const raises = steps.some(({ partitions }) => partitions !== undefined);
  return kafka || raises ? { at, kafka, ...(raises ? { topic: theirs.topic } : {}) } : undefined;
}

/** `objects`: the target, then those of Strimzi. */
export function sightOf(
  resource: ConsumerScale,
  [, ...objects]: (KubernetesObject | null)[],
  byDefault: StrimziCluster | undefined,
): StrimziSight | undefined {
  const sought = soughtOf(resource, byDefault);
  return sought === undefined ? undefined : lookAtStrimzi(sought, objects).sight;
}

/** Why the target can't be scaled: for now (Moving) or for good (Over). */
export function targetTrouble(resource: ConsumerScale, target: Target | undefined): Saying | undefined {
  const { status, metadata } = resource;
  const name = targetName(resource);
  const waiting = (message: string): Saying => ({
    phase: status?.startedAt === undefined ? 'Pending' : 'Running',
    state: 'Progressing',
    reason: 'WaitingForTarget',
    message,
  });
  if (target === undefined) {
    return status?.startedAt === undefined
      ? waiting(`waiting for ${name} in namespace ${metadata.namespace}; create it, or check the name`)
      : failed('TargetGone', `${name} was deleted before the schedule ended`);
  }
  if (status?.targetUid !== undefined && status.targetUid !== target.uid) {
    return failed(
      'TargetReplaced',
      `${name} is another one than the schedule began with; delete this ConsumerScale and create it again`,
    );
  }
  if (target.consumers === undefined) {
    return failed('NoConsumers', `${name} has no consumers to scale: name a LoadTest with consumers`);
  }
  if (target.partOf !== undefined) {
    const owner = `LoadTest ${target.partOf}`;
    return failed('PartOfLoadTest', `${name} is run by ${owner}, which would undo every step: name ${owner} as target`);
  }
  if (target.loadTest === undefined) {
    return target.deleting ? failed('TargetEnded', `${name} is being deleted before the schedule ended`) : undefined;
  }
  const { phase, conditions } = target.loadTest.status ?? {};
  if (phase === 'Completed' || phase === 'Failed' || target.deleting) {
    return failed('TargetEnded', `${name} ended before the schedule did: give it a longer duration, or shorter steps`);
  }
  if (phase === 'Running') return undefined;
  const why = conditions?.find(({ type }) => type === 'Ready')?.message;
  return waiting(`waiting for ${name} to run (${phase ?? 'Pending'}${why ? `: ${why}` : ''})`);
}
