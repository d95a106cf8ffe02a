import type { AddressInfo } from 'node:net';
import { expect, test } from '@jest/globals';
import { type Metric, serve } from './server.ts';
import { createStopMode } from './stopMode.ts';

test('health, readiness and metrics', async () => {
  let waiting: string | undefined = '1 of 1 clients (prod-0)';
  const metrics: Metric[] = [{ name: 'sent_total', help: 'Sent.', type: 'counter', value: 3 }];
  const health = { waitingFor: () => waiting, metrics: () => metrics };
  const server = await serve(
    0,
    health,
    createStopMode('run-1', () => 0),
  );
  try {
    const { port } = server.address() as AddressInfo;
    const get = async (path: string) => {
      const response = await fetch(`http://127.0.0.1:${port}${path}`);
      return [response.status, await response.text()];
    };
    expect(await get('/healthz')).toEqual([200, 'ok\n']);
    expect(await get('/readyz')).toEqual([503, 'waiting for 1 of 1 clients (prod-0)\n']);
    waiting = undefined;
    expect(await get('/readyz')).toEqual([200, 'ok\n']);
    expect(await get('/metrics')).toEqual([200, '# HELP sent_total Sent.\n# TYPE sent_total counter\nsent_total 3\n']);
    expect((await get('/'))[0]).toBe(404);
    expect((await get('/stop-mode'))[0]).toBe(405);
  } finally {
    server.closeAllConnections();
    server.close();
  }
});
