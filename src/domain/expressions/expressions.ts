/**
 * Expectations in CEL (https://github.com/google/cel-spec): checks them against the schemas of the statuses, evaluates them and
 * shows the values that they saw.
 */
import type { ParseResult } from '@marcbachmann/cel-js';
import { type Extent, extentOf } from './extent.ts';
import { createEnvironment, isCelError } from './language.ts';
import { MOST_VISITS, tooMany } from './limit.ts';
import { problemOf } from './problems.ts';
import { formatBriefly, shortened } from './text.ts';
import { pathOf, referencesIn, usesIn, withoutSize } from './tree.ts';
import { ownValue, type Schema, typesIn, type Values } from './types.ts';
import { visitsOf } from './visits.ts';

export { MOST_VISITS } from './limit.ts';
export { ownValue, type Schema, type Values } from './types.ts';

/** true, false, or the reason why the result is unknown or why the expression is not evaluated. */
export type Verdict = { holds: boolean } | { unknown: string } | { refused: string };

export interface Expressions {
  /** What is wrong with the expression, as a sentence with the place. undefined: it is valid and of type bool. */
  problem(text: string): string | undefined;
  /**
   * Upper bound of the list elements that the expression goes through. Long texts, long loop bodies and errors count as
   * more elements.
   */
  visits(text: string, values: Values): number;
  /**
   * Evaluates a valid expression. `values`: plain JSON by variable. A variable without a value is unknown.
   * An expression that goes through more than MOST_VISITS elements is refused.
   */
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
  const isVariable = (name: string) => Object.hasOwn(variables, name);
  const convert = (variable: string, value: unknown) => types.convert(variables[variable] as Schema, value);
  const contextOf = keptFor((values) => lazyContext(Object.keys(variables), values, convert));
  const extentsOf = keptFor((values) => lazyExtents(isVariable, values));
  const visits = (text: string, values: Values) => visitsOf(parse(text).ast, extentsOf(values));

  return {
    problem: (text) => problemOf({ environment, types, variables, parse }, text),
    visits,
    evaluate(text, values) {
      const visited = visits(text, values);
      if (visited > MOST_VISITS) return { refused: tooMany(visited) };
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

/** Values may be large, so what is computed from them is kept as long as they are. */
function keptFor<T>(make: (values: Values) => T): (values: Values) => T {
  const kept = new WeakMap<Values, T>();
  return (values) => {
    const known = kept.get(values) ?? make(values);
    kept.set(values, known);
    return known;
  };
}

function lazyExtents(isVariable: (name: string) => boolean, values: Values) {
  const known = new Map<string, Extent>();
  return (name: string): Extent | undefined => {
    if (!isVariable(name) || ownValue(values, name) === undefined) return undefined;
    const extent = known.get(name) ?? extentOf([values[name]]);
    known.set(name, extent);
    return extent;
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
    if (ownValue(values, variable) === undefined) continue;
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
