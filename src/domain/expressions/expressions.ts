/**
 * Expectations in CEL (https://github.com/google/cel-spec): parsed and checked against the types of what they may name,
 * judged against values, and what they saw told as text. Types come from the schemas of the statuses. Pure.
 */
import { type ASTNode, Environment, type ParseResult } from '@marcbachmann/cel-js';
import { shortened, told, toldBriefly } from './text.ts';
import { askedFor, callOf, loopsIn, namedIn, pathOf, rootOf, usesIn, withoutSize } from './tree.ts';

/** A structural OpenAPI schema: what crd.ts makes of a zod schema. */
export type Schema = Record<string, unknown>;

/** true or false, or why neither is known. */
export type Judgement = { holds: boolean } | { unknown: string };

export interface Expressions {
  /** What is wrong with it, as a sentence with the place; undefined: it is an expression that is true or false. */
  problem(text: string): string | undefined;
  /** `values`: plain JSON by variable; a variable without a value is not known yet. Only for expressions without a problem. */
  judge(text: string, values: Values): Judgement;
  /** What it names and what that is, as far as it looks at it: `lag.total = 42, rebalancesOfStep = [{trigger: "ScaleUp"}]`; at most so many characters. */
  observed(text: string, values: Values, most: number): string;
  /** The parts of a variable that it names, as paths: `before.lag.total` → ["lag", "total"]. Throws where it names it as a whole. */
  partsOf(variable: string, text: string): string[][];
}

export type Values = Record<string, unknown>;

const LONGEST_VALUE = 240;
/** Lists that may be gone through within each other: a third one of 1,000 elements would take minutes, each second. */
const MOST_LOOPS = 2;
/** Expressions kept as parsed. */
const MOST_PARSED = 1_000;

// ---- types ----------------------------------------------------------------------------------

type Properties = Record<string, Schema>;
type Message = new (raw: Values) => Values;

const propertiesOf = (schema: Schema): Properties | undefined =>
  schema.properties === undefined ? undefined : (schema.properties as Properties);

/** Objects of one schema: each becomes a type of its own, named after where it stands. */
interface Types {
  /** CEL's name of the type. */
  name(schema: Schema, path: string): string;
  /** Plain JSON → what CEL takes for that type: whole numbers are bigints, objects have the class of their type. */
  convert(schema: Schema, value: unknown): unknown;
  fieldsOf(type: string): string[] | undefined;
}

function typesIn(environment: Environment): Types {
  const classes = new Map<Schema, Message>();
  const fields = new Map<string, string[]>();
  const names = new Map<Schema, string>();

  function name(schema: Schema, path: string): string {
    switch (schema.type) {
      case 'integer':
        return 'int';
      case 'number':
        return 'double';
      case 'boolean':
        return 'bool';
      case 'string':
        return 'string';
      case 'array':
        return `list<${name(schema.items as Schema, `${path}.item`)}>`;
      case 'object':
        return object(schema, path);
      default:
        return 'dyn';
    }
  }

  function object(schema: Schema, where: string): string {
    const path = where.replaceAll(/[^\w.]/g, '_');
    const properties = propertiesOf(schema);
    if (properties === undefined)
      return `map<string, ${name((schema.additionalProperties ?? {}) as Schema, `${path}.value`)}>`;
    const known = names.get(schema);
    if (known !== undefined) return known;
    names.set(schema, path);
    const declared = Object.entries(properties).map(([field, child]) => [field, name(child, `${path}.${field}`)]);
    const type = class {
      constructor(raw: Values) {
        for (const [field, child] of Object.entries(properties ?? {})) {
          if (raw[field] !== undefined) (this as Values)[field] = convert(child, raw[field]);
        }
      }
    };
    classes.set(schema, type as unknown as Message);
    fields.set(path, Object.keys(properties));
    environment.registerType(path, { ctor: type, fields: Object.fromEntries(declared) as Record<string, string> });
    environment.registerOperator(`${path} == ${path}`, (a: unknown, b: unknown) => told(a) === told(b));
    return path;
  }

  function convert(schema: Schema, value: unknown): unknown {
    switch (schema.type) {
      case 'integer':
        return typeof value === 'number' ? BigInt(Math.trunc(value)) : value;
      case 'number':
        return typeof value === 'number' ? value : Number(value);
      case 'array':
        return Array.from(value as unknown[], (item) => convert(schema.items as Schema, item));
      case 'object': {
        const type = classes.get(schema);
        if (type !== undefined) return new type(value as Values);
        const inner = (schema.additionalProperties ?? {}) as Schema;
        return new Map(Object.entries(value as Values).map(([key, item]) => [key, convert(inner, item)]));
      }
      default:
        return value;
    }
  }

  return { name, convert, fieldsOf: (type) => fields.get(type) };
}

// ---- the language ---------------------------------------------------------------------------

/** CEL keeps whole numbers and fractions apart; people who compare a count with a half of another need not know. */
const MIXED: [string, (a: number, b: number) => number][] = [
  ['+', (a, b) => a + b],
  ['-', (a, b) => a - b],
  ['*', (a, b) => a * b],
  ['/', (a, b) => a / b],
];

type Numbers = (bigint | number)[];

const greatest = (most: boolean) => (list: Numbers) => {
  const [first, ...rest] = list;
  if (first === undefined) throw new Error('an empty list has neither min nor max');
  return rest.reduce((best, one) => (one > best === most ? one : best), first);
};

function language(): Environment {
  const environment = new Environment();
  for (const [operator, carry] of MIXED) {
    environment.registerOperator(`int ${operator} double: double`, (a: bigint, b: number) => carry(Number(a), b));
    environment.registerOperator(`double ${operator} int: double`, (a: number, b: bigint) => carry(a, Number(b)));
  }
  environment.registerOperator('int == double', (a: bigint, b: number) => Number(a) === b);
  for (const type of ['int', 'double']) {
    environment.registerFunction(`list<${type}>.sum(): ${type}`, (list: Numbers) =>
      list.reduce<bigint | number>((sum, one) => (sum as number) + (one as number), type === 'int' ? 0n : 0),
    );
    environment.registerFunction(`list<${type}>.max(): ${type}`, greatest(true));
    environment.registerFunction(`list<${type}>.min(): ${type}`, greatest(false));
  }
  return environment;
}

/** What the library throws: a code, the place, and what it is about. */
interface CelError extends Error {
  code?: string;
  summary?: string;
  range?: { start: number; end: number };
  node?: ASTNode;
}

const isCelError = (error: unknown): error is CelError => error instanceof Error && 'summary' in error;

/** `variables`: by name, the schema of its values. */
export function expressions(variables: Record<string, Schema>): Expressions {
  const environment = language();
  const types = typesIn(environment);
  for (const [variable, schema] of Object.entries(variables)) {
    environment.registerVariable(variable, types.name(schema, variable));
  }
  const parsed = new Map<string, ParseResult>();

  function parse(text: string): ParseResult {
    const known = parsed.get(text);
    if (known !== undefined) return known;
    const result = environment.parse(text);
    if (parsed.size >= MOST_PARSED) parsed.clear();
    parsed.set(text, result);
    return result;
  }

  /** Values are converted when they are asked for, and once. */
  function contextOf(values: Values): Values {
    const context: Values = {};
    for (const [variable, schema] of Object.entries(variables)) {
      if (values[variable] === undefined) continue;
      let converted: unknown;
      Object.defineProperty(context, variable, {
        enumerable: true,
        get() {
          converted ??= types.convert(schema, values[variable]);
          return converted;
        },
      });
    }
    return context;
  }

  const isVariable = (name: string) => variables[name] !== undefined;

  function typeOf(text: string): string | undefined {
    const { valid, type } = environment.check(text);
    return valid ? type : undefined;
  }

  function sentence(error: CelError, text: string): string {
    const place = error.range === undefined ? '' : ` at character ${error.range.start + 1}`;
    return `${reason(error, text)}${place}`;
  }

  function reason({ code, summary = '', node }: CelError, text: string): string {
    if (code === 'unknown_variable' && node?.op === 'id') {
      return `there is no ${String(node.args)}: write one of ${Object.keys(variables).join(', ')}`;
    }
    if (code === 'no_such_key' && node?.op === '.') {
      const [left, field] = node.args;
      const owner = text.slice(left.start, left.end);
      const known = types.fieldsOf(typeOf(owner) ?? '');
      return known === undefined
        ? `there is no field ${field}`
        : `${owner} has no field ${field}: write one of ${known.join(', ')}`;
    }
    return summary;
  }

  function problem(text: string): string | undefined {
    let expression: ParseResult;
    try {
      expression = parse(text);
    } catch (error) {
      if (!isCelError(error)) throw error;
      return sentence(error, text);
    }
    const { valid, type, error } = expression.check();
    if (!valid) return error === undefined ? 'it is not valid' : sentence(error as CelError, text);
    if (type !== 'bool') return `it is of type ${type}, not true or false: compare it with something`;
    // The library takes has() of anything.
    for (const asked of askedFor(expression.ast)) {
      const inner = environment.check(text.slice(asked.start, asked.end));
      if (!inner.valid && rootOf(asked, isVariable) !== undefined) {
        return sentence(inner.error as CelError, text.slice(asked.start, asked.end)).replace(
          /at character \d+$/,
          `at character ${asked.start + 1}`,
        );
      }
    }
    // The library hands the pattern to JavaScript's own, of which some take for ever.
    const pattern = callOf('matches', expression.ast);
    if (pattern !== undefined) {
      return `matches() can’t be used here, because a pattern may take very long: write startsWith, endsWith or contains at character ${pattern.start + 1}`;
    }
    if (loopsIn(expression.ast) <= MOST_LOOPS) return undefined;
    return `it goes through ${MOST_LOOPS + 1} lists within each other, which takes too long: write two expectations, or go through what is within an element, e.g. group.members.all(m, m.partitions.all(p, p < 3))`;
  }

  function evaluate(text: string, context: Values): { value: unknown } | { unknown: string } {
    try {
      return { value: parse(text)(context) };
    } catch (error) {
      if (!isCelError(error)) return { unknown: error instanceof Error ? error.message : String(error) };
      const { node, code, summary = '' } = error;
      const missing = code === 'no_such_key' || code === 'unknown_variable';
      const what = node === undefined ? text : text.slice(node.start, node.end);
      return { unknown: missing ? `${what} is not known` : summary };
    }
  }

  return {
    problem,
    judge(text, values) {
      const result = evaluate(text, contextOf(values));
      return 'unknown' in result ? result : { holds: result.value === true };
    },
    observed(text, values, most) {
      const context = contextOf(values);
      const seen = new Map<string, string>();
      for (const [named, use] of usesIn(parse(text).ast, text, isVariable)) {
        const result = evaluate(named, context);
        seen.set(named, 'unknown' in result ? 'not known' : toldBriefly(result.value, use, LONGEST_VALUE));
      }
      return shortened([...seen].map(([named, value]) => `${named} = ${value}`).join(', '), most);
    },
    partsOf(variable, text) {
      return namedIn(parse(text).ast, (name) => name === variable).map((node) => {
        const path = pathOf(withoutSize(node));
        if (path.length > 0) return path;
        throw new Error(`${variable} as a whole can’t be kept: write what of it, e.g. ${variable}.lag.total`);
      });
    },
  };
}
