/** The variables that expectations may use: the statuses of the Lab's resources, typed by their schemas. */
import { consumerScaleSchema } from '../../api/consumerscale/consumerScale.ts';
import type { LabSpec } from '../../api/lab/spec.ts';
import type { LabStep } from '../../api/lab/steps.ts';
import { loadTestSchema } from '../../api/loadtest/loadTest.ts';
import { openApiSchema } from '../../api/schema/crd.ts';
import { type Expressions, expressions, type Schema } from '../../domain/expressions/expressions.ts';
import { loadTestNames, producedNames, scaleNames } from './children.ts';

type Properties = Record<string, Schema>;

const properties = (schema: Schema | undefined): Properties => (schema?.properties ?? {}) as Properties;
const object = (fields: Properties): Schema => ({ type: 'object', properties: fields });
const list = (items: Schema): Schema => ({ type: 'array', items });
const TEXT: Schema = { type: 'string' };

const SCALE = openApiSchema(consumerScaleSchema.status, 'ConsumerScale.status');
const LOAD_TEST = properties(openApiSchema(loadTestSchema.status, 'LoadTest.status'));

const members = properties(LOAD_TEST.consumers);
const recent = properties(LOAD_TEST.rebalances).recent as Schema;

/** The fields of loadTests.<name>. */
const LOAD_TEST_FIELDS: Properties = {
  phase: TEXT,
  conditions: LOAD_TEST.conditions as Schema,
  topic: LOAD_TEST.topic as Schema,
  producers: LOAD_TEST.producers as Schema,
  consumers: LOAD_TEST.consumers as Schema,
  group: object({ name: TEXT, members: members.members as Schema, idle: members.idle as Schema }),
  keys: LOAD_TEST.keys as Schema,
  delivery: LOAD_TEST.delivery as Schema,
  lag: LOAD_TEST.lag as Schema,
  rebalances: LOAD_TEST.rebalances as Schema,
  rebalancesOfStep: list(recent.items as Schema),
};
const LOAD_TEST_VARIABLE = object(LOAD_TEST_FIELDS);

/** The name of the only LoadTest, whose fields need no prefix; undefined: there are several, or none. */
export const onlyLoadTest = (spec: LabSpec): string | undefined => {
  const names = loadTestNames(spec);
  return names.length === 1 ? names[0] : undefined;
};

const each = (names: string[], schema: Schema): Schema =>
  object(Object.fromEntries(names.map((name) => [name, schema])));

/** The type of each variable of this Lab, by name. */
function declared(spec: LabSpec): Properties {
  const now: Properties = {
    ...(onlyLoadTest(spec) === undefined ? {} : LOAD_TEST_FIELDS),
    loadTests: each(loadTestNames(spec), LOAD_TEST_VARIABLE),
    scales: each(scaleNames(spec), SCALE),
    produced: each(producedNames(spec), LOAD_TEST_VARIABLE),
  };
  return { ...now, before: object(now) };
}

/** The expressions over a Lab's variables. */
export type ExpressionsOf = (spec: LabSpec) => Expressions;

/** Labs whose expressions are kept. */
const MOST_KEPT = 100;

/**
 * A cache of expressions for Labs that are planned twice a second: declaring the variables takes some ms and depends on
 * the resources' names only. The least recently used are dropped.
 */
export function expressionsCache(): ExpressionsOf {
  const kept = new Map<string, Expressions>();
  return (spec) => {
    const names = JSON.stringify([loadTestNames(spec), scaleNames(spec), producedNames(spec)]);
    const known = kept.get(names) ?? expressions(declared(spec));
    kept.delete(names);
    kept.set(names, known);
    const [oldest = names] = kept.keys();
    if (kept.size > MOST_KEPT) kept.delete(oldest);
    return known;
  };
}

/** The paths of `before` that the expectations of a step use, each once. */
export function pathsBefore(language: Expressions, step: LabStep): { kept: string[][] } | { problem: string } {
  try {
    const all = step.expect.flatMap(({ that }) => language.partsOf('before', that));
    return { kept: [...new Map(all.map((path) => [JSON.stringify(path), path])).values()] };
  } catch (error) {
    return { problem: (error as Error).message };
  }
}

/** In a Lab with several LoadTests a field may lack the LoadTest that it belongs to. */
export const hintFor = (spec: LabSpec, problem: string): string => {
  const [, name] = /^there is no variable (\w+):/.exec(problem) ?? [];
  if (name === undefined || !Object.hasOwn(LOAD_TEST_FIELDS, name) || onlyLoadTest(spec) !== undefined) return problem;
  const [first = 'my-test'] = loadTestNames(spec);
  return `${name} belongs to a LoadTest, and this Lab has ${loadTestNames(spec).length} LoadTests: write loadTests["${first}"].${name}`;
};
