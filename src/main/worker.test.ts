/** How the worker's process ends, with an unreachable Kafka. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterEach, expect, test } from '@jest/globals';
import { until } from '../../test/support/until.ts';
import { podWorkers } from '../adapters/workers/workers.ts';
import type { Stop } from '../contract/actions.ts';
import type { KubernetesObject } from '../contract/kubernetes.ts';
import { WORKER_SPEC_ENV } from '../domain/workers/environment.ts';
import type { WorkerSpec } from '../domain/workers/spec.ts';

const PATIENCE_MS = 60_000;
const spec: WorkerSpec = {
  run: 'uid-1',
  loadTest: 'demo/lag',
  bootstrapServers: '127.0.0.1:1',
  topic: 't',
  evidence: { topic: 'kafkalab-evidence', partition: 0 },
  clientsPerPod: 1,
  config: {},
  work: { role: 'Consumer', group: 'g', perRecordMs: 0, commit: { mode: 'Auto' }, maxPollRecords: 500 },
};

let running: ChildProcess | undefined;
afterEach(() => {
  running?.kill('SIGKILL');
});

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

async function startWorker() {
  const port = await freePort();
  const env = { ...process.env, [WORKER_SPEC_ENV]: JSON.stringify(spec), KAFKALAB_PORT: String(port) };
  const child = spawn(process.execPath, ['--no-warnings', join(import.meta.dirname, 'worker.ts')], { env });
  running = child;
  let output = '';
  child.stdout.on('data', (text) => {
    output += text;
  });
  const ended = once(child, 'close') as Promise<[number | null, string | null]>;
  const url = `http://127.0.0.1:${port}`;
  await until(
    'the worker listens',
    async () => (await fetch(`${url}/healthz`).catch(() => undefined))?.ok,
    PATIENCE_MS,
  );
  const ref = { apiVersion: 'v1', kind: 'Pod', namespace: 'demo', name: 'lag-consumer-0' };
  const pod: KubernetesObject = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: ref.name },
    status: { phase: 'Running', podIP: '127.0.0.1', containerStatuses: [{ state: { running: {} } }] },
  };
  // Only the API server's answer is made up.
  const workers = podWorkers({ get: async () => pod });
  const setStop = (stop: Stop) => workers.setStop({ pods: [ref], port, run: spec.run, stop });
  return { child, setStop, ended, output: () => output };
}

test('at a SIGTERM after Kill it exits at once, without a clean stop', async () => {
  const { child, setStop, ended, output } = await startWorker();
  await setStop('Kill');
  child.kill('SIGTERM');
  expect(await ended).toEqual([137, null]);
  expect(output()).not.toContain('stopping');
}, 90_000);

test('at a SIGTERM after Graceful it stops cleanly', async () => {
  const { child, setStop, ended, output } = await startWorker();
  await setStop('Kill');
  await setStop('Graceful');
  child.kill('SIGTERM');
  const [code] = await ended;
  expect(code).toBe(0);
  expect(output()).toContain('stopping: SIGTERM');
}, 90_000);
