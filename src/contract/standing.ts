/** How a resource stands: its phase and, as conditions, why. */
import { setCondition } from './conditions.ts';
import type { Notice } from './kind.ts';
import type { Condition } from './kubernetes.ts';
import type { EpochMs } from './time.ts';

export interface Standing<Phase extends string = string> {
  phase: Phase;
  /** Moving: on its way. Settled: as asked for. Stalled: waits for its user. Over: ended for good. */
  mood: 'Moving' | 'Settled' | 'Stalled' | 'Over';
  /** CamelCase, for machines. */
  reason: string;
  /** For people: what is, or what to do. */
  message: string;
}

export const moving = <Phase extends string>(phase: Phase, reason: string, message: string): Standing<Phase> => ({
  phase,
  mood: 'Moving',
  reason,
  message,
});

export const stalled = <Phase extends string>(phase: Phase, reason: string, message: string): Standing<Phase> => ({
  phase,
  mood: 'Stalled',
  reason,
  message,
});

/** Ready, Reconciling and Stalled as kstatus reads them (https://github.com/kubernetes-sigs/cli-utils/tree/master/pkg/kstatus). */
export function standingConditions(
  before: readonly Condition[],
  { phase, mood, reason, message }: Standing,
  observedGeneration: number,
  now: EpochMs,
): Condition[] {
  const ready = (mood === 'Settled' || mood === 'Over') && phase !== 'Failed';
  const holds: [type: string, boolean][] = [
    ['Ready', ready],
    ['Reconciling', mood === 'Moving'],
    ['Stalled', mood === 'Stalled' || phase === 'Failed'],
  ];
  return holds.reduce<Condition[]>(
    (conditions, [type, is]) =>
      setCondition(conditions, { type, status: is ? 'True' : 'False', reason, message, observedGeneration }, now),
    [...before],
  );
}

/** The Ready condition of a status that says already how it stands; undefined: that is news. */
export function toldAlready(
  before: { phase: string; conditions: readonly Condition[] } | undefined,
  { phase, reason }: Standing,
): Condition | undefined {
  const told = before?.conditions.find(({ type }) => type === 'Ready');
  return told?.reason === reason && before?.phase === phase ? told : undefined;
}

/** The Event about how it stands. `worrying`: a Warning also where it is neither stalled nor failed. */
export const standingNotice = ({ phase, mood, reason, message }: Standing, worrying = false): Notice => ({
  type: worrying || mood === 'Stalled' || phase === 'Failed' ? 'Warning' : 'Normal',
  reason,
  message,
});
