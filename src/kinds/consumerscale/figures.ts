/** The figures of a schedule and of its steps: rebalances and lag within their times. */

import type { ConsumerScaleStep } from '../../api/consumerscale/spec.ts';
import type { ConsumerScaleStatus, ConsumerScaleStepStatus } from '../../api/consumerscale/status.ts';
import type { EpochMs } from '../../contract/time.ts';
import { epochMs, iso } from '../../contract/time.ts';
import { lagBetween, type RunFigures, rebalancesBetween } from '../../domain/fold/runFigures.ts';
import { rebalancesStatus } from '../../domain/status/rebalances.ts';

/** Idle members listed in all steps together, so that the status stays small enough to be written. */
const MOST_IDLE = 1_000;
const mostIdlePerStep = (steps: number): number => Math.max(10, Math.floor(MOST_IDLE / steps));

export function stepFigures(
  step: ConsumerScaleStepStatus,
  spec: readonly ConsumerScaleStep[],
  index: number,
  figures: RunFigures,
  now: EpochMs,
): ConsumerScaleStepStatus {
  const from = epochMs(step.startedAt);
  if (from === undefined) return step;
  const finishedAt = epochMs(step.finishedAt);
  const to = finishedAt ?? now;
  const rebalances = rebalancesBetween(figures, from, to);
  const lag = lagBetween(figures, from, to, spec[index]?.until?.lagBelow);
  const running = finishedAt === undefined;
  return {
    ...step,
    rebalances: rebalances.length,
    partitionsMoved: rebalances.reduce((sum, { partitionsMoved }) => sum + partitionsMoved, 0),
    stopTheWorldMs: Math.round(Math.max(0, ...rebalances.map(({ stopTheWorldMs }) => stopTheWorldMs))),
    longestPauseMs: Math.round(Math.max(0, ...rebalances.map(({ longestPauseMs }) => longestPauseMs))),
    ...(lag === undefined
      ? {}
      : {
          lag: {
            before: lag.before,
            peak: lag.peak,
            after: lag.after,
            ...(lag.drainedMs === undefined ? {} : { drainedMs: Math.round(lag.drainedMs) }),
          },
        }),
    ...(running ? { idle: figures.consumers.idle.slice(0, mostIdlePerStep(spec.length)) } : {}),
  };
}

/** A sentence for `truncated`. */
export function idleLeftOut(steps: readonly ConsumerScaleStepStatus[]): string[] {
  const most = mostIdlePerStep(steps.length);
  return steps.some(({ idle = [] }) => idle.length >= most) ? [`steps.idle: the first ${most} of each step`] : [];
}

export function rebalancesWithin(
  figures: RunFigures,
  from: EpochMs,
  to: EpochMs,
): Pick<ConsumerScaleStatus, 'rebalances' | 'lag'> {
  const list = rebalancesBetween(figures, from, to);
  const lag = lagBetween(figures, from, to);
  return {
    rebalances: rebalancesStatus(list, figures.rebalances.settled),
    ...(figures.lag === null || lag === undefined
      ? {}
      : {
          lag: {
            total: lag.after,
            peak: lag.peak,
            at: iso(Math.min(figures.lag.at, to)),
            errorBound: Math.round(figures.lag.errorBound * 10) / 10,
          },
        }),
  };
}
