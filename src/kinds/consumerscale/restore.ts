/** afterwards: Restore. */
import type { ConsumerScale } from '../../api/consumerScale.ts';
import type { LoadTest } from '../../api/loadTest.ts';

/** Consumers that the target has to get back; undefined: none, or it has them. */
export function toRestore({ spec, status }: ConsumerScale, target: LoadTest | undefined): number | undefined {
  const replicas = status?.replicasAtStart;
  if (spec.afterwards !== 'Restore' || status?.restored === true || replicas === undefined) return undefined;
  if (target === undefined || target.metadata.deletionTimestamp !== undefined) return undefined;
  if (target.metadata.uid !== status?.targetUid || target.spec.consumers === undefined) return undefined;
  return target.spec.consumers.replicas === replicas ? undefined : replicas;
}
