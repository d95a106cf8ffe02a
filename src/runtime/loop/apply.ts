/** Carries out a plan: applies the desired objects, prunes the others and runs the actions. */
import type { Done } from '../../contract/actions.ts';
import type { Plan } from '../../contract/kind.ts';
import type { KubernetesObject } from '../../contract/kubernetes.ts';
import type { EpochMs } from '../../contract/time.ts';
import { identityOf, refOf } from '../objects.ts';
import { ActionError, ApiError } from '../ports.ts';
import { act, failureOf } from './act.ts';
import type { RoundContext } from './context.ts';
import { claim, complete, undesired } from './desired.ts';
import type { Attempted } from './failures.ts';
import type { Memory } from './memory.ts';

export interface ApplyResult {
  /** Whether there is a failure that the plan has not observed. */
  newFailure: boolean;
  /** Whether a failure that the plan has observed is over. */
  recovered: boolean;
  /** When failed attempts may be repeated. */
  heldUntil: EpochMs[];
  done: Done[];
  pruneError?: unknown;
}

/** Statuses by which the API server reports a problem of its own, or a lost race, instead of judging the request. */
const isTrouble = ({ status }: ApiError) => status === 0 || status === 409 || status === 429 || status >= 500;

export async function applyPlan(
  resource: KubernetesObject,
  owned: KubernetesObject[],
  plan: Plan<unknown>,
  memory: Memory,
  context: RoundContext,
): Promise<ApplyResult> {
  const { cluster, clock, log } = context;
  const { failures } = memory;
  const desired = plan.apply.map((object) => complete(object, resource));
  const applications = desired.map((object) => ({
    object,
    attempted: { type: 'Apply', target: refOf(object) } as const,
  }));
  const requested = [...applications.map(({ attempted }) => attempted), ...plan.actions];
  const { forgotten, next } = failures.forgetUnrequested(requested, clock.now());
  const result: ApplyResult = {
    newFailure: false,
    recovered: forgotten,
    heldUntil: next === undefined ? [] : [next],
    done: [],
  };

  /** True: it succeeded, or there was nothing to do. */
  async function attempt(attempted: Attempted, carryOut: () => Promise<void>): Promise<boolean> {
    const until = failures.heldUntil(attempted, clock.now());
    if (until !== undefined) {
      result.heldUntil.push(until);
      return false;
    }
    try {
      await carryOut();
      if (failures.succeeded(attempted)) result.recovered = true;
      return true;
    } catch (error) {
      // Trouble of the API server and a lost lease say nothing about this attempt: the whole round is repeated.
      if (context.lost.aborted || (error instanceof ApiError && isTrouble(error))) throw error;
      const failure = failureOf(attempted, error);
      if (failures.add(failure, clock.now())) {
        log.warn(`${attempted.type} failed`, {
          resource: identityOf(refOf(resource)),
          reason: failure.reason,
          error: failure.message,
        });
      }
      result.newFailure = true;
      return false;
    }
  }

  let allSucceeded = true;
  for (const { object, attempted } of applications) {
    const succeeded = await attempt(attempted, () => applyObject(object, resource, owned, memory, context));
    allSucceeded &&= succeeded;
  }
  for (const object of undesired(owned, desired)) {
    try {
      await cluster.delete(refOf(object), object.metadata.uid ?? '');
      memory.baselines.forget(identityOf(refOf(object)));
    } catch (error) {
      result.pruneError ??= error;
    }
  }
  // Actions run in order after the objects, because each may rely on what comes before it.
  for (const action of plan.actions) {
    if (!allSucceeded) break;
    allSucceeded = await attempt(action, async () => {
      const answer = await act(action, context);
      if (answer !== undefined) result.done.push({ action, result: answer });
    });
  }
  return result;
}

async function applyObject(
  object: KubernetesObject,
  owner: KubernetesObject,
  owned: KubernetesObject[],
  memory: Memory,
  { cluster, wrote }: RoundContext,
): Promise<void> {
  const ref = refOf(object);
  const identity = identityOf(ref);
  const live = owned.find((candidate) => identityOf(refOf(candidate)) === identity);
  if (live && !live.metadata.deletionTimestamp && memory.baselines.unchanged(identity, object, live)) return;
  // It is not among the owned objects, but a foreign object may have this name.
  const existing = live ?? (await cluster.get(ref));
  if (existing) {
    const verdict = claim(existing, owner);
    if (!verdict.ok) throw new ActionError(verdict.reason, verdict.message);
  }
  const result = await cluster.apply(object);
  memory.baselines.applied(identity, object, result);
  wrote(result);
}
