/** What the API server can't judge, judged before anything is made: what resources say, what steps name, what expectations mean. */

import { consumerScaleSchema } from '../../api/consumerscale/consumerScale.ts';
import type { ConsumerScaleSpec } from '../../api/consumerscale/spec.ts';
import type { LabResource } from '../../api/lab/resources.ts';
import type { LabSpec } from '../../api/lab/spec.ts';
import { MOST_BEFORE } from '../../api/lab/status.ts';
import type { LabStep } from '../../api/lab/steps.ts';
import { LONGEST_NAME, loadTestSchema } from '../../api/loadtest/loadTest.ts';
import type { LoadTestSpec } from '../../api/loadtest/spec.ts';
import { consumerPodName, podsFor } from '../../domain/workers/workloads.ts';
import { produceSpec } from './produce.ts';
import { drivenBy } from './script.ts';
import { expressionsOf, hintFor, producerName } from './variables.ts';

const schemas = { LoadTest: loadTestSchema.spec, ConsumerScale: consumerScaleSchema.spec };

/** Sentences, each with the place; none: the lab may begin. */
export function refusals(lab: string, spec: LabSpec): string[] {
  const resources = spec.resources.flatMap((resource) => ofResource(spec, resource));
  if (resources.length > 0) return resources;
  return [...twice(spec), ...walk(lab, spec), ...ofExpectations(spec)];
}

const called = ({ kind, metadata }: LabResource): string => `${kind} ${metadata.name}`;

// ---- resources ------------------------------------------------------------------------------

function ofResource(lab: LabSpec, resource: LabResource): string[] {
  const where = `resources: ${called(resource)}`;
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
        `${where}: ConsumerScale ${driver} decides how many consumers there are: leave spec.consumers.replicas out, and begin with a step of the schedule with consumers: ${replicas}`,
      ];
}

function twice({ resources, steps }: LabSpec): string[] {
  const produced = steps.flatMap(({ produce }) => (produce === undefined ? [] : [`produce step ${produce.name}`]));
  const names = [...resources.map(called), ...produced];
  return [...new Set(names.filter((name, index) => names.indexOf(name) !== index))].map(
    (name) => `there is more than one ${name}: write another name`,
  );
}

// ---- steps ----------------------------------------------------------------------------------

/** What a LoadTest is like at a step, as far as the script says. */
interface There {
  spec: LoadTestSpec;
  driver: string | undefined;
  partitions: number;
  consumers: number;
  stopped: Set<string>;
}

function walk(lab: string, spec: LabSpec): string[] {
  const there = new Map<string, There>();
  const applied = new Set<string>();
  return spec.steps.flatMap((step, index) =>
    take(lab, spec, step, there, applied).map((problem) => `${stepName(step, index)}: ${problem}`),
  );
}

const stepName = ({ name }: LabStep, index: number): string => `steps[${index}] (${name})`;

function take(lab: string, spec: LabSpec, step: LabStep, there: Map<string, There>, applied: Set<string>): string[] {
  if (step.apply !== undefined) return takeApply(spec, step.apply, there, applied);
  if (step.produce !== undefined) return takeProduce(lab, spec, step.produce, there);
  const named = step.scale ?? step.partitions ?? step.stop ?? step.start ?? step.kill;
  if (named === undefined) return [];
  const test = there.get(named.loadTest);
  if (test === undefined) return [notThere(spec, named.loadTest)];
  return change(named.loadTest, step, test);
}

const notThere = ({ resources }: LabSpec, name: string): string => {
  const known = resources.filter(({ kind }) => kind === 'LoadTest').map(({ metadata }) => metadata.name);
  return known.includes(name)
    ? `LoadTest ${name} is not there yet: write a step with apply: {kind: LoadTest, name: ${name}} before`
    : `there is no LoadTest ${name} in resources: write one of ${known.join(', ') || 'them there'}`;
};

function takeApply(
  spec: LabSpec,
  { kind, name }: NonNullable<LabStep['apply']>,
  there: Map<string, There>,
  applied: Set<string>,
): string[] {
  const resource = spec.resources.find((it) => it.kind === kind && it.metadata.name === name);
  if (resource === undefined) {
    const known = spec.resources.map(called).join(', ');
    return [`there is no ${kind} ${name} in resources: write one of ${known || 'them there'}`];
  }
  if (applied.has(called(resource))) return [`${kind} ${name} was applied by an earlier step: leave this one out`];
  applied.add(called(resource));
  if (kind === 'LoadTest') {
    const test = loadTestSchema.spec.parse(resource.spec);
    there.set(name, {
      spec: test,
      driver: drivenBy(spec, name),
      partitions: test.topic.partitions,
      consumers: test.consumers?.replicas ?? 0,
      stopped: new Set(),
    });
    return [];
  }
  const { scaleTargetRef } = consumerScaleSchema.spec.parse(resource.spec) as ConsumerScaleSpec;
  const ours = spec.resources.some((it) => it.kind === 'LoadTest' && it.metadata.name === scaleTargetRef.name);
  return scaleTargetRef.kind === 'LoadTest' && ours && !there.has(scaleTargetRef.name)
    ? [notThere(spec, scaleTargetRef.name)]
    : [];
}

function takeProduce(
  lab: string,
  spec: LabSpec,
  produce: NonNullable<LabStep['produce']>,
  there: Map<string, There>,
): string[] {
  const test = produce.loadTest === undefined ? undefined : there.get(produce.loadTest);
  if (produce.loadTest !== undefined && test === undefined) return [notThere(spec, produce.loadTest)];
  const name = producerName(lab, produce.name);
  if (name.length > LONGEST_NAME) {
    return [`${name} has ${name.length} characters: write a shorter produce.name, or name the Lab with fewer`];
  }
  if (spec.resources.some(({ kind, metadata }) => kind === 'LoadTest' && metadata.name === name)) {
    return [`LoadTest ${name} of resources has the name that this step needs: write another produce.name`];
  }
  const twice = saidTwice(produce);
  if (twice.length > 0) return twice;
  const result = loadTestSchema.spec.safeParse(produceSpec(produce, test?.spec));
  return result.success ? [] : result.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`);
}

/** What the step says itself would take the place of what its producers say, unseen. */
function saidTwice({ keys, messages, producers = {} }: NonNullable<LabStep['produce']>): string[] {
  const { record, messages: others } = producers as { record?: { key?: unknown }; messages?: unknown };
  return [
    ...(others === undefined
      ? []
      : [`produce.messages says how many records there are (${messages}): leave producers.messages out`]),
    ...(keys === undefined || record?.key === undefined
      ? []
      : ['produce.keys says which keys there are: leave producers.record.key out, or keys']),
  ];
}

function change(name: string, step: LabStep, test: There): string[] {
  const { consumers, producers, topic } = test.spec;
  const fixed =
    producers?.messages === undefined
      ? undefined
      : `LoadTest ${name} sends a number of messages, which are shared out already, so its producers can’t be changed`;
  const driven =
    test.driver === undefined
      ? undefined
      : `ConsumerScale ${test.driver} decides how many consumers LoadTest ${name} has: leave this step out, or take the schedule out of resources`;
  const whole = (count: number, part: { clientsPerPod: number } | undefined) =>
    count % (part?.clientsPerPod ?? 1) === 0
      ? undefined
      : `${count} can’t run ${part?.clientsPerPod} to a pod: write a multiple of ${part?.clientsPerPod}`;
  const who = step.stop?.who ?? step.start?.who;
  if (test.stopped.has('All') && who !== 'All' && step.partitions === undefined) {
    return [`all of LoadTest ${name} is stopped by then: write start: {loadTest: ${name}, who: All} before`];
  }
  const found: (string | undefined)[] = [];
  const needs = (who: 'consumers' | 'producers') => {
    found.push(test.spec[who] === undefined ? `LoadTest ${name} has no ${who}` : undefined);
    found.push(who === 'consumers' ? driven : fixed);
  };
  if (step.scale !== undefined) {
    if (step.scale.consumers !== undefined) {
      needs('consumers');
      found.push(whole(step.scale.consumers, consumers));
      test.consumers = step.scale.consumers;
      test.stopped.delete('Consumers');
    }
    if (step.scale.producers !== undefined) {
      needs('producers');
      found.push(whole(step.scale.producers, producers));
      test.stopped.delete('Producers');
    }
  }
  if (step.partitions !== undefined) {
    const { partitions } = step.partitions;
    if (topic.management === 'Existing')
      found.push(`the topic of LoadTest ${name} is management: Existing: nobody changes it`);
    if (partitions <= test.partitions) {
      found.push(`the topic has ${test.partitions} partitions by then: write ${test.partitions + 1} or more`);
    }
    test.partitions = Math.max(partitions, test.partitions);
  }
  if (step.stop !== undefined) {
    if (step.stop.who !== 'All') needs(step.stop.who === 'Consumers' ? 'consumers' : 'producers');
    if (test.stopped.has(step.stop.who)) found.push(`${step.stop.who} of LoadTest ${name} are stopped already`);
    test.stopped.add(step.stop.who);
  }
  if (step.start !== undefined) {
    if (step.start.who === 'All') found.push(fixed);
    else needs(step.start.who === 'Consumers' ? 'consumers' : 'producers');
    if (!test.stopped.delete(step.start.who)) {
      const or = step.start.who === 'All' ? '' : ', or a scale step';
      found.push(`${step.start.who} of LoadTest ${name} are not stopped: write a stop step before${or}`);
    }
  }
  if (step.kill !== undefined) {
    found.push(consumers === undefined ? `LoadTest ${name} has no consumers` : undefined);
    const pods = podsFor(test.consumers, consumers?.clientsPerPod ?? 1);
    if (test.driver === undefined && (test.stopped.has('Consumers') || step.kill.consumer >= pods)) {
      found.push(
        `there is no pod ${consumerPodName(name, step.kill.consumer)} by then: ${test.stopped.has('Consumers') ? 'its consumers are stopped' : `write a number from 0 to ${pods - 1}`}`,
      );
    }
  }
  return found.filter((problem) => problem !== undefined);
}

// ---- expectations ---------------------------------------------------------------------------

function ofExpectations(spec: LabSpec): string[] {
  const language = expressionsOf(spec);
  return spec.steps.flatMap((step, index) => {
    const where = stepName(step, index);
    const problems = step.expect.flatMap(({ that }, n) => {
      const problem = language.problem(that);
      return problem === undefined ? [] : [`${where}.expect[${n}].that: ${hintFor(spec, problem)}`];
    });
    if (problems.length > 0) return problems;
    const paths = pathsBefore(spec, step);
    if ('problem' in paths) return [`${where}: ${paths.problem}`];
    return paths.kept.length <= MOST_BEFORE
      ? []
      : [`${where} names ${paths.kept.length} different values of before: write at most ${MOST_BEFORE}`];
  });
}

/** What the expectations of a step name of `before`, each once. */
export function pathsBefore(spec: LabSpec, step: LabStep): { kept: string[][] } | { problem: string } {
  const language = expressionsOf(spec);
  try {
    const all = step.expect.flatMap(({ that }) => language.partsOf('before', that));
    return { kept: [...new Map(all.map((path) => [JSON.stringify(path), path])).values()] };
  } catch (error) {
    return { problem: (error as Error).message };
  }
}
