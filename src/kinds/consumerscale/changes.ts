/** What a round does to the target. */
import type { ConsumerScale } from '../../api/consumerscale/consumerScale.ts';
import type { Action } from '../../contract/actions.ts';
import type { Observed } from '../../contract/kind.ts';
import type { RunFigures } from '../../domain/fold/runFigures.ts';
import type { StrimziView } from '../../domain/strimzi/lookup.ts';
import { WORKER_PORT } from '../../domain/workers/environment.ts';
import { leavingPods } from '../../domain/workers/workloads.ts';
import { raise, reports } from './externalTarget.ts';
import type { Progress } from './steps.ts';
import { type Target, targetRef } from './target.ts';

/** In this order, each only after the one before: what is going to happen is on record, and agreed with those it happens to. */
export function changes(
  seen: Observed<ConsumerScale, RunFigures>,
  progress: Progress,
  target: Target,
  strimzi: StrimziView | undefined,
): Action[] {
  const { resource } = seen;
  const { partitions, consumers } = progress;
  const theirs = resource.spec.consumers;
  const ref = targetRef(resource);
  return [
    ...(target.loadTest === undefined ? reports(seen, target, progress) : []),
    ...(partitions === undefined
      ? []
      : theirs === undefined
        ? [{ type: 'Patch' as const, target: ref, spec: { topic: { partitions } } }]
        : raise(resource, partitions, strimzi)),
    ...(consumers === undefined
      ? []
      : [...kill(resource, progress, consumers, target), { type: 'Scale' as const, target: ref, replicas: consumers }]),
  ];
}

function kill(
  { spec, status }: ConsumerScale,
  { current }: Progress,
  consumers: number,
  { uid, loadTest, consumers: now }: Target,
): Action[] {
  if (loadTest === undefined || now === undefined || current === undefined) return [];
  if (spec.steps[current]?.stop !== 'Kill') return [];
  // What is seen of the target may be older than what the step before asked of it; a pod that is not there has nobody to tell.
  const before = Math.max(now.replicas, status?.steps?.[current - 1]?.consumers ?? 0);
  const pods = leavingPods(loadTest.metadata, before, consumers, now.clientsPerPod);
  if (pods.length === 0) return [];
  return [{ type: 'SetStop', pods, port: WORKER_PORT, run: uid, stop: 'Kill' }];
}
