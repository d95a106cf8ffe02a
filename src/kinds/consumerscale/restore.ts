/** afterwards: Restore. */
import type { ConsumerScale } from '../../api/consumerscale/consumerScale.ts';
import type { Target } from './target.ts';

/** Consumers that the target has to get back; undefined: none, or it has them. */
export function toRestore({ spec, status }: ConsumerScale, target: Target | undefined): number | undefined {
  const replicas = status?.replicasAtStart;
  if (spec.afterwards !== 'Restore' || status?.restored === true || replicas === undefined) return undefined;
  if (target === undefined || target.deleting) return undefined;
  if (target.uid !== status?.targetUid || target.consumers === undefined) return undefined;
  return target.consumers.replicas === replicas ? undefined : replicas;
}
