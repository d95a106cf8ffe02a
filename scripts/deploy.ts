/** Installs the operator into the cluster of `make cluster`: manifests/install.yaml with the image of this checkout. */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { loadAll } from 'js-yaml';
import { step } from '../tools/cluster/progress.ts';
import { kubectl, tryKubectl } from '../tools/kubectl.ts';

const checkout = join(import.meta.dirname, '..');
const NAMESPACE = 'kafka-lab-operator';

interface Manifest {
  kind: string;
  metadata: { name: string };
  spec: { template: { metadata: { annotations?: Record<string, string> } } };
}

/** A hash of the image. The image tag is always `dev`, so the pod template contains this hash and changes with the image. */
function imageContent(): string {
  const folder = join(checkout, 'dist/image');
  const hash = createHash('sha256');
  for (const name of readdirSync(folder).sort()) {
    if (name.endsWith('.mjs')) hash.update(readFileSync(join(folder, name)));
  }
  return hash.digest('hex').slice(0, 16);
}

const manifests = loadAll(readFileSync(join(checkout, 'manifests/install.yaml'), 'utf8')) as Manifest[];
for (const manifest of manifests) {
  if (manifest.kind !== 'Deployment') continue;
  const { metadata } = manifest.spec.template;
  metadata.annotations = { ...metadata.annotations, 'kafkalab.dev/image-content': imageContent() };
}
const list = JSON.stringify({ apiVersion: 'v1', kind: 'List', items: manifests });
await kubectl(['apply', '--server-side', '--force-conflicts', '-f', '-'], list);
const crds = manifests
  .filter(({ kind }) => kind === 'CustomResourceDefinition')
  .map(({ metadata }) => `crd/${metadata.name}`);
await kubectl(['wait', '--for=condition=Established', '--timeout=60s', ...crds]);
try {
  await step('waiting until the operator is ready', () =>
    kubectl(['rollout', 'status', '-n', NAMESPACE, 'deployment/kafka-lab-operator', '--timeout=300s']),
  );
} catch (error) {
  const log = await tryKubectl([
    'logs',
    '-n',
    NAMESPACE,
    '-l',
    'app.kubernetes.io/name=kafka-lab-operator',
    '--tail=20',
    '--prefix',
  ]);
  const pods = await tryKubectl(['get', 'pods', '-n', NAMESPACE]);
  process.stderr.write(`${(error as Error).message}\n${pods.stdout}\n${log.stdout}${log.stderr}\n`);
  process.exit(1);
}
