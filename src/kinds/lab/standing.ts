/** How a Lab stands, and the Events about its steps. */

import type { LabSpec } from '../../api/lab/spec.ts';
import type { LabStatus, LabStepStatus } from '../../api/lab/status.ts';
import type { Failure } from '../../contract/actions.ts';
import type { Notice } from '../../contract/kind.ts';
import { alreadyReported, progressing, type Summary, stalled, summaryNotice } from '../../contract/summary.ts';
import { shortened } from '../../domain/expressions/text.ts';
import { isEnded, untold } from './steps.ts';

export type Saying = Summary<LabStatus['phase']>;

const MOST_SENTENCES = 10;
/** Characters of each: a resource may have any number of wrong fields, and a condition holds 32,768. */
const LONGEST_SENTENCE = 1_000;

/** Nothing is made of a lab that can't be right. */
export function refused(sentences: readonly string[]): Saying {
  const more = sentences.length - MOST_SENTENCES;
  const shown = sentences.slice(0, MOST_SENTENCES).map((sentence) => shortened(sentence, LONGEST_SENTENCE));
  const said = [...shown, ...(more > 0 ? [`and ${more} more`] : [])];
  return stalled('Pending', 'InvalidScript', `correct spec, nothing has been made yet: ${said.join('; ')}`);
}

export interface Counts {
  passed: number;
  failed: number;
  total: number;
}

export function counts({ steps }: LabSpec, done: readonly LabStepStatus[]): Counts {
  const expectations = done.flatMap(({ expectations = [] }) => expectations);
  const broken = done.filter(({ phase, doneAt }) => phase === 'Failed' && doneAt === undefined).length;
  return {
    passed: expectations.filter(({ passed }) => passed === true).length,
    failed: expectations.filter(({ passed }) => passed === false).length + broken,
    total: steps.reduce((sum, { expect }) => sum + expect.length, 0),
  };
}

/** While a step runs. */
export function going(index: number, step: LabStepStatus, failures: readonly Failure[]): Saying {
  const name = `step ${index + 1} (${step.name})`;
  const open = (step.expectations ?? []).filter(({ passed }) => passed === undefined);
  const what =
    step.doneAt === undefined ? (step.message ?? 'begins') : `waiting for ${open.map(({ that }) => that).join('; ')}`;
  const trouble = untold(failures, what)
    .map((message) => `; ${message}; it is tried again`)
    .join('');
  return progressing('Running', 'Running', `${name}: ${what}${trouble}`.slice(0, 4_000));
}

/** What is said of a lab whose steps have ended. */
export function outcome(steps: readonly LabStepStatus[], { passed, failed, total }: Counts): Saying {
  const over = (phase: 'Passed' | 'Failed', reason: string, message: string): Saying => ({
    phase,
    state: 'Finished',
    reason,
    message,
  });
  const score = `${passed} of ${total} expectations met`;
  const broken = steps.find(({ phase, doneAt }) => phase === 'Failed' && doneAt === undefined);
  if (broken !== undefined) return over('Failed', 'StepFailed', `${broken.name}: ${broken.message}; ${score}`);
  if (failed === 0) return over('Passed', 'Passed', score);
  const first = steps.flatMap(({ name, expectations = [] }) =>
    expectations.filter(({ passed }) => passed === false).map((one) => `${name}: ${one.that} (${one.observed ?? ''})`),
  )[0];
  return over('Failed', 'NotAsExpected', `${score}; ${first}`);
}

/** An Event whenever it stands differently, or is stalled by something else. */
export function standingNotices(before: LabStatus | undefined, saying: Saying): Notice[] {
  const told = alreadyReported(before, saying);
  const same = told !== undefined && (saying.state !== 'Stalled' || told.message === saying.message);
  return same ? [] : [summaryNotice(saying)];
}

/** One Event for each step that has begun or ended since. */
export function stepNotices(
  { steps: spec }: LabSpec,
  before: readonly LabStepStatus[],
  now: readonly LabStepStatus[],
): Notice[] {
  return now.flatMap((step, index): Notice[] => {
    if (before[index]?.phase === step.phase || step.phase === 'Pending' || step.phase === 'NotRun') return [];
    const name = `step ${index + 1} (${step.name})`;
    if (!isEnded(step)) return [{ type: 'Normal', reason: 'StepStarted', message: name }];
    if (step.phase === 'Passed') return [{ type: 'Normal', reason: 'StepPassed', message: name }];
    if (step.doneAt === undefined) {
      return [{ type: 'Warning', reason: 'StepFailed', message: `${name}: ${step.message}` }];
    }
    return (step.expectations ?? []).flatMap(({ that, passed, observed }, n): Notice[] => {
      if (passed !== false) return [];
      const because = spec[index]?.expect[n]?.because;
      const why = because === undefined ? '' : ` (expected because ${because})`;
      return [
        { type: 'Warning', reason: 'StepFailed', message: `${name}: not seen: ${that}${why}; ${observed ?? ''}` },
      ];
    });
  });
}
