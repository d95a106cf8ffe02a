/** What spec.producers and spec.consumers of a LoadTest have in common. */
import { z } from 'zod';
import { celFormat, count, field, type Rule, text } from '../schema/schema.ts';

export const MAX_CLIENTS = 10_000;

interface Clients {
  replicas: number;
  clientsPerPod: number;
}

/** A multiple below and one above: what would do instead. */
export const wholePods: Rule<Clients> = {
  cel: 'self.replicas % self.clientsPerPod == 0',
  message: 'replicas has to be a multiple of clientsPerPod (every pod runs the same number of clients)',
  messageCel: `self.replicas < self.clientsPerPod ? ${celFormat(
    'replicas %d is no multiple of clientsPerPod %d: write replicas: %d, or clientsPerPod: 1',
    'self.replicas',
    'self.clientsPerPod',
    'self.clientsPerPod',
  )} : ${celFormat(
    'replicas %d is no multiple of clientsPerPod %d: write replicas: %d or %d, or clientsPerPod: 1',
    'self.replicas',
    'self.clientsPerPod',
    'self.replicas - self.replicas % self.clientsPerPod',
    'self.replicas - self.replicas % self.clientsPerPod + self.clientsPerPod',
  )}`,
  holds: ({ replicas, clientsPerPod }) => replicas % clientsPerPod === 0,
};

export const clientsPerPod = (what: string) =>
  field(
    count(1, 200).default(1),
    `${what} that run in one pod; replicas has to be a multiple of it. 1 = a pod each; 50 = fewer pods, so less memory. Default 1. Can’t be changed.`,
  );

/** At most the settings there are, with room. */
export const settings = () => z.record(z.string(), text(256)).default({}).meta({ maxProperties: 64 });
