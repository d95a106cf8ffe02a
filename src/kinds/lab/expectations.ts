/** The expectations of a step that has taken effect: which of them a round evaluates, and the verdicts. Pure. */
import { type ExpectationStatus, type LabStepStatus, LONGEST_OBSERVED } from '../../api/lab/status.ts';
import type { LabStep } from '../../api/lab/steps.ts';
import type { LoadTest } from '../../api/loadtest/loadTest.ts';
import { type EpochMs, epochMs, iso } from '../../contract/time.ts';
import { type Expressions, MOST_VISITS, type Values, type Verdict } from '../../domain/expressions/expressions.ts';
import { parseDuration } from '../../domain/status/duration.ts';
import type { LabState } from './state.ts';
import { valuesOf } from './values.ts';

/** Late figures are waited for up to 30 s. */
const LATE_MS = 30_000;

/** Most elements that the expectations of a step go through in one round, which holds up all other resources. */
const MOST_VISITS_PER_ROUND = 2_000_000;
/**
 * Rest after an evaluation, per element: an element takes about a microsecond, so a Lab takes at most a fifth of the time of
 * the operator, which evaluates for all Labs.
 */
const REST_MS_PER_VISIT = 4 / 1_000;
/** A shorter rest needs no record: rounds have a longer distance. */
const SHORTEST_REST_MS = 400;

/** Judges the expectations that have no verdict yet, as far as one round can. */
export function judge(step: LabStepStatus, spec: LabStep, state: LabState): LabStepStatus {
  const { nextExpectation: first = 1, evaluateAfter, ...rest } = step;
  const { expectations: known } = rest;
  if (known === undefined || known.length === 0) return rest;
  const { now, lab, children, expressionsOf } = state;
  const doneAt = epochMs(step.doneAt) ?? now;
  const figuresAt = oldestFigures([...children.loadTests.values()]);
  // Figures from before the step took effect do not count.
  if (figuresAt < doneAt && now - doneAt < LATE_MS) return step;
  if (now < (epochMs(evaluateAfter) ?? now)) return step;
  const language = expressionsOf(lab);
  const values = valuesOf(lab, children, step);
  const open = known.flatMap(({ passed }, n) => (passed === undefined && spec.expect[n] !== undefined ? [n] : []));
  const visits = new Map(open.map((n) => [n, visitsOf(language, spec.expect[n]?.that ?? '', values)]));
  const { evaluated, next } = takeTurns(visits, first - 1);
  const expectations = known.map((expectation, n) => {
    const { that, within } = spec.expect[n] ?? {};
    if (that === undefined || within === undefined || !evaluated.has(n)) return expectation;
    const until = doneAt + parseDuration(within);
    // An expectation fails only by figures from the end of its time or later.
    const over = now >= until && (figuresAt >= until || now - until >= LATE_MS);
    return judgeOne(expectation, language, that, values, { now, over });
  });
  const restMs = REST_MS_PER_VISIT * [...evaluated].reduce((sum, n) => sum + (visits.get(n) ?? 0), 0);
  return {
    ...rest,
    expectations,
    ...(next === undefined ? {} : { nextExpectation: next + 1 }),
    ...(restMs < SHORTEST_REST_MS ? {} : { evaluateAfter: iso(now + restMs) }),
  };
}

/** An expectation that is refused for its visits makes none. */
function visitsOf(language: Expressions, that: string, values: Values): number {
  const visits = language.visits(that, values);
  return visits > MOST_VISITS ? 0 : visits;
}

/**
 * The expectations that this round evaluates, in turn from `first`. The first that does not fit in is the first of the next
 * round, where it does fit in, so none waits for more rounds than there are expectations. `visits`: by index.
 */
export function takeTurns(
  visits: ReadonlyMap<number, number>,
  first: number,
): { evaluated: ReadonlySet<number>; next?: number } {
  const inTurn = [...visits].sort(([a], [b]) => Number(a < first) - Number(b < first) || a - b);
  const evaluated = new Set<number>();
  let left = MOST_VISITS_PER_ROUND;
  let next: number | undefined;
  for (const [n, asked] of inTurn) {
    if (asked <= left) {
      evaluated.add(n);
      left -= asked;
    } else {
      next ??= n;
    }
  }
  return next === undefined ? { evaluated } : { evaluated, next };
}

function judgeOne(
  known: ExpectationStatus,
  language: Expressions,
  that: string,
  values: Values,
  { now, over }: { now: EpochMs; over: boolean },
): ExpectationStatus {
  const verdict = language.evaluate(that, values);
  const why =
    'refused' in verdict ? verdict.refused : whatWasSeen(verdict, language.observed(that, values, LONGEST_OBSERVED));
  const observed = why === '' ? {} : { observed: why.slice(0, LONGEST_OBSERVED) };
  if ('holds' in verdict && verdict.holds) return { ...known, ...observed, passed: true, at: iso(now) };
  return over ? { ...known, ...observed, passed: false, at: iso(now) } : { ...known, ...observed };
}

const whatWasSeen = (verdict: Verdict, seen: string): string =>
  'unknown' in verdict && seen === '' ? verdict.unknown : seen;

/** Of running LoadTests with consumers, whose lag is sampled every second. */
function oldestFigures(tests: readonly LoadTest[]): EpochMs {
  const times = tests.flatMap(({ spec, status }) =>
    status?.phase === 'Running' && spec.consumers !== undefined && status.lag !== undefined
      ? (epochMs(status.lag.at) ?? [])
      : [],
  );
  return Math.min(...times);
}
