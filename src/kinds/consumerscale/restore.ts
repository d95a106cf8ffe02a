/** afterwards: Restore, which gives the target its original number of consumers back. */
import type { ConsumerScale } from '../../api/consumerscale/consumerScale.ts';
import type { Failure } from '../../contract/actions.ts';
import type { Notice } from '../../contract/kind.ts';
import type { Target } from './target.ts';

/** The number of consumers to restore; undefined: nothing is to be restored. */
export function consumersToRestore({ spec, status }: ConsumerScale, target: Target | undefined): number | undefined {
  const replicas = status?.replicasAtStart;
  if (spec.afterwards !== 'Restore' || status?.restored === true || replicas === undefined) return undefined;
  if (target === undefined || target.deleting) return undefined;
  if (target.uid !== status?.targetUid || target.consumers === undefined) return undefined;
  return target.consumers.replicas === replicas ? undefined : replicas;
}

/** Why this number of consumers was refused. */
export const scaleRefusal = (failures: readonly Failure[], replicas: number): string | undefined =>
  failures.find(({ action, reason }) => replicasOf(action) === replicas && reason === 'Refused')?.message;

/** Replicas that a Scale action asks for. */
export const replicasOf = (action: Failure['action']): number | undefined =>
  action.type === 'Scale' ? action.replicas : undefined;

export const notRestored = (why: string): Notice => ({
  type: 'Warning',
  reason: 'NotRestored',
  message: `could not restore the number of consumers from the start: ${why}`,
});
