/**
 * Expectations in CEL (https://github.com/google/cel-spec): checks them against the schemas of the statuses, evaluates them and
 * shows the values that they saw.
 */
import type { ParseResult } from '@marcbachmann/cel-js';
import { createEnvironment, isCelError } from './language.ts';
import { problemOf } from './problems.ts';
import { formatBriefly, shortened } from './text.ts';
import { pathOf, referencesIn, usesIn, withoutSize } from './tree.ts';
import { type Schema, typesIn, type Values } from './types.ts';

export type { Schema, Values } from './types.ts';

/** true, false, or the reason why the result is unknown. */
export type Verdict = { holds: boolean } | { unknown: string };

export interface Expressions {
  /** What is wrong with the expression, as a sentence with the place. undefined: it is valid and of type bool. */
  problem(text: string): string | undefined;
  /** Evaluates a valid expression. `values`: plain JSON by variable. A variable without a value is unknown. */
  evaluate(text: string, values: Values): Verdict;
  /**
   * The parts of the variables that the expression uses, with their values, in at most `most` characters:
   * `lag.total = 42, rebalancesOfStep = [{trigger: "ScaleUp"}]`.
   */
  observed(text: string, values: Values, most: number): string;
  /**
   * Paths of the parts of a variable that the expression uses: `before.lag.total` → ["lag", "total"].
   * @throws Error if it uses the variable as a whole.
   */
  partsOf(variable: string, text: string): string[][];
}

/** Limit of characters per value in `observed`. */
const LONGEST_VALUE = 240;
/** Limit of the cache of parsed expressions. */
const PARSED_KEPT = 1_000;

/** `variables`: the schema of each variable, by name. */
export function expressions(variables: Record<string, Schema>): Expressions {
  const environment = createEnvironment();
  const types = typesIn(environment);
  for (const [variable, schema] of Object.entries(variables)) {
    environment.registerVariable(variable, types.name(schema, variable));
  }
  const parse = cached((text) => environment.parse(text));
  const isVariable = (name: string) => variables[name] !== undefined;
  const convert = (variable: string, value: unknown) => types.convert(variables[variable] as Schema, value);
  const contextOf = (values: Values) => lazyContext(Object.keys(variables), values, convert);

  return {
    problem: (text) => problemOf({ environment, types, variables, parse }, text),
    evaluate(text, values) {
      const result = run(parse, text, contextOf(values));
      return 'unknown' in result ? result : { holds: result.value === true };
    },
    observed(text, values, most) {
      const context = contextOf(values);
      const seen = new Map<string, string>();
      for (const [named, use] of usesIn(parse(text).ast, text, isVariable)) {
        const result = run(parse, named, context);
        seen.set(named, 'unknown' in result ? 'not known' : formatBriefly(result.value, use, LONGEST_VALUE));
      }
      return shortened([...seen].map(([named, value]) => `${named} = ${value}`).join(', '), most);
    },
    partsOf(variable, text) {
      return referencesIn(parse(text).ast, (name) => name === variable).map((node) => {
        const path = pathOf(withoutSize(node));
        if (path.length > 0) return path;
        throw new Error(
          `${variable} as a whole can’t be kept: write the field that you need, e.g. ${variable}.lag.total`,
        );
      });
    },
  };
}

type Parse = (text: string) => ParseResult;

function cached(parse: Parse): Parse {
  const parsed = new Map<string, ParseResult>();
  return (text) => {
    const known = parsed.get(text);
    if (known !== undefined) return known;
    const result = parse(text);
    if (parsed.size >= PARSED_KEPT) parsed.clear();
    parsed.set(text, result);
    return result;
  };
}

/** The variables that have a value, each converted once, on first use. */
function lazyContext(
  variables: readonly string[],
  values: Values,
  convert: (variable: string, value: unknown) => unknown,
): Values {
  const context: Values = {};
  for (const variable of variables) {
    if (values[variable] === undefined) continue;
    let converted: unknown;
    Object.defineProperty(context, variable, {
      enumerable: true,
      get() {
        converted ??= convert(variable, values[variable]);
        return converted;
      },
    });
  }
  return context;
}

function run(parse: Parse, text: string, context: Values): { value: unknown } | { unknown: string } {
  try {
    return { value: parse(text)(context) };
  } catch (error) {
    if (!isCelError(error)) return { unknown: error instanceof Error ? error.message : String(error) };
    const { node, code, summary = '' } = error;
    const missing = code === 'no_such_key' || code === 'unknown_variable';
    const part = node === undefined ? text : text.slice(node.start, node.end);
    return { unknown: missing ? `${part} is not known` : summary };
  }
}
