/**
 * One round for one resource: observe, plan, apply. A round is carried out whole or not at all: when the status it
 * answers may not be written yet, nothing is done, so that what plan sees next is what is recorded.
 */

import type { Done } from '../../contract/actions.ts';
import type { Kind, Observed, Plan } from '../../contract/kind.ts';
import type { KubernetesObject } from '../../contract/kubernetes.ts';
import type { EpochMs } from '../../contract/time.ts';
import type { EventRecorder } from '../events.ts';
import { canonical, plain } from '../json.ts';
import { identityOf, refOf } from '../objects.ts';
import { ActionError, ApiError, type Clock, type Log } from '../ports.ts';
import { act, failureOf, type Outside } from './act.ts';
import { claim, complete, FINALIZER, undesired } from './desired.ts';
import type { Attempted } from './failures.ts';
import type { Memory } from './memory.ts';
import { fitting, waitForStatus } from './status.ts';

export type AnyKind = Kind<KubernetesObject, unknown>;

/** The world around one resource. */
export interface Surroundings extends Outside {
  /** Gathers what the kind needs to see. */
  observe(resource: KubernetesObject): Promise<Observed<KubernetesObject>>;
  /** Puts the result of a write where the next round looks. */
  wrote(object: KubernetesObject): void;
  events: EventRecorder;
  /** Aborted: nothing may be done any more. */
  lost: AbortSignal;
  clock: Clock;
  log: Log;
}

export interface Outcome {
  result: 'Done' | 'Waited' | 'Failed' | 'Gone';
  /** Look again after this; absent: on change. */
  lookAgainInMs?: number;
}

export async function reconcile(
  kind: AnyKind,
  found: KubernetesObject,
  memory: Memory,
  around: Surroundings,
): Promise<Outcome> {
  const { clock } = around;
  const deleting = found.metadata.deletionTimestamp !== undefined;
  if (deleting && !found.metadata.finalizers?.includes(FINALIZER)) return { result: 'Gone' };
  const resource = deleting ? found : await withFinalizer(found, around);
  if (!resource) return { result: 'Gone' };

  memory.failures.ofGeneration(resource.metadata.generation ?? 0);
  const seen = await around.observe(resource);
  const plan = kind.plan(seen);
  if (deleting && plan.finished) {
    tell(resource, plan, around);
    await withoutFinalizer(resource, around);
    return { result: 'Gone' };
  }

  const status = statusToWrite(resource, plan, memory);
  const wait = status ? waitForStatus(memory.statusWrittenAt, clock.now()) : 0;
  if (wait > 0) return { result: 'Waited', lookAgainInMs: wait };

  const round = await carryOut(resource, seen.owned, plan, memory, around);
  // Those that the plan was shown are in the status that is written now.
  memory.done = [...seen.done, ...round.done];
  // The plan did not know of these failures: let it answer again before anything is recorded.
  if (round.news) return { result: 'Failed', lookAgainInMs: 0 };
  if (status && !(await writeStatus(resource, status, memory, around))) return { result: 'Gone' };
  memory.done = round.done;
  tell(resource, plan, around);
  if (round.pruneError) throw round.pruneError;

  // A failure that the plan was shown is over: it may say something else now.
  const times = [
    plan.lookAgainInMs,
    round.cured ? 0 : undefined,
    round.done.length > 0 ? 0 : undefined,
    ...round.heldUntil.map((at) => Math.max(0, at - clock.now())),
  ];
  const known = times.filter((ms) => ms !== undefined);
  return { result: 'Done', ...(known.length > 0 ? { lookAgainInMs: Math.min(...known) } : {}) };
}

function tell(resource: KubernetesObject, plan: Plan<unknown>, { events }: Surroundings): void {
  for (const notice of plan.events) events.record(resource, notice);
}

// ---- finalizer ------------------------------------------------------------------------------

async function withFinalizer(resource: KubernetesObject, around: Surroundings): Promise<KubernetesObject | null> {
  const { finalizers = [], resourceVersion } = resource.metadata;
  if (finalizers.includes(FINALIZER)) return resource;
  try {
    const written = await around.cluster.patch(refOf(resource), {
      metadata: { resourceVersion, finalizers: [...finalizers, FINALIZER] },
    });
    around.wrote(written);
    return written;
  } catch (error) {
    if (isGone(error)) return null;
    throw error;
  }
}

async function withoutFinalizer(resource: KubernetesObject, around: Surroundings): Promise<void> {
  const { finalizers = [], resourceVersion } = resource.metadata;
  try {
    around.wrote(
      await around.cluster.patch(refOf(resource), {
        metadata: { resourceVersion, finalizers: finalizers.filter((finalizer) => finalizer !== FINALIZER) },
      }),
    );
  } catch (error) {
    if (!isGone(error)) throw error;
  }
}

const isGone = (error: unknown) => error instanceof ApiError && error.status === 404;

// ---- desired objects and actions ------------------------------------------------------------

const isTrouble = ({ status }: ApiError) => status === 0 || status === 409 || status === 429 || status >= 500;

interface Round {
  /** Something failed that the plan had not been shown. */
  news: boolean;
  /** Something that the plan was shown as failed is so no more. */
  cured: boolean;
  heldUntil: EpochMs[];
  done: Done[];
  pruneError?: unknown;
}

async function carryOut(
  resource: KubernetesObject,
  owned: KubernetesObject[],
  plan: Plan<unknown>,
  memory: Memory,
  around: Surroundings,
): Promise<Round> {
  const { cluster, clock, log } = around;
  const { failures } = memory;
  const desired = plan.apply.map((object) => complete(object, resource));
  const applications = desired.map((object) => ({
    object,
    attempted: { type: 'Apply', target: refOf(object) } as const,
  }));
  const asked = [...applications.map(({ attempted }) => attempted), ...plan.actions];
  const { forgotten, next } = failures.forgetUnasked(asked, clock.now());
  const round: Round = { news: false, cured: forgotten, heldUntil: next === undefined ? [] : [next], done: [] };

  /** Whether it succeeded, now or without need. */
  async function attempt(attempted: Attempted, carry: () => Promise<void>): Promise<boolean> {
    const until = failures.heldUntil(attempted, clock.now());
    if (until !== undefined) {
      round.heldUntil.push(until);
      return false;
    }
    try {
      await carry();
      if (failures.succeeded(attempted)) round.cured = true;
      return true;
    } catch (error) {
      // The API server in trouble, or the lease lost, is no answer to this attempt: the whole round comes again.
      if (around.lost.aborted || (error instanceof ApiError && isTrouble(error))) throw error;
      const failure = failureOf(attempted, error);
      if (failures.add(failure, clock.now())) {
        log.warn(`${attempted.type} did not succeed`, {
          of: identityOf(refOf(resource)),
          reason: failure.reason,
          error: failure.message,
        });
      }
      round.news = true;
      return false;
    }
  }

  let all = true;
  for (const { object, attempted } of applications) {
    const done = await attempt(attempted, () => applyObject(object, resource, owned, memory, around));
    all &&= done;
  }
  for (const object of undesired(owned, desired)) {
    try {
      await cluster.delete(refOf(object), object.metadata.uid ?? '');
      memory.baselines.forget(identityOf(refOf(object)));
    } catch (error) {
      round.pruneError ??= error;
    }
  }
  // In order, and after the objects: what comes later may rely on what comes before.
  for (const action of plan.actions) {
    if (!all) break;
    all = await attempt(action, async () => {
      const result = await act(action, around);
      if (result !== undefined) round.done.push({ action, result });
    });
  }
  return round;
}

async function applyObject(
  object: KubernetesObject,
  owner: KubernetesObject,
  owned: KubernetesObject[],
  memory: Memory,
  { cluster, wrote }: Surroundings,
): Promise<void> {
  const ref = refOf(object);
  const identity = identityOf(ref);
  const live = owned.find((candidate) => identityOf(refOf(candidate)) === identity);
  if (live && !live.metadata.deletionTimestamp && memory.baselines.unchanged(identity, object, live)) return;
  // Not seen among our own: there may be one of somebody else under this name.
  const existing = live ?? (await cluster.get(ref));
  if (existing) {
    const verdict = claim(existing, owner);
    if (!verdict.ok) throw new ActionError(verdict.reason, verdict.message);
  }
  const result = await cluster.apply(object);
  memory.baselines.applied(identity, object, result);
  wrote(result);
}

// ---- status ---------------------------------------------------------------------------------

const STATUS = '';

type Fitting = ReturnType<typeof fitting>;

/** undefined: what is there is what the plan answers. */
function statusToWrite(resource: KubernetesObject, plan: Plan<unknown>, memory: Memory): Fitting | undefined {
  const answer = fitting(plain((plan.status ?? {}) as Record<string, unknown>));
  const live = resource.status ?? {};
  const same = canonical(live) === canonical(answer.status) || memory.baselines.unchanged(STATUS, answer.status, live);
  return same ? undefined : answer;
}

/** false: the resource is gone. */
async function writeStatus(
  resource: KubernetesObject,
  { status, leftOut }: Fitting,
  memory: Memory,
  { cluster, clock, log, events, wrote }: Surroundings,
): Promise<boolean> {
  const { apiVersion, kind, metadata } = resource;
  if (leftOut.length > 0) {
    const message = `The status is too large; left out: ${leftOut.join(', ')}.`;
    log.error(message, { of: identityOf(refOf(resource)) });
    events.record(resource, { type: 'Warning', reason: 'StatusTooLarge', message });
  }
  try {
    const result = await cluster.applyStatus({
      apiVersion,
      kind,
      metadata: { namespace: metadata.namespace ?? '', name: metadata.name, uid: metadata.uid ?? '' },
      status,
    });
    memory.baselines.applied(STATUS, status, result.status ?? {});
    wrote(result);
    return true;
  } catch (error) {
    if (isGone(error)) return false;
    throw error;
  } finally {
    memory.statusWrittenAt = clock.now();
  }
}
