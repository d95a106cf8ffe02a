/** The refusals of a Lab that the API server cannot decide: its resources, steps and expectations. They precede all changes. */

import { consumerScaleSchema } from '../../api/consumerscale/consumerScale.ts';
import type { LabResource } from '../../api/lab/resources.ts';
import type { LabSpec } from '../../api/lab/spec.ts';
import { MOST_BEFORE } from '../../api/lab/status.ts';
import { LONGEST_NAME, loadTestSchema } from '../../api/loadtest/loadTest.ts';
import type { LoadTestSpec } from '../../api/loadtest/spec.ts';
import { loadTestNames, producedNames, scaleNames } from './children.ts';
import { drivenBy } from './script.ts';
import { nameOf, stepName, stepRefusals } from './stepRefusals.ts';
import { type ExpressionsOf, hintFor, pathsBefore } from './variables.ts';

const schemas = { LoadTest: loadTestSchema.spec, ConsumerScale: consumerScaleSchema.spec };

/** Sentences, each with its place in the spec; none: the Lab may start. `lab`: its metadata.name. */
export function refusals(lab: string, spec: LabSpec, expressionsOf: ExpressionsOf): string[] {
  const resources = spec.resources.flatMap((resource) => resourceRefusals(spec, resource));
  // The steps cannot be checked without valid resources.
  if (resources.length > 0) return resources;
  return [
    ...reservedNames(spec),
    ...repeatedNames(spec),
    ...stepRefusals(lab, spec),
    ...expectationRefusals(spec, expressionsOf),
  ];
}

function resourceRefusals(lab: LabSpec, resource: LabResource): string[] {
  const where = `resources: ${nameOf(resource)}`;
  const { name } = resource.metadata;
  if (resource.kind === 'LoadTest' && name.length > LONGEST_NAME) {
    return [`${where}: metadata.name has ${name.length} characters: write at most ${LONGEST_NAME}`];
  }
  const result = schemas[resource.kind].safeParse(resource.spec);
  if (!result.success) {
    return result.error.issues.map(({ path, message }) => `${where}: ${['spec', ...path].join('.')}: ${message}`);
  }
  const driver = resource.kind === 'LoadTest' ? drivenBy(lab, name) : undefined;
  const replicas = (result.data as LoadTestSpec).consumers?.replicas ?? 1;
  return driver === undefined || replicas === 1
    ? []
    : [
        `${where}: ConsumerScale ${driver} sets the number of consumers: leave spec.consumers.replicas out, and add a first step with consumers: ${replicas} to the ConsumerScale`,
      ];
}

/** The CEL library takes the field constructor of an object for the object’s type. */
function reservedNames(spec: LabSpec): string[] {
  const named = (what: string, names: string[]) => names.filter((name) => name === 'constructor').map(() => what);
  return [
    ...named('a LoadTest', loadTestNames(spec)),
    ...named('a ConsumerScale', scaleNames(spec)),
    ...named('a produce step', producedNames(spec)),
  ].map((what) => `${what} is named constructor, which expectations cannot read: give it another name, e.g. round`);
}

function repeatedNames({ resources, steps }: LabSpec): string[] {
  const produced = steps.flatMap(({ produce }) => (produce === undefined ? [] : [`produce step ${produce.name}`]));
  const names = [...resources.map(nameOf), ...produced];
  return [...new Set(names.filter((name, index) => names.indexOf(name) !== index))].map(
    (name) => `there is more than one ${name}: give one of them another name`,
  );
}

function expectationRefusals(spec: LabSpec, expressionsOf: ExpressionsOf): string[] {
  const expressions = expressionsOf(spec);
  return spec.steps.flatMap((step, index) => {
    const where = stepName(step, index);
    const problems = step.expect.flatMap(({ that }, n) => {
      const problem = expressions.problem(that);
      return problem === undefined ? [] : [`${where}.expect[${n}].that: ${hintFor(spec, problem)}`];
    });
    if (problems.length > 0) return problems;
    const paths = pathsBefore(expressions, step);
    if ('problem' in paths) return [`${where}: ${paths.problem}`];
    return paths.kept.length <= MOST_BEFORE
      ? []
      : [`${where} uses ${paths.kept.length} different values of before: use at most ${MOST_BEFORE}`];
  });
}
