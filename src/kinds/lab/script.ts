/** The script up to a step, as what should exist: a fold over the steps. Pure. */

import type { LabResource } from '../../api/lab/resources.ts';
import type { LabSpec } from '../../api/lab/spec.ts';
import type { LabStep } from '../../api/lab/steps.ts';
import { type LoadTest, loadTestSchema } from '../../api/loadtest/loadTest.ts';
import type { LoadTestSpec } from '../../api/loadtest/spec.ts';
import { GROUP_VERSION } from '../../api/sharedStatus.ts';
import type { KubernetesObject } from '../../contract/kubernetes.ts';
import { produceSpec } from './produce.ts';
import { producerName } from './variables.ts';

type Json = Record<string, unknown>;

/** The ConsumerScale of this lab that decides how many consumers the LoadTest has. */
export function drivenBy({ resources }: LabSpec, loadTest: string): string | undefined {
  const driver = resources.find(({ kind, spec }) => {
    const { scaleTargetRef } = spec as { scaleTargetRef?: { kind?: string; name?: string } };
    return kind === 'ConsumerScale' && scaleTargetRef?.kind === 'LoadTest' && scaleTargetRef.name === loadTest;
  });
  return driver?.metadata.name;
}

/**
 * The same script as if what is null in its resources and producers had not been written, which is what the API server
 * makes of a field that may not be null. It does so wherever it knows the schema; of these it does not.
 */
export const withoutNulls = (lab: LabSpec): LabSpec => ({
  ...lab,
  resources: lab.resources.map((resource) => ({ ...resource, spec: written(resource.spec) as Json })),
  steps: lab.steps.map((step) =>
    step.produce?.producers === undefined
      ? step
      : { ...step, produce: { ...step.produce, producers: written(step.produce.producers) as Json } },
  ),
});

function written(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(written);
  if (typeof value !== 'object' || value === null) return value;
  const fields = Object.entries(value).filter(([, inner]) => inner !== null);
  return Object.fromEntries(fields.map(([name, inner]) => [name, written(inner)]));
}

/** What steps have made of a LoadTest. */
interface Asked {
  consumers?: number;
  producers?: number;
  partitions?: number;
  /** Before they were stopped. */
  consumersBack?: number;
  producersBack?: number;
  /** All of it was stopped. */
  suspended?: boolean;
}

const PART = { Consumers: 'consumers', Producers: 'producers' } as const;
const BACK = { consumers: 'consumersBack', producers: 'producersBack' } as const;

const find = ({ resources }: LabSpec, kind: string, name: string): LabResource | undefined =>
  resources.find((it) => it.kind === kind && it.metadata.name === name);

/** As its manifest says, defaults filled in. Only of a lab without refusals. */
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
  return askedOf(lab, steps).get(loadTest)?.[part] ?? manifestOf(lab, loadTest)[part]?.replicas ?? 0;
}

function askedOf(lab: LabSpec, steps: readonly LabStep[]): Map<string, Asked> {
  const asked = new Map<string, Asked>();
  const of = (name: string): Asked => {
    const known = asked.get(name) ?? {};
    asked.set(name, known);
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
  return asked;
}

export interface Scene {
  /** Of the Lab. */
  name: string;
  /** Without refusals. */
  lab: LabSpec;
  /** LoadTests as they are now, by name. */
  live: Map<string, LoadTest>;
  /** The lab is over, and LoadTests rest. */
  suspended: boolean;
}

/** What should exist after these steps. */
export function desired({ name, lab, live, suspended }: Scene, steps: readonly LabStep[]): KubernetesObject[] {
  const asked = askedOf(lab, steps);
  return steps.flatMap(({ apply, produce }): KubernetesObject[] => {
    if (produce !== undefined) {
      const test = produce.loadTest === undefined ? undefined : manifestOf(lab, produce.loadTest);
      const rests = suspended ? { suspend: true } : {};
      return [
        made('LoadTest', { name: producerName(name, produce.name) }, { ...produceSpec(produce, test), ...rests }),
      ];
    }
    const resource = apply === undefined ? undefined : find(lab, apply.kind, apply.name);
    if (resource === undefined) return [];
    const { kind, metadata, spec } = resource;
    if (kind === 'ConsumerScale') return [made(kind, metadata, spec)];
    const driven = drivenBy(lab, metadata.name) !== undefined;
    // A schedule may have added partitions, and nobody can take them away.
    const changes = asked.get(metadata.name) ?? {};
    const partitions = Math.max(live.get(metadata.name)?.spec.topic.partitions ?? 0, changes.partitions ?? 0);
    return [
      made(
        kind,
        metadata,
        overlaid(spec, { ...changes, driven, suspended: suspended || changes.suspended === true, partitions }),
      ),
    ];
  });
}

const made = (kind: string, metadata: KubernetesObject['metadata'], spec: Json): KubernetesObject => ({
  apiVersion: GROUP_VERSION,
  kind,
  metadata,
  spec,
});

function overlaid(spec: Json, asked: Asked & { driven: boolean; suspended: boolean; partitions: number }): Json {
  const { topic, producers, consumers } = spec as Record<string, Json | undefined>;
  const { replicas, ...others } = consumers ?? {};
  const manned = asked.driven ? {} : { replicas: asked.consumers ?? replicas ?? 1 };
  const more = asked.partitions > ((topic?.partitions as number | undefined) ?? 1);
  return {
    ...spec,
    ...(more ? { topic: { ...topic, partitions: asked.partitions } } : {}),
    ...(asked.producers === undefined ? {} : { producers: { ...producers, replicas: asked.producers } }),
    ...(consumers === undefined ? {} : { consumers: { ...others, ...manned } }),
    ...(asked.suspended ? { suspend: true } : {}),
  };
}
