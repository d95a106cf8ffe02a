/** What expectations may name: the statuses of what the lab has made, typed by their schemas. */
import { type ConsumerScale, consumerScaleSchema } from '../../api/consumerscale/consumerScale.ts';
import type { LabSpec } from '../../api/lab/spec.ts';
import type { LabStepStatus } from '../../api/lab/status.ts';
import { type LoadTest, loadTestSchema } from '../../api/loadtest/loadTest.ts';
import { openApiSchema } from '../../api/schema/crd.ts';
import type { KubernetesObject } from '../../contract/kubernetes.ts';
import { type Expressions, expressions, type Schema, type Values } from '../../domain/expressions/expressions.ts';

type Properties = Record<string, Schema>;

const properties = (schema: Schema | undefined): Properties => (schema?.properties ?? {}) as Properties;
const object = (fields: Properties): Schema => ({ type: 'object', properties: fields });
const list = (items: Schema): Schema => ({ type: 'array', items });
const TEXT: Schema = { type: 'string' };

// ---- types ----------------------------------------------------------------------------------

const SCALE = openApiSchema(consumerScaleSchema.status, 'ConsumerScale.status');
const LOAD_TEST = properties(openApiSchema(loadTestSchema.status, 'LoadTest.status'));

const members = properties(LOAD_TEST.consumers);
const recent = properties(LOAD_TEST.rebalances).recent as Schema;

/** The fields of loadTests.<name>. */
const FIGURES: Properties = {
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
const OF_LOAD_TEST = object(FIGURES);

const loadTestNames = ({ resources }: LabSpec): string[] =>
  resources.filter(({ kind }) => kind === 'LoadTest').map(({ metadata }) => metadata.name);
const scaleNames = ({ resources }: LabSpec): string[] =>
  resources.filter(({ kind }) => kind === 'ConsumerScale').map(({ metadata }) => metadata.name);
const producedNames = ({ steps }: LabSpec): string[] =>
  steps.flatMap(({ produce }) => (produce === undefined ? [] : [produce.name]));

/** Of the only one, if there is only one. */
const only = (spec: LabSpec): string | undefined => {
  const names = loadTestNames(spec);
  return names.length === 1 ? names[0] : undefined;
};

const each = (names: string[], schema: Schema): Schema =>
  object(Object.fromEntries(names.map((name) => [name, schema])));

/** By name, what each variable of this lab is. */
function declared(spec: LabSpec): Properties {
  const now: Properties = {
    ...(only(spec) === undefined ? {} : FIGURES),
    loadTests: each(loadTestNames(spec), OF_LOAD_TEST),
    scales: each(scaleNames(spec), SCALE),
    produced: each(producedNames(spec), OF_LOAD_TEST),
  };
  return { ...now, before: object(now) };
}

/** What is declared depends on names alone, and making it costs some ms: kept for labs that are looked at each second. */
const made = new Map<string, Expressions>();
const MOST_KEPT = 100;

export function expressionsOf(spec: LabSpec): Expressions {
  const names = JSON.stringify([loadTestNames(spec), scaleNames(spec), producedNames(spec)]);
  const known = made.get(names) ?? expressions(declared(spec));
  made.delete(names);
  made.set(names, known);
  const [oldest = names] = made.keys();
  if (made.size > MOST_KEPT) made.delete(oldest);
  return known;
}

/** In a lab of several LoadTests, what is wrong may be that it is not said which of them is meant. */
export const hintFor = (spec: LabSpec, problem: string): string => {
  const [, name] = /^there is no variable (\w+):/.exec(problem) ?? [];
  if (name === undefined || FIGURES[name] === undefined || only(spec) !== undefined) return problem;
  const [first = 'my-test'] = loadTestNames(spec);
  return `${name} belongs to a LoadTest, and this Lab does not have just one: write loadTests["${first}"].${name}`;
};

// ---- values ---------------------------------------------------------------------------------

/** What a LoadTest's status says; `since`: rebalances with a higher number belong to the step. */
function figuresOf({ spec, status }: LoadTest, since: number): Values {
  if (status === undefined) return {};
  const { phase, conditions, topic, producers, consumers, delivery, lag, rebalances } = status;
  const { keys } = status as { keys?: unknown };
  return {
    phase,
    conditions,
    topic,
    producers,
    consumers,
    ...(consumers === undefined || spec.consumers === undefined
      ? {}
      : { group: { name: spec.consumers.group, members: consumers.members, idle: consumers.idle } }),
    keys,
    delivery,
    lag,
    rebalances,
    ...(rebalances === undefined ? {} : { rebalancesOfStep: rebalances.recent.filter(({ number }) => number > since) }),
  };
}

/** The lab's objects by what they are to it. */
export interface Children {
  loadTests: Map<string, LoadTest>;
  scales: Map<string, ConsumerScale>;
  /** By the name of their produce step. */
  produced: Map<string, LoadTest>;
}

export const producerName = (lab: string, name: string): string => `${lab}-${name}`;

export function childrenOf(lab: string, spec: LabSpec, owned: readonly KubernetesObject[]): Children {
  const find = (kind: string, name: string) =>
    owned.find((object) => object.kind === kind && object.metadata.name === name);
  const among = <T extends KubernetesObject>(kind: string, names: string[], nameOf = (name: string) => name) =>
    new Map(
      names.flatMap((name): [string, T][] => {
        const found = find(kind, nameOf(name));
        return found === undefined ? [] : [[name, found as T]];
      }),
    );
  return {
    loadTests: among<LoadTest>('LoadTest', loadTestNames(spec)),
    scales: among<ConsumerScale>('ConsumerScale', scaleNames(spec)),
    produced: among<LoadTest>('LoadTest', producedNames(spec), (name) => producerName(lab, name)),
  };
}

/** The values now, and as they were when the step began. */
export function valuesOf(spec: LabSpec, children: Children, step?: LabStepStatus): Values {
  const figures = (tests: Map<string, LoadTest>) =>
    Object.fromEntries([...tests].map(([name, test]) => [name, figuresOf(test, step?.rebalancesBefore?.[name] ?? 0)]));
  const loadTests = figures(children.loadTests);
  const single = only(spec);
  return {
    ...(single === undefined ? {} : loadTests[single]),
    loadTests,
    scales: Object.fromEntries([...children.scales].map(([name, { status = {} }]) => [name, status])),
    produced: figures(children.produced),
    ...(step?.before === undefined ? {} : { before: restored(step.before) }),
  };
}

/** Rebalances of each LoadTest so far. */
export const rebalanceCounts = ({ loadTests }: Children): Record<string, number> =>
  Object.fromEntries([...loadTests].map(([name, { status }]) => [name, status?.rebalances?.count ?? 0]));

/** What the expectations of a step name of `before`, as JSON by path; what is not known is left out. */
export function remembered(paths: readonly string[][], values: Values, longest: number): Record<string, string> {
  const kept = paths.flatMap((path): [string, string][] => {
    const value = path.reduce<unknown>((inner, key) => (inner as Values | undefined)?.[key], values);
    const json = JSON.stringify(value);
    return json === undefined || new TextEncoder().encode(json).length > longest ? [] : [[JSON.stringify(path), json]];
  });
  return Object.fromEntries(kept);
}

function restored(before: Record<string, string>): Values {
  const values: Values = {};
  // Shorter paths first: what is within them is the same.
  for (const [path, json] of Object.entries(before).sort(([a], [b]) => a.length - b.length)) {
    const keys = JSON.parse(path) as string[];
    const last = keys.pop() ?? '';
    const holder = keys.reduce<Values>((inner, key) => {
      inner[key] ??= {};
      return inner[key] as Values;
    }, values);
    holder[last] = JSON.parse(json);
  }
  return values;
}
