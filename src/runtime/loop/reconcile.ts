/**
 * One round for one resource: observe, plan, apply. A round is carried out completely or not at all. If the status of the plan
 * may not be written yet, the round ends before its first write, so that the next plan starts from the recorded status.
 */
import type { Plan } from '../../contract/kind.ts';
import type { KubernetesObject } from '../../contract/kubernetes.ts';
import { applyPlan } from './apply.ts';
import type { AnyKind, RoundContext } from './context.ts';
import { FINALIZER } from './desired.ts';
import { withFinalizer, withoutFinalizer } from './finalizer.ts';
import type { Memory } from './memory.ts';
import { msUntilStatusWrite } from './status.ts';
import { statusToWrite, writeStatus } from './statusWrite.ts';

export interface Outcome {
  result: 'Done' | 'Waited' | 'Failed' | 'Gone';
  /** The next round follows after this many milliseconds. Absent: only after a change. */
  lookAgainInMs?: number;
}

export async function reconcile(
  kind: AnyKind,
  found: KubernetesObject,
  memory: Memory,
  context: RoundContext,
): Promise<Outcome> {
  const { clock } = context;
  const deleting = found.metadata.deletionTimestamp !== undefined;
  if (deleting && !found.metadata.finalizers?.includes(FINALIZER)) return { result: 'Gone' };
  const resource = deleting ? found : await withFinalizer(found, context);
  if (!resource) return { result: 'Gone' };

  memory.failures.useGeneration(resource.metadata.generation ?? 0);
  const seen = await context.observe(resource);
  const plan = kind.plan(seen);
  if (deleting && plan.finished) {
    recordEvents(resource, plan, context);
    await withoutFinalizer(resource, context);
    return { result: 'Gone' };
  }

  const status = statusToWrite(resource, plan, memory);
  const wait = status ? msUntilStatusWrite(memory.statusWrittenAt, clock.now()) : 0;
  if (wait > 0) return { result: 'Waited', lookAgainInMs: wait };

  const applied = await applyPlan(resource, seen.owned, plan, memory, context);
  // The status that is written below covers the results in `seen.done`. Until then they are kept.
  memory.done = [...seen.done, ...applied.done];
  // The plan has not observed the new failure: it plans again before a status is recorded.
  if (applied.newFailure) return { result: 'Failed', lookAgainInMs: 0 };
  if (status && !(await writeStatus(resource, status, memory, context))) return { result: 'Gone' };
  memory.done = applied.done;
  recordEvents(resource, plan, context);
  if (applied.pruneError) throw applied.pruneError;

  // After a recovery or a new result the plan may answer differently, so the next round follows at once. The watch of the
  // target reports a Scale.
  const times = [
    plan.lookAgainInMs,
    applied.recovered ? 0 : undefined,
    applied.done.some(({ action }) => action.type !== 'Scale') ? 0 : undefined,
    ...applied.heldUntil.map((at) => Math.max(0, at - clock.now())),
  ];
  const known = times.filter((ms) => ms !== undefined);
  return { result: 'Done', ...(known.length > 0 ? { lookAgainInMs: Math.min(...known) } : {}) };
}

function recordEvents(resource: KubernetesObject, plan: Plan<unknown>, { events }: RoundContext): void {
  for (const notice of plan.events) events.record(resource, notice);
}
