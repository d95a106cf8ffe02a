/** The clients of a LoadTest: how many should run, which run, and their workloads. */

import type { LoadTest } from '../../api/loadtest/loadTest.ts';
import type { KafkaView } from '../../contract/kafkaView.ts';
import type { Known, Observed } from '../../contract/kind.ts';
import type { KubernetesObject } from '../../contract/kubernetes.ts';
import type { RunView } from '../../domain/figures/figures.ts';
import { workloadName } from '../../domain/workers/workloads.ts';
import { asBegun } from './begun.ts';
import { producersDone } from './ending.ts';
import { consumerWorkload, producerWorkload, type WorkerSettings } from './resources.ts';
import type { TranslatedSettings } from './settings.ts';

export interface Clients {
  producers: number;
  consumers: number;
}

export const NO_CLIENTS: Clients = { producers: 0, consumers: 0 };

export function clientsWanted(loadTest: LoadTest, figures: RunView | undefined): Clients {
  const { spec, status } = loadTest;
  if (spec.suspend || status?.finishedAt !== undefined) return NO_CLIENTS;
  const waits = spec.consumers?.start === 'AfterProducers' && !producersDone(loadTest, figures);
  return {
    producers: spec.producers?.replicas ?? 0,
    consumers: waits ? 0 : (spec.consumers?.replicas ?? 0),
  };
}

/** None before the place of the evidence is known, and none with settings that a client does not support. */
export function workloads(
  { resource: loadTest, owned }: Pick<Observed<LoadTest>, 'resource' | 'owned'>,
  clients: Clients,
  settings: TranslatedSettings,
  evidence: { topic: string; partition: number } | undefined,
  worker: WorkerSettings,
): KubernetesObject[] {
  if (evidence === undefined || 'refused' in settings) return [];
  const { producers, consumers } = settings.known;
  const context = { evidence: { topic: evidence.topic, partition: evidence.partition }, worker };
  return [
    ...(producers === undefined
      ? []
      : [asBegun(producerWorkload(loadTest, clients.producers, producers, context), loadTest, 'producer', owned)]),
    ...(consumers === undefined
      ? []
      : [asBegun(consumerWorkload(loadTest, clients.consumers, consumers, context), loadTest, 'consumer', owned)]),
  ];
}

/**
 * Clients that are at work in ready pods: producers with acknowledgements, and consumers that are members of the group.
 * Both by the evidence; while that is unreadable, the recorded numbers count.
 */
export function readyClients(
  { resource: { metadata, spec, status }, owned, kafka }: Observed<LoadTest>,
  figures: RunView | undefined,
): Clients {
  const ready = (role: 'producer' | 'consumer', part: { replicas: number; clientsPerPod: number } | undefined) => {
    const workload = owned.find((object) => object.metadata.name === workloadName(metadata.name, role));
    const pods = (workload?.status as { readyReplicas?: number } | undefined)?.readyReplicas ?? 0;
    return pods * (part?.clientsPerPod ?? 1);
  };
  const producing = figures?.producers.producing ?? status?.producers?.ready ?? 0;
  return {
    producers: Math.min(ready('producer', spec.producers), producing),
    consumers: Math.min(
      ready('consumer', spec.consumers),
      figures === undefined ? (status?.consumers?.ready ?? 0) : membersKnown(figures, kafka),
    ),
  };
}

/**
 * Our consumers that report an assignment and that the coordinator lists as members. A snapshot without members is older
 * than these reports, because only the coordinator can have made the assignments.
 */
function membersKnown({ consumers }: RunView, kafka: Known<KafkaView>): number {
  const own = consumers.members.filter(({ source }) => source === 'Clients');
  const listed = 'known' in kafka ? (kafka.known.group?.members ?? []) : [];
  if (listed.length === 0) return own.length;
  const ids = new Set(listed.flatMap(({ memberId, clientId }) => [memberId, clientId]));
  return own.filter(({ memberId, name }) => ids.has(memberId) || ids.has(name)).length;
}

/** Pods of a workload that have not ended. */
export const podsOf = ({ status }: KubernetesObject): number =>
  (status as { replicas?: number } | undefined)?.replicas ?? 0;

/** Pods of all workloads that have not ended. */
export const podsLeft = (workloads: readonly KubernetesObject[]): number =>
  workloads.reduce((sum, workload) => sum + podsOf(workload), 0);
