/** The summary of a Lab, and the Events about its steps. */

import type { LabSpec } from '../../api/lab/spec.ts';
import type { LabStatus, LabStepStatus } from '../../api/lab/status.ts';
import type { Failure } from '../../contract/actions.ts';
import type { Notice } from '../../contract/kind.ts';
import { alreadyReported, progressing, type Summary, stalled, summaryNotice } from '../../contract/summary.ts';
import { shortened } from '../../domain/expressions/text.ts';
import { isBroken, isEnded, otherFailures } from './steps.ts';

export type LabSummary = Summary<LabStatus['phase']>;

const MOST_SENTENCES = 10;
/** Characters of a sentence. A resource may have any number of wrong fields, and a condition holds 32,768 characters. */
const LONGEST_SENTENCE = 1_000;
const LONGEST_MESSAGE = 4_000;

export const isFinished = (status: LabStatus | undefined): boolean =>
  status?.phase === 'Passed' || status?.phase === 'Failed';

/** The summary of a script that is refused. */
export function refusedScript(sentences: readonly string[]): LabSummary {
  const more = sentences.length - MOST_SENTENCES;
  const shown = sentences.slice(0, MOST_SENTENCES).map((sentence) => shortened(sentence, LONGEST_SENTENCE));
  const all = [...shown, ...(more > 0 ? [`and ${more} more`] : [])].join('; ');
  return stalled('Pending', 'InvalidScript', `the Lab cannot start until its spec is corrected: ${all}`);
}

export interface Counts {
  passed: number;
  failed: number;
  total: number;
}

/** A step that could not be carried out counts as failed. */
export function countExpectations({ steps }: LabSpec, done: readonly LabStepStatus[]): Counts {
  const expectations = done.flatMap(({ expectations = [] }) => expectations);
  return {
    passed: expectations.filter(({ passed }) => passed === true).length,
    failed: expectations.filter(({ passed }) => passed === false).length + done.filter(isBroken).length,
    total: steps.reduce((sum, { expect }) => sum + expect.length, 0),
  };
}

/** The summary while a step runs. */
export function stepSummary(index: number, step: LabStepStatus, failures: readonly Failure[]): LabSummary {
  const name = `step ${index + 1} (${step.name})`;
  const open = (step.expectations ?? []).filter(({ passed }) => passed === undefined);
  const what =
    step.doneAt === undefined ? (step.message ?? 'starting') : `waiting for ${open.map(({ that }) => that).join('; ')}`;
  const trouble = otherFailures(failures, what)
    .map((message) => `; ${message}; the operator retries`)
    .join('');
  return progressing('Running', 'Running', `${name}: ${what}${trouble}`.slice(0, LONGEST_MESSAGE));
}

/** The summary of a Lab whose steps have ended. */
export function outcome(steps: readonly LabStepStatus[], { passed, failed, total }: Counts): LabSummary {
  const ended = (phase: 'Passed' | 'Failed', reason: string, message: string): LabSummary => ({
    phase,
    state: 'Finished',
    reason,
    message,
  });
  const score = `${passed} of ${total} expectations met`;
  const broken = steps.find(isBroken);
  if (broken !== undefined) return ended('Failed', 'StepFailed', `${broken.name}: ${broken.message}; ${score}`);
  if (failed === 0) return ended('Passed', 'Passed', score);
  const first = steps.flatMap(({ name, expectations = [] }) =>
    expectations
      .filter(({ passed }) => passed === false)
      .map(({ that, observed }) => `${name}: ${that}${observed === undefined ? '' : ` (${observed})`}`),
  )[0];
  return ended('Failed', 'NotAsExpected', `${score}; ${first}`);
}

/** An Event each time phase or reason change, and each time the message of a stalled Lab does. */
export function summaryNotices(before: LabStatus | undefined, summary: LabSummary): Notice[] {
  const reported = alreadyReported(before, summary);
  const same = reported !== undefined && (summary.state !== 'Stalled' || reported.message === summary.message);
  return same ? [] : [summaryNotice(summary)];
}

/** One Event for each step that has started or ended since. */
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
    if (isBroken(step)) return [{ type: 'Warning', reason: 'StepFailed', message: `${name}: ${step.message}` }];
    return (step.expectations ?? []).flatMap(({ that, passed, observed }, n): Notice[] => {
      if (passed !== false) return [];
      const because = spec[index]?.expect[n]?.because;
      const why = because === undefined ? '' : ` (because ${because})`;
      const seen = observed === undefined ? '' : `; observed: ${observed}`;
      const message = `${name}: expected ${that}${why}${seen}`;
      return [{ type: 'Warning', reason: 'StepFailed', message }];
    });
  });
}
