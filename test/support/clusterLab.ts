/** What the tests of the labs share: a namespace each, waiting on statuses, and Kafka's own tools as the judge. */
import { type Admin, Kafka, logLevel } from 'kafkajs';
import type { ConsumerScale } from '../../src/api/consumerscale/consumerScale.ts';
import type { Lab } from '../../src/api/lab/lab.ts';
import type { LoadTest } from '../../src/api/loadtest/loadTest.ts';
import { get, kubectl, list, type TypeName, tryKubectl } from '../../tools/kubectl.ts';
import { processOf } from './containers.ts';
import { until } from './until.ts';

export const OPERATOR_NAMESPACE = 'kafka-lab-operator';
/** Without progress: pods start, groups settle, lag drains. */
export const PATIENCE_MS = 5 * 60_000;
/** Each look starts a kubectl: not so often that looking slows down what is looked at. */
const LOOK_EVERY_MS = 500;

/** `until` for what kubectl has to be asked for. */
export const eventually = <T>(
  what: string,
  look: () => T | Promise<T>,
  patienceMs = PATIENCE_MS,
  progress?: () => unknown,
) => until(what, look, patienceMs, LOOK_EVERY_MS, progress);

export async function makeNamespace(name: string): Promise<string> {
  await tryKubectl(['delete', 'namespace', name, '--ignore-not-found', '--timeout=180s']);
  await kubectl(['create', 'namespace', name]);
  // What the workers' pods have to pass in a careful cluster.
  await kubectl(['label', 'namespace', name, 'pod-security.kubernetes.io/enforce=restricted']);
  return name;
}

/** Labs first: their finalizers need the operator. What Kubernetes itself removes is not waited for. */
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

/** Nothing more is sent; what has been sent can be counted. */
export const stopProducers = (namespace: string, name: string): Promise<string> =>
  kubectl(['patch', '-n', namespace, 'loadtest', name, '--type=merge', '-p', '{"spec":{"producers":{"replicas":0}}}']);

type Seen<T> = (resource: T) => boolean | undefined;

/** What changes of a LoadTest, a ConsumerScale or a Lab while it gets on; figures move by themselves, and do not count. */
interface Stage {
  phase?: string;
  conditions?: { type: string; status: string; reason: string; message: string }[];
  steps?: { phase: string; message?: string; expectations?: { passed?: boolean }[] }[];
  producers?: { ready: number };
  consumers?: { ready: number; members: unknown[] };
}

function stageOf(resource: { status?: unknown } | undefined): string {
  const { phase, conditions, steps, producers, consumers } = (resource?.status ?? {}) as Stage;
  return JSON.stringify([
    phase,
    conditions?.map(({ type, status, reason, message }) => [type, status, reason, message]),
    steps?.map((step) => [step.phase, step.message, step.expectations?.map(({ passed }) => passed)]),
    [producers?.ready, consumers?.ready, consumers?.members.length],
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

/** The condition when it is True. */
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

/** Each starts a JVM, which takes seconds of a processor: where Kafka's own word is what is asked for. */
export async function kafkaTool(tool: string, ...args: string[]): Promise<string> {
  const pod = (await brokersReady())[0]?.metadata.name ?? '';
  return kubectl(['exec', '-n', 'kafka', pod, '--', tool, '--bootstrap-server', BROKERS, ...args]);
}

/** Addresses of the brokers' listener for processes of this machine: manifests/kafka/kafka.yaml. */
export const brokersFromHere = async (): Promise<string[]> =>
  (await brokersReady()).map(({ status }) => `${status.podIP}:9094`);

async function withAdmin<T>(ask: (admin: Admin) => Promise<T>): Promise<T> {
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

/** End offsets by partition, in the order of partitions. */
export const endOffsets = (topic: string): Promise<{ partition: number; endOffset: number }[]> =>
  withAdmin(async (admin) =>
    (await admin.fetchTopicOffsets(topic))
      .map(({ partition, high }) => ({ partition, endOffset: Number(high) }))
      .sort((a, b) => a.partition - b.partition),
  );

/** Records in a topic from which none has been deleted, summed over its partitions. */
export const recordsIn = async (topic: string): Promise<number> =>
  (await endOffsets(topic)).reduce((sum, { endOffset }) => sum + endOffset, 0);

export interface GroupLine {
  partition: number;
  committedOffset: number;
  endOffset: number;
}

/** As `kafka-consumer-groups.sh --describe` prints it. */
export async function describeGroup(group: string): Promise<GroupLine[]> {
  const text = await kafkaTool('kafka-consumer-groups.sh', '--describe', '--group', group);
  return text
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .filter((cells) => cells[0] === group && /^\d+$/.test(cells[2] ?? ''))
    .map((cells) => ({ partition: Number(cells[2]), committedOffset: Number(cells[3]), endOffset: Number(cells[4]) }))
    .sort((a, b) => a.partition - b.partition);
}

/** After one was deleted, or all of them were scaled away. */
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

/** Ends its process as a crash would: the kubelet starts its container again, in the same pod. */
export async function crashOperator(): Promise<void> {
  const [pod] = await operatorsReady(1);
  const id = pod?.status.containerStatuses?.[0]?.containerID ?? '';
  process.kill(processOf(id), 'SIGKILL');
}

/** Without warning or grace, as a lost node would. Another pod takes its place. */
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
