/**
 * Another writer of the target's replicas. The versions of the target prove one: once a version had the consumers of the step,
 * a later version with another number is somebody else's. metadata.managedFields names who.
 */
import type { ConsumerScaleStatus, ConsumerScaleStepStatus } from '../../api/consumerscale/status.ts';
import { type Done, FIELD_MANAGER } from '../../contract/actions.ts';
import type { ManagedFields } from '../../contract/kubernetes.ts';
import { isOlder } from '../../contract/resourceVersion.ts';
import type { Target } from './target.ts';

type Steps = NonNullable<ConsumerScaleStatus['steps']>;

/** Records in the running step from which version on the target has had its consumers, once that is known. */
export function withTargetVersion(steps: Steps, target: Target, done: readonly Done[]): Steps {
  return steps.map((step) => {
    if (step.phase !== 'Running' || step.targetVersion !== undefined) return step;
    const version = scaledTo(step.consumers, done) ?? versionSeen(steps, step, target);
    return version === undefined ? step : { ...step, targetVersion: version };
  });
}

/** The version of the target that a Scale to this number made. */
export const scaledTo = (replicas: number | undefined, done: readonly Done[]): string | undefined =>
  done.findLast(({ action }) => action.type === 'Scale' && action.replicas === replicas)?.result.resourceVersion;

function versionSeen(steps: Steps, { consumers }: ConsumerScaleStepStatus, target: Target): string | undefined {
  const isCurrent = !isOlder(target.version, lastWithVersion(steps)?.targetVersion);
  return isCurrent && target.consumers?.replicas === consumers ? target.version : undefined;
}

const lastWithVersion = (steps: Steps): ConsumerScaleStepStatus | undefined =>
  steps.findLast(({ targetVersion }) => targetVersion !== undefined);

/** The consumers that the target has. The watch may be behind the schedule's own change. */
export function consumersNow(steps: Steps, { version, consumers }: Target): number {
  const last = lastWithVersion(steps);
  const observed = consumers?.replicas ?? 0;
  return isOlder(version, last?.targetVersion) ? (last?.consumers ?? observed) : observed;
}

/** Who changed the consumers of the running step, e.g. `kubectl-edit at 2026-05-01T10:00:00Z`; undefined: nobody. */
export function otherWriter(steps: Steps, target: Target): string | undefined {
  const step = steps.find(({ phase }) => phase === 'Running');
  if (step?.targetVersion === undefined || target.consumers?.replicas === step.consumers) return undefined;
  if (!isOlder(step.targetVersion, target.version) || isOurs(target)) return undefined;
  return writerOf(target);
}

/** Whether the schedule (or another one before it) wrote the replicas that the target has; undefined: not known. */
export const isOurs = ({ writers }: Target): boolean | undefined =>
  writers?.some(({ manager, operation }) => manager === FIELD_MANAGER && operation === 'Update');

/** `kubectl-edit at 2026-05-01T10:00:00Z` */
export function writerOf({ writers = [] }: Target): string {
  const [writer] = writers;
  if (writer?.manager === undefined) return 'an unknown client';
  const time = writer.time === undefined ? '' : ` at ${writer.time}`;
  return `${writer.manager}${roleOf(writer)}${time}`;
}

function roleOf({ manager, subresource }: ManagedFields): string {
  // With server-side apply the operator writes the LoadTests of a Lab.
  if (manager === FIELD_MANAGER) return ' (a Lab)';
  return manager === 'kube-controller-manager' && subresource === 'scale' ? ' (a HorizontalPodAutoscaler)' : '';
}
