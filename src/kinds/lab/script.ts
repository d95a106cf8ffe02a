/** The script up to a step as the objects that should exist: a fold over the steps. Pure. */

import type { LabResource } from '../../api/lab/resources.ts';
import type { LabSpec } from '../../api/lab/spec.ts';
import type { LabStep } from '../../api/lab/steps.ts';
import { type LoadTest, loadTestSchema } from '../../api/loadtest/loadTest.ts';
import type { LoadTestSpec } from '../../api/loadtest/spec.ts';
import { GROUP_VERSION } from '../../api/sharedStatus.ts';
import type { KubernetesObject } from '../../contract/kubernetes.ts';
import { producerName } from './children.ts';
import { produceSpec } from './produce.ts';

type Json = Record<string, unknown>;

/** The ConsumerScale of this Lab that sets the number of consumers of the LoadTest. */
export function drivenBy({ resources }: LabSpec, loadTest: string): string | undefined {
  const driver = resources.find(({ kind, spec }) => {
    const { scaleTargetRef } = spec as { scaleTargetRef?: { kind?: string; name?: string } };
    return kind === 'ConsumerScale' && scaleTargetRef?.kind === 'LoadTest' && scaleTargetRef.name === loadTest;
  });
  return driver?.metadata.name;
}

/**
 * The script without the null fields of its resources and producers. The API server drops a null that the schema does not
 * allow, but it does not know the schema of these parts.
 */
export const withoutNulls = (lab: LabSpec): LabSpec => ({
  ...lab,
  resources: lab.resources.map((resource) => ({ ...resource, spec: dropNulls(resource.spec) as Json })),
  steps: lab.steps.map((step) =>
    step.produce?.producers === undefined
      ? step
      : { ...step, produce: { ...step.produce, producers: dropNulls(step.produce.producers) as Json } },
  ),
});

function dropNulls(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(dropNulls);
  if (typeof value !== 'object' || value === null) return value;
  const fields = Object.entries(value).filter(([, inner]) => inner !== null);
  return Object.fromEntries(fields.map(([name, inner]) => [name, dropNulls(inner)]));
}

/** The changes that steps made to a LoadTest. */
interface Overrides {
  consumers?: number;
  producers?: number;
  partitions?: number;
  /** The number of clients before a stop step. */
  consumersBack?: number;
  producersBack?: number;
  /** A stop step stopped all of it. */
  suspended?: boolean;
}

const PART = { Consumers: 'consumers', Producers: 'producers' } as const;
const BACK = { consumers: 'consumersBack', producers: 'producersBack' } as const;

const find = ({ resources }: LabSpec, kind: string, name: string): LabResource | undefined =>
  resources.find((it) => it.kind === kind && it.metadata.name === name);

/** The LoadTest's spec in `resources`, defaults filled in. The Lab must have no refusals. */
export function manifestOf(lab: LabSpec, loadTest: string): LoadTestSpec {
  return loadTestSchema.spec.parse(find(lab, 'LoadTest', loadTest)?.spec);
}

/** Clients of a LoadTest after these steps. */
export function clientsAfter(
  lab: LabSpec,
  steps: readonly LabStep[],
  loadTest: string,
  part: 'consumers' | 'producers',
): number {
  return overridesOf(lab, steps).get(loadTest)?.[part] ?? manifestOf(lab, loadTest)[part]?.replicas ?? 0;
}

function overridesOf(lab: LabSpec, steps: readonly LabStep[]): Map<string, Overrides> {
  const overrides = new Map<string, Overrides>();
  const of = (name: string): Overrides => {
    const known = overrides.get(name) ?? {};
    overrides.set(name, known);
    return known;
  };
  for (const { apply, scale, partitions, stop, start } of steps) {
    if (apply?.kind === 'LoadTest') of(apply.name);
    if (scale?.consumers !== undefined) of(scale.loadTest).consumers = scale.consumers;
    if (scale?.producers !== undefined) of(scale.loadTest).producers = scale.producers;
    if (partitions !== undefined) of(partitions.loadTest).partitions = partitions.partitions;
    if (stop?.who === 'All') {
      of(stop.loadTest).suspended = true;
    } else if (stop !== undefined) {
      const test = of(stop.loadTest);
      const part = PART[stop.who];
      test[BACK[part]] = test[part] ?? manifestOf(lab, stop.loadTest)[part]?.replicas ?? 0;
      test[part] = 0;
    }
    if (start?.who === 'All') {
      of(start.loadTest).suspended = false;
    } else if (start !== undefined) {
      const test = of(start.loadTest);
      const part = PART[start.who];
      const before = test[BACK[part]];
      if (before !== undefined) test[part] = before;
    }
  }
  return overrides;
}

export interface ScriptContext {
  /** metadata.name of the Lab. */
  name: string;
  /** Without refusals. */
  lab: LabSpec;
  /** The observed LoadTests, by name. */
  live: Map<string, LoadTest>;
  /** The Lab has ended and suspends its LoadTests. */
  suspended: boolean;
}

/** The objects that should exist after these steps. */
export function desired(context: ScriptContext, steps: readonly LabStep[]): KubernetesObject[] {
  const overrides = overridesOf(context.lab, steps);
  return steps.flatMap(({ apply, produce }): KubernetesObject[] => {
    if (produce !== undefined) return [producer(context, produce)];
    const resource = apply === undefined ? undefined : find(context.lab, apply.kind, apply.name);
    if (resource === undefined) return [];
    const { kind, metadata, spec } = resource;
    return [
      kind === 'ConsumerScale'
        ? object(kind, metadata, spec)
        : loadTest(context, resource, overrides.get(metadata.name) ?? {}),
    ];
  });
}

function producer({ name, lab, suspended }: ScriptContext, produce: NonNullable<LabStep['produce']>): KubernetesObject {
  const test = produce.loadTest === undefined ? undefined : manifestOf(lab, produce.loadTest);
  const spec = { ...produceSpec(produce, test), ...(suspended ? { suspend: true } : {}) };
  return object('LoadTest', { name: producerName(name, produce.name) }, spec);
}

function loadTest(
  { lab, live, suspended }: ScriptContext,
  { kind, metadata, spec }: LabResource,
  overrides: Overrides,
): KubernetesObject {
  // A ConsumerScale may have added partitions, which Kafka never removes.
  const partitions = Math.max(live.get(metadata.name)?.spec.topic.partitions ?? 0, overrides.partitions ?? 0);
  return object(
    kind,
    metadata,
    withOverrides(spec, {
      ...overrides,
      driven: drivenBy(lab, metadata.name) !== undefined,
      suspended: suspended || overrides.suspended === true,
      partitions,
    }),
  );
}

const object = (kind: string, metadata: KubernetesObject['metadata'], spec: Json): KubernetesObject => ({
  apiVersion: GROUP_VERSION,
  kind,
  metadata,
  spec,
});

/** `driven`: a ConsumerScale sets the number of consumers. */
function withOverrides(
  spec: Json,
  overrides: Overrides & { driven: boolean; suspended: boolean; partitions: number },
): Json {
  const { topic, producers, consumers } = spec as Record<string, Json | undefined>;
  const { replicas: written, ...others } = consumers ?? {};
  const replicas = overrides.driven ? {} : { replicas: overrides.consumers ?? written ?? 1 };
  const more = overrides.partitions > ((topic?.partitions as number | undefined) ?? 1);
  return {
    ...spec,
    ...(more ? { topic: { ...topic, partitions: overrides.partitions } } : {}),
    ...(overrides.producers === undefined ? {} : { producers: { ...producers, replicas: overrides.producers } }),
    ...(consumers === undefined ? {} : { consumers: { ...others, ...replicas } }),
    ...(overrides.suspended ? { suspend: true } : {}),
  };
}
