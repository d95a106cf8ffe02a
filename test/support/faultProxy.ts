/** An HTTP proxy in front of an API server. It forwards every request unless a test injects a fault. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { Agent, request } from 'undici';

export interface Seen {
  method: string;
  /** The path with its query. */
  path: string;
  at: number;
  userAgent: string | undefined;
}

/** The injected answer to a request. undefined: the request is forwarded. */
export type Fault = { status: number; body?: unknown; headers?: Record<string, string> } | 'break' | 'hang' | undefined;

export interface FaultProxy {
  url: string;
  /** All requests so far. A test may empty it. */
  seen: Seen[];
  /** The number of connections so far, and the highest number of simultaneous ones. */
  connections: number;
  mostConnections: number;
  /** Chooses the fault for each request. */
  fault: (request: Seen) => Fault;
  /** Breaks all open connections. */
  breakAll(): void;
  stop(): Promise<void>;
}

export async function startFaultProxy(target: string): Promise<FaultProxy> {
  const agent = new Agent({ connect: { rejectUnauthorized: false }, bodyTimeout: 0, headersTimeout: 0 });
  const sockets = new Set<Socket>();

  async function pass(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    const seen: Seen = {
      method: incoming.method ?? '',
      path: incoming.url ?? '',
      at: Date.now(),
      userAgent: incoming.headers['user-agent'],
    };
    proxy.seen.push(seen);
    const fault = proxy.fault(seen);
    if (fault === 'break') return void incoming.socket.destroy();
    if (fault === 'hang') return;
    if (fault) {
      outgoing.writeHead(fault.status, { 'content-type': 'application/json', ...fault.headers });
      outgoing.end(JSON.stringify(fault.body ?? { kind: 'Status', code: fault.status, message: 'injected' }));
      return;
    }
    const gone = new AbortController();
    outgoing.on('close', () => gone.abort());
    try {
      const { host: _host, connection: _connection, ...headers } = incoming.headers;
      const chunks: Buffer[] = [];
      for await (const chunk of incoming) chunks.push(chunk as Buffer);
      const answer = await request(target + seen.path, {
        method: seen.method as 'GET',
        dispatcher: agent,
        headers: headers as Record<string, string>,
        signal: gone.signal,
        ...(chunks.length > 0 ? { body: Buffer.concat(chunks) } : {}),
      });
      const { 'transfer-encoding': _encoding, connection: _other, ...answered } = answer.headers;
      outgoing.writeHead(answer.statusCode, answered as Record<string, string>);
      outgoing.flushHeaders();
      for await (const chunk of answer.body) outgoing.write(chunk);
      outgoing.end();
    } catch {
      incoming.socket.destroy();
    }
  }

  const server = createServer((incoming, outgoing) => void pass(incoming, outgoing));
  const proxy: FaultProxy = {
    url: '',
    seen: [],
    connections: 0,
    mostConnections: 0,
    fault: () => undefined,
    breakAll() {
      for (const socket of sockets) socket.destroy();
    },
    async stop() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
      await agent.destroy();
    },
  };
  server.on('connection', (socket) => {
    proxy.connections += 1;
    sockets.add(socket);
    proxy.mostConnections = Math.max(proxy.mostConnections, sockets.size);
    socket.on('close', () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  proxy.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return proxy;
}
