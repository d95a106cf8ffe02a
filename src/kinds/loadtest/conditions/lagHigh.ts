/** The condition LagHigh, and an Event each time it changes. */

import type { LoadTest } from '../../../api/loadtest/loadTest.ts';
import { setCondition } from '../../../contract/conditions.ts';
import type { Notice } from '../../../contract/kind.ts';
import type { Condition } from '../../../contract/kubernetes.ts';
import type { LagView } from '../../../domain/figures/figures.ts';

const TYPE = 'LagHigh';

/** Without `lag` the condition stays as it was. */
export function evaluateLagHigh(
  { spec: { lagThreshold }, metadata }: LoadTest,
  conditions: Condition[],
  lag: LagView | undefined,
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
  const high = lag.total > lagThreshold;
  const wasHigh = before?.status === 'True';
  const message = `lag is ${lag.total} records, ${high ? 'over' : 'within'} the threshold of ${lagThreshold}`;
  const events: Notice[] = [];
  if (high && !wasHigh) events.push({ type: 'Warning', reason: TYPE, message });
  if (!high && wasHigh) events.push({ type: 'Normal', reason: 'LagBack', message });
  const condition = {
    type: TYPE,
    status: high ? ('True' as const) : ('False' as const),
    reason: high ? 'OverThreshold' : 'UnderThreshold',
    message,
    observedGeneration,
  };
  return { conditions: setCondition(conditions, condition, now), events };
}
