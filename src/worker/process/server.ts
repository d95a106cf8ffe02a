/** The worker's HTTP server: /healthz, /readyz, /metrics, and STOP_PATH for the operator. */
import { createServer, type IncomingMessage, type Server } from 'node:http';
import { STOP_PATH } from '../../domain/workers/stopMode.ts';
import type { StopMode } from './stopMode.ts';

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

/** Of the body of a request; more is nothing that is understood here. */
const MOST_BYTES = 1_000;

async function bodyOf(request: IncomingMessage): Promise<string> {
  let text = '';
  for await (const chunk of request.setEncoding('utf8')) {
    text += chunk;
    if (text.length > MOST_BYTES) break;
  }
  return text;
}

/** Resolves when it listens; rejects when the port is taken. */
export async function serve(port: number, health: Health, stopMode: StopMode): Promise<Server> {
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
      case STOP_PATH:
        if (request.method !== 'POST') {
          response.writeHead(405, { allow: 'POST' }).end();
          return;
        }
        bodyOf(request).then(
          (body) => {
            const { status, text } = stopMode.ask(request.headers.authorization, body);
            response.writeHead(status).end(text);
          },
          // It was broken off: nobody waits for an answer.
          () => response.destroy(),
        );
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
