/** Parts that spec.producers and spec.consumers of a LoadTest share. */
import { celFormat, count, field, type Rule } from '../schema/schema.ts';

export const MAX_CLIENTS = 10_000;

interface Clients {
  replicas: number;
  clientsPerPod: number;
}

/** The message names the next multiples below and above. */
export const wholePods: Rule<Clients> = {
  cel: 'self.replicas % self.clientsPerPod == 0',
  message:
    'replicas must be a multiple of clientsPerPod, since every pod runs the same number of clients; write replicas: 4 for clientsPerPod: 2, or clientsPerPod: 1',
  messageCel: `self.replicas < self.clientsPerPod ? ${celFormat(
    'replicas: %d is not a multiple of clientsPerPod: %d; write replicas: %d, or clientsPerPod: 1',
    'self.replicas',
    'self.clientsPerPod',
    'self.clientsPerPod',
  )} : ${celFormat(
    'replicas: %d is not a multiple of clientsPerPod: %d; write replicas: %d or %d, or clientsPerPod: 1',
    'self.replicas',
    'self.clientsPerPod',
    'self.replicas - self.replicas % self.clientsPerPod',
    'self.replicas - self.replicas % self.clientsPerPod + self.clientsPerPod',
  )}`,
  holds: ({ replicas, clientsPerPod }) => replicas % clientsPerPod === 0,
};

export const clientsPerPod = (clients: string) =>
  field(
    count(1, 200).default(1),
    `Number of ${clients} that share a pod; more of them need fewer pods and less memory. Default 1. replicas must be a multiple of it. Immutable.`,
  );
