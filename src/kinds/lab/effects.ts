/** Whether what a step does has taken place, as far as can be seen: done, waited for, or impossible. */
import type { ConsumerScale } from '../../api/consumerscale/consumerScale.ts';
import type { LabStepStatus } from '../../api/lab/status.ts';
import type { LabStep } from '../../api/lab/steps.ts';
import type { LoadTest } from '../../api/loadtest/loadTest.ts';
import type { Condition } from '../../contract/kubernetes.ts';
import type { EpochMs } from '../../contract/time.ts';
import { epochMs } from '../../contract/time.ts';
import { parseDuration } from '../../domain/status/duration.ts';
import { consumerPodName } from '../../domain/workers/workloads.ts';
import { childNamed, made, type Sight } from './children.ts';
import { clientsAfter } from './script.ts';

export type Effect = { is: 'Done' } | { is: 'Waits' | 'Failed'; message: string };

/** A resource that is stalled for less may just have been looked at too early. */
const STALLED_FOR_MS = 10_000;

type Child = LoadTest | ConsumerScale;

const done: Effect = { is: 'Done' };
const waits = (message: string): Effect => ({ is: 'Waits', message });
const failed = (message: string): Effect => ({ is: 'Failed', message });

/** `index`: of the step that runs; `status`: as recorded, begun. */
export function effectOf(index: number, status: LabStepStatus, sight: Sight): Effect {
  const step = sight.lab.steps[index];
  if (step === undefined) throw new Error(`there is no step ${index}`);
  if (step.wait !== undefined) return waited(step.wait, status, sight.now);
  if (step.observe !== undefined) return done;
  if (step.kill !== undefined) return killed(step.kill, status, sight);
  const ref = made(step, sight.name);
  if (ref !== undefined) {
    return ofResource(`${ref.kind} ${ref.name}`, ref, childNamed(ref, sight), step, status, sight);
  }
  const named = step.scale ?? step.partitions ?? step.stop ?? step.start;
  const test = named && sight.children.loadTests.get(named.loadTest);
  const what = `LoadTest ${named?.loadTest}`;
  if (test === undefined) return failed(gone(what));
  const trouble = troubleOf(what, test, { kind: 'LoadTest', name: test.metadata.name }, sight);
  if (trouble !== undefined) return trouble;
  const who = step.stop?.who ?? step.start?.who;
  // Suspended is what these steps make of it, and what they end.
  if (who === 'All') return suspended(step.stop !== undefined, test);
  const rest = restOf(what, test);
  if (rest !== undefined) return rest;
  return step.partitions === undefined
    ? manned(index, step, test, sight)
    : partitioned(step.partitions.partitions, test);
}

export const gone = (what: string): string =>
  `${what} is gone: somebody deleted it while the Lab ran; delete the Lab and create it again`;

function waited(wait: string, { startedAt }: LabStepStatus, now: EpochMs): Effect {
  const left = (epochMs(startedAt) ?? now) + parseDuration(wait) - now;
  return left <= 0 ? done : waits(`waits ${wait}`);
}

function killed({ loadTest, consumer }: NonNullable<LabStep['kill']>, { uid }: LabStepStatus, sight: Sight): Effect {
  const { pod, children } = sight;
  const name = consumerPodName(loadTest, consumer);
  if (uid === undefined) {
    const what = `LoadTest ${loadTest}`;
    const test = children.loadTests.get(loadTest);
    if (test === undefined) return failed(gone(what));
    const trouble = troubleOf(what, test, { kind: 'LoadTest', name: loadTest }, sight) ?? restOf(what, test);
    return trouble ?? waits(`waiting for pod ${name}`);
  }
  return pod === null || (pod !== undefined && pod.metadata.uid !== uid) ? done : waits(`pod ${name} is being killed`);
}

const conditionOf = ({ status }: Child, type: string): Condition | undefined =>
  status?.conditions.find((condition) => condition.type === type);

/** The status is about the spec as it is now. */
const isFresh = ({ status, metadata }: Child): boolean => status?.observedGeneration === metadata.generation;

/** Why nothing more is to be expected of a resource; undefined: something is. */
function troubleOf(
  what: string,
  child: Child | undefined,
  ref: { kind: string; name: string },
  { failures, now }: Sight,
): Effect | undefined {
  const refused = failures.find(
    ({ action, reason }) =>
      reason === 'Refused' &&
      action.type === 'Apply' &&
      action.target.kind === ref.kind &&
      action.target.name === ref.name,
  );
  if (refused !== undefined) return failed(refused.message);
  if (child === undefined) return undefined;
  if (child.metadata.deletionTimestamp !== undefined) return failed(`${what} is being deleted`);
  const told = conditionOf(child, 'Ready')?.message ?? '';
  if (child.status?.phase === 'Failed') return failed(`${what} failed: ${told}`);
  const stalled = conditionOf(child, 'Stalled');
  const since = stalled?.status === 'True' ? epochMs(stalled.lastTransitionTime) : undefined;
  if (since === undefined || !isFresh(child)) return undefined;
  return now - since >= STALLED_FOR_MS
    ? failed(`${what} is stalled: ${stalled?.message}`)
    : waits(`${what}: ${stalled?.message}`);
}

function ofResource(
  what: string,
  ref: { kind: string; name: string },
  child: Child | undefined,
  step: LabStep,
  { uid }: LabStepStatus,
  sight: Sight,
): Effect {
  if (uid !== undefined && child?.metadata.uid !== uid) return failed(gone(what));
  const trouble = troubleOf(what, child, ref, sight);
  if (trouble !== undefined) return trouble;
  if (child === undefined) {
    const why = sight.failures.find(({ action }) => action.type === 'Apply' && action.target.name === ref.name);
    return waits(`making ${what}${why === undefined ? '' : `: ${why.message}; it is tried again`}`);
  }
  const told = conditionOf(child, 'Ready')?.message ?? 'not looked at yet';
  const over = child.status?.phase === 'Completed';
  if (over && isFresh(child)) return done;
  if (step.produce !== undefined || step.apply?.until === 'Completed') return waits(`${what}: ${told}`);
  const ready =
    child.kind === 'ConsumerScale'
      ? (child as ConsumerScale).status?.startedAt !== undefined
      : conditionOf(child, 'Ready')?.status === 'True' && child.status?.phase === 'Running';
  return ready && isFresh(child) ? done : waits(`${what}: ${told}`);
}

/** Why no step changes anything about a LoadTest that is through. */
function restOf(what: string, test: LoadTest): Effect | undefined {
  const ended = endedBefore(what, test);
  if (ended !== undefined || test.status?.phase !== 'Suspended') return ended;
  return failed(`${what} is suspended, so none of its clients run: leave its spec.suspend out`);
}

function endedBefore(what: string, { status }: LoadTest): Effect | undefined {
  if (status?.phase !== 'Completed') return undefined;
  return failed(`${what} is Completed: it has ended before this step; give it a longer duration or more messages`);
}

function partitioned(asked: number, test: LoadTest): Effect {
  const { partitions = 0 } = test.status?.topic ?? {};
  if (test.spec.topic.partitions >= asked && isFresh(test) && partitions >= asked) return done;
  return waits(`topic ${test.spec.topic.name} has ${partitions} of ${asked} partitions`);
}

const ourMembers = ({ status }: LoadTest): number =>
  (status?.consumers?.members ?? []).filter(({ source }) => source === 'Clients').length;

/** All clients of a LoadTest have gone (`gone`), or are back in a settled group. */
function suspended(gone: boolean, test: LoadTest): Effect {
  const { metadata, spec, status } = test;
  const what = `LoadTest ${metadata.name}`;
  const ended = endedBefore(what, test);
  if (ended !== undefined) return ended;
  const { producers, consumers, rebalances } = status ?? {};
  const left = (producers?.ready ?? 0) + (consumers?.ready ?? 0);
  const ours = ourMembers(test);
  const there = gone
    ? status?.phase === 'Suspended' && left === 0 && ours === 0
    : conditionOf(test, 'Ready')?.status === 'True' &&
      status?.phase === 'Running' &&
      ours === (spec.consumers?.replicas ?? 0) &&
      rebalances?.settled !== false;
  if (there && spec.suspend === gone && isFresh(test)) return done;
  return waits(`${what}: ${gone ? `${left} clients are left` : `${left} clients ready`}, ${ours} in the group`);
}

/** Clients are as many as they should be, and the group has settled. */
function manned(index: number, step: LabStep, test: LoadTest, { lab }: Sight): Effect {
  const { metadata, spec, status } = test;
  const what = `LoadTest ${metadata.name}`;
  const until = lab.steps.slice(0, index + 1);
  const who = step.stop?.who ?? step.start?.who;
  const changed = {
    consumers: who === 'Consumers' || step.scale?.consumers !== undefined,
    producers: who === 'Producers' || step.scale?.producers !== undefined,
  };
  const missing: string[] = [];
  if (changed.producers) {
    const asked = clientsAfter(lab, until, metadata.name, 'producers');
    const { ready = 0 } = status?.producers ?? {};
    if (spec.producers?.replicas !== asked || ready !== asked) missing.push(`${ready} of ${asked} producers`);
  }
  if (changed.consumers) {
    const asked = clientsAfter(lab, until, metadata.name, 'consumers');
    const { ready = 0 } = status?.consumers ?? {};
    const ours = ourMembers(test);
    const settled = status?.rebalances?.settled !== false;
    if (spec.consumers?.replicas !== asked || ready !== asked || ours !== asked || !settled) {
      missing.push(
        `${ready} of ${asked} consumers ready, ${ours} in the group${settled ? '' : ', which is rebalancing'}`,
      );
    }
  }
  if (missing.length === 0 && isFresh(test)) return done;
  return waits(`${what}: ${missing.join(', ') || 'its status is not up to date yet'}`);
}
