/** The state machine of a Lab: from the recorded steps and what is observed to the steps of this round. Pure. */

import { type LabStepStatus, LONGEST_BEFORE, SHORT_THAT } from '../../api/lab/status.ts';
import type { LabStep } from '../../api/lab/steps.ts';
import type { Failure } from '../../contract/actions.ts';
import type { EpochMs } from '../../contract/time.ts';
import { epochMs, iso } from '../../contract/time.ts';
import { parseDuration } from '../../domain/status/duration.ts';
import { effectOf, gone } from './effects.ts';
import { judge } from './expectations.ts';
import { childNamed, createdBy, type LabState } from './state.ts';
import { rebalanceCounts, remembered, valuesOf } from './values.ts';
import { pathsBefore } from './variables.ts';

const LONGEST_MESSAGE = 1_000;

export interface ScriptProgress {
  steps: LabStepStatus[];
  /** Index of the step that runs; undefined: all have ended. */
  current?: number;
}

export const isEnded = ({ phase }: LabStepStatus): boolean =>
  phase === 'Passed' || phase === 'Failed' || phase === 'NotRun';

/** The step could not be carried out, so the steps after it do not run. */
export const isBroken = ({ phase, doneAt }: LabStepStatus): boolean => phase === 'Failed' && doneAt === undefined;

const pending = ({ name, expect }: LabStep): LabStepStatus => ({
  name,
  phase: 'Pending',
  ...(expect.length === 0
    ? {}
    : {
        expectations: expect.map(({ that }) => ({
          that: that.length <= SHORT_THAT ? that : `${that.slice(0, SHORT_THAT - 1)}…`,
        })),
      }),
});

/**
 * A step is recorded as started in one round and carried out in the next. An operator that dies in between continues with
 * the same step, and one that dies later finds it carried out.
 */
export function advance(state: LabState): ScriptProgress {
  const { lab, recorded } = state;
  let steps = lab.steps.map((step, index) => recorded[index] ?? pending(step));
  let index = steps.findIndex((step) => !isEnded(step));
  if (index === -1) return { steps };
  const running = steps[index];
  if (running?.phase === 'Running') {
    const continued = continueStep(index, running, state);
    steps = steps.with(index, continued);
    if (!isEnded(continued)) return { steps, current: index };
    index += 1;
    if (isBroken(continued)) {
      return { steps: steps.map((step, n) => (n < index ? step : { ...step, phase: 'NotRun' })) };
    }
  }
  const [next, spec] = [steps[index], lab.steps[index]];
  if (next === undefined || spec === undefined) return { steps };
  return { steps: steps.with(index, startStep(next, spec, state)), current: index };
}

function startStep(step: LabStepStatus, spec: LabStep, { now, lab, children, expressionsOf }: LabState): LabStepStatus {
  const paths = pathsBefore(expressionsOf(lab), spec);
  const before = 'kept' in paths ? remembered(paths.kept, valuesOf(lab, children), LONGEST_BEFORE) : {};
  const counts = spec.expect.length === 0 ? {} : rebalanceCounts(children);
  return {
    ...step,
    phase: 'Running',
    startedAt: iso(now),
    ...(Object.keys(before).length === 0 ? {} : { before }),
    ...(Object.keys(counts).length === 0 ? {} : { rebalancesBefore: counts }),
  };
}

// ---- the step that runs -----------------------------------------------------------------------

function continueStep(index: number, recorded: LabStepStatus, state: LabState): LabStepStatus {
  const { now, lab } = state;
  const spec = lab.steps[index] as LabStep;
  const lost = lostChild(index, state);
  if (lost !== undefined) return broken(recorded, gone(lost), now);
  const step = withUid(recorded, spec, state);
  if (step.doneAt !== undefined) return judgeStep(step, spec, state);
  const effect = effectOf(index, step, state);
  if (effect.is === 'Failed') return broken(step, effect.message, now);
  if (effect.is === 'Waits') {
    const late = now - (epochMs(step.startedAt) ?? now) >= parseDuration(spec.timeout);
    // The timeout does not apply to a wait step.
    if (late && spec.wait === undefined) {
      const why = [effect.message, ...otherFailures(state.failures, effect.message)].join('; ');
      return broken(step, `the step did not take effect within ${spec.timeout}: ${why}`, now);
    }
    return { ...step, message: effect.message.slice(0, LONGEST_MESSAGE) };
  }
  const { message: _waited, ...rest } = step;
  return judgeStep({ ...rest, doneAt: iso(now) }, spec, state);
}

/** Messages of failed actions that `message` does not contain. */
export const otherFailures = (failures: readonly Failure[], message: string): string[] =>
  failures.map((failure) => failure.message).filter((why) => !message.includes(why));

/** A resource of an earlier step that was deleted or replaced. */
function lostChild(index: number, state: LabState): string | undefined {
  for (const [n, step] of state.lab.steps.slice(0, index).entries()) {
    const ref = createdBy(step, state.name);
    const uid = state.recorded[n]?.uid;
    if (ref === undefined || uid === undefined) continue;
    if (childNamed(ref, state)?.metadata.uid !== uid) return `${ref.kind} ${ref.name}`;
  }
  return undefined;
}

/** Records the uid of the resource that the step created, or of the pod that it kills, once it is observed. */
function withUid(step: LabStepStatus, spec: LabStep, state: LabState): LabStepStatus {
  if (step.uid !== undefined) return step;
  const ref = createdBy(spec, state.name);
  const object = spec.kill !== undefined ? state.pod : ref === undefined ? undefined : childNamed(ref, state);
  const uid = object?.metadata.deletionTimestamp === undefined ? object?.metadata.uid : undefined;
  return uid === undefined ? step : { ...step, uid };
}

function broken(step: LabStepStatus, message: string, now: EpochMs): LabStepStatus {
  const { doneAt: _done, ...rest } = step;
  return finished({ ...rest, phase: 'Failed', message: message.slice(0, LONGEST_MESSAGE) }, now);
}

/** Drops what was recorded for the expectations only. */
function finished(step: LabStepStatus, now: EpochMs): LabStepStatus {
  const { before: _before, rebalancesBefore: _counts, nextExpectation: _next, evaluateAfter: _after, ...rest } = step;
  return { ...rest, finishedAt: iso(now) };
}

function judgeStep(step: LabStepStatus, spec: LabStep, state: LabState): LabStepStatus {
  const judged = judge(step, spec, state);
  const { expectations = [] } = judged;
  if (expectations.some(({ passed }) => passed === undefined)) return judged;
  const phase = expectations.every(({ passed }) => passed) ? 'Passed' : 'Failed';
  return finished({ ...judged, phase }, state.now);
}
