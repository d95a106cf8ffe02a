/** The actions of a round on the target. */
import type { ConsumerScale } from '../../api/consumerscale/consumerScale.ts';
import type { Action } from '../../contract/actions.ts';
import type { Observed } from '../../contract/kind.ts';
import type { RunFigures } from '../../domain/fold/runFigures.ts';
import type { StrimziView } from '../../domain/strimzi/lookup.ts';
import { WORKER_PORT } from '../../domain/workers/environment.ts';
import { leavingPods } from '../../domain/workers/workloads.ts';
import { addPartitions, reports } from './externalTarget.ts';
import type { ScheduleProgress } from './steps.ts';
import { type Target, targetRef } from './target.ts';

/** In this order: the change is recorded, pods that are to be killed are armed, and then the target is changed. */
export function changes(
  seen: Observed<ConsumerScale, RunFigures>,
  progress: ScheduleProgress,
  target: Target,
  strimzi: StrimziView | undefined,
): Action[] {
  const { resource } = seen;
  const { partitions, consumers } = progress;
  const ref = targetRef(resource);
  return [
    ...(target.loadTest === undefined ? reports(seen, target, progress) : []),
    ...(partitions === undefined
      ? []
      : resource.spec.consumers === undefined
        ? [{ type: 'Patch' as const, target: ref, spec: { topic: { partitions, ...raisesExisting(target) } } }]
        : addPartitions(resource, partitions, strimzi)),
    ...(consumers === undefined
      ? []
      : [
          ...armed(resource, progress, consumers, target),
          { type: 'Scale' as const, target: ref, replicas: consumers },
        ]),
  ];
}

/** A step that adds partitions names the topic and their number, so it may add them to a topic of others as well. */
const raisesExisting = ({ loadTest }: Target): { raiseExisting?: true } =>
  loadTest?.spec.topic.management === 'Auto' && loadTest.status?.topic?.created === false
    ? { raiseExisting: true }
    : {};

/** stop: Kill arms the pods that the step removes. */
function armed(
  { spec, status }: ConsumerScale,
  { current }: ScheduleProgress,
  consumers: number,
  { uid, loadTest, consumers: now }: Target,
): Action[] {
  if (loadTest === undefined || now === undefined || current === undefined) return [];
  if (spec.steps[current]?.stop !== 'Kill') return [];
  // The observed target may be older than the change of the step before. A pod that does not exist needs no arming.
  const before = Math.max(now.replicas, status?.steps?.[current - 1]?.consumers ?? 0);
  const pods = leavingPods(loadTest.metadata, before, consumers, now.clientsPerPod);
  if (pods.length === 0) return [];
  return [{ type: 'SetStop', pods, port: WORKER_PORT, run: uid, stop: 'Kill' }];
}
