/** status of a Lab. */
import { z } from 'zod';
import { count, field, text } from '../schema/schema.ts';
import * as shared from '../sharedStatus.ts';
import { at, total } from '../sharedStatus.ts';
import { MOST_STEPS } from './spec.ts';
import { MOST_PER_STEP } from './steps.ts';

export const MOST_BEFORE = 8;
/** Of one value of `before`, as JSON, in bytes. */
export const LONGEST_BEFORE = 8_192;

/** In the status. */
export const SHORT_THAT = 200;
export const LONGEST_OBSERVED = 500;

export const LAB_PHASES = ['Pending', 'Running', 'Passed', 'Failed'] as const;
const STEP_PHASES = ['Pending', 'Running', 'Passed', 'Failed', 'NotRun'] as const;

const expectationStatus = field(
  z.strictObject({
    that: field(text(SHORT_THAT), 'As in the spec; cut when long.'),
    passed: field(z.boolean(), 'Absent: not decided yet.').exactOptional(),
    observed: field(text(LONGEST_OBSERVED), 'What was seen: the values that the expression names.').exactOptional(),
    at: at('When it was decided.').exactOptional(),
  }),
  'One expectation.',
);

const stepStatus = field(
  z.strictObject({
    name: field(text(100), 'As in the spec.'),
    phase: shared.phase(
      STEP_PHASES,
      'Pending. Running. Passed: it has taken place and all was as expected. Failed: it could not be carried out, or something was not as expected. NotRun: an earlier step could not be carried out.',
    ),
    message: field(text(1_024), 'What the step waits for, or why it could not be carried out.').exactOptional(),
    startedAt: at('It was begun.').exactOptional(),
    doneAt: at('It had taken place; expectations count from here.').exactOptional(),
    finishedAt: at('All its expectations were decided, or it failed.').exactOptional(),
    uid: field(text(64), 'metadata.uid of the resource that it made, or of the pod that it kills.').exactOptional(),
    before: field(
      z.record(z.string(), text(LONGEST_BEFORE)).meta({ maxProperties: MOST_BEFORE }),
      'While it runs: the values of `before` that its expectations name, as JSON.',
    ).exactOptional(),
    rebalancesBefore: field(
      z.record(z.string(), count(0, Number.MAX_SAFE_INTEGER)).meta({ maxProperties: 100 }),
      'While it runs: rebalances of each LoadTest when it began.',
    ).exactOptional(),
    expectations: field(z.array(expectationStatus).max(MOST_PER_STEP), 'In the order of the spec.').exactOptional(),
  }),
  'One step of the script.',
);

export const status = field(
  z.strictObject({
    phase: shared.phase(
      LAB_PHASES,
      'Pending: not begun; its spec may have to be corrected, see conditions. Running. Passed: every step and expectation. Failed: one of them did not.',
    ),
    observedGeneration: shared.observedGeneration,
    conditions: shared.conditions,
    passed: total('Expectations that have passed.').exactOptional(),
    failed: total('Expectations that have failed, and steps that could not be carried out.').exactOptional(),
    total: total('Expectations in all.').exactOptional(),
    score: field(text(16), 'Expectations passed of all, as text: 3/7.').exactOptional(),
    currentStep: total('Number of the step that runs, from 1.').exactOptional(),
    step: field(text(16), 'Steps begun of all, as text: 2/5.').exactOptional(),
    startedAt: at('The first step began.').exactOptional(),
    finishedAt: at('The last step ended.').exactOptional(),
    duration: field(text(16), 'From the first step’s begin to the last one’s end, to a second: 4m10s.').exactOptional(),
    steps: field(z.array(stepStatus).max(MOST_STEPS), 'Per step of spec.steps, in that order.').exactOptional(),
  }),
  'What happened.',
);

export type LabStatus = z.output<typeof status>;
export type LabStepStatus = z.output<typeof stepStatus>;
export type ExpectationStatus = z.output<typeof expectationStatus>;
