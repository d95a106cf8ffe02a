/** The StatefulSets of a LoadTest's clients. */

import type { LoadTest } from '../../api/loadtest/loadTest.ts';
import type { KubernetesObject } from '../../contract/kubernetes.ts';
import { serversOf } from '../../domain/settings/connection.ts';
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
import type { ConsumerSpec, ProducerSpec, WorkerSpec } from '../../domain/workers/spec.ts';
import { podsFor, type Role, workloadName } from '../../domain/workers/workloads.ts';
import type { ConsumerSettings, ProducerSettings } from './settings.ts';
import { consumerWork, producerWork } from './work.ts';

export interface WorkerSettings {
  image: string;
  /** Addresses for LoadTests without spec.kafka. */
  bootstrapServers: string;
  /** The Kafka resource that these addresses belong to, if it is known. */
  strimzi?: StrimziCluster;
}

/** "true": consumers log each record that they process, so that a test can check the measured pauses. */
const RECORD_LOG_ANNOTATION = 'kafkalab.dev/record-log';
const STATE_DIR = '/state';
/** The kubelet evicts a pod that writes more. A journal stays under 48 MiB (worker/evidence/journal.ts). */
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

/** What every worker of a run is given. */
export interface WorkerContext {
  /** Where it reports. */
  evidence: { topic: string; partition: number };
  worker: WorkerSettings;
}

/** `clients`: how many should run now; 0 while suspended or stopping. */
export function producerWorkload(
  loadTest: LoadTest,
  clients: number,
  settings: ProducerSettings,
  context: WorkerContext,
): KubernetesObject {
  const { producers } = loadTest.spec;
  if (producers === undefined) throw new Error('a LoadTest without producers has no producer workload');
  const work = producerWork(producers, settings);
  const spec = workerSpec(loadTest, producers, work, settings.config, context);
  return workload(loadTest, 'producer', clients, spec, context.worker);
}

export function consumerWorkload(
  loadTest: LoadTest,
  clients: number,
  settings: ConsumerSettings,
  context: WorkerContext,
): KubernetesObject {
  const { consumers } = loadTest.spec;
  if (consumers === undefined) throw new Error('a LoadTest without consumers has no consumer workload');
  const work = consumerWork(loadTest, consumers, settings);
  const spec = workerSpec(loadTest, consumers, work, settings.config, context);
  return workload(loadTest, 'consumer', clients, spec, context.worker);
}

/**
 * Probes of a worker. Producers have none: their evidence shows sooner that they work, and without a request to 200 pods
 * each second. No worker has a liveness probe: on a busy machine the kubelet would restart slow clients and so change
 * what is measured.
 */
const probes = (role: Role) =>
  role === 'producer'
    ? {}
    : {
        startupProbe: { httpGet: READY, periodSeconds: 1, timeoutSeconds: 5, failureThreshold: 900 },
        readinessProbe: { httpGet: READY, periodSeconds: 30, timeoutSeconds: 10, failureThreshold: 3 },
      };

/**
 * CPU requests, which decide the shares of a busy CPU. Hundreds of producers have to fit on a small node. Consumers get
 * more: with a producer's request, nine consumers beside 200 producers processed 144 records a second instead of 450.
 */
const CPU: Record<Role, string> = { producer: '2m', consumer: '30m' };

function workload(
  loadTest: LoadTest,
  role: Role,
  clients: number,
  spec: WorkerSpec,
  { image }: WorkerSettings,
): KubernetesObject {
  const { name } = loadTest.metadata;
  const labels = podLabels(name, role);
  return {
    apiVersion: 'apps/v1',
    kind: 'StatefulSet',
    metadata: { name: workloadName(name, role), labels },
    spec: {
      replicas: podsFor(clients, spec.clientsPerPod),
      serviceName: workloadName(name, role),
      // Starts all pods at once, as a Deployment does; see docs/decisions/0001-statefulsets-for-clients.md.
      podManagementPolicy: 'Parallel',
      selector: { matchLabels: labels },
      template: {
        metadata: { labels, annotations: { 'kubectl.kubernetes.io/default-container': role } },
        spec: {
          automountServiceAccountToken: false,
          enableServiceLinks: false,
          terminationGracePeriodSeconds: 30,
          securityContext: { runAsNonRoot: true, runAsUser: 65532, seccompProfile: { type: 'RuntimeDefault' } },
          containers: [container(loadTest, role, spec, image)],
          volumes: [{ name: 'state', emptyDir: { sizeLimit: STATE_SIZE } }],
        },
      },
    },
  };
}

function container({ metadata: { annotations } }: LoadTest, role: Role, spec: WorkerSpec, image: string) {
  const logsRecords = role === 'consumer' && annotations?.[RECORD_LOG_ANNOTATION] === 'true';
  const fromField = (fieldPath: string) => ({ valueFrom: { fieldRef: { fieldPath } } });
  return {
    name: role,
    image,
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
  };
}

/** The fields stay in this order: the JSON is part of the pod template, and a changed template restarts the pods. */
function workerSpec(
  { metadata, spec, status }: LoadTest,
  { clientsPerPod }: { clientsPerPod: number },
  work: ProducerSpec | ConsumerSpec,
  config: Record<string, string>,
  { evidence, worker }: WorkerContext,
): WorkerSpec {
  return {
    run: metadata.uid,
    loadTest: `${metadata.namespace}/${metadata.name}`,
    bootstrapServers: serversOf(spec.kafka, status?.kafka).bootstrapServers ?? worker.bootstrapServers,
    topic: spec.topic.name,
    evidence,
    clientsPerPod,
    config,
    work,
  };
}
