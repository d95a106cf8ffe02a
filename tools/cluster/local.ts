// The local cluster: a real Kubernetes with one node, whose programs run directly on this machine.
import { chownSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { programs as builtPrograms, hashOf, kafkaJars, type Programs } from './build.ts';
import { makeCertificates, nodeName } from './certificates.ts';
import { attempt } from './command.ts';
import { apiServerDaemon, controllerManager, etcd, scheduler, writeControlPlaneFiles } from './controlPlane.ts';
import { loadClusterImages, loadOperatorImage, prepareImages } from './images.ts';
import { startKafka, waitForKafka } from './kafka.ts';
import { apply, kubectl } from './kubectl.ts';
import { anythingLeft, removeCluster } from './leftovers.ts';
import { makeNetwork, setKernel } from './network.ts';
import { containerd, dns, kubelet, proxy, writeNodeFiles } from './node.ts';
import { operatorFiles } from './operatorFiles.ts';
import {
  auditLog,
  containerdSocket,
  here,
  kubeconfig,
  kubectl as kubectlProgram,
  logs,
  runtime,
  state,
} from './paths.ts';
import { type Daemon, foreign, kill, lastLines, processOf, start } from './processes.ts';
import { note, step, waitFor } from './progress.ts';
import { nodeTools, requireTools } from './requirements.ts';

function daemons({ kubernetes, coredns }: Programs): Daemon[] {
  return [
    etcd(kubernetes),
    containerd(),
    apiServerDaemon(kubernetes),
    controllerManager(kubernetes),
    scheduler(kubernetes),
    kubelet(kubernetes),
    proxy(kubernetes),
    dns(coredns),
  ];
}

/** The file with the definition of the running cluster. */
const definitionFile = join(runtime, 'made-with');
/** The definition of the cluster that this checkout starts. A running cluster with another one is replaced. */
function definition(programs: Programs): string {
  const files = [
    'certificates.ts',
    'controlGroups.ts',
    'controlPlane.ts',
    'node.ts',
    'network.ts',
    'bootstrap.json',
  ].map((name) => join(here, name));
  return hashOf([...files, programs.kubernetes.slice(-40), programs.coredns.slice(-40)]);
}

async function whatIsUnhealthy(programs: Programs): Promise<string | undefined> {
  if (!existsSync(definitionFile)) return 'its start was interrupted';
  if (readFileSync(definitionFile, 'utf8') !== definition(programs)) return 'it was started with other settings';
  const dead = daemons(programs).find(({ name }) => !processOf(name));
  if (dead) return `${dead.name} is not running`;
  try {
    await kubectl('get', '--raw', '/readyz');
    return await nodeIsReady();
  } catch (error) {
    return (error as Error).message;
  }
}

async function nodeIsReady(): Promise<string | undefined> {
  const path =
    'jsonpath={.status.conditions[?(@.type=="Ready")].status} {.status.conditions[?(@.type=="Ready")].message}';
  const [status, ...message] = (await kubectl('get', 'node', nodeName, '-o', path)).split(' ');
  return status === 'True' ? undefined : `the node is not ready: ${message.join(' ')}`;
}

/** Waits until a program answers. Throws with its last log lines if it exits instead. */
async function answers(
  daemon: Daemon,
  what: string,
  limitSeconds: number,
  check: () => Promise<string | undefined>,
): Promise<void> {
  let ended = false;
  await waitFor(what, limitSeconds, async () => {
    ended = !processOf(daemon.name);
    return ended ? undefined : await check();
  }).catch((error: Error) => {
    throw new Error(`${error.message}\nlast lines of ${daemon.name}:\n${lastLines(daemon.name)}`);
  });
  if (ended) throw new Error(`${daemon.name} ended:\n${lastLines(daemon.name)}`);
}

const apiIsReady = async (): Promise<string | undefined> =>
  (await kubectl('get', '--raw', '/readyz')) === 'ok' ? undefined : 'not ready';

const containerdAnswers = async (): Promise<string | undefined> =>
  attempt('ctr', ['--address', containerdSocket, 'version']) === undefined ? 'no answer on its socket' : undefined;

async function startPrograms(programs: Programs): Promise<void> {
  const all = new Map(daemons(programs).map((daemon) => [daemon.name, daemon]));
  const one = (name: string): Daemon => {
    const daemon = all.get(name);
    if (!daemon) throw new Error(`no program ${name}`);
    return daemon;
  };
  const begin = (...names: string[]): void => {
    for (const name of names) start(one(name));
  };
  await step('starting etcd, the API server and containerd', async () => {
    begin('etcd', 'containerd', 'kube-apiserver');
    await answers(one('containerd'), 'containerd', 30, containerdAnswers);
    await answers(one('kube-apiserver'), 'the API server', 60, apiIsReady);
  });
  await step(
    'starting the controllers, the node and the cluster DNS; loading the images of pause and Kafka',
    async () => {
      // The images are loaded meanwhile: no pod exists yet.
      const images = loadClusterImages();
      await apply(JSON.parse(readFileSync(join(here, 'bootstrap.json'), 'utf8')));
      begin('kube-controller-manager', 'kube-scheduler', 'kubelet', 'kube-proxy', 'coredns');
      await answers(one('kubelet'), 'the node', 60, nodeIsReady);
      await images;
    },
  );
}

/** The builds and downloads, which need no root. They run in parallel: downloads wait for the network, builds for the CPU. */
export async function build(): Promise<Programs> {
  const [programs] = await Promise.all([builtPrograms(), operatorFiles(), kafkaJars()]);
  return programs;
}

async function prepare(): Promise<Programs> {
  await requireTools(nodeTools);
  const [programs] = await Promise.all([build(), prepareImages()]);
  return programs;
}

function giveToCaller(): void {
  // With sudo, the kubeconfig is given to the user who called it.
  if (process.env.SUDO_UID) chownSync(kubeconfig, Number(process.env.SUDO_UID), Number(process.env.SUDO_GID));
}

export async function up(): Promise<void> {
  const other = foreign('kubelet', 'kube-proxy', 'k3s', 'k3s-server');
  if (other) throw new Error(`another Kubernetes runs on this machine: ${other}. Stop it first, or use CLUSTER=kind`);
  const programs = await prepare();
  const unhealthy = anythingLeft() ? await whatIsUnhealthy(programs) : undefined;
  if (!existsSync(definitionFile) || unhealthy) {
    if (anythingLeft()) await step(`removing an earlier cluster: ${unhealthy ?? 'leftovers'}`, removeCluster);
    await step('creating the network, certificates and settings', async () => {
      for (const folder of [state, runtime, logs]) mkdirSync(folder, { recursive: true });
      setKernel();
      await makeCertificates();
      await makeNetwork();
      writeControlPlaneFiles();
      writeNodeFiles();
    });
    await startPrograms(programs);
    writeFileSync(definitionFile, definition(programs));
  } else {
    note('the cluster is running');
    await loadClusterImages();
  }
  giveToCaller();
  await startKafka();
  await loadOperatorImage();
  await waitForKafka();
  note(`kubeconfig: ${kubeconfig}   kubectl: ${kubectlProgram}   logs: ${logs}   audit log: ${auditLog}`);
}

export async function down(): Promise<void> {
  if (!anythingLeft()) {
    note('no local cluster exists');
    return;
  }
  await step('removing the local cluster', removeCluster);
}

export async function status(): Promise<void> {
  const unhealthy = anythingLeft() ? await whatIsUnhealthy(await builtPrograms()) : 'it does not exist';
  if (unhealthy) throw new Error(`the local cluster is not usable: ${unhealthy}`);
  note('the local cluster is running');
}

async function named(name: string | undefined): Promise<Daemon> {
  const all = daemons(await builtPrograms());
  const daemon = all.find((one) => one.name === name);
  if (!daemon) throw new Error(`name one of ${all.map((one) => one.name).join(', ')}`);
  return daemon;
}

const ADDRESS_FREE_WITHIN_MS = 60_000;

/** Kills one program, like a crash. */
export async function stopProgram(name: string | undefined): Promise<void> {
  await kill((await named(name)).name);
}

export async function startProgram(name: string | undefined): Promise<void> {
  const daemon = await named(name);
  const end = Date.now() + ADDRESS_FREE_WITHIN_MS;
  for (;;) {
    start(daemon);
    if (daemon.name !== 'kube-apiserver') return;
    try {
      return await answers(daemon, 'the API server', 60, apiIsReady);
    } catch (error) {
      // The kernel closes the sockets of a killed process with a delay.
      if (!lastLines(daemon.name, 3).includes('address already in use') || Date.now() > end) throw error;
      await sleep(500);
    }
  }
}

export { loadOperatorImage };
