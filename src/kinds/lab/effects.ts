/** The effect of a step: whether it has taken effect, is still waited for, or is impossible. */
import type { ConsumerScale } from '../../api/consumerscale/consumerScale.ts';
import type { LabStepStatus } from '../../api/lab/status.ts';
import type { LabStep } from '../../api/lab/steps.ts';
import type { LoadTest } from '../../api/loadtest/loadTest.ts';
import type { Condition } from '../../contract/kubernetes.ts';
import type { EpochMs } from '../../contract/time.ts';
import { epochMs } from '../../contract/time.ts';
import { counted } from '../../domain/status/counted.ts';
import { parseDuration } from '../../domain/status/duration.ts';
import { consumerPodName } from '../../domain/workers/workloads.ts';
import { clientsAfter } from './script.ts';
import { type ChildRef, childNamed, createdBy, type LabState } from './state.ts';

export type Effect = { is: 'Done' } | { is: 'Waits' | 'Failed'; message: string };

/** A resource has to be stalled for 10 s before the step fails: it may have been observed too early. */
const STALLED_FOR_MS = 10_000;

type Child = LoadTest | ConsumerScale;

const done: Effect = { is: 'Done' };
const waits = (message: string): Effect => ({ is: 'Waits', message });
const failed = (message: string): Effect => ({ is: 'Failed', message });

/** `index`: of the step that runs. `status`: as recorded. */
export function effectOf(index: number, status: LabStepStatus, state: LabState): Effect {
  const step = state.lab.steps[index];
  if (step === undefined) throw new Error(`there is no step ${index}`);
  if (step.wait !== undefined) return waitEffect(step.wait, status, state.now);
  if (step.observe !== undefined) return done;
  if (step.kill !== undefined) return killEffect(step.kill, status, state);
  const ref = createdBy(step, state.name);
  return ref === undefined
    ? changeEffect(index, step, state)
    : creationEffect(ref, childNamed(ref, state), step, status, state);
}

export const gone = (what: string): string =>
  `${what} was deleted while the Lab ran: delete the Lab and create it again`;

function waitEffect(wait: string, { startedAt }: LabStepStatus, now: EpochMs): Effect {
  const left = (epochMs(startedAt) ?? now) + parseDuration(wait) - now;
  return left <= 0 ? done : waits(`waiting for ${wait}`);
}

function killEffect(
  { loadTest, consumer }: NonNullable<LabStep['kill']>,
  { uid }: LabStepStatus,
  state: LabState,
): Effect {
  const { pod, children } = state;
  const name = consumerPodName(loadTest, consumer);
  if (uid === undefined) {
    const what = `LoadTest ${loadTest}`;
    const test = children.loadTests.get(loadTest);
    if (test === undefined) return failed(gone(what));
    const trouble = troubleOf({ kind: 'LoadTest', name: loadTest }, test, state) ?? blockedBy(what, test);
    return trouble ?? waits(`waiting for pod ${name}`);
  }
  return pod === null || (pod !== undefined && pod.metadata.uid !== uid) ? done : waits(`killing pod ${name}`);
}

const conditionOf = ({ status }: Child, type: string): Condition | undefined =>
  status?.conditions.find((condition) => condition.type === type);

/** The status belongs to the current spec. */
const isFresh = ({ status, metadata }: Child): boolean => status?.observedGeneration === metadata.generation;

/** Why a resource cannot take the step further; undefined: it can. */
function troubleOf(ref: ChildRef, child: Child | undefined, { failures, now }: LabState): Effect | undefined {
  const what = `${ref.kind} ${ref.name}`;
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
  const message = conditionOf(child, 'Ready')?.message ?? '';
  if (child.status?.phase === 'Failed') return failed(`${what} failed: ${message}`);
  const stalled = conditionOf(child, 'Stalled');
  const since = stalled?.status === 'True' ? epochMs(stalled.lastTransitionTime) : undefined;
  if (since === undefined || !isFresh(child)) return undefined;
  return now - since >= STALLED_FOR_MS
    ? failed(`${what} is stalled: ${stalled?.message}`)
    : waits(`${what}: ${stalled?.message}`);
}

// ---- steps that create a resource -----------------------------------------------------------

function creationEffect(
  ref: ChildRef,
  child: Child | undefined,
  step: LabStep,
  { uid }: LabStepStatus,
  state: LabState,
): Effect {
  const what = `${ref.kind} ${ref.name}`;
  if (uid !== undefined && child?.metadata.uid !== uid) return failed(gone(what));
  const trouble = troubleOf(ref, child, state);
  if (trouble !== undefined) return trouble;
  if (child === undefined) {
    const why = state.failures.find(({ action }) => action.type === 'Apply' && action.target.name === ref.name);
    return waits(`creating ${what}${why === undefined ? '' : `: ${why.message}; the operator retries`}`);
  }
  const message = `${what}: ${conditionOf(child, 'Ready')?.message ?? 'it has no status yet'}`;
  if (child.status?.phase === 'Completed' && isFresh(child)) return done;
  if (step.produce !== undefined || step.apply?.until === 'Completed') return waits(message);
  const ready =
    child.kind === 'ConsumerScale'
      ? (child as ConsumerScale).status?.startedAt !== undefined
      : conditionOf(child, 'Ready')?.status === 'True' && child.status?.phase === 'Running';
  return ready && isFresh(child) ? done : waits(message);
}

// ---- steps that change a LoadTest -----------------------------------------------------------

function changeEffect(index: number, step: LabStep, state: LabState): Effect {
  const named = step.scale ?? step.partitions ?? step.stop ?? step.start;
  const test = named && state.children.loadTests.get(named.loadTest);
  const what = `LoadTest ${named?.loadTest}`;
  if (test === undefined) return failed(gone(what));
  const trouble = troubleOf({ kind: 'LoadTest', name: test.metadata.name }, test, state);
  if (trouble !== undefined) return trouble;
  const who = step.stop?.who ?? step.start?.who;
  // These steps set and end the suspension, so it does not block them.
  if (who === 'All') return suspensionEffect(step.stop !== undefined, test);
  const blocked = blockedBy(what, test);
  if (blocked !== undefined) return blocked;
  return step.partitions === undefined
    ? clientsEffect(index, step, test, state)
    : partitionsEffect(step.partitions.partitions, test);
}

/** The state of a LoadTest in which no step changes anything. */
function blockedBy(what: string, test: LoadTest): Effect | undefined {
  const completed = completedBefore(what, test);
  if (completed !== undefined || test.status?.phase !== 'Suspended') return completed;
  return failed(`${what} is suspended, so none of its clients run: remove spec.suspend from it`);
}

function completedBefore(what: string, { status }: LoadTest): Effect | undefined {
  if (status?.phase !== 'Completed') return undefined;
  return failed(`${what} completed before this step: give it a longer duration or more messages`);
}

function partitionsEffect(asked: number, test: LoadTest): Effect {
  const { partitions = 0 } = test.status?.topic ?? {};
  if (test.spec.topic.partitions >= asked && isFresh(test) && partitions >= asked) return done;
  return waits(`topic ${test.spec.topic.name} has ${partitions} of ${asked} partitions`);
}

/** By the counts, because the list of members may be shortened. */
const ownMembers = ({ status }: LoadTest): number =>
  (status?.consumers?.memberCount ?? 0) - (status?.consumers?.externalMemberCount ?? 0);

/** All clients have ended (`suspended`), or are ready again in a settled group. */
function suspensionEffect(suspended: boolean, test: LoadTest): Effect {
  const { metadata, spec, status } = test;
  const what = `LoadTest ${metadata.name}`;
  const completed = completedBefore(what, test);
  if (completed !== undefined) return completed;
  const { producers, consumers, rebalances } = status ?? {};
  const ready = (producers?.ready ?? 0) + (consumers?.ready ?? 0);
  const members = ownMembers(test);
  const reached = suspended
    ? status?.phase === 'Suspended' && ready === 0 && members === 0
    : conditionOf(test, 'Ready')?.status === 'True' &&
      status?.phase === 'Running' &&
      members === (spec.consumers?.replicas ?? 0) &&
      rebalances?.settled !== false;
  if (reached && spec.suspend === suspended && isFresh(test)) return done;
  return waits(
    `${what}: ${counted(ready, 'client')} ${suspended ? 'left' : 'ready'}, ${counted(members, 'member')} in the group`,
  );
}

/** The clients that the step changes are ready, and the group has settled. */
function clientsEffect(index: number, step: LabStep, test: LoadTest, { lab }: LabState): Effect {
  const { metadata, spec, status } = test;
  const until = lab.steps.slice(0, index + 1);
  const who = step.stop?.who ?? step.start?.who;
  const missing: string[] = [];
  if (who === 'Producers' || step.scale?.producers !== undefined) {
    const asked = clientsAfter(lab, until, metadata.name, 'producers');
    const { ready = 0 } = status?.producers ?? {};
    if (spec.producers?.replicas !== asked || ready !== asked) missing.push(`${ready} of ${asked} producers ready`);
  }
  if (who === 'Consumers' || step.scale?.consumers !== undefined) {
    const asked = clientsAfter(lab, until, metadata.name, 'consumers');
    const { ready = 0 } = status?.consumers ?? {};
    const members = ownMembers(test);
    const settled = status?.rebalances?.settled !== false;
    if (spec.consumers?.replicas !== asked || ready !== asked || members !== asked || !settled) {
      const group = `${counted(members, 'member')} in the group${settled ? '' : ', rebalancing'}`;
      missing.push(`${ready} of ${asked} consumers ready, ${group}`);
    }
  }
  if (missing.length === 0 && isFresh(test)) return done;
  return waits(`LoadTest ${metadata.name}: ${missing.join(', ') || 'its status is out of date'}`);
}
