/** The time from apply until 200 producers produce: with one pod each, compared with bare pods, and with 50 per pod. */
import { kubectl, list } from '../../tools/kubectl.ts';
import { applyIn, eventually, loadTest, makeNamespace, removeNamespace, untilLoadTest } from '../support/clusterLab.ts';

const NAMESPACE = 'bench';
const CLIENTS = 200;
const PATIENCE_MS = 15 * 60_000;

const producers = (clientsPerPod: number) =>
  loadTest({
    topic: { name: 'bench', partitions: 9, replicas: 2 },
    producers: { replicas: CLIENTS, clientsPerPod, messagesPerSecond: 1 },
  });

/** Pods with the same image that do nothing. They measure the share of Kubernetes itself. */
const bare = {
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'bare' },
  spec: {
    replicas: CLIENTS,
    selector: { matchLabels: { app: 'bare' } },
    template: {
      metadata: { labels: { app: 'bare' } },
      spec: {
        automountServiceAccountToken: false,
        terminationGracePeriodSeconds: 1,
        securityContext: { runAsNonRoot: true, runAsUser: 65532, seccompProfile: { type: 'RuntimeDefault' } },
        containers: [
          {
            name: 'bare',
            image: 'kafka-lab-operator:dev',
            imagePullPolicy: 'IfNotPresent',
            command: ['node', '-e', 'process.on("SIGTERM", () => process.exit()); setInterval(() => {}, 1000)'],
            securityContext: {
              allowPrivilegeEscalation: false,
              readOnlyRootFilesystem: true,
              capabilities: { drop: ['ALL'] },
            },
          },
        ],
      },
    },
  },
};

async function noPods(): Promise<void> {
  await eventually('no pods', async () => (await list('pods', NAMESPACE)).length === 0, PATIENCE_MS);
}

async function secondsUntil(apply: () => Promise<unknown>, done: () => Promise<unknown>): Promise<number> {
  const started = performance.now();
  await apply();
  await done();
  return Math.round((performance.now() - started) / 100) / 10;
}

const allProducing = () =>
  untilLoadTest(NAMESPACE, 'lab', `${CLIENTS} are ready`, (it) => it.status?.producers?.ready === CLIENTS, PATIENCE_MS);

async function remove(...what: string[]): Promise<void> {
  await kubectl(['delete', ...what, '-n', NAMESPACE, '--timeout=600s']);
  await noPods();
}

/** Measures both kinds of pods alternately, so that load affects them equally. */
export async function singles(): Promise<Record<string, unknown>> {
  await makeNamespace(NAMESPACE);
  const figures = { producing: [] as number[], bare: [] as number[] };
  for (let round = 0; round < 2; round++) {
    figures.bare.push(
      await secondsUntil(
        () => applyIn(NAMESPACE, bare),
        () => kubectl(['rollout', 'status', 'deployment/bare', '-n', NAMESPACE, '--timeout=900s']),
      ),
    );
    await remove('deployment', 'bare');
    figures.producing.push(await secondsUntil(() => applyIn(NAMESPACE, producers(1)), allProducing));
    await remove('lt', 'lab');
  }
  await removeNamespace(NAMESPACE);
  const ratio = Math.min(...figures.producing) / Math.min(...figures.bare);
  return { unit: 's', ...figures, ratioOfBest: Math.round(ratio * 100) / 100, aim: 1.15 };
}

interface Summary {
  pods: { podRef: { namespace: string }; memory?: { workingSetBytes?: number } }[];
}

export async function packed(): Promise<Record<string, unknown>> {
  await makeNamespace(NAMESPACE);
  const seconds: number[] = [];
  let megabytes = 0;
  for (let round = 0; round < 3; round++) {
    seconds.push(await secondsUntil(() => applyIn(NAMESPACE, producers(50)), allProducing));
    // The kubelet updates its figures about every 10 s.
    megabytes = await eventually('memory of four pods', async () => memoryOfPods(4), PATIENCE_MS);
    await remove('lt', 'lab');
  }
  await removeNamespace(NAMESPACE);
  return { seconds, aimSeconds: 10, workingSetMB: megabytes, aimMB: 500 };
}

async function memoryOfPods(count: number): Promise<number | undefined> {
  const node = await kubectl(['get', 'nodes', '-o', 'jsonpath={.items[0].metadata.name}']);
  const summary = JSON.parse(await kubectl(['get', '--raw', `/api/v1/nodes/${node}/proxy/stats/summary`])) as Summary;
  const ours = summary.pods.filter(({ podRef, memory }) => podRef.namespace === NAMESPACE && memory?.workingSetBytes);
  if (ours.length < count) return undefined;
  return Math.round(ours.reduce((sum, { memory }) => sum + (memory?.workingSetBytes ?? 0), 0) / 1e6);
}
