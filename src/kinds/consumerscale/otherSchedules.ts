/** Several schedules over one target: one scales it, and the others wait. */
import type { ConsumerScale } from '../../api/consumerscale/consumerScale.ts';
import { progressing } from '../../contract/summary.ts';
import { isFinished, type ScaleSummary } from './summary.ts';
import { targetName } from './target.ts';

/** The other schedules over the same target that have not ended. */
function othersOf(resource: ConsumerScale, all: readonly ConsumerScale[]): ConsumerScale[] {
  return all.filter(
    (other) =>
      other.metadata.uid !== resource.metadata.uid &&
      targetName(other) === targetName(resource) &&
      !isFinished(other.status),
  );
}

const hasStarted = ({ status }: ConsumerScale): boolean => status?.startedAt !== undefined;

/** Another schedule that scales the target now. */
export const scheduleAtWork = (resource: ConsumerScale, all: readonly ConsumerScale[]): ConsumerScale | undefined =>
  othersOf(resource, all).find(hasStarted);

/** The schedule whose turn comes before this one: the one that has started, or else the one that was created first. */
export function scheduleAhead(resource: ConsumerScale, all: readonly ConsumerScale[]): ConsumerScale | undefined {
  // A schedule that is deleted before it has started never does.
  const others = othersOf(resource, all).filter(
    (other) => hasStarted(other) || other.metadata.deletionTimestamp === undefined,
  );
  return others.filter((other) => comesBefore(other, resource)).sort((a, b) => (comesBefore(a, b) ? -1 : 1))[0];
}

function comesBefore(a: ConsumerScale, b: ConsumerScale): boolean {
  const [first = '', second = ''] = [a, b].map(({ status, metadata }) =>
    // `~` is after all digits.
    [status?.startedAt ?? '~', metadata.creationTimestamp, metadata.name].join(' '),
  );
  return first < second;
}

export function waitsFor(resource: ConsumerScale, ahead: ConsumerScale): ScaleSummary {
  const stalled = ahead.status?.conditions.find(({ type, status }) => type === 'Stalled' && status === 'True');
  const now = stalled === undefined ? '' : `, which is stalled (${stalled.reason}),`;
  return progressing(
    hasStarted(resource) ? 'Running' : 'Pending',
    'TargetBusy',
    `ConsumerScale ${ahead.metadata.name}${now} scales ${targetName(resource)} until it ends: this schedule begins afterwards, or delete one of the two`,
  );
}
