/** Creates and replaces objects with strict field validation, like kubectl. */
import { Agent, request } from 'undici';
import type { ApiServer } from './apiServer.ts';

export interface Answer {
  status: number;
  /** The object, or a metav1.Status for a refusal. */
  body: { message?: string; metadata?: { resourceVersion?: string }; spec?: Record<string, unknown> };
}

export interface Objects {
  create(object: Record<string, unknown>, path: string): Promise<Answer>;
  /** Like `create`, as a dry run. */
  tryToCreate(object: Record<string, unknown>, path: string): Promise<Answer>;
  tryToReplace(object: Record<string, unknown>, path: string): Promise<Answer>;
  replaceStatus(object: Record<string, unknown>, path: string): Promise<Answer>;
  get(path: string): Promise<Answer>;
  /** The cells of one object as `kubectl get -o wide` shows them, by column. */
  columns(path: string): Promise<Record<string, unknown>>;
  close(): Promise<void>;
}

interface Table {
  columnDefinitions: { name: string }[];
  rows: { cells: unknown[] }[];
}

export function objectsOf(server: ApiServer): Objects {
  const { users } = JSON.parse(server.kubeconfig) as { users: { user: { token: string } }[] };
  const token = users[0]?.user.token ?? '';
  const dispatcher = new Agent({ connections: 4, connect: { rejectUnauthorized: false } });

  async function call(
    method: 'GET' | 'POST' | 'PUT',
    path: string,
    body?: unknown,
    accept = 'application/json',
  ): Promise<Answer> {
    const response = await request(server.url + path, {
      method,
      dispatcher,
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json', accept },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    return { status: response.statusCode, body: (await response.body.json()) as Answer['body'] };
  }

  return {
    create: (object, path) => call('POST', `${path}?fieldValidation=Strict`, object),
    tryToCreate: (object, path) => call('POST', `${path}?fieldValidation=Strict&dryRun=All`, object),
    tryToReplace: (object, path) => call('PUT', `${path}?fieldValidation=Strict&dryRun=All`, object),
    replaceStatus: (object, path) => call('PUT', `${path}/status?fieldValidation=Strict`, object),
    get: (path) => call('GET', path),
    async columns(path) {
      const accept = 'application/json;as=Table;v=v1;g=meta.k8s.io';
      const { body } = await call('GET', path, undefined, accept);
      const { columnDefinitions, rows } = body as unknown as Table;
      return Object.fromEntries(columnDefinitions.map(({ name }, i) => [name, rows[0]?.cells[i]]));
    },
    close: () => dispatcher.close(),
  };
}
