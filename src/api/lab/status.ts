/** status of a Lab. */
import { z } from 'zod';
import { count, field, sentences, text } from '../schema/schema.ts';
import * as shared from '../sharedStatus.ts';
import { at, total } from '../sharedStatus.ts';
import { MOST_STEPS } from './spec.ts';
import { MOST_PER_STEP } from './steps.ts';

export const MOST_BEFORE = 8;
/** Bytes of one value of `before`, as JSON. */
export const LONGEST_BEFORE = 8_192;

/** Characters of an expectation and of what was observed. */
export const SHORT_THAT = 200;
export const LONGEST_OBSERVED = 500;

export const LAB_PHASES = ['Pending', 'Running', 'Passed', 'Failed'] as const;
const STEP_PHASES = ['Pending', 'Running', 'Passed', 'Failed', 'NotRun'] as const;

const expectationStatus = field(
  z.strictObject({
    that: field(text(SHORT_THAT), 'Expression, as in the spec; shortened if it is long.'),
    passed: field(z.boolean(), 'Whether the expectation was met. Absent: not decided yet.').exactOptional(),
    observed: field(text(LONGEST_OBSERVED), 'Observed values of what the expression names.').exactOptional(),
    at: at('Time of the decision.').exactOptional(),
  }),
  'Result of one expectation.',
);

const STEP_PHASE = sentences(
  'Phase of the step.',
  'Pending: not started.',
  'Running: started.',
  'Passed: it is done, and all its expectations were met.',
  'Failed: it could not be carried out, or an expectation was not met.',
  'NotRun: an earlier step could not be carried out.',
);

const stepStatus = field(
  z.strictObject({
    name: field(text(100), 'Name of the step, as in the spec.'),
    phase: shared.phase(STEP_PHASES, STEP_PHASE),
    message: field(text(1_024), 'What the step is waiting for, or why it could not be carried out.').exactOptional(),
    startedAt: at('Time at which the step started.').exactOptional(),
    doneAt: at('Time at which the step was done. Expectations count from here.').exactOptional(),
    finishedAt: at('Time at which all expectations were decided, or the step failed.').exactOptional(),
    uid: field(
      text(64),
      'metadata.uid of the resource that the step created, or of the pod that it kills.',
    ).exactOptional(),
    before: field(
      z.record(z.string(), text(LONGEST_BEFORE)).meta({ maxProperties: MOST_BEFORE }),
      'Values of `before` that the expectations name, as JSON. Only while the step runs.',
    ).exactOptional(),
    rebalancesBefore: field(
      z.record(z.string(), count(0, Number.MAX_SAFE_INTEGER)).meta({ maxProperties: 100 }),
      'Number of rebalances of each LoadTest when the step started. Only while the step runs.',
    ).exactOptional(),
    nextExpectation: total(
      'Number of the expectation that the next round evaluates first, from 1. Absent: one round evaluates all of them.',
    ).exactOptional(),
    evaluateAfter: at(
      'Time of the next evaluation. The expectations go through many elements, so each evaluation is followed by a rest. Absent: every round evaluates them.',
    ).exactOptional(),
    expectations: field(
      z.array(expectationStatus).max(MOST_PER_STEP),
      'Results of the expectations, in the order of the spec.',
    ).exactOptional(),
  }),
  'Status of one step.',
);

const PHASE = sentences(
  'Phase of the lab.',
  'Pending: not started; conditions show whether the spec must be corrected.',
  'Running: started.',
  'Passed: every step was carried out, and every expectation was met.',
  'Failed: a step could not be carried out, or an expectation was not met.',
);

export const status = field(
  z.strictObject({
    phase: shared.phase(LAB_PHASES, PHASE),
    observedGeneration: shared.observedGeneration,
    conditions: shared.conditions,
    passed: total('Number of expectations that were met.').exactOptional(),
    failed: total(
      'Number of expectations that were not met and of steps that could not be carried out.',
    ).exactOptional(),
    total: total('Number of expectations in all.').exactOptional(),
    score: field(text(16), 'Expectations met and expectations in all, e.g. 3/7.').exactOptional(),
    currentStep: total('Number of the running step, from 1.').exactOptional(),
    step: field(text(16), 'Steps started and steps in all, e.g. 2/5.').exactOptional(),
    startedAt: at('Time at which the first step started.').exactOptional(),
    finishedAt: at('Time at which the last step ended.').exactOptional(),
    duration: field(
      text(16),
      'Time from the start of the first step to the end of the last one, in whole seconds, e.g. 4m10s.',
    ).exactOptional(),
    steps: field(
      z.array(stepStatus).max(MOST_STEPS),
      'Status of each step, in the order of spec.steps.',
    ).exactOptional(),
  }),
  'Progress and grades of the lab.',
);

export type LabStatus = z.output<typeof status>;
export type LabStepStatus = z.output<typeof stepStatus>;
export type ExpectationStatus = z.output<typeof expectationStatus>;
