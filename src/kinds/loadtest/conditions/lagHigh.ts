/** The condition LagHigh, and one Event each time when it changes. */

import type { LoadTest } from '../../../api/loadtest/loadTest.ts';
import { setCondition } from '../../../contract/conditions.ts';
import type { Notice } from '../../../contract/kind.ts';
import type { Condition } from '../../../contract/kubernetes.ts';
import type { LagView } from '../../../domain/figures/figures.ts';

/** `lag`: undefined where none is known at the moment; then what was said before stays. */
export function judgeLag(
  { spec, metadata }: LoadTest,
  conditions: Condition[],
  lag: LagView | undefined,
  now: number,
): { conditions: Condition[]; events: Notice[] } {
  const type = 'LagHigh';
  const before = conditions.find((condition) => condition.type === type);
  const { lagThreshold } = spec;
  const observedGeneration = metadata.generation;
  if (lagThreshold === undefined) {
    return { conditions: before === undefined ? conditions : conditions.filter((it) => it !== before), events: [] };
  }
  if (lag === undefined) {
    if (before !== undefined) return { conditions, events: [] };
    const message = 'no lag has been measured yet';
    const unknown = { type, status: 'Unknown' as const, reason: 'NotMeasured', message, observedGeneration };
    return { conditions: setCondition(conditions, unknown, now), events: [] };
  }
  const high = lag.total > lagThreshold;
  const was = before?.status === 'True';
  const message = `lag is ${lag.total} records, ${high ? 'over' : 'not over'} the threshold of ${lagThreshold}`;
  const reason = high ? 'OverThreshold' : 'UnderThreshold';
  const events: Notice[] = [];
  if (high && !was) events.push({ type: 'Warning', reason: 'LagHigh', message });
  if (!high && was) events.push({ type: 'Normal', reason: 'LagBack', message });
  const condition = {
    type,
    status: high ? ('True' as const) : ('False' as const),
    reason,
    message,
    observedGeneration,
  };
  return { conditions: setCondition(conditions, condition, now), events };
}
