/** Others that scale the target: another schedule, a HorizontalPodAutoscaler, or any other writer of its replicas. */
import type { ConsumerScale } from '../../api/consumerscale/consumerScale.ts';
import type { ConsumerScaleStatus } from '../../api/consumerscale/status.ts';
import type { Observed, Plan } from '../../contract/kind.ts';
import { stalled } from '../../contract/summary.ts';
import { iso } from '../../contract/time.ts';
import type { RunFigures } from '../../domain/fold/runFigures.ts';
import { autoscalerOf, scaledByAutoscaler, scalesConsumers } from './autoscaler.ts';
import { rivalsAmong } from './needs.ts';
import { scheduleAhead, waitsFor } from './otherSchedules.ts';
import { otherWriter, withTargetVersion } from './otherWriter.ts';
import { notRestored } from './restore.ts';
import { statusPlan } from './status.ts';
import { restartStep } from './steps.ts';
import { failed, type ScaleSummary, stepNotices } from './summary.ts';
import { replicasField, type Target, targetName } from './target.ts';

type Seen = Observed<ConsumerScale, RunFigures>;

/** The plan while somebody else scales the target; undefined: nobody does. A schedule never scales against others. */
export function planRivals(seen: Seen, target: Target, lookAgainInMs: number): Plan<ConsumerScaleStatus> | undefined {
  const { resource, answers, done } = seen;
  const { status } = resource;
  const { schedules, autoscalers } = rivalsAmong(resource, answers);
  const parts = { target: targetName(resource) };
  const ahead = scheduleAhead(resource, schedules);
  if (ahead !== undefined) {
    const steps = status?.steps === undefined ? {} : { steps: restartStep(status.steps) };
    return statusPlan(seen, { ...parts, ...steps }, waitsFor(resource, ahead), [], lookAgainInMs);
  }
  if (!scalesConsumers(resource)) return undefined;
  const autoscaler = autoscalerOf(resource, autoscalers);
  if (autoscaler !== undefined) {
    const message = scaledByAutoscaler(resource, autoscaler);
    return status?.startedAt === undefined
      ? statusPlan(seen, parts, stalled('Pending', 'ScaledByAutoscaler', message))
      : planStop(seen, failed('ScaledByAutoscaler', message));
  }
  const writer = otherWriter(withTargetVersion(status?.steps ?? [], target, done), target);
  return writer === undefined ? undefined : planStop(seen, changedByOthers(resource, target, writer));
}

function changedByOthers(resource: ConsumerScale, target: Target, writer: string): ScaleSummary {
  const steps = resource.status?.steps ?? [];
  const index = steps.findIndex(({ phase }) => phase === 'Running');
  const wanted = `step ${index + 1} wants ${steps[index]?.consumers ?? 0}`;
  return failed(
    'ReplicasChangedByOthers',
    `${replicasField(resource)} of ${targetName(resource)} was set to ${target.consumers?.replicas ?? 0} by ${writer}, but ${wanted}: the schedule has stopped and does not set it back. Let nothing else scale ${targetName(resource)} during a schedule, and create this ConsumerScale again`,
  );
}

/** The schedule ends, and the target stays as the others left it. */
function planStop(seen: Seen, summary: ScaleSummary): Plan<ConsumerScaleStatus> {
  const { resource, now } = seen;
  const { spec, status } = resource;
  const before = status?.steps ?? [];
  const steps = before.map((step) =>
    step.phase === 'Running'
      ? { ...step, phase: 'Failed' as const, finishedAt: iso(now), message: summary.message }
      : step,
  );
  const restore = spec.afterwards === 'Restore';
  const parts = {
    target: targetName(resource),
    steps,
    finishedAt: iso(now),
    ...(restore ? { restored: false } : {}),
  };
  const events = [...stepNotices(before, steps), ...(restore ? [notRestored(summary.message)] : [])];
  return statusPlan(seen, parts, summary, events);
}
