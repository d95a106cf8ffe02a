/** Names and number of the pods of a LoadTest. */
import type { ObjectRef } from '../../contract/kubernetes.ts';

export type Role = 'producer' | 'consumer';

/** Name of the StatefulSet. Its pods are `<name>-0`, `<name>-1`, … */
export const workloadName = (loadTest: string, role: Role): string => `${loadTest}-${role}`;

/** Number of pods for a number of clients. The CRD accepts only multiples of `clientsPerPod`. */
export const podsFor = (clients: number, clientsPerPod: number): number => Math.ceil(clients / clientsPerPod);

export const consumerPodName = (loadTest: string, ordinal: number): string =>
  `${workloadName(loadTest, 'consumer')}-${ordinal}`;

export const consumerPod = (loadTest: { namespace: string; name: string }, ordinal: number): ObjectRef => ({
  apiVersion: 'v1',
  kind: 'Pod',
  namespace: loadTest.namespace,
  name: consumerPodName(loadTest.name, ordinal),
});

/** Consumer pods that are removed when `from` clients are scaled to `to`. A StatefulSet removes its highest ordinals first. */
export function leavingPods(
  loadTest: { namespace: string; name: string },
  from: number,
  to: number,
  clientsPerPod: number,
): ObjectRef[] {
  const stays = podsFor(to, clientsPerPod);
  const leaving = Math.max(0, podsFor(from, clientsPerPod) - stays);
  return Array.from({ length: leaving }, (_, n) => consumerPod(loadTest, stays + n));
}
