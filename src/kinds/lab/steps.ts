/** Where a lab stands: its steps from what is recorded of them and what is seen. Pure. */

import {
  type ExpectationStatus,
  type LabStepStatus,
  LONGEST_BEFORE,
  LONGEST_OBSERVED,
  SHORT_THAT,
} from '../../api/lab/status.ts';
import type { LabStep } from '../../api/lab/steps.ts';
import type { LoadTest } from '../../api/loadtest/loadTest.ts';
import type { Failure } from '../../contract/actions.ts';
import type { EpochMs } from '../../contract/time.ts';
import { epochMs, iso } from '../../contract/time.ts';
import type { Values } from '../../domain/expressions/expressions.ts';
import { parseDuration } from '../../domain/status/duration.ts';
import { childNamed, made, type Sight } from './children.ts';
import { effectOf, gone } from './effects.ts';
import { pathsBefore } from './refusals.ts';
import { expressionsOf, rebalanceCounts, remembered, valuesOf } from './variables.ts';

/** Figures that don't come are not waited for longer than this. */
const LATE_MS = 30_000;
const LONGEST_MESSAGE = 1_000;

export interface Progress {
  steps: LabStepStatus[];
  /** Index of the step that runs; undefined: all have ended. */
  current?: number;
}

export const isEnded = ({ phase }: LabStepStatus): boolean =>
  phase === 'Passed' || phase === 'Failed' || phase === 'NotRun';

/** It could not be carried out: the rest is not run. */
const isBroken = ({ phase, doneAt }: LabStepStatus): boolean => phase === 'Failed' && doneAt === undefined;

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
 * A step is recorded as begun in one round and carried out in the next: an operator that dies in between goes on with
 * the same step, and one that dies afterwards finds it done.
 */
export function advance(sight: Sight): Progress {
  const { lab, recorded } = sight;
  let steps = lab.steps.map((step, index) => recorded[index] ?? pending(step));
  let index = steps.findIndex((step) => !isEnded(step));
  if (index === -1) return { steps };
  const put = (step: LabStepStatus) => {
    steps = steps.with(index, step);
    return step;
  };
  const running = steps[index];
  if (running?.phase === 'Running') {
    const now = put(carried(index, running, sight));
    if (!isEnded(now)) return { steps, current: index };
    index += 1;
    if (isBroken(now)) return { steps: steps.map((step, n) => (n < index ? step : { ...step, phase: 'NotRun' })) };
  }
  const [next, spec] = [steps[index], lab.steps[index]];
  if (next === undefined || spec === undefined) return { steps };
  put(begun(next, spec, sight));
  return { steps, current: index };
}

function begun(step: LabStepStatus, spec: LabStep, { now, lab, children }: Sight): LabStepStatus {
  const paths = pathsBefore(lab, spec);
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

function carried(index: number, recorded: LabStepStatus, sight: Sight): LabStepStatus {
  const { now, lab } = sight;
  const spec = lab.steps[index] as LabStep;
  const lost = lostOne(index, sight);
  if (lost !== undefined) return broken(recorded, gone(lost), now);
  const step = identified(recorded, spec, sight);
  if (step.doneAt !== undefined) return judged(step, spec, sight);
  const effect = effectOf(index, step, sight);
  if (effect.is === 'Failed') return broken(step, effect.message, now);
  if (effect.is === 'Waits') {
    const late = now - (epochMs(step.startedAt) ?? now) >= parseDuration(spec.timeout);
    // A wait is as long as it is.
    if (late && spec.wait === undefined) {
      const why = [effect.message, ...untold(sight.failures, effect.message)].join('; ');
      return broken(step, `it had not taken place after ${spec.timeout}: ${why}`, now);
    }
    return { ...step, message: effect.message.slice(0, LONGEST_MESSAGE) };
  }
  const { message: _waited, ...rest } = step;
  return judged({ ...rest, doneAt: iso(now) }, spec, sight);
}

/** What did not succeed, where that is not said yet. */
export const untold = (failures: readonly Failure[], said: string): string[] =>
  failures.map(({ message }) => message).filter((message) => !said.includes(message));

/** A resource that an earlier step made and that is not there any more, or is another one. */
function lostOne(index: number, sight: Sight): string | undefined {
  for (const [n, step] of sight.lab.steps.slice(0, index).entries()) {
    const ref = made(step, sight.name);
    const uid = sight.recorded[n]?.uid;
    if (ref === undefined || uid === undefined) continue;
    if (childNamed(ref, sight)?.metadata.uid !== uid) return `${ref.kind} ${ref.name}`;
  }
  return undefined;
}

/** What it made, or the pod that it is going to kill, by uid, as soon as that is seen. */
function identified(step: LabStepStatus, spec: LabStep, sight: Sight): LabStepStatus {
  if (step.uid !== undefined) return step;
  const ref = made(spec, sight.name);
  const object = spec.kill !== undefined ? sight.pod : ref === undefined ? undefined : childNamed(ref, sight);
  const uid = object?.metadata.deletionTimestamp === undefined ? object?.metadata.uid : undefined;
  return uid === undefined ? step : { ...step, uid };
}

function broken(step: LabStepStatus, message: string, now: EpochMs): LabStepStatus {
  const { doneAt: _done, ...rest } = step;
  return closed({ ...rest, phase: 'Failed', message: message.slice(0, LONGEST_MESSAGE) }, now);
}

/** What was kept for judging is not needed any more. */
function closed(step: LabStepStatus, now: EpochMs): LabStepStatus {
  const { before: _before, rebalancesBefore: _counts, ...rest } = step;
  return { ...rest, finishedAt: iso(now) };
}

// ---- expectations ---------------------------------------------------------------------------

function judged(step: LabStepStatus, spec: LabStep, sight: Sight): LabStepStatus {
  const { now, lab, children } = sight;
  const doneAt = epochMs(step.doneAt) ?? now;
  const values = valuesOf(lab, children, step);
  const figuresAt = oldestFigures([...children.loadTests.values()]);
  const expectations = (step.expectations ?? []).map((known, n) => {
    const asked = spec.expect[n];
    if (asked === undefined || known.passed !== undefined) return known;
    const until = doneAt + parseDuration(asked.within);
    return judge(known, asked.that, { now, doneAt, until, figuresAt }, values, sight);
  });
  const next = { ...step, ...(expectations.length === 0 ? {} : { expectations }) };
  if (expectations.some(({ passed }) => passed === undefined)) return next;
  const phase = expectations.every(({ passed }) => passed) ? 'Passed' : 'Failed';
  return closed({ ...next, phase }, now);
}

interface Times {
  now: EpochMs;
  doneAt: EpochMs;
  until: EpochMs;
  /** Of the oldest figures of a LoadTest that runs; Infinity: none runs. */
  figuresAt: EpochMs;
}

function judge(
  known: ExpectationStatus,
  that: string,
  { now, doneAt, until, figuresAt }: Times,
  values: Values,
  { lab }: Sight,
): ExpectationStatus {
  // What was seen before the step says nothing about it.
  if (figuresAt < doneAt && now - doneAt < LATE_MS) return known;
  const language = expressionsOf(lab);
  const verdict = language.evaluate(that, values);
  const seen = language.observed(that, values, LONGEST_OBSERVED);
  const why = 'unknown' in verdict && seen === '' ? verdict.unknown : seen;
  const observed = why === '' ? {} : { observed: why.slice(0, LONGEST_OBSERVED) };
  if ('holds' in verdict && verdict.holds) return { ...known, ...observed, passed: true, at: iso(now) };
  // Nor does it fail by what was seen before its time was up.
  const over = now >= until && (figuresAt >= until || now - until >= LATE_MS);
  return over ? { ...known, ...observed, passed: false, at: iso(now) } : { ...known, ...observed };
}

/** Of LoadTests that run and have consumers: their lag is looked at each second. */
function oldestFigures(tests: readonly LoadTest[]): EpochMs {
  const times = tests.flatMap(({ spec, status }) =>
    status?.phase === 'Running' && spec.consumers !== undefined && status.lag !== undefined
      ? (epochMs(status.lag.at) ?? [])
      : [],
  );
  return Math.min(...times);
}
