/** The summary of a resource's state: its phase and, as conditions, the reason for it. */
import { setCondition } from './conditions.ts';
import type { Notice } from './kind.ts';
import type { Condition } from './kubernetes.ts';
import type { EpochMs } from './time.ts';

export interface Summary<Phase extends string = string> {
  phase: Phase;
  /** Current: it is as the spec asks. Stalled: its user has to act. Finished: it has ended and will not change again. */
  state: 'Progressing' | 'Current' | 'Stalled' | 'Finished';
  /** CamelCase, for machines. */
  reason: string;
  /** For people: what is the case, and what to do about it. */
  message: string;
}

export const progressing = <Phase extends string>(phase: Phase, reason: string, message: string): Summary<Phase> => ({
  phase,
  state: 'Progressing',
  reason,
  message,
});

export const stalled = <Phase extends string>(phase: Phase, reason: string, message: string): Summary<Phase> => ({
  phase,
  state: 'Stalled',
  reason,
  message,
});

/** Ready, Reconciling and Stalled as kstatus reads them (https://github.com/kubernetes-sigs/cli-utils/tree/master/pkg/kstatus). */
export function summaryConditions(
  before: readonly Condition[],
  { phase, state, reason, message }: Summary,
  observedGeneration: number,
  now: EpochMs,
): Condition[] {
  const ready = (state === 'Current' || state === 'Finished') && phase !== 'Failed';
  const holds: [type: string, boolean][] = [
    ['Ready', ready],
    ['Reconciling', state === 'Progressing'],
    ['Stalled', state === 'Stalled' || phase === 'Failed'],
  ];
  return holds.reduce<Condition[]>(
    (conditions, [type, is]) =>
      setCondition(conditions, { type, status: is ? 'True' : 'False', reason, message, observedGeneration }, now),
    [...before],
  );
}

/** The Ready condition of a status that has this phase and reason already; undefined: the summary is news. */
export function reportedBefore(
  before: { phase: string; conditions: readonly Condition[] } | undefined,
  { phase, reason }: Summary,
): Condition | undefined {
  const ready = before?.conditions.find(({ type }) => type === 'Ready');
  return ready?.reason === reason && before?.phase === phase ? ready : undefined;
}

/** The Event about a summary. It is a Warning if the resource is stalled or has failed, or with `warns`. */
export const summaryNotice = ({ phase, state, reason, message }: Summary, warns = false): Notice => ({
  type: warns || state === 'Stalled' || phase === 'Failed' ? 'Warning' : 'Normal',
  reason,
  message,
});
