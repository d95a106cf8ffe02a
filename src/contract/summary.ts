/** Summary of a resource: its phase, and the conditions and the Event that explain it. */
import { setCondition } from './conditions.ts';
import type { Notice } from './kind.ts';
import type { Condition } from './kubernetes.ts';
import type { EpochMs } from './time.ts';

export interface Summary<Phase extends string = string> {
  phase: Phase;
  /** Progressing: on its way to the spec. Current: as the spec says. Stalled: waits for its user. Finished: ended for good. */
  state: 'Progressing' | 'Current' | 'Stalled' | 'Finished';
  /** CamelCase, for programs. */
  reason: string;
  /** A sentence for people: the situation, or what to do. */
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
  const conditions: [type: string, isTrue: boolean][] = [
    ['Ready', ready],
    ['Reconciling', state === 'Progressing'],
    ['Stalled', state === 'Stalled' || phase === 'Failed'],
  ];
  return conditions.reduce<Condition[]>(
    (all, [type, isTrue]) =>
      setCondition(all, { type, status: isTrue ? 'True' : 'False', reason, message, observedGeneration }, now),
    [...before],
  );
}

/** The Ready condition of the earlier status, if that already has this phase and reason. undefined: they are new. */
export function alreadyReported(
  before: { phase: string; conditions: readonly Condition[] } | undefined,
  { phase, reason }: Summary,
): Condition | undefined {
  const ready = before?.conditions.find(({ type }) => type === 'Ready');
  return ready?.reason === reason && before?.phase === phase ? ready : undefined;
}

/** The Event for a summary: a Warning if it is stalled or failed, or if `warning` is true. */
export const summaryNotice = ({ phase, state, reason, message }: Summary, warning = false): Notice => ({
  type: warning || state === 'Stalled' || phase === 'Failed' ? 'Warning' : 'Normal',
  reason,
  message,
});
