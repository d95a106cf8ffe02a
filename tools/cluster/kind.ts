// The kind cluster, for machines with a Docker engine that runs privileged containers.
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { attempt, exists, run } from './command.ts';
import { kafkaBuildFolder, pythonBuildFolder } from './images.ts';
import { operatorFiles } from './operatorFiles.ts';
import { cache, checkout, here } from './paths.ts';
import { note, step } from './progress.ts';

const name = 'kafka-lab';
const kafkaImage = 'kafka-lab-kafka:4.3.1';
const pythonImage = 'kafka-lab-python:1';
const operatorImage = 'kafka-lab-operator:dev';
export const kindKubeconfig = join(cache, 'kind.kubeconfig');

export function kindIsPossible(): boolean {
  return exists('kind') && attempt('docker', ['run', '--rm', '--privileged', 'busybox:1', 'true']) !== undefined;
}

export async function up(): Promise<void> {
  for (const tool of ['docker', 'kind', 'kubectl', 'mvn']) {
    if (!exists(tool)) throw new Error(`${tool} is missing: install it, or use CLUSTER=local`);
  }
  mkdirSync(cache, { recursive: true });
  await operatorFiles();
  if (!attempt('kind', ['get', 'clusters'])?.split('\n').includes(name)) {
    await step('creating the kind cluster', () =>
      run('kind', ['create', 'cluster', '--config', join(here, 'kind.yaml'), '--wait', '2m'], { show: true }),
    );
  }
  await run('kind', ['export', 'kubeconfig', '--name', name, '--kubeconfig', kindKubeconfig]);
  await step('building and loading the image of Kafka', () => buildAndLoad(kafkaImage, kafkaBuildFolder));
  await run('kubectl', ['--kubeconfig', kindKubeconfig, 'apply', '-f', join(checkout, 'manifests/kafka')]);
  await loadOperatorImage();
  await step('waiting for 3 Kafka brokers', () =>
    run('kubectl', [
      '--kubeconfig',
      kindKubeconfig,
      '-n',
      'kafka',
      'rollout',
      'status',
      'statefulset/my-cluster-kafka',
      '--timeout=5m',
    ]),
  );
  note(`kubeconfig: ${kindKubeconfig}`);
}

async function buildAndLoad(image: string, fill: (folder: string) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'kafka-lab-build-'));
  try {
    await fill(folder);
    await run('docker', ['build', '-t', image, folder]);
    await run('kind', ['load', 'docker-image', '--name', name, image]);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

export const loadPythonImage = (): Promise<void> =>
  step('building and loading the image of a Python consumer', () => buildAndLoad(pythonImage, pythonBuildFolder));

export async function loadOperatorImage(): Promise<void> {
  await step('building and loading the operator image', async () => {
    await run('docker', ['build', '-t', operatorImage, checkout]);
    await run('kind', ['load', 'docker-image', '--name', name, operatorImage]);
  });
}

export async function down(): Promise<void> {
  await step('deleting the kind cluster', () => run('kind', ['delete', 'cluster', '--name', name]));
}
