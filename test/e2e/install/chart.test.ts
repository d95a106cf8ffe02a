/** The Helm chart, tested with Helm and a real API server: it installs the same objects as manifests/install.yaml. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { loadAll } from 'js-yaml';
import type { KubernetesObject } from '../../../src/contract/kubernetes.ts';
import type { Cluster } from '../../../src/runtime/ports.ts';
import { clusterOf } from '../../../tools/client.ts';
import { helm } from '../../../tools/cluster/build.ts';
import { run } from '../../../tools/cluster/command.ts';
import { type ApiServer, startApiServer } from '../../support/apiServer.ts';
import { until } from '../../support/until.ts';

const root = join(import.meta.dirname, '../../..');
const chart = join(root, 'charts/kafka-lab-operator');
const NAME = 'kafka-lab-operator';
const IMAGE = 'kafka-lab-operator:dev';
const folder = mkdtempSync(join(tmpdir(), 'kafkalab-chart-'));
let program: string;
let server: ApiServer;
let user: Cluster & { close(): Promise<void> };

beforeAll(async () => {
  program = await helm();
  server = await startApiServer();
  user = clusterOf(server.kubeconfig);
  writeFileSync(join(folder, 'kubeconfig'), server.kubeconfig, { mode: 0o600 });
});

afterAll(async () => {
  await user?.close();
  await server?.stop();
  rmSync(folder, { recursive: true, force: true });
});

/** Runs Helm without the user's own configuration. */
const asked = (...args: string[]): Promise<string> =>
  run(program, args, {
    env: {
      KUBECONFIG: join(folder, 'kubeconfig'),
      HELM_CACHE_HOME: join(folder, 'cache'),
      HELM_CONFIG_HOME: join(folder, 'config'),
      HELM_DATA_HOME: join(folder, 'data'),
    },
  });
const withValues = (values: Record<string, string>): string[] =>
  Object.entries(values).flatMap(([name, value]) => ['--set', `${name}=${value}`]);
const rendered = async (values: Record<string, string> = {}): Promise<KubernetesObject[]> =>
  // Without a cluster, a Helm built from source assumes Kubernetes 1.20.
  objectsIn(await asked('template', NAME, chart, '--kube-version=1.34.0', '--namespace', NAME, ...withValues(values)));

const objectsIn = (text: string): KubernetesObject[] =>
  (loadAll(text) as (KubernetesObject | null)[]).filter((object) => object !== null);
const named = (objects: KubernetesObject[]): string[] =>
  objects.map(({ kind, metadata }) => `${kind} ${metadata.namespace ?? ''}/${metadata.name}`).sort();

/** The object without Helm's labels and the annotations that keep the CRDs. */
function compared(objects: KubernetesObject[]): Map<string, unknown> {
  const bare = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(bare);
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(
      Object.entries(value)
        .filter(([name]) => !['labels', 'matchLabels', 'annotations'].includes(name))
        .map(([name, inner]) => [name, bare(inner)]),
    );
  };
  return new Map(objects.map((object) => [named([object])[0] ?? '', bare(object)]));
}

test('helm lint finds no problem', async () => {
  expect(await asked('lint', '--strict', chart)).toContain('0 chart(s) failed');
});

test('the default chart equals manifests/install.yaml', async () => {
  const plain = objectsIn(readFileSync(join(root, 'manifests/install.yaml'), 'utf8'));
  const [repository = '', tag = ''] = IMAGE.split(':');
  const charted = await rendered({ 'image.repository': repository, 'image.tag': tag });
  // Helm creates the namespace (--create-namespace).
  const expected = compared(plain.filter(({ kind }) => kind !== 'Namespace'));
  expect(Object.fromEntries(compared(charted))).toEqual(Object.fromEntries(expected));
});

test('with watchNamespaces the operator has rights only in these and in the namespace of Strimzi', async () => {
  const objects = await rendered({
    'watchNamespaces[0]': 'team-a',
    'watchNamespaces[1]': 'team-b',
    'strimzi.cluster': 'my-cluster',
    'strimzi.namespace': 'kafka',
    userRoles: 'false',
    'crds.install': 'false',
    'networkPolicy.enabled': 'true',
  });
  expect(named(objects)).toEqual([
    `Deployment ${NAME}/${NAME}`,
    `NetworkPolicy ${NAME}/${NAME}`,
    `Role ${NAME}/${NAME}`,
    `Role kafka/${NAME}-strimzi`,
    `Role team-a/${NAME}-watched`,
    `Role team-b/${NAME}-watched`,
    `RoleBinding ${NAME}/${NAME}`,
    `RoleBinding kafka/${NAME}-strimzi`,
    `RoleBinding team-a/${NAME}-watched`,
    `RoleBinding team-b/${NAME}-watched`,
    `ServiceAccount ${NAME}/${NAME}`,
  ]);
});

describe('invalid values are refused by name', () => {
  test.each([
    ['too many operators', { replicas: '9' }, /replicas/],
    ['a misspelt name', { 'kafka.bootstrapServer': 'kafka:9092' }, /bootstrapServer/],
    ['an unknown log level', { logLevel: 'loud' }, /logLevel/],
    ['an invalid port', { 'networkPolicy.kafkaPorts[0]': '99999' }, /kafkaPorts/],
  ])('%s', async (_, values, says) => {
    await expect(rendered(values)).rejects.toThrow(says);
  });
});

test('an uninstall keeps the CRDs and the labs of users', async () => {
  await asked(
    'install',
    NAME,
    chart,
    '--namespace',
    NAME,
    '--create-namespace',
    ...withValues({ 'networkPolicy.enabled': 'true' }),
  );
  const deployment = { apiVersion: 'apps/v1', kind: 'Deployment', namespace: NAME, name: NAME };
  expect(await user.get(deployment)).toMatchObject({ spec: { replicas: 1 } });
  const lab = {
    apiVersion: 'kafkalab.dev/v1alpha1',
    kind: 'LoadTest',
    metadata: { namespace: 'default', name: 'kept' },
    spec: { topic: { name: 'kept' }, producers: { replicas: 1 } },
  };
  await until('LoadTests are served', () => user.create(lab));
  await asked('uninstall', NAME, '--namespace', NAME);
  expect(await user.get(deployment)).toBeNull();
  const { apiVersion, kind, metadata } = lab;
  expect(await user.get({ apiVersion, kind, ...metadata })).toMatchObject({ spec: { topic: { name: 'kept' } } });
});
