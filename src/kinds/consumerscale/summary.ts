/** The summary of a ConsumerScale, and the Events about its steps. */
import type { ConsumerScaleStatus, ConsumerScaleStepStatus } from '../../api/consumerscale/status.ts';
import type { Notice } from '../../contract/kind.ts';
import { alreadyReported, type Summary, summaryNotice } from '../../contract/summary.ts';
import { counted } from '../../domain/status/counted.ts';

export type ScaleSummary = Summary<ConsumerScaleStatus['phase']>;

export const isFinished = (status: ConsumerScaleStatus | undefined): boolean =>
  status?.phase === 'Completed' || status?.phase === 'Failed';

export const failed = (reason: string, message: string): ScaleSummary => ({
  phase: 'Failed',
  state: 'Finished',
  reason,
  message,
});

/** The summary of a schedule whose steps have ended. `allRead`: the figures include all evidence up to the end. */
export function outcome(steps: readonly ConsumerScaleStepStatus[], allRead: boolean): ScaleSummary {
  const broken = steps.find(({ phase }) => phase === 'Failed');
  if (broken !== undefined) return failed('StepFailed', broken.message ?? 'a step could not be carried out');
  const timedOut = steps.filter(({ phase }) => phase === 'TimedOut').length;
  return {
    phase: 'Completed',
    state: 'Finished',
    reason: timedOut > 0 ? 'CompletedWithTimeouts' : 'Completed',
    message: `${counted(steps.length, 'step')}${timedOut > 0 ? `, ${timedOut} of them timed out` : ''}${allRead ? '' : UNREAD}`,
  };
}

const UNREAD = '; the last figures may be incomplete: no lag sample from the end or later was read';

/** An Event each time phase or reason change. */
export function summaryNotices(before: ConsumerScaleStatus | undefined, summary: ScaleSummary): Notice[] {
  return summary.message === '' || alreadyReported(before, summary) !== undefined ? [] : [summaryNotice(summary)];
}

/** One Event for each step that has started or ended since. */
export function stepNotices(
  before: readonly ConsumerScaleStepStatus[],
  now: readonly ConsumerScaleStepStatus[],
): Notice[] {
  return now.flatMap((step, index): Notice[] => {
    const { phase, consumers, partitions, stop, lag, rebalances, longestPauseMs, stopTheWorldMs, message } = step;
    if (before[index]?.phase === phase || phase === 'Pending') return [];
    const what = `step ${index + 1} (${counted(consumers ?? 0, 'consumer')}, ${counted(partitions ?? 0, 'partition')}${stop === 'Kill' ? ', stop: Kill' : ''})`;
    if (phase === 'Running') return [{ type: 'Normal', reason: 'StepStarted', message: what }];
    const cost = `${counted(rebalances ?? 0, 'rebalance')}, longest pause ${longestPauseMs ?? 0} ms, stop-the-world ${stopTheWorldMs ?? 0} ms, lag ${lag?.before ?? 0} -> ${lag?.after ?? 0} (peak ${lag?.peak ?? 0})`;
    if (phase === 'Done') return [{ type: 'Normal', reason: 'StepDone', message: `${what}: ${cost}` }];
    const reason = phase === 'TimedOut' ? 'StepTimedOut' : 'StepFailed';
    return [{ type: 'Warning', reason, message: `${what}: ${message ?? ''}; ${cost}` }];
  });
}
