import type { Condition } from './kubernetes.ts';
import { type EpochMs, isoSeconds } from './time.ts';

/**
 * The conditions with this one in its place (or at the end when new). lastTransitionTime stays as long as the
 * status does, as metav1.Condition asks; it is `now` in seconds when the status changes.
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
