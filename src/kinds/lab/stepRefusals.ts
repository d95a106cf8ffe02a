/** The refusals of a Lab's steps, which are checked in order against the state that the steps before leave. */

import { consumerScaleSchema } from '../../api/consumerscale/consumerScale.ts';
import type { ConsumerScaleSpec } from '../../api/consumerscale/spec.ts';
import type { LabResource } from '../../api/lab/resources.ts';
import type { LabSpec } from '../../api/lab/spec.ts';
import type { LabStep } from '../../api/lab/steps.ts';
import { LONGEST_NAME, loadTestSchema } from '../../api/loadtest/loadTest.ts';
import type { LoadTestSpec } from '../../api/loadtest/spec.ts';
import { consumerPodName, podsFor } from '../../domain/workers/workloads.ts';
import { producerName } from './children.ts';
import { produceSpec } from './produce.ts';
import { drivenBy } from './script.ts';

/** `LoadTest round` */
export const nameOf = ({ kind, metadata }: LabResource): string => `${kind} ${metadata.name}`;

export const stepName = ({ name }: LabStep, index: number): string => `steps[${index}] (${name})`;

/** A LoadTest as the steps so far leave it. */
interface ScriptedLoadTest {
  name: string;
  spec: LoadTestSpec;
  /** The ConsumerScale that sets the number of consumers. */
  driver: string | undefined;
  partitions: number;
  consumers: number;
  stopped: Set<string>;
}

/** The script so far; the checks below change it. */
interface ScriptCheck {
  /** metadata.name of the Lab. */
  lab: string;
  spec: LabSpec;
  loadTests: Map<string, ScriptedLoadTest>;
  /** The resources that a step has applied. */
  applied: Set<string>;
}

export function stepRefusals(lab: string, spec: LabSpec): string[] {
  const check: ScriptCheck = { lab, spec, loadTests: new Map(), applied: new Set() };
  return spec.steps.flatMap((step, index) =>
    checkStep(check, step).map((problem) => `${stepName(step, index)}: ${problem}`),
  );
}

function checkStep(check: ScriptCheck, step: LabStep): string[] {
  if (step.apply !== undefined) return checkApply(check, step.apply);
  if (step.produce !== undefined) return checkProduce(check, step.produce);
  const named = step.scale ?? step.partitions ?? step.stop ?? step.start ?? step.kill;
  if (named === undefined) return [];
  const test = check.loadTests.get(named.loadTest);
  return test === undefined ? [notApplied(check, named.loadTest)] : checkChange(step, test);
}

function notApplied({ spec: { resources } }: ScriptCheck, name: string): string {
  const known = resources.filter(({ kind }) => kind === 'LoadTest').map(({ metadata }) => metadata.name);
  return known.includes(name)
    ? `no step has applied LoadTest ${name} yet: write a step with apply: {kind: LoadTest, name: ${name}} before this one`
    : notInResources(`LoadTest ${name}`, known);
}

const notInResources = (what: string, known: readonly string[]): string =>
  `there is no ${what} in resources: ${known.length === 0 ? 'add it there' : `write one of ${known.join(', ')}`}`;

// ---- steps that create a resource -----------------------------------------------------------

function checkApply(check: ScriptCheck, { kind, name }: NonNullable<LabStep['apply']>): string[] {
  const { spec, loadTests, applied } = check;
  const resource = spec.resources.find((it) => it.kind === kind && it.metadata.name === name);
  if (resource === undefined) return [notInResources(`${kind} ${name}`, spec.resources.map(nameOf))];
  if (applied.has(nameOf(resource))) return [`an earlier step has applied ${kind} ${name}: leave this step out`];
  applied.add(nameOf(resource));
  if (kind === 'LoadTest') {
    const test = loadTestSchema.spec.parse(resource.spec);
    loadTests.set(name, {
      name,
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
  return scaleTargetRef.kind === 'LoadTest' && ours && !loadTests.has(scaleTargetRef.name)
    ? [notApplied(check, scaleTargetRef.name)]
    : [];
}

function checkProduce(check: ScriptCheck, produce: NonNullable<LabStep['produce']>): string[] {
  const test = produce.loadTest === undefined ? undefined : check.loadTests.get(produce.loadTest);
  if (produce.loadTest !== undefined && test === undefined) return [notApplied(check, produce.loadTest)];
  const name = producerName(check.lab, produce.name);
  if (name.length > LONGEST_NAME) {
    return [
      `the step creates LoadTest ${name}, whose name has ${name.length} characters (at most ${LONGEST_NAME}): write a shorter produce.name, or give the Lab a shorter name`,
    ];
  }
  if (check.spec.resources.some(({ kind, metadata }) => kind === 'LoadTest' && metadata.name === name)) {
    return [`the step creates LoadTest ${name}, but resources has one of that name: write another produce.name`];
  }
  const repeated = repeatedFields(produce);
  if (repeated.length > 0) return repeated;
  const result = loadTestSchema.spec.safeParse(produceSpec(produce, test?.spec));
  return result.success ? [] : result.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`);
}

/** Fields of the step that would silently replace those of its producers. */
function repeatedFields({ keys, messages, producers = {} }: NonNullable<LabStep['produce']>): string[] {
  const { record, messages: others } = producers as { record?: { key?: unknown }; messages?: unknown };
  return [
    ...(others === undefined
      ? []
      : [`produce.messages (${messages}) sets the number of messages: leave producers.messages out`]),
    ...(keys === undefined || record?.key === undefined
      ? []
      : ['produce.keys sets the keys: leave producers.record.key out, or keys']),
  ];
}

// ---- steps that change a LoadTest -----------------------------------------------------------

function checkChange(step: LabStep, test: ScriptedLoadTest): string[] {
  const who = step.stop?.who ?? step.start?.who;
  if (test.stopped.has('All') && who !== 'All' && step.partitions === undefined) {
    return [
      `an earlier step stopped all of LoadTest ${test.name}: write a step with start: {loadTest: ${test.name}, who: All} before this one`,
    ];
  }
  const problems = [
    ...(step.scale === undefined ? [] : checkScale(step.scale, test)),
    ...(step.partitions === undefined ? [] : checkPartitions(step.partitions, test)),
    ...(step.stop === undefined ? [] : checkStop(step.stop, test)),
    ...(step.start === undefined ? [] : checkStart(step.start, test)),
    ...(step.kill === undefined ? [] : checkKill(step.kill, test)),
  ];
  return problems.filter((problem) => problem !== undefined);
}

type Problems = (string | undefined)[];

function checkScale({ consumers, producers }: NonNullable<LabStep['scale']>, test: ScriptedLoadTest): Problems {
  const problems: Problems = [];
  if (consumers !== undefined) {
    problems.push(...unchangeable('consumers', test), notMultiple(consumers, test.spec.consumers));
    test.consumers = consumers;
    test.stopped.delete('Consumers');
  }
  if (producers !== undefined) {
    problems.push(...unchangeable('producers', test), notMultiple(producers, test.spec.producers));
    test.stopped.delete('Producers');
  }
  return problems;
}

function checkPartitions({ partitions }: NonNullable<LabStep['partitions']>, test: ScriptedLoadTest): Problems {
  const has = test.partitions;
  test.partitions = Math.max(partitions, has);
  return [
    test.spec.topic.management === 'Existing'
      ? `LoadTest ${test.name} has topic.management: Existing, so its topic cannot get more partitions: write management: Auto there, or leave this step out`
      : undefined,
    partitions <= has ? `the topic has ${has} partitions at this step: write ${has + 1} or more` : undefined,
  ];
}

function checkStop({ who }: NonNullable<LabStep['stop']>, test: ScriptedLoadTest): Problems {
  const again = test.stopped.has(who);
  test.stopped.add(who);
  return [
    ...(who === 'All' ? [] : unchangeable(PART[who], test)),
    again ? `an earlier step stopped ${namedClients(who)} of LoadTest ${test.name}: leave this step out` : undefined,
  ];
}

function checkStart({ who }: NonNullable<LabStep['start']>, test: ScriptedLoadTest): Problems {
  const wasStopped = test.stopped.delete(who);
  const instead = who === 'All' ? '' : ', or use a scale step';
  return [
    ...(who === 'All' ? [sharedMessages(test)] : unchangeable(PART[who], test)),
    wasStopped
      ? undefined
      : `no earlier step stopped ${namedClients(who)} of LoadTest ${test.name}: write a stop step before this one${instead}`,
  ];
}

function checkKill({ consumer }: NonNullable<LabStep['kill']>, test: ScriptedLoadTest): Problems {
  const { consumers } = test.spec;
  const pods = podsFor(test.consumers, consumers?.clientsPerPod ?? 1);
  const stopped = test.stopped.has('Consumers');
  const missing = test.driver === undefined && (stopped || consumer >= pods);
  const why = stopped ? 'an earlier step stopped the consumers' : `write a consumer from 0 to ${pods - 1}`;
  return [
    consumers === undefined ? without('consumers', test) : undefined,
    missing ? `pod ${consumerPodName(test.name, consumer)} does not exist at this step: ${why}` : undefined,
  ];
}

const PART = { Consumers: 'consumers', Producers: 'producers' } as const;

const namedClients = (who: 'All' | keyof typeof PART): string => (who === 'All' ? 'all' : `the ${PART[who]}`);

/** Why a step cannot change the number of these clients. */
const unchangeable = (part: 'consumers' | 'producers', test: ScriptedLoadTest): Problems => [
  test.spec[part] === undefined ? without(part, test) : undefined,
  part === 'consumers' ? setByDriver(test) : sharedMessages(test),
];

const without = (part: 'consumers' | 'producers', { name }: ScriptedLoadTest): string =>
  `LoadTest ${name} has no ${part}: add spec.${part} to it, or leave this step out`;

const setByDriver = ({ name, driver }: ScriptedLoadTest): string | undefined =>
  driver === undefined
    ? undefined
    : `ConsumerScale ${driver} sets the number of consumers of LoadTest ${name}: leave this step out, or remove the ConsumerScale from resources`;

const sharedMessages = ({ name, spec }: ScriptedLoadTest): string | undefined =>
  spec.producers?.messages === undefined
    ? undefined
    : `LoadTest ${name} divides producers.messages among its producers when it starts, so they cannot change later: leave this step out, or write producers without messages`;

function notMultiple(count: number, part: { clientsPerPod: number } | undefined): string | undefined {
  const { clientsPerPod = 1 } = part ?? {};
  const rest = count % clientsPerPod;
  if (rest === 0) return undefined;
  const fewer = count - rest;
  return `${count} is not a multiple of clientsPerPod: ${clientsPerPod}; write ${fewer > 0 ? `${fewer} or ` : ''}${fewer + clientsPerPod}`;
}
