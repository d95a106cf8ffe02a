/** The worker's HTTP server: /healthz, /readyz, /metrics, and STOP_PATH for the operator. */
import type { IncomingMessage, RequestListener, Server } from 'node:http';
import { STOP_PATH } from '../../domain/workers/stopMode.ts';
import type { StopMode } from './stopMode.ts';

// An import of node:http loads its WebSocket client too: 44 ms of CPU at the start of each of 200 workers.
const { createServer } = process.getBuiltinModule('node:http');

export interface Metric {
  name: string;
  help: string;
  type: 'counter' | 'gauge';
  value: number;
}

export interface Health {
  /** What is not ready yet, for /readyz; undefined: the worker is ready. */
  waitingFor(): string | undefined;
  metrics(): Metric[];
}

/** Metrics in Prometheus' text exposition format 0.0.4. */
export function prometheusText(metrics: Metric[]): string {
  return metrics
    .map(({ name, help, type, value }) => `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n${name} ${value}\n`)
    .join('');
}

/** At most this many characters of a request's body are read; valid requests are shorter. */
const MAX_BODY_LENGTH = 1_000;

async function bodyOf(request: IncomingMessage): Promise<string> {
  let text = '';
  for await (const chunk of request.setEncoding('utf8')) {
    text += chunk;
    if (text.length > MAX_BODY_LENGTH) break;
  }
  return text;
}

const listener =
  (health: Health, stopMode: StopMode): RequestListener =>
  (request, response) => {
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
        response.writeHead(200, { 'content-type': 'text/plain; version=0.0.4' }).end(prometheusText(health.metrics()));
        return;
      case STOP_PATH:
        if (request.method !== 'POST') {
          response.writeHead(405, { allow: 'POST' }).end();
          return;
        }
        bodyOf(request).then(
          (body) => {
            const { status, text } = stopMode.handle(request.headers.authorization, body);
            response.writeHead(status).end(text);
          },
          // The client closed the connection.
          () => response.destroy(),
        );
        return;
      default:
        response.writeHead(404).end();
    }
  };

/** Resolves when the server listens. Rejects when the port is in use. */
export async function serve(port: number, health: Health, stopMode: StopMode): Promise<Server> {
  const server = createServer(listener(health, stopMode));
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, resolve);
  });
  return server;
}
