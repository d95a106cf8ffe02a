/** Checks an expression and explains in a sentence what is wrong and what to write instead. */
import type { Environment, ParseResult } from '@marcbachmann/cel-js';
import { type CelError, isCelError } from './language.ts';
import { MOST_VISITS, tooMany } from './limit.ts';
import { findCall, hasArguments, loopDepth, rootOf } from './tree.ts';
import type { Schema, Types } from './types.ts';
import { visitsOf } from './visits.ts';

/**
 * Limit of nested loops over independent lists: three loops over 1,000 elements each would never be allowed. The sizes of
 * the lists are known only when the expression is evaluated, and then limited by limit.ts.
 */
const MOST_LOOPS = 2;

export interface Checker {
  environment: Environment;
  types: Types;
  variables: Readonly<Record<string, Schema>>;
  parse(text: string): ParseResult;
}

/** What is wrong with the expression, as a sentence with the place. undefined: it is valid and of type bool. */
export function problemOf(checker: Checker, text: string): string | undefined {
  let expression: ParseResult;
  try {
    expression = checker.parse(text);
  } catch (error) {
    if (!isCelError(error)) throw error;
    return sentence(checker, error, text);
  }
  return typeProblem(checker, expression, text) ?? hasProblem(checker, expression, text) ?? costProblem(expression);
}

function typeProblem(checker: Checker, expression: ParseResult, text: string): string | undefined {
  const { valid, type, error } = expression.check();
  if (!valid) return error === undefined ? 'it is not a valid expression' : sentence(checker, error as CelError, text);
  if (type === 'bool') return undefined;
  return `it is of type ${type}, not true or false: compare it with something`;
}

/** The library accepts any argument of has(), so the arguments are checked here. */
function hasProblem(checker: Checker, expression: ParseResult, text: string): string | undefined {
  const isVariable = (name: string) => Object.hasOwn(checker.variables, name);
  for (const node of hasArguments(expression.ast)) {
    const argument = text.slice(node.start, node.end);
    const { valid, error } = checker.environment.check(argument);
    if (valid || rootOf(node, isVariable) === undefined) continue;
    const problem = sentence(checker, error as CelError, argument);
    return problem.replace(/at character \d+$/, `at character ${node.start + 1}`);
  }
  return undefined;
}

function costProblem(expression: ParseResult): string | undefined {
  // The library passes the pattern to JavaScript's regular expressions, some of which never finish.
  const pattern = findCall('matches', expression.ast);
  if (pattern !== undefined) {
    return `matches() can’t be used here, because a pattern may take very long: write startsWith, endsWith or contains at character ${pattern.start + 1}`;
  }
  if (loopDepth(expression.ast) <= MOST_LOOPS) {
    // What it takes without any values: a list that it writes and doubles, a long duration.
    const visits = visitsOf(expression.ast, () => undefined);
    return visits > MOST_VISITS ? tooMany(visits) : undefined;
  }
  return `it nests ${MOST_LOOPS + 1} loops over lists, which takes too long: write two expectations, or loop over a list within the element of another, e.g. group.members.all(m, m.partitions.all(p, p < 3))`;
}

function sentence(checker: Checker, error: CelError, text: string): string {
  const place = error.range === undefined ? '' : ` at character ${error.range.start + 1}`;
  return `${reason(checker, error, text)}${place}`;
}

function reason(
  { environment, types, variables }: Checker,
  { code, summary = '', node }: CelError,
  text: string,
): string {
  if (code === 'unknown_variable' && node?.op === 'id') {
    return `there is no variable ${String(node.args)}: write one of ${Object.keys(variables).join(', ')}`;
  }
  if (code === 'no_such_key' && node?.op === '.') {
    const [left, field] = node.args;
    const owner = text.slice(left.start, left.end);
    const { valid, type } = environment.check(owner);
    const known = valid && type !== undefined ? types.fieldsOf(type) : undefined;
    return known === undefined
      ? `there is no field ${field}`
      : `${owner} has no field ${field}: write one of ${known.join(', ')}`;
  }
  return summary;
}
