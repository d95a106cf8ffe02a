/** Writes the status of a plan. */
import type { Plan } from '../../contract/kind.ts';
import type { KubernetesObject } from '../../contract/kubernetes.ts';
import { canonical, plain } from '../json.ts';
import { identityOf, refOf } from '../objects.ts';
import type { RoundContext } from './context.ts';
import { isGone } from './finalizer.ts';
import type { Memory } from './memory.ts';
import { fitStatus } from './status.ts';

/** The key of the status in the baselines of a resource. */
const STATUS = '';

type FittedStatus = ReturnType<typeof fitStatus>;

/** The status that has to be written. undefined: the resource already has it. */
export function statusToWrite(
  resource: KubernetesObject,
  plan: Plan<unknown>,
  memory: Memory,
): FittedStatus | undefined {
  const answer = fitStatus(plain((plan.status ?? {}) as Record<string, unknown>));
  const live = resource.status ?? {};
  const same = canonical(live) === canonical(answer.status) || memory.baselines.unchanged(STATUS, answer.status, live);
  return same ? undefined : answer;
}

/** Writes the status. False: the resource is gone. */
export async function writeStatus(
  resource: KubernetesObject,
  { status, leftOut }: FittedStatus,
  memory: Memory,
  { cluster, clock, log, events, wrote }: RoundContext,
): Promise<boolean> {
  const { apiVersion, kind, metadata } = resource;
  if (leftOut.length > 0) {
    const message = `The status is too large; left out: ${leftOut.join(', ')}.`;
    log.error(message, { resource: identityOf(refOf(resource)) });
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
