/** The worker's HTTP server: /healthz, /readyz, /metrics. */
import { createServer, type Server } from 'node:http';

export interface Metric {
  name: string;
  help: string;
  type: 'counter' | 'gauge';
  value: number;
}

export interface Health {
  /** undefined: ready; else what is waited for. */
  waitingFor(): string | undefined;
  metrics(): Metric[];
}

/** Prometheus' text format. */
export function inText(metrics: Metric[]): string {
  return metrics
    .map(({ name, help, type, value }) => `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n${name} ${value}\n`)
    .join('');
}

/** Resolves when it listens; rejects when the port is taken. */
export async function serve(port: number, health: Health): Promise<Server> {
  const server = createServer((request, response) => {
    switch (request.url) {
      case '/healthz':
        response.end('ok\n');
        return;
      case '/readyz': {
        const waiting = health.waitingFor();
        response
          .writeHead(waiting === undefined ? 200 : 503)
          .end(waiting === undefined ? 'ok\n' : `waiting for ${waiting}\n`);
        return;
      }
      case '/metrics':
        response.writeHead(200, { 'content-type': 'text/plain; version=0.0.4' }).end(inText(health.metrics()));
        return;
      default:
        response.writeHead(404).end();
    }
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, resolve);
  });
  return server;
}
