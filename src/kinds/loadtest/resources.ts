/** The objects that a LoadTest wants to exist: pure builders, plain data. */

import type { LoadTest } from '../../api/loadtest/loadTest.ts';
import type { KubernetesObject } from '../../contract/kubernetes.ts';
import { MOST_KEYS } from '../../domain/evidence/keyTable.ts';
import { serversOf } from '../../domain/settings/connection.ts';
import { toKafkajsConsumer, toKafkajsProducer } from '../../domain/settings/kafkajs.ts';
import { toLibrdkafka } from '../../domain/settings/librdkafka.ts';
import { parseDuration } from '../../domain/status/duration.ts';
import type { StrimziCluster } from '../../domain/strimzi/resources.ts';
import {
  NODE_NAME_ENV,
  POD_INDEX_ENV,
  POD_NAME_ENV,
  RECORD_LOG_ENV,
  STATE_DIR_ENV,
  WORKER_LABELS,
  WORKER_PORT,
  WORKER_SPEC_ENV,
} from '../../domain/workers/environment.ts';
import type { ConsumerSpec, PartitionerShape, ProducerSpec, WorkerSpec } from '../../domain/workers/spec.ts';
import { podsFor, type Role, workloadName } from '../../domain/workers/workloads.ts';

export interface WorkerSettings {
  image: string;
  /** Used where spec.kafka is absent. */
  bootstrapServers: string;
  /** The Kafka resource behind these, where there is one. */
  strimzi?: StrimziCluster;
}

/** Kafka's default for consumers, https://kafka.apache.org/documentation/#consumerconfigs_max.poll.records */
const MAX_POLL_RECORDS = 500;
/** Kafka's default for producers, https://kafka.apache.org/documentation/#producerconfigs_batch.size */
const BATCH_SIZE = 16_384;
/** A poll of kafkajs is what it fetched of one partition, however much. */
const WHOLE_BATCH = 1_000_000;
/** "true": consumers write each record that they process to their log, to check the measured pauses by. */
const RECORD_LOG_ANNOTATION = 'kafkalab.dev/record-log';
const STATE_DIR = '/state';
/** More than the journal ever takes, which is under 48 MiB (worker/journal.ts): a pod that takes more is evicted. */
const STATE_SIZE = '64Mi';
const READY = { path: '/readyz', port: 'http' };

export const podLabels = (loadTest: string, role: Role): Record<string, string> => ({
  ...WORKER_LABELS,
  'app.kubernetes.io/component': role,
  'kafkalab.dev/loadtest': loadTest,
});

export const podSelector = (loadTest: string, role: Role): string =>
  Object.entries(podLabels(loadTest, role))
    .map(([label, value]) => `${label}=${value}`)
    .join(',');

export interface Place {
  evidence: { topic: string; partition: number };
  worker: WorkerSettings;
}

/** `clients`: how many should run now (0 while suspended or at the end). */
export function producerWorkload(loadTest: LoadTest, clients: number, place: Place): KubernetesObject {
  const producers = loadTest.spec.producers;
  if (producers === undefined) throw new Error('a LoadTest without producers has no producer workload');
  const client =
    producers.client === 'kafkajs'
      ? { config: {}, kafkajs: taken(toKafkajsProducer(producers.config)) }
      : { config: taken(toLibrdkafka('Producer', producers.config)).config };
  const work: ProducerSpec = {
    role: 'Producer',
    ...(client.kafkajs === undefined ? {} : { kafkajs: client.kafkajs }),
    ...(producers.messagesPerSecond === undefined ? {} : { messagesPerSecond: producers.messagesPerSecond }),
    ...(producers.messages === undefined
      ? {}
      : { messages: { total: producers.messages, clients: producers.replicas } }),
    record: {
      ...(producers.record.sizeBytes === undefined ? {} : { sizeBytes: producers.record.sizeBytes }),
      value: producers.record.value,
      key: keyShape(producers.record.key),
    },
    partitioner: partitionerShape(producers),
  };
  return workload(loadTest, 'producer', clients, producers.clientsPerPod, work, client.config, place);
}

export function consumerWorkload(loadTest: LoadTest, clients: number, place: Place): KubernetesObject {
  const consumers = loadTest.spec.consumers;
  if (consumers === undefined) throw new Error('a LoadTest without consumers has no consumer workload');
  const { mode, records } = consumers.commit;
  const { perRecord, slowMember } = consumers.processing;
  const client =
    consumers.client === 'kafkajs'
      ? { config: {}, maxPollRecords: WHOLE_BATCH, kafkajs: taken(toKafkajsConsumer(consumers.config)) }
      : taken(toLibrdkafka('Consumer', consumers.config));
  const work: ConsumerSpec = {
    role: 'Consumer',
    ...('kafkajs' in client ? { kafkajs: client.kafkajs } : {}),
    group: consumers.group,
    // Two LoadTests of one name, in two namespaces, may share a group.
    ...(consumers.identity === 'Static' ? { staticMembersOf: loadTest.metadata.namespace } : {}),
    perRecordMs: parseDuration(perRecord),
    ...(slowMember === undefined ? {} : { slowMember: { perPollMs: parseDuration(slowMember.perPoll) } }),
    commit: mode === 'Every' ? { mode, records: records ?? 1 } : { mode },
    maxPollRecords: client.maxPollRecords ?? MAX_POLL_RECORDS,
    ...(tellsOrder(loadTest) ? { keys: true } : {}),
  };
  return workload(loadTest, 'consumer', clients, consumers.clientsPerPod, work, client.config, place);
}

/**
 * Consumers tell of each key in which order they met its records: where the run's own producers give them keys, no more
 * than can be told one by one, and the timestamps are the producers' own.
 */
function tellsOrder({ spec: { producers, topic } }: LoadTest): boolean {
  const { mode, cardinality = 0 } = producers?.record.key ?? { mode: 'None' };
  const many = mode === 'Fixed' || cardinality <= MOST_KEYS;
  return mode !== 'None' && many && topic.config['message.timestamp.type'] !== 'LogAppendTime';
}

/** What was refused keeps a LoadTest from getting here: see preparation.ts. */
function taken<T extends object>(translated: T | { refused: string[] }): T {
  if ('refused' in translated) throw new Error(`settings refused: ${translated.refused.join('; ')}`);
  return translated;
}

function keyShape(key: {
  mode: 'None' | 'Fixed' | 'Sequence' | 'Random';
  values?: string[];
  cardinality?: number;
}): ProducerSpec['record']['key'] {
  switch (key.mode) {
    case 'None':
      return { mode: 'None' };
    case 'Fixed':
      return { mode: 'Fixed', values: key.values ?? [] };
    case 'Sequence':
    case 'Random':
      return { mode: key.mode, cardinality: key.cardinality ?? 1 };
  }
}

function partitionerShape({
  partitioner: { mode, partition },
  client,
  config,
}: NonNullable<LoadTest['spec']['producers']>): PartitionerShape {
  switch (mode) {
    case 'Default':
    case 'RoundRobin':
      return { mode };
    case 'Sticky':
      return { mode, bytes: (client === 'librdkafka' && Number(config['batch.size'])) || BATCH_SIZE };
    case 'Explicit':
      return { mode, partition: partition ?? 0 };
  }
}

/**
 * That a producer works is told by its evidence, sooner and cheaper than by asking 200 pods each second. No liveness
 * probe: a busy machine would restart clients that are only slow, and so change what is measured.
 */
const probes = (role: Role) =>
  role === 'producer'
    ? {}
    : {
        startupProbe: { httpGet: READY, periodSeconds: 1, timeoutSeconds: 5, failureThreshold: 900 },
        readinessProbe: { httpGet: READY, periodSeconds: 30, timeoutSeconds: 10, failureThreshold: 3 },
      };

/**
 * By its request a pod gets its share of a CPU that all want. Hundreds of producers have to fit on a small node; few
 * consumers are measured, and with a producer’s share nine of them worked off 144 records a second instead of 450 beside 200 producers.
 */
const CPU: Record<Role, string> = { producer: '2m', consumer: '30m' };

function workload(
  loadTest: LoadTest,
  role: Role,
  clients: number,
  clientsPerPod: number,
  work: ProducerSpec | ConsumerSpec,
  config: Record<string, string>,
  { evidence, worker }: Place,
): KubernetesObject {
  const { name, namespace, uid, annotations } = loadTest.metadata;
  const logsRecords = role === 'consumer' && annotations?.[RECORD_LOG_ANNOTATION] === 'true';
  const spec: WorkerSpec = {
    run: uid,
    loadTest: `${namespace}/${name}`,
    bootstrapServers:
      serversOf(loadTest.spec.kafka, loadTest.status?.kafka).bootstrapServers ?? worker.bootstrapServers,
    topic: loadTest.spec.topic.name,
    evidence,
    clientsPerPod,
    config,
    work,
  };
  const labels = podLabels(name, role);
  const fromField = (fieldPath: string) => ({ valueFrom: { fieldRef: { fieldPath } } });
  return {
    apiVersion: 'apps/v1',
    kind: 'StatefulSet',
    metadata: { name: workloadName(name, role), labels },
    spec: {
      replicas: podsFor(clients, clientsPerPod),
      serviceName: workloadName(name, role),
      // All pods at once, as a Deployment would; see docs/decisions/0001-statefulsets-for-clients.md.
      podManagementPolicy: 'Parallel',
      selector: { matchLabels: labels },
      template: {
        metadata: { labels, annotations: { 'kubectl.kubernetes.io/default-container': role } },
        spec: {
          automountServiceAccountToken: false,
          enableServiceLinks: false,
          terminationGracePeriodSeconds: 30,
          securityContext: { runAsNonRoot: true, runAsUser: 65532, seccompProfile: { type: 'RuntimeDefault' } },
          containers: [
            {
              name: role,
              image: worker.image,
              imagePullPolicy: 'IfNotPresent',
              command: ['node', '/app/worker.mjs'],
              env: [
                { name: WORKER_SPEC_ENV, value: JSON.stringify(spec) },
                { name: POD_INDEX_ENV, ...fromField("metadata.labels['apps.kubernetes.io/pod-index']") },
                { name: POD_NAME_ENV, ...fromField('metadata.name') },
                { name: NODE_NAME_ENV, ...fromField('spec.nodeName') },
                { name: STATE_DIR_ENV, value: STATE_DIR },
                ...(logsRecords ? [{ name: RECORD_LOG_ENV, value: '1' }] : []),
              ],
              ports: [{ name: 'http', containerPort: WORKER_PORT }],
              ...probes(role),
              resources: { requests: { cpu: CPU[role], memory: '48Mi' } },
              securityContext: {
                allowPrivilegeEscalation: false,
                readOnlyRootFilesystem: true,
                capabilities: { drop: ['ALL'] },
              },
              volumeMounts: [{ name: 'state', mountPath: STATE_DIR }],
            },
          ],
          volumes: [{ name: 'state', emptyDir: { sizeLimit: STATE_SIZE } }],
        },
      },
    },
  };
}
