/** The values of the variables: now, and when a step started. */
import type { LabSpec } from '../../api/lab/spec.ts';
import type { LabStepStatus } from '../../api/lab/status.ts';
import type { LoadTest } from '../../api/loadtest/loadTest.ts';
import { ownValue, type Values } from '../../domain/expressions/expressions.ts';
import type { Children } from './children.ts';
import { onlyLoadTest } from './variables.ts';

/** `since`: rebalances with a higher number belong to the step. */
function loadTestValues({ spec, status }: LoadTest, since: number): Values {
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

/** The values now, and as `before` those from the start of the step. */
export function valuesOf(spec: LabSpec, children: Children, step?: LabStepStatus): Values {
  const counts = new Map(Object.entries(step?.rebalancesBefore ?? {}));
  const countBefore = (name: string) => counts.get(name) ?? 0;
  const each = (tests: Map<string, LoadTest>) =>
    Object.fromEntries([...tests].map(([name, test]) => [name, loadTestValues(test, countBefore(name))]));
  const loadTests = each(children.loadTests);
  const only = onlyLoadTest(spec);
  return {
    ...(only === undefined ? {} : (ownValue(loadTests, only) as Values | undefined)),
    loadTests,
    scales: Object.fromEntries([...children.scales].map(([name, { status = {} }]) => [name, status])),
    produced: each(children.produced),
    ...(step?.before === undefined ? {} : { before: restored(step.before) }),
  };
}

/** The number of rebalances of each LoadTest so far. */
export const rebalanceCounts = ({ loadTests }: Children): Record<string, number> =>
  Object.fromEntries([...loadTests].map(([name, { status }]) => [name, status?.rebalances?.count ?? 0]));

/** The values at these paths, as JSON by path. Unknown values and those longer than `longest` bytes are left out. */
export function remembered(paths: readonly string[][], values: Values, longest: number): Record<string, string> {
  const kept = paths.flatMap((path): [string, string][] => {
    const value = path.reduce<unknown>((inner, key) => (isValues(inner) ? ownValue(inner, key) : undefined), values);
    const json = JSON.stringify(value);
    return json === undefined || new TextEncoder().encode(json).length > longest ? [] : [[JSON.stringify(path), json]];
  });
  return Object.fromEntries(kept);
}

const isValues = (value: unknown): value is Values => typeof value === 'object' && value !== null;

/** The values by path, in objects without a prototype: a path may name what every other object inherits. */
function restored(before: Record<string, string>): Values {
  const empty = (): Values => Object.create(null) as Values;
  const values = empty();
  // Shorter paths come first, so that longer ones within them find their holder.
  for (const [path, json] of Object.entries(before).sort(([a], [b]) => a.length - b.length)) {
    const keys = JSON.parse(path) as string[];
    const last = keys.pop() ?? '';
    const holder = keys.reduce<Values>((inner, key) => {
      const known = ownValue(inner, key);
      if (isValues(known)) return known;
      const made = empty();
      setOwn(inner, key, made);
      return made;
    }, values);
    setOwn(holder, last, JSON.parse(json));
  }
  return values;
}

/** Sets an own field, also one named __proto__: what was recorded as JSON has a prototype. */
const setOwn = (holder: Values, key: string, value: unknown): void => {
  Object.defineProperty(holder, key, { value, writable: true, enumerable: true, configurable: true });
};
