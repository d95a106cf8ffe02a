/** The process of the operator with the real kinds and an unreachable Kafka. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import { loadAll } from 'js-yaml';
import { request } from 'undici';
import type { Condition, KubernetesObject } from '../../../src/contract/kubernetes.ts';
import type { Cluster } from '../../../src/runtime/ports.ts';
import { clusterOf } from '../../../tools/client.ts';
import { type ApiServer, startApiServer } from '../../support/apiServer.ts';
import { until } from '../../support/until.ts';

const root = join(import.meta.dirname, '../../..');
const folder = mkdtempSync(join(tmpdir(), 'kafkalab-operator-'));
let server: ApiServer;
let user: Cluster & { close(): Promise<void> };
const processes: Operator[] = [];

beforeAll(async () => {
  server = await startApiServer();
  user = clusterOf(server.kubeconfig);
  writeFileSync(join(folder, 'kubeconfig'), server.kubeconfig, { mode: 0o600 });
  for (const file of readdirSync(join(root, 'crds')).filter((name) => name.endsWith('.yaml'))) {
    for (const manifest of loadAll(readFileSync(join(root, 'crds', file), 'utf8'))) {
      await user.apply(manifest as KubernetesObject);
    }
  }
  await until('LoadTests are served', () => user.list({ apiVersion: 'kafkalab.dev/v1alpha1', kind: 'LoadTest' }, {}));
});

afterEach(async () => {
  for (const { child, ended } of processes.splice(0)) {
    child.kill('SIGKILL');
    await ended;
  }
});

afterAll(async () => {
  await user?.close();
  await server?.stop();
  rmSync(folder, { recursive: true, force: true });
});

interface Operator {
  child: ChildProcess;
  lines: { level: string; message: string; port?: number }[];
  ended: Promise<unknown[]>;
  get(path: string): Promise<{ status: number; text: string }>;
}

function start(name: string, env: Record<string, string> = {}): Operator {
  const child = spawn(process.execPath, [join(root, 'src/main/operator.ts')], {
    env: {
      PATH: process.env.PATH,
      KUBECONFIG: join(folder, 'kubeconfig'),
      BOOTSTRAP_SERVERS: '127.0.0.1:1',
      POD_NAME: name,
      PORT: '0',
      ...env,
    },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const lines: Operator['lines'] = [];
  createInterface({ input: child.stdout }).on('line', (line) => lines.push(JSON.parse(line)));
  const operator: Operator = {
    child,
    lines,
    ended: once(child, 'exit'),
    async get(path) {
      const { port } = await until('it listens', () => lines.find(({ message }) => message === 'listening'));
      const response = await request(`http://127.0.0.1:${port}${path}`);
      return { status: response.statusCode, text: await response.body.text() };
    },
  };
  processes.push(operator);
  return operator;
}

const lab = (name: string): KubernetesObject => ({
  apiVersion: 'kafkalab.dev/v1alpha1',
  kind: 'LoadTest',
  metadata: { namespace: 'default', name },
  spec: { topic: { name: 'some', partitions: 3, replicas: 1 }, producers: { replicas: 1 } },
});
const ref = (name: string) => ({ apiVersion: 'kafkalab.dev/v1alpha1', kind: 'LoadTest', namespace: 'default', name });
const conditionsOf = async (name: string) =>
  ((await user.get(ref(name)))?.status as { conditions?: Condition[] } | undefined)?.conditions;
const leading = async (operator: Operator) => (await operator.get('/readyz')).text === 'leading\n';

test('the operator reports that Kafka does not answer, and stops gracefully', async () => {
  const operator = start('first');
  await until('it leads', () => leading(operator), 30_000);
  await user.create(lab('waiting'));
  const ready = await until('the condition names Kafka', async () =>
    (await conditionsOf('waiting'))?.find(({ type, message }) => type === 'Ready' && message.includes('127.0.0.1:1')),
  );
  expect(ready).toMatchObject({ status: 'False' });
  const { text } = await operator.get('/metrics');
  expect(text).toMatch(/kafkalab_reconcile_total\{kind="LoadTest",result="Done"\} [1-9]/);
  expect(text).toMatch(/kafkalab_api_requests_total\{method="PATCH",code="200"\} [1-9]/);
  expect(text).toContain('kafkalab_leader 1\n');
  operator.child.kill('SIGTERM');
  expect(await operator.ended).toEqual([0, null]);
  const lease = await user.get({
    apiVersion: 'coordination.k8s.io/v1',
    kind: 'Lease',
    namespace: 'default',
    name: 'kafka-lab-operator',
  });
  expect(lease?.spec).toMatchObject({ holderIdentity: '' });
  expect(operator.lines.filter(({ level }) => level === 'error')).toEqual([]);
});

test('a restarted container does not wait for the lease of its predecessor', async () => {
  const before = start('same');
  await until('it leads', () => leading(before), 30_000);
  before.child.kill('SIGKILL');
  const after = start('same');
  await until('it leads again', () => leading(after));
  // The lease of the killed process lasts for 60 s.
  expect(after.lines.map(({ message }) => message)).not.toContain('waiting for the lease');
  after.child.kill('SIGTERM');
  expect(await after.ended).toEqual([0, null]);
});

test('a standby takes over when the leader is killed', async () => {
  const first = start('first');
  await until('the first leads', () => leading(first), 30_000);
  const second = start('second');
  await until('the second stands by', async () => (await second.get('/readyz')).text === 'standing by\n', 30_000);
  first.child.kill('SIGKILL');
  // The lease of the killed process lasts for 60 s, and it belongs to another pod.
  await until('the second leads', () => leading(second), 120_000);
  await user.create(lab('taken-over'));
  await until('it acts', () => conditionsOf('taken-over'));
});

test('the error names a wrong setting', async () => {
  const operator = start('wrong', { LOG_LEVEL: 'loud' });
  expect(await operator.ended).toEqual([1, null]);
  await until('the log names the setting', () =>
    operator.lines.find(({ message }) => message.includes('LOG_LEVEL: "loud"')),
  );
});
