/** The pods of a LoadTest's clients: how they are called and how many there are. */

export type Role = 'producer' | 'consumer';

/** Of the StatefulSet; its pods are `<name>-0`, `<name>-1`, … */
export const workloadName = (loadTest: string, role: Role): string => `${loadTest}-${role}`;

/** Clients asked for → pods; a number that is no multiple is refused by the CRD. */
export const podsFor = (clients: number, clientsPerPod: number): number => Math.ceil(clients / clientsPerPod);
