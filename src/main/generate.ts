/**
 * Writes everything that is made from the sources: crds/, manifests/install.yaml, charts/.
 * Same sources, same bytes: with --check it writes nothing, names the files that are not up to date, and fails.
 */
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { dump } from 'js-yaml';
import { customResourceDefinition } from '../api/schema/crd.ts';
import { CRDS } from '../api/schema/crds.ts';
import { chartFiles } from './install/chart.ts';
import { type Installation, installation, OPERATOR, OPERATOR_RESOURCES } from './install/objects.ts';

const root = join(import.meta.dirname, '..', '..');
const CHART = `charts/${OPERATOR}`;
const MADE = '# Made by src/main/generate.ts: change the sources, not this file.\n';

const yaml = (object: unknown): string => dump(object, { lineWidth: 120, noRefs: true });
/** A template expression stays on its line. */
const unwrapped = (object: unknown): string => dump(object, { lineWidth: -1, noRefs: true });

const LABELS = { 'app.kubernetes.io/name': OPERATOR };
const DEVELOPMENT: Installation = {
  name: OPERATOR,
  namespace: OPERATOR,
  labels: LABELS,
  selector: LABELS,
  image: 'kafka-lab-operator:dev',
  workerImage: 'kafka-lab-operator:dev',
  imagePullPolicy: 'IfNotPresent',
  replicas: 1,
  bootstrapServers: 'my-cluster-kafka-bootstrap.kafka.svc:9092',
  strimziCluster: '',
  strimziNamespace: '',
  watchNamespaces: '',
  logLevel: 'info',
  resources: OPERATOR_RESOURCES,
};

/** Path → content of every generated file. */
async function generated(): Promise<Map<string, string>> {
  const { version } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as { version: string };
  const files = new Map<string, string>();
  const definitions = CRDS.map((crd) => ({ plural: crd.plural, object: customResourceDefinition(crd) }));
  for (const { plural, object } of definitions) {
    files.set(`crds/${plural}.yaml`, MADE + yaml(object));
    const metadata = { ...(object.metadata as object), annotations: { 'helm.sh/resource-policy': 'keep' } };
    files.set(`${CHART}/crds-kept/${plural}.yaml`, yaml({ ...object, metadata }));
  }
  const install = [...definitions.map(({ object }) => object), ...installation(DEVELOPMENT)];
  files.set('manifests/install.yaml', MADE + install.map(yaml).join('---\n'));
  for (const [path, content] of chartFiles(version, unwrapped)) files.set(`${CHART}/${path}`, content);
  return files;
}

const files = await generated();
if (process.argv.includes('--check')) {
  const stale: string[] = [];
  for (const [path, content] of files) {
    const written = await readFile(join(root, path), 'utf8').catch(() => undefined);
    if (written !== content) stale.push(path);
  }
  for (const path of stale) console.error(`${path} is not what the sources make: run node src/main/generate.ts`);
  process.exitCode = stale.length === 0 ? 0 : 1;
} else {
  // What is no longer generated has to go as well.
  for (const folder of ['crds', CHART]) await rm(join(root, folder), { recursive: true, force: true });
  for (const [path, content] of files) {
    await mkdir(dirname(join(root, path)), { recursive: true });
    await writeFile(join(root, path), content);
  }
}
