/** The operator's HTTP endpoints: /healthz and /readyz (200 or 503, with a reason), /metrics. */
import { Hono } from 'hono';
import type { Registry } from 'prom-client';
import { healthOf, type ProcessState, readinessOf } from '../../runtime/health.ts';

export function operatorServer(state: () => ProcessState, registry: Registry): Hono {
  const app = new Hono();
  app.get('/healthz', (context) => {
    const { ok, message } = healthOf(state());
    return context.text(`${message}\n`, ok ? 200 : 503);
  });
  app.get('/readyz', (context) => {
    const { ok, message } = readinessOf(state());
    return context.text(`${message}\n`, ok ? 200 : 503);
  });
  app.get('/metrics', async (context) =>
    context.body(await registry.metrics(), 200, { 'content-type': registry.contentType }),
  );
  return app;
}
