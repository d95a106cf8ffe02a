/** A HorizontalPodAutoscaler over the target: it would undo every step. KEDA makes one for each ScaledObject. */
import type { ConsumerScale } from '../../api/consumerscale/consumerScale.ts';
import type { KubernetesObject } from '../../contract/kubernetes.ts';
import { targetName } from './target.ts';

/** Whether a step changes the number of consumers. */
export const scalesConsumers = ({ spec }: ConsumerScale): boolean =>
  spec.steps.some(({ consumers }) => consumers !== undefined);

/** The HorizontalPodAutoscaler of the target; undefined: it has none. */
export function autoscalerOf(
  { spec: { scaleTargetRef } }: ConsumerScale,
  autoscalers: readonly KubernetesObject[],
): KubernetesObject | undefined {
  const group = groupOf(scaleTargetRef.apiVersion);
  return autoscalers.find(({ spec, metadata }) => {
    const { apiVersion, kind, name } =
      (spec as { scaleTargetRef?: Partial<ConsumerScale['spec']['scaleTargetRef']> }).scaleTargetRef ?? {};
    return (
      metadata.deletionTimestamp === undefined &&
      kind === scaleTargetRef.kind &&
      name === scaleTargetRef.name &&
      groupOf(apiVersion) === group
    );
  });
}

/** A HorizontalPodAutoscaler may name an older version of the API. */
const groupOf = (apiVersion = ''): string => apiVersion.split('/')[0] ?? '';

/** What is wrong, and what to do. */
export function scaledByAutoscaler(resource: ConsumerScale, { metadata }: KubernetesObject): string {
  const { name, namespace } = metadata;
  // The owner would create it again.
  const owner = metadata.ownerReferences?.find(({ controller }) => controller);
  const whose = owner === undefined ? '' : ` of ${owner.kind} ${owner.name}`;
  const remove = owner === undefined ? `hpa ${name}` : `${owner.kind.toLowerCase()} ${owner.name}`;
  const then =
    resource.status?.startedAt === undefined
      ? 'create another ConsumerScale whose steps have no consumers'
      : 'write steps without consumers, and create this ConsumerScale again';
  return `HorizontalPodAutoscaler ${name}${whose} scales ${targetName(resource)} too and would undo every step: delete it (kubectl delete ${remove} -n ${namespace}), or ${then}`;
}
