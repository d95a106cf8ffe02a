/** The pods of a LoadTest's clients: how they are called and how many there are. */
import type { ObjectRef } from '../../contract/kubernetes.ts';

export type Role = 'producer' | 'consumer';

/** Of the StatefulSet; its pods are `<name>-0`, `<name>-1`, … */
export const workloadName = (loadTest: string, role: Role): string => `${loadTest}-${role}`;

/** Clients asked for → pods; a number that is no multiple is refused by the CRD. */
export const podsFor = (clients: number, clientsPerPod: number): number => Math.ceil(clients / clientsPerPod);

export const consumerPodName = (loadTest: string, ordinal: number): string =>
  `${workloadName(loadTest, 'consumer')}-${ordinal}`;

export const consumerPod = (loadTest: { namespace: string; name: string }, ordinal: number): ObjectRef => ({
  apiVersion: 'v1',
  kind: 'Pod',
  namespace: loadTest.namespace,
  name: consumerPodName(loadTest.name, ordinal),
});

/** Pods of consumers that a change of their number (`from`, `to`: clients) takes away: a StatefulSet that is made smaller loses its highest ordinals. */
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
