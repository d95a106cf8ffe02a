/** afterwards: Restore, which gives the target its original number of consumers back. */
import type { ConsumerScale } from '../../api/consumerscale/consumerScale.ts';
import type { Failure } from '../../contract/actions.ts';
import type { Notice, Observed } from '../../contract/kind.ts';
import { isOlder } from '../../contract/resourceVersion.ts';
import { scalesConsumers } from './autoscaler.ts';
import { rivalsAmong } from './needs.ts';
import { scheduleAtWork } from './otherSchedules.ts';
import { isOurs, scaledTo, writerOf } from './otherWriter.ts';
import { replicasField, type Target, targetName } from './target.ts';

/** `replicas`: the number of consumers to restore. `kept`: why they are not restored; `forGood`: not at the deletion either. */
export type Restoration = { replicas: number } | { kept: string; forGood: boolean };

type Seen = Pick<Observed<ConsumerScale>, 'resource' | 'answers' | 'failures' | 'done'>;

/** undefined: nothing is to be restored. */
export function restoration(seen: Seen, target: Target | undefined): Restoration | undefined {
  const { resource, answers, failures } = seen;
  const replicas = consumersToRestore(seen, target);
  if (replicas === undefined || target === undefined) return undefined;
  const refusal = failures.find(({ action, reason }) => replicasOf(action) === replicas && reason === 'Refused');
  if (refusal !== undefined) return { kept: refusal.message, forGood: false };
  const atWork = scheduleAtWork(resource, rivalsAmong(resource, answers).schedules);
  if (atWork !== undefined) {
    return { kept: `ConsumerScale ${atWork.metadata.name} scales ${targetName(resource)} now`, forGood: true };
  }
  if (isAsTheScheduleLeftIt(resource, target)) return { replicas };
  const field = `${replicasField(resource)} of ${targetName(resource)}`;
  const kept = `${field} was set to ${target.consumers?.replicas ?? 0} by ${writerOf(target)} since`;
  return { kept, forGood: true };
}

function consumersToRestore({ resource, done }: Seen, target: Target | undefined): number | undefined {
  const { spec, status } = resource;
  const replicas = status?.replicasAtStart;
  if (spec.afterwards !== 'Restore' || status?.restored !== undefined || replicas === undefined) return undefined;
  if (!scalesConsumers(resource) || target === undefined || target.deleting) return undefined;
  if (target.uid !== status?.targetUid || target.consumers === undefined) return undefined;
  // The watch may be behind the change that restored them.
  const restored = scaledTo(replicas, done);
  if (restored !== undefined && !isOlder(restored, target.version)) return undefined;
  return target.consumers.replicas === replicas ? undefined : replicas;
}

/** An object without metadata.managedFields does not say who wrote the number, so the number itself has to. */
const isAsTheScheduleLeftIt = ({ status }: ConsumerScale, target: Target): boolean =>
  isOurs(target) ?? (status?.steps ?? []).some(({ consumers }) => consumers === target.consumers?.replicas);

/** Replicas that a Scale action asks for. */
export const replicasOf = (action: Failure['action']): number | undefined =>
  action.type === 'Scale' ? action.replicas : undefined;

export const notRestored = (why: string): Notice => ({
  type: 'Warning',
  reason: 'NotRestored',
  message: `could not restore the number of consumers from the start: ${why}`,
});
