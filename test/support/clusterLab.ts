/** Helpers for tests on the cluster: namespaces, waits for statuses, and Kafka's own tools as the reference. */
import { type Admin, Kafka, logLevel } from 'kafkajs';
import type { ConsumerScale } from '../../src/api/consumerscale/consumerScale.ts';
import type { Lab } from '../../src/api/lab/lab.ts';
import type { LoadTest } from '../../src/api/loadtest/loadTest.ts';
import { get, kubectl, list, type TypeName, tryKubectl } from '../../tools/kubectl.ts';
import { processOf } from './containers.ts';
import { until } from './until.ts';

export const OPERATOR_NAMESPACE = 'kafka-lab-operator';
/** The longest wait without progress, e.g. while pods start, groups settle or lag drains. */
export const PATIENCE_MS = 5 * 60_000;
/** The period of checks. A check may start kubectl, so more frequent checks would slow down the tested programs. */
const CHECK_EVERY_MS = 500;

/** `until` for conditions that need kubectl. */
export const eventually = <T>(
  what: string,
  check: () => T | Promise<T>,
  patienceMs = PATIENCE_MS,
  progress?: () => unknown,
) => until(what, check, patienceMs, CHECK_EVERY_MS, progress);

export async function makeNamespace(name: string): Promise<string> {
  await tryKubectl(['delete', 'namespace', name, '--ignore-not-found', '--timeout=180s']);
  await kubectl(['create', 'namespace', name]);
  // The pods of the workers must satisfy the strictest Pod Security level.
  await kubectl(['label', 'namespace', name, 'pod-security.kubernetes.io/enforce=restricted']);
  return name;
}

/** Deletes labs first, because their finalizers need the operator. It does not wait for the rest of the namespace. */
export async function removeNamespace(name: string): Promise<void> {
  await tryKubectl(['delete', 'labs,consumerscales,loadtests', '--all', '-n', name, '--timeout=180s']);
  await kubectl(['delete', 'namespace', name, '--wait=false']);
}

export const loadTest = (spec: Record<string, unknown>, name = 'lab') => ({
  apiVersion: 'kafkalab.dev/v1alpha1',
  kind: 'LoadTest',
  metadata: { name },
  spec,
});

export const consumerScale = (spec: Record<string, unknown>, name = 'lab', target = 'lab') => ({
  apiVersion: 'kafkalab.dev/v1alpha1',
  kind: 'ConsumerScale',
  metadata: { name },
  spec: { scaleTargetRef: { apiVersion: 'kafkalab.dev/v1alpha1', kind: 'LoadTest', name: target }, ...spec },
});

export const applyIn = (namespace: string, ...manifests: unknown[]): Promise<string> =>
  kubectl(['apply', '-n', namespace, '-f', '-'], JSON.stringify({ apiVersion: 'v1', kind: 'List', items: manifests }));

/** Stops all producers, so that the sent records can be counted. */
export const stopProducers = (namespace: string, name: string): Promise<string> =>
  kubectl(['patch', '-n', namespace, 'loadtest', name, '--type=merge', '-p', '{"spec":{"producers":{"replicas":0}}}']);

type Seen<T> = (resource: T) => boolean | undefined;

/** The parts of a status that show progress. Figures change all the time and are not among them. */
interface Stage {
  phase?: string;
  conditions?: { type: string; status: string; reason: string; message: string }[];
  steps?: { phase: string; message?: string; expectations?: { passed?: boolean }[] }[];
  producers?: { ready: number };
  consumers?: { ready: number; memberCount?: number };
}

function stageOf(resource: { status?: unknown } | undefined): string {
  const { phase, conditions, steps, producers, consumers } = (resource?.status ?? {}) as Stage;
  return JSON.stringify([
    phase,
    conditions?.map(({ type, status, reason, message }) => [type, status, reason, message]),
    steps?.map((step) => [step.phase, step.message, step.expectations?.map(({ passed }) => passed)]),
    [producers?.ready, consumers?.ready, consumers?.memberCount],
  ]);
}

async function untilSeen<T extends { status?: unknown }>(
  type: TypeName,
  namespace: string,
  name: string,
  what: string,
  holds: Seen<T>,
  patienceMs: number,
): Promise<T> {
  let last: T | undefined;
  try {
    return await eventually(
      `${type} ${namespace}/${name}: ${what}`,
      async () => {
        last = await get<T>(type, name, namespace);
        return last !== undefined && holds(last) ? last : undefined;
      },
      patienceMs,
      () => stageOf(last),
    );
  } catch (error) {
    const events = await tryKubectl(['get', 'events', '-n', namespace, '--sort-by=.lastTimestamp']);
    const pods = await tryKubectl(['get', 'pods', '-n', namespace]);
    const status = JSON.stringify(last?.status, null, 1);
    throw new Error(`${(error as Error).message}\nstatus: ${status}\n${pods.stdout}\n${events.stdout.slice(-4000)}`);
  }
}

export const untilLoadTest = (
  namespace: string,
  name: string,
  what: string,
  holds: Seen<LoadTest>,
  patienceMs = PATIENCE_MS,
) => untilSeen<LoadTest>('loadtest', namespace, name, what, holds, patienceMs);

export const untilConsumerScale = (
  namespace: string,
  name: string,
  what: string,
  holds: Seen<ConsumerScale>,
  patienceMs = PATIENCE_MS,
) => untilSeen<ConsumerScale>('consumerscale', namespace, name, what, holds, patienceMs);

export const untilLab = (namespace: string, name: string, what: string, holds: Seen<Lab>, patienceMs = PATIENCE_MS) =>
  untilSeen<Lab>('lab', namespace, name, what, holds, patienceMs);

export const isOver = (scale: ConsumerScale): boolean =>
  scale.status?.phase === 'Completed' || scale.status?.phase === 'Failed';

/** The condition of this type if it is True. */
export const conditionOf = (resource: LoadTest | ConsumerScale, type: string) =>
  resource.status?.conditions.find((condition) => condition.type === type && condition.status === 'True');

// ---- Kafka: its own tools in a broker's pod, and an admin client that the operator does not use ----

export const BROKERS = 'my-cluster-kafka-bootstrap.kafka.svc:9092';

interface BrokerPod {
  metadata: { name: string };
  status: { podIP?: string; containerStatuses?: { ready: boolean }[] };
}

async function brokersReady(): Promise<BrokerPod[]> {
  const pods = await list<BrokerPod>('pods', 'kafka', 'app.kubernetes.io/name=kafka');
  const ready = pods.filter(({ status }) => status.containerStatuses?.every((container) => container.ready));
  if (ready.length === 0) throw new Error('no broker is ready');
  return ready;
}

/** Runs one of Kafka's tools. Each run starts a JVM, which takes seconds of CPU time, so tests use it sparingly. */
export async function kafkaTool(tool: string, ...args: string[]): Promise<string> {
  const pod = (await brokersReady())[0]?.metadata.name ?? '';
  return kubectl(['exec', '-n', 'kafka', pod, '--', tool, '--bootstrap-server', BROKERS, ...args]);
}

/** The addresses of the brokers for processes on this machine (see manifests/kafka/kafka.yaml). */
export const brokersFromHere = async (): Promise<string[]> =>
  (await brokersReady()).map(({ status }) => `${status.podIP}:9094`);

/** A read is repeated: on a busy machine a broker closes a connection of the test now and then. */
const withAdmin = <T extends unknown[]>(ask: (admin: Admin) => Promise<T>): Promise<T> =>
  until('Kafka answers', () => askOnce(ask), 45_000, 1_000) as Promise<T>;

async function askOnce<T>(ask: (admin: Admin) => Promise<T>): Promise<T> {
  const admin = new Kafka({ brokers: await brokersFromHere(), logLevel: logLevel.NOTHING }).admin();
  await admin.connect();
  try {
    return await ask(admin);
  } finally {
    await admin.disconnect();
  }
}

export const topics = (): Promise<string[]> => withAdmin((admin) => admin.listTopics());

export const groups = (): Promise<string[]> =>
  withAdmin(async (admin) => (await admin.listGroups()).groups.map(({ groupId }) => groupId));

/** The end offsets of a topic by partition. */
export const endOffsets = (topic: string): Promise<{ partition: number; endOffset: number }[]> =>
  withAdmin(async (admin) =>
    (await admin.fetchTopicOffsets(topic))
      .map(({ partition, high }) => ({ partition, endOffset: Number(high) }))
      .sort((a, b) => a.partition - b.partition),
  );

/** The number of records in a topic from which none has been deleted. */
export const recordsIn = async (topic: string): Promise<number> =>
  (await endOffsets(topic)).reduce((sum, { endOffset }) => sum + endOffset, 0);

export interface GroupLine {
  partition: number;
  committedOffset: number;
  endOffset: number;
}

/** The group as `kafka-consumer-groups.sh --describe` prints it. */
export async function describeGroup(group: string): Promise<GroupLine[]> {
  const text = await kafkaTool('kafka-consumer-groups.sh', '--describe', '--group', group);
  return text
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .filter((cells) => cells[0] === group && /^\d+$/.test(cells[2] ?? ''))
    .map((cells) => ({ partition: Number(cells[2]), committedOffset: Number(cells[3]), endOffset: Number(cells[4]) }))
    .sort((a, b) => a.partition - b.partition);
}

/** Waits until all brokers are ready again after a restart. */
export const allBrokersReady = () =>
  eventually('all three brokers are ready', async () => {
    const set = ['get', 'statefulset', '-n', 'kafka', 'my-cluster-kafka'];
    return (await kubectl([...set, '-o', 'jsonpath={.status.readyReplicas}'])) === '3';
  });

// ---- the operator -----------------------------------------------------------------------------

export interface Pod {
  metadata: { name: string; uid: string; deletionTimestamp?: string };
  status: { containerStatuses?: { ready: boolean; restartCount: number; containerID?: string }[] };
}

export const operatorPods = (): Promise<Pod[]> =>
  list<Pod>('pods', OPERATOR_NAMESPACE, 'app.kubernetes.io/name=kafka-lab-operator');

/** Kills the process of the operator. The kubelet restarts its container in the same pod. */
export async function crashOperator(): Promise<void> {
  const [pod] = await operatorsReady(1);
  const id = pod?.status.containerStatuses?.[0]?.containerID ?? '';
  process.kill(processOf(id), 'SIGKILL');
}

/** Deletes operator pods without a grace period, like a lost node. Other pods replace them. */
export async function killOperator(name?: string): Promise<void> {
  const pods = name === undefined ? (await operatorPods()).map(({ metadata }) => metadata.name) : [name];
  await kubectl(['delete', 'pod', '-n', OPERATOR_NAMESPACE, '--grace-period=0', '--force', ...pods]);
}

export async function operatorsReady(replicas: number): Promise<Pod[]> {
  return eventually(
    `${replicas} operators ready`,
    async () => {
      const pods = (await operatorPods()).filter(({ metadata }) => metadata.deletionTimestamp === undefined);
      const ready = pods.filter(({ status }) => status.containerStatuses?.every((container) => container.ready));
      return pods.length === replicas && ready.length === replicas ? pods : undefined;
    },
    PATIENCE_MS,
  );
}

/** The pod that holds the Lease. */
export async function leader(): Promise<string | undefined> {
  const lease = await get<{ spec: { holderIdentity?: string } }>('lease', 'kafka-lab-operator', OPERATOR_NAMESPACE);
  return lease?.spec.holderIdentity?.split('_')[0];
}
