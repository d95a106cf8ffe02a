/** Consumers that end as after SIGKILL: those that a scale or stop step removes, and the pod of a kill step. */

import type { LabSpec } from '../../api/lab/spec.ts';
import type { LabStepStatus } from '../../api/lab/status.ts';
import type { LabStep } from '../../api/lab/steps.ts';
import type { LoadTest } from '../../api/loadtest/loadTest.ts';
import type { Action } from '../../contract/actions.ts';
import type { ObjectRef } from '../../contract/kubernetes.ts';
import { WORKER_PORT } from '../../domain/workers/environment.ts';
import { consumerPod, leavingPods } from '../../domain/workers/workloads.ts';
import { clientsAfter } from './script.ts';

export const podOf = ({ loadTest, consumer }: NonNullable<LabStep['kill']>, namespace: string): ObjectRef =>
  consumerPod({ namespace, name: loadTest }, consumer);

/**
 * The LoadTest that a step with stop: Kill makes smaller, while its spec still asks for the consumers. Their workers have
 * to be armed first, so the desired objects stay as they are until that is done and the LoadTest has been scaled; see
 * docs/decisions/0006-a-kill-is-agreed-beforehand.md.
 */
export function killedByScaling(
  lab: LabSpec,
  index: number,
  loadTests: Map<string, LoadTest>,
): { test: LoadTest; replicas: number } | undefined {
  const step = lab.steps[index];
  const ending = step?.scale ?? step?.stop;
  if (ending?.stop !== 'Kill') return undefined;
  const test = loadTests.get(ending.loadTest);
  const replicas = clientsAfter(lab, lab.steps.slice(0, index + 1), ending.loadTest, 'consumers');
  return test === undefined || (test.spec.consumers?.replicas ?? 0) <= replicas ? undefined : { test, replicas };
}

export function scaleByKilling({ test, replicas }: { test: LoadTest; replicas: number }): Action[] {
  const { apiVersion, kind, metadata, spec } = test;
  const { namespace, name, uid } = metadata;
  const consumers = spec.consumers ?? { replicas: 0, clientsPerPod: 1 };
  const pods = leavingPods(metadata, consumers.replicas, replicas, consumers.clientsPerPod);
  return [
    { type: 'SetStop', pods, port: WORKER_PORT, run: uid, stop: 'Kill' },
    { type: 'Scale', target: { apiVersion, kind, namespace, name }, replicas },
  ];
}

/** Kills only the pod whose uid is recorded. */
export function killPod(
  kill: NonNullable<LabStep['kill']>,
  { uid, doneAt }: LabStepStatus,
  test: LoadTest | undefined,
): Action[] {
  if (uid === undefined || doneAt !== undefined || test === undefined) return [];
  const pod = podOf(kill, test.metadata.namespace);
  return [{ type: 'Kill', pod, uid, port: WORKER_PORT, run: test.metadata.uid }];
}
