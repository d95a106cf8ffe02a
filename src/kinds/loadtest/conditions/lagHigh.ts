/** The condition LagHigh, and an Event each time it changes. */

import type { LoadTest } from '../../../api/loadtest/loadTest.ts';
import { setCondition } from '../../../contract/conditions.ts';
import type { Notice } from '../../../contract/kind.ts';
import type { Condition } from '../../../contract/kubernetes.ts';
import { epochMs, iso } from '../../../contract/time.ts';
import type { LagView } from '../../../domain/figures/figures.ts';
import { formatDuration, parseDuration } from '../../../domain/status/duration.ts';

const TYPE = 'LagHigh';

/** spec.lagThreshold in its two forms, as records and ms. */
function thresholdOf(written: NonNullable<LoadTest['spec']['lagThreshold']>): { records: number; forMs: number } {
  if (typeof written === 'number') return { records: written, forMs: 0 };
  return { records: written.records, forMs: parseDuration(written.for ?? '0s') };
}

/**
 * Time of the first sample above the threshold, if all samples since then are above it. `before`: what the status has
 * recorded. Without `lag` that stays.
 */
export function aboveThresholdSince(
  { spec: { lagThreshold } }: LoadTest,
  before: string | undefined,
  lag: Pick<LagView, 'total' | 'at'> | undefined,
): string | undefined {
  if (lagThreshold === undefined) return undefined;
  if (lag === undefined) return before;
  return lag.total > thresholdOf(lagThreshold).records ? (before ?? iso(lag.at)) : undefined;
}

/** Without `lag` the condition stays as it was. `since`: lag has been above the threshold from then on. */
export function evaluateLagHigh(
  { spec: { lagThreshold }, metadata }: LoadTest,
  conditions: Condition[],
  lag: Pick<LagView, 'total' | 'at'> | undefined,
  since: string | undefined,
  now: number,
): { conditions: Condition[]; events: Notice[] } {
  const before = conditions.find(({ type }) => type === TYPE);
  const observedGeneration = metadata.generation;
  if (lagThreshold === undefined) {
    return { conditions: before === undefined ? conditions : conditions.filter((it) => it !== before), events: [] };
  }
  if (lag === undefined) {
    if (before !== undefined) return { conditions, events: [] };
    const message = 'lag has not been measured yet';
    const unknown = { type: TYPE, status: 'Unknown' as const, reason: 'NotMeasured', message, observedGeneration };
    return { conditions: setCondition(conditions, unknown, now), events: [] };
  }
  const { records, forMs } = thresholdOf(lagThreshold);
  const above = since !== undefined;
  const high = above && lag.at - (epochMs(since) ?? lag.at) >= forMs;
  const wasHigh = before?.status === 'True';
  const time =
    !above || forMs === 0
      ? ''
      : high
        ? ` for ${formatDuration(forMs)} or longer`
        : ` for less than ${formatDuration(forMs)}`;
  const message = `lag is ${lag.total} records, ${above ? 'over' : 'within'} the threshold of ${records}${time}`;
  const events: Notice[] = [];
  if (high && !wasHigh) events.push({ type: 'Warning', reason: TYPE, message });
  if (!high && wasHigh) events.push({ type: 'Normal', reason: 'LagBack', message });
  const condition = {
    type: TYPE,
    status: high ? ('True' as const) : ('False' as const),
    reason: high ? 'OverThreshold' : above ? 'OverThresholdBriefly' : 'UnderThreshold',
    message,
    observedGeneration,
  };
  return { conditions: setCondition(conditions, condition, now), events };
}
