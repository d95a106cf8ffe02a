/** JSON over HTTP to the API server: timeouts, streams of JSON lines, and every error as an ApiError. */
import { type Dispatcher, request } from 'undici';
import { ApiError } from '../../runtime/ports.ts';
import type { Connection } from './connection.ts';

export interface RestOptions {
  connection: Connection;
  userAgent?: string;
  /** Timeout for the whole answer to a request, in ms (default 10 s). */
  timeoutMs?: number;
  /** Called once per request, with the HTTP status; 0: no answer. A watch has the method WATCH. */
  onRequest?: (method: string, status: number) => void;
}

export interface Call {
  method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** The URL after the server, with its query. */
  path: string;
  body?: unknown;
  contentType?: string;
  /** Instead of RestOptions.timeoutMs. */
  timeoutMs?: number;
  signal?: AbortSignal | undefined;
}

export interface Rest {
  /** Throws ApiError. */
  send<T>(call: Call): Promise<T>;
  /** The JSON lines of an answer, until the server ends it. Throws ApiError, also after a silence of `idleMs`. */
  lines(path: string, idleMs: number, signal: AbortSignal): AsyncGenerator<unknown>;
}

interface StatusBody {
  reason?: string;
  message?: string;
  code?: number;
}

export function rest({
  connection,
  userAgent = 'kafka-lab-operator',
  timeoutMs = 10_000,
  onRequest,
}: RestOptions): Rest {
  async function send<T>(call: Call): Promise<T> {
    const limit = AbortSignal.timeout(call.timeoutMs ?? timeoutMs);
    const signal = call.signal ? AbortSignal.any([limit, call.signal]) : limit;
    let status = 0;
    try {
      signal.throwIfAborted();
      const { headers, requests } = await connection.prepare();
      const response = await request(connection.server + call.path, {
        method: call.method,
        dispatcher: requests,
        signal,
        headers: {
          ...headers,
          accept: 'application/json',
          'user-agent': userAgent,
          ...(call.body === undefined ? {} : { 'content-type': call.contentType ?? 'application/json' }),
        },
        ...(call.body === undefined ? {} : { body: JSON.stringify(call.body) }),
      });
      const text = await response.body.text();
      status = response.statusCode;
      if (status >= 300) throw refusal(response, text);
      return parsed<T>(text);
    } catch (error) {
      throw asApiError(error, limit.aborted, call.signal);
    } finally {
      onRequest?.(call.method, status);
    }
  }

  async function* lines(path: string, idleMs: number, signal: AbortSignal): AsyncGenerator<unknown> {
    let response: Dispatcher.ResponseData | undefined;
    let status = 0;
    try {
      signal.throwIfAborted();
      const { headers, watches } = await connection.prepare();
      response = await request(connection.server + path, {
        method: 'GET',
        dispatcher: watches,
        signal,
        headersTimeout: Math.min(idleMs, 30_000),
        bodyTimeout: idleMs,
        headers: { ...headers, accept: 'application/json', 'user-agent': userAgent },
      });
      status = response.statusCode;
      onRequest?.('WATCH', status);
      if (status >= 300) throw refusal(response, await response.body.text());
      let unfinished = '';
      for await (const chunk of response.body.setEncoding('utf8')) {
        const parts = (unfinished + chunk).split('\n');
        unfinished = parts.pop() ?? '';
        for (const part of parts) if (part) yield parsed(part);
      }
      if (unfinished) yield parsed(unfinished);
    } catch (error) {
      if (status === 0) onRequest?.('WATCH', 0);
      throw asApiError(error, false, signal);
    } finally {
      // Closes the connection also when the reader stops early.
      response?.body.on('error', () => {}).destroy();
    }
  }

  return { send, lines };
}

function parsed<T>(text: string): T {
  try {
    return JSON.parse(text) as T;
  } catch {
    throw new ApiError(0, 'NotJson', `the answer is not JSON: ${text.slice(0, 200)}`);
  }
}

function refusal(response: Dispatcher.ResponseData, text: string): ApiError {
  let body: StatusBody = {};
  try {
    body = JSON.parse(text) as StatusBody;
  } catch {
    // A proxy in between answered, not the API server.
  }
  const status = response.statusCode;
  const message = body.message ?? `HTTP ${status}${text ? `: ${text.slice(0, 200)}` : ''}`;
  const seconds = Number(response.headers['retry-after']);
  return new ApiError(status, body.reason ?? 'Unknown', message, Number.isFinite(seconds) ? seconds * 1000 : undefined);
}

/** Codes of undici's own timeouts. */
const TIMEOUTS = new Set(['UND_ERR_HEADERS_TIMEOUT', 'UND_ERR_BODY_TIMEOUT', 'UND_ERR_CONNECT_TIMEOUT']);

function asApiError(error: unknown, timedOut: boolean, signal: AbortSignal | undefined): ApiError {
  if (error instanceof ApiError) return error;
  if (signal?.aborted) return new ApiError(0, 'Aborted', 'the request was cancelled');
  const { code, message } = error as { code?: string; message?: string };
  if (timedOut || (code !== undefined && TIMEOUTS.has(code))) {
    return new ApiError(0, 'Timeout', 'the API server did not answer in time');
  }
  return new ApiError(0, 'Unreachable', `the API server can't be reached: ${message || code || String(error)}`);
}
