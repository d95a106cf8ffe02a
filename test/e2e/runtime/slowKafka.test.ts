/** Resources whose Kafka accepts connections and never answers, beside one that needs no Kafka. */
import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { KafkaClusters } from '../../../src/adapters/kafka/clusters.ts';
import type { Cluster } from '../../../src/runtime/ports.ts';
import { clusterOf } from '../../../tools/client.ts';
import { type ApiServer, startApiServer } from '../../support/apiServer.ts';
import { keptLog } from '../../support/kept.ts';
import { installToys, type Toy, toy, toyKind, toyRef } from '../../support/toy.ts';
import { startToyRuntime, type ToyRuntime } from '../../support/toyRuntime.ts';
import { until } from '../../support/until.ts';

let server: ApiServer;
let user: Cluster & { close(): Promise<void> };
let silent: Server;
let kafka: KafkaClusters;
let running: ToyRuntime;
const sockets = new Set<Socket>();

beforeAll(async () => {
  server = await startApiServer();
  user = clusterOf(server.kubeconfig);
  await installToys(user);
  silent = createServer((socket) => sockets.add(socket)).listen(0, '127.0.0.1');
  await once(silent, 'listening');
  const bootstrapServers = `127.0.0.1:${(silent.address() as AddressInfo).port}`;
  const kind: typeof toyKind = {
    ...toyKind,
    needs: ({ metadata: { name } }) => (name.startsWith('silent-') ? { kafka: { bootstrapServers, topic: name } } : {}),
  };
  kafka = new KafkaClusters('', keptLog());
  running = startToyRuntime(user, { kinds: [kind], kafka });
});

afterAll(async () => {
  await running?.crash();
  for (const socket of sockets) socket.destroy();
  silent?.close();
  await kafka?.end();
  await user?.close();
  await server?.stop();
});

const NAMES = Array.from({ length: 12 }, (_, index) => `silent-${index}`);
const read = async (name: string) => (await user.get(toyRef(name))) as Toy;

test('while twelve rounds wait for a Kafka that never answers, another resource has its rounds', async () => {
  for (const name of NAMES) await user.create(toy(name, { copies: 0 }));
  // A round sets the finalizer before it asks Kafka. More rounds than there are slots (8) have begun then.
  await until('all rounds have begun', async () => {
    const toys = await Promise.all(NAMES.map(read));
    return toys.every(({ metadata }) => metadata.finalizers?.length);
  });
  await user.create(toy('other', { copies: 1, tickMs: 100 }));
  await until('it has had two rounds', async () => ((await read('other')).status?.ticks ?? 0) >= 2);
  const waiting = await Promise.all(NAMES.map(read));
  expect(waiting.filter(({ status }) => status !== undefined)).toEqual([]);
  expect(sockets.size).toBeGreaterThan(0);
  // They are no less looked at: each has its round once Kafka’s time limit is over.
  await until('the others have had a round', async () => {
    const toys = await Promise.all(NAMES.map(read));
    return toys.every(({ status }) => status !== undefined);
  });
});
