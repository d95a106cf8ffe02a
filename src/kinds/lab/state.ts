/** The state of a Lab in one round: its script, the recorded steps and what is observed. */

import type { LabSpec } from '../../api/lab/spec.ts';
import type { LabStepStatus } from '../../api/lab/status.ts';
import type { LabStep } from '../../api/lab/steps.ts';
import type { Failure } from '../../contract/actions.ts';
import type { KubernetesObject } from '../../contract/kubernetes.ts';
import type { EpochMs } from '../../contract/time.ts';
import { type Children, producerName } from './children.ts';
import type { ExpressionsOf } from './variables.ts';

export interface LabState {
  now: EpochMs;
  /** metadata.name of the Lab. */
  name: string;
  lab: LabSpec;
  expressionsOf: ExpressionsOf;
  /** The steps as recorded. */
  recorded: readonly LabStepStatus[];
  children: Children;
  failures: readonly Failure[];
  /** The pod of a kill step; null: it does not exist; undefined: it has not been read. */
  pod: KubernetesObject | null | undefined;
}

/** A resource by kind and metadata.name. */
export interface ChildRef {
  kind: string;
  name: string;
}

/** The resource that a step creates. */
export function createdBy({ apply, produce }: LabStep, lab: string): ChildRef | undefined {
  if (apply !== undefined) return { kind: apply.kind, name: apply.name };
  return produce === undefined ? undefined : { kind: 'LoadTest', name: producerName(lab, produce.name) };
}

export function childNamed({ kind, name }: ChildRef, { children }: Pick<LabState, 'children'>) {
  if (kind === 'ConsumerScale') return children.scales.get(name);
  return children.loadTests.get(name) ?? [...children.produced.values()].find(({ metadata }) => metadata.name === name);
}
