/** The LoadTests and ConsumerScales that a Lab has made, as its steps name them. */

import type { LabSpec } from '../../api/lab/spec.ts';
import type { LabStepStatus } from '../../api/lab/status.ts';
import type { LabStep } from '../../api/lab/steps.ts';
import type { Failure } from '../../contract/actions.ts';
import type { KubernetesObject } from '../../contract/kubernetes.ts';
import type { EpochMs } from '../../contract/time.ts';
import { type Children, producerName } from './variables.ts';

export interface Sight {
  now: EpochMs;
  /** Of the Lab. */
  name: string;
  lab: LabSpec;
  /** The steps as recorded. */
  recorded: readonly LabStepStatus[];
  children: Children;
  failures: readonly Failure[];
  /** The pod of a kill step; null: there is none; undefined: not looked at. */
  pod: KubernetesObject | null | undefined;
}

/** The resource that a step makes, by its name in the cluster. */
export function made({ apply, produce }: LabStep, lab: string): { kind: string; name: string } | undefined {
  if (apply !== undefined) return { kind: apply.kind, name: apply.name };
  return produce === undefined ? undefined : { kind: 'LoadTest', name: producerName(lab, produce.name) };
}

export function childNamed({ kind, name }: { kind: string; name: string }, { children }: Pick<Sight, 'children'>) {
  if (kind === 'ConsumerScale') return children.scales.get(name);
  return children.loadTests.get(name) ?? [...children.produced.values()].find(({ metadata }) => metadata.name === name);
}
