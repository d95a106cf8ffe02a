import { expect, test } from '@jest/globals';
import type { ProcessState } from '../../runtime/health.ts';
import { operatorMetrics } from './metrics.ts';
import { operatorServer } from './server.ts';

const state: ProcessState = { synced: false, stopping: false, leading: false, interrupted: false, now: 0 };
const metrics = operatorMetrics({ queueDepth: () => 7, leading: () => state.leading });
const app = operatorServer(() => state, metrics.registry);
const get = async (path: string) => {
  const response = await app.request(path);
  return { status: response.status, text: await response.text() };
};

test('it is alive from the start, ready once the cluster has been read, and dead when a round hangs', async () => {
  expect(await get('/healthz')).toEqual({ status: 200, text: 'ok\n' });
  expect(await get('/readyz')).toEqual({ status: 503, text: 'reading the cluster\n' });
  state.synced = true;
  state.leading = true;
  expect(await get('/readyz')).toEqual({ status: 200, text: 'leading\n' });
  state.longestActive = { key: 'LoadTest.kafkalab.dev demo/lag', since: 0 };
  state.now = 660_000;
  expect(await get('/healthz')).toEqual({
    status: 503,
    text: 'LoadTest.kafkalab.dev demo/lag has been reconciling for 11 minutes\n',
  });
});

test('/metrics has the operator’s metrics', async () => {
  metrics.reconciled('LoadTest', 'Done', 0.02);
  metrics.requested('PATCH', 200);
  const { text } = await get('/metrics');
  for (const line of [
    'kafkalab_reconcile_total{kind="LoadTest",result="Done"} 1',
    'kafkalab_reconcile_seconds_sum{kind="LoadTest"} 0.02',
    'kafkalab_api_requests_total{method="PATCH",code="200"} 1',
    'kafkalab_queue_depth 7',
    'kafkalab_leader 1',
  ]) {
    expect(text).toContain(`${line}\n`);
  }
});
