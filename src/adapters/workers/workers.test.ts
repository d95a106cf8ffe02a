import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import type { KubernetesObject, ObjectRef } from '../../contract/kubernetes.ts';
import { podWorkers } from './workers.ts';

/** A worker that gives the answer set here and keeps the requests that it received. */
let server: Server;
let answer: { status: number; text: string };
let requests: { path: string | undefined; authorization: string | undefined; body: string }[];

beforeEach(async () => {
  answer = { status: 200, text: 'Kill\n' };
  requests = [];
  server = createServer(async (request, response) => {
    let body = '';
    for await (const chunk of request.setEncoding('utf8')) body += chunk;
    requests.push({ path: `${request.method} ${request.url}`, authorization: request.headers.authorization, body });
    response.writeHead(answer.status).end(answer.text);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
});
afterEach(() => {
  server.closeAllConnections();
  server.close();
});

const ref = (n: number): ObjectRef => ({ apiVersion: 'v1', kind: 'Pod', namespace: 'demo', name: `lag-consumer-${n}` });
const RUNS = { phase: 'Running', podIP: '127.0.0.1', containerStatuses: [{ state: { running: {} } }] };
const pod = (status: Record<string, unknown>, more: Record<string, unknown> = {}): KubernetesObject => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'any', ...more },
  status,
});

const kill = (pods: (KubernetesObject | null)[], port = (server.address() as AddressInfo).port) =>
  podWorkers({ get: async ({ name }) => pods[Number(name.split('-').at(-1))] ?? null }).setStop({
    pods: pods.map((_, n) => ref(n)),
    port,
    run: 'uid-1',
    stop: 'Kill',
  });

test('each worker receives the order, with its run as the token', async () => {
  await kill([pod(RUNS), pod(RUNS)]);
  const request = { path: 'POST /stop-mode', authorization: 'Bearer uid-1', body: '{"stop":"Kill"}' };
  expect(requests).toEqual([request, request]);
});

test.each<[situation: string, pod: KubernetesObject | null]>([
  ['is gone', null],
  ['is pending', pod({ phase: 'Pending' })],
  ['has failed', pod({ ...RUNS, phase: 'Failed' })],
  ['waits for a restart of its container', pod({ ...RUNS, containerStatuses: [{ state: { waiting: {} } }] })],
  ['is being deleted', pod(RUNS, { deletionTimestamp: '2026-01-01T00:00:00Z' })],
])('a pod that %s is skipped', async (_situation, one) => {
  await kill([one]);
  expect(requests).toEqual([]);
});

test.each([
  [403, 'Refused', 'delete the LoadTest and create it again'],
  [404, 'Refused', 'or use stop: Graceful'],
  [500, 'Unexpected', 'HTTP 500 oh'],
])('the answer %d is a failure', async (status, reason, says) => {
  answer = { status, text: 'oh\n' };
  const message = expect.stringContaining(says);
  await expect(kill([pod(RUNS)])).rejects.toMatchObject({ name: 'ActionError', reason, message });
});

test('no answer is a failure, within a timeout', async () => {
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  await expect(kill([pod(RUNS)], port)).rejects.toMatchObject({ reason: 'Unreachable' });
}, 60_000);

test('a pod that does not answer and is then gone is skipped', async () => {
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  let lookups = 0;
  const workers = podWorkers({ get: async () => (++lookups === 1 ? pod(RUNS) : null) });
  await workers.setStop({ pods: [ref(0)], port, run: 'uid-1', stop: 'Kill' });
  expect(lookups).toBe(2);
}, 60_000);
