/** The LoadTests and ConsumerScales that a Lab has created. */

import type { ConsumerScale } from '../../api/consumerscale/consumerScale.ts';
import type { LabSpec } from '../../api/lab/spec.ts';
import type { LoadTest } from '../../api/loadtest/loadTest.ts';
import type { KubernetesObject } from '../../contract/kubernetes.ts';

export const loadTestNames = ({ resources }: LabSpec): string[] =>
  resources.filter(({ kind }) => kind === 'LoadTest').map(({ metadata }) => metadata.name);
export const scaleNames = ({ resources }: LabSpec): string[] =>
  resources.filter(({ kind }) => kind === 'ConsumerScale').map(({ metadata }) => metadata.name);
export const producedNames = ({ steps }: LabSpec): string[] =>
  steps.flatMap(({ produce }) => (produce === undefined ? [] : [produce.name]));

/** metadata.name of the LoadTest of a produce step. */
export const producerName = (lab: string, name: string): string => `${lab}-${name}`;

/** By the names that the Lab's spec gives them. */
export interface Children {
  loadTests: Map<string, LoadTest>;
  scales: Map<string, ConsumerScale>;
  /** LoadTests of produce steps, by produce.name. */
  produced: Map<string, LoadTest>;
}

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
