/**
 * The target of a schedule. A LoadTest has its own group, topic and evidence. For an external target, which is any other
 * Deployment or StatefulSet, the ConsumerScale names group and topic and keeps the evidence.
 */
import type { ConsumerScale } from '../../api/consumerscale/consumerScale.ts';
import type { LoadTest } from '../../api/loadtest/loadTest.ts';
import type { ManagedFields, ObjectRef } from '../../contract/kubernetes.ts';
import { writersOfField } from '../../contract/managedFields.ts';
import { type Answer, objectIn } from '../../contract/queries.ts';
import { progressing } from '../../contract/summary.ts';
import { failed, type ScaleSummary } from './summary.ts';

export interface Target {
  uid: string;
  /** metadata.resourceVersion */
  version: string | undefined;
  deleting: boolean;
  /** As its spec asks for; undefined: a LoadTest without consumers. */
  consumers: { replicas: number; clientsPerPod: number } | undefined;
  /** Who wrote the number of replicas, by metadata.managedFields; undefined: the object does not have these. */
  writers: ManagedFields[] | undefined;
  /** Ready replicas of an external target; without a status all count as ready. */
  ready: number;
  /** Absent: an external target. */
  loadTest?: LoadTest;
  /** Name of the LoadTest whose workload it is. */
  partOf?: string;
}

export const targetRef = ({ spec, metadata }: ConsumerScale): ObjectRef => ({
  ...spec.scaleTargetRef,
  namespace: metadata.namespace,
});

/** `LoadTest/lag` */
export const targetName = ({ spec: { scaleTargetRef } }: ConsumerScale): string =>
  `${scaleTargetRef.kind}/${scaleTargetRef.name}`;

const CONSUMERS_PATH = ['spec', 'consumers', 'replicas'];
const REPLICAS_PATH = ['spec', 'replicas'];

const pathOf = ({ spec }: ConsumerScale): string[] =>
  spec.scaleTargetRef.kind === 'LoadTest' ? CONSUMERS_PATH : REPLICAS_PATH;

/** `spec.replicas` */
export const replicasField = (resource: ConsumerScale): string => pathOf(resource).join('.');

/** From the answer to the first query; undefined: it does not exist. */
export function targetAmong(resource: ConsumerScale, answers: Answer[] | undefined): Target | undefined {
  const { spec } = resource;
  const object = objectIn(answers?.[0]) ?? undefined;
  if (object === undefined) return undefined;
  const { metadata } = object;
  const found = {
    uid: metadata.uid ?? '',
    version: metadata.resourceVersion,
    deleting: metadata.deletionTimestamp !== undefined,
    writers: writersOfField(metadata.managedFields, pathOf(resource)),
  };
  if (spec.scaleTargetRef.kind === 'LoadTest') {
    const loadTest = object as LoadTest;
    return { ...found, consumers: loadTest.spec.consumers, ready: loadTest.status?.consumers?.ready ?? 0, loadTest };
  }
  const owner = metadata.ownerReferences?.find(({ controller, kind }) => controller && kind === 'LoadTest');
  // apps/v1: spec.replicas defaults to 1.
  const replicas = (object.spec as { replicas?: number } | undefined)?.replicas ?? 1;
  const status = object.status as { readyReplicas?: number } | undefined;
  return {
    ...found,
    consumers: { replicas, clientsPerPod: 1 },
    ready: status === undefined ? replicas : (status.readyReplicas ?? 0),
    ...(owner === undefined ? {} : { partOf: owner.name }),
  };
}

/** Why the target cannot be scaled: for now (Progressing) or for good (Finished). */
export function targetTrouble(resource: ConsumerScale, target: Target | undefined): ScaleSummary | undefined {
  const { status, metadata } = resource;
  const name = targetName(resource);
  const waiting = (message: string): ScaleSummary =>
    progressing(status?.startedAt === undefined ? 'Pending' : 'Running', 'WaitingForTarget', message);
  if (target === undefined) {
    return status?.startedAt === undefined
      ? waiting(
          `waiting for ${name} in namespace ${metadata.namespace}: create it, or create another ConsumerScale with the right scaleTargetRef`,
        )
      : failed('TargetGone', `${name} was deleted before the schedule ended`);
  }
  if (status?.targetUid !== undefined && status.targetUid !== target.uid) {
    return failed(
      'TargetReplaced',
      `${name} was deleted and created again during the schedule: delete this ConsumerScale and create it again`,
    );
  }
  if (target.consumers === undefined) {
    return failed(
      'NoConsumers',
      `${name} has no consumers: create another ConsumerScale for a LoadTest with spec.consumers`,
    );
  }
  if (target.partOf !== undefined) {
    const owner = `LoadTest ${target.partOf}`;
    return failed(
      'PartOfLoadTest',
      `${name} belongs to ${owner}, which would undo every step: create another ConsumerScale whose scaleTargetRef names ${owner}`,
    );
  }
  return target.loadTest === undefined
    ? deletionOf(name, target)
    : loadTestTrouble(name, target, target.loadTest, waiting);
}

const deletionOf = (name: string, { deleting }: Target): ScaleSummary | undefined =>
  deleting ? failed('TargetEnded', `the deletion of ${name} began before the schedule ended`) : undefined;

function loadTestTrouble(
  name: string,
  { deleting }: Target,
  { status }: LoadTest,
  waiting: (message: string) => ScaleSummary,
): ScaleSummary | undefined {
  const { phase = 'Pending', conditions } = status ?? {};
  if (phase === 'Completed' || phase === 'Failed' || deleting) {
    return failed(
      'TargetEnded',
      `${name} ended before the schedule: give the LoadTest a longer duration, or the ConsumerScale shorter steps`,
    );
  }
  if (phase === 'Running') return undefined;
  const why = conditions?.find(({ type }) => type === 'Ready')?.message;
  return waiting(`waiting for ${name} to run (${phase}${why ? `: ${why}` : ''})`);
}
