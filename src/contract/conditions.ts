import type { Condition } from './kubernetes.ts';
import { type EpochMs, isoSeconds } from './time.ts';

/**
 * Replaces the condition of this type, or appends it. lastTransitionTime changes to `now`, in whole seconds, only if the
 * status changes, as metav1.Condition requires.
 */
export function setCondition(
  conditions: readonly Condition[] | undefined,
  condition: Omit<Condition, 'lastTransitionTime'>,
  now: EpochMs,
): Condition[] {
  const before = conditions?.find(({ type }) => type === condition.type);
  const lastTransitionTime = before?.status === condition.status ? before.lastTransitionTime : isoSeconds(now);
  const next = { ...condition, lastTransitionTime };
  if (!before) return [...(conditions ?? []), next];
  return (conditions ?? []).map((other) => (other === before ? next : other));
}
