/** The `Cluster` port over the API server's REST interface. */
import { FIELD_MANAGER } from '../../contract/actions.ts';
import type { KubernetesObject, ObjectRef } from '../../contract/kubernetes.ts';
import { ApiError, type Cluster, type ResourceType, type Selection, type WatchEvent } from '../../runtime/ports.ts';
import { type ApiResourceList, paths, rootOf } from './paths.ts';
import type { Rest } from './rest.ts';

export interface ClusterOptions {
  rest: Rest;
  /** Field manager of server-side apply (default kafka-lab-operator). */
  fieldManager?: string;
  /** Objects per page of a list (default 500, as client-go's pager). */
  pageSize?: number;
  /**
   * `timeoutSeconds` of a watch, at random up to twice as much (default 180; client-go's reflector has 300): the server
   * ends the watch then.
   */
  watchSeconds?: number;
  /**
   * A watch that is silent for this long is dead (default: 30 s more than its timeoutSeconds). Bookmarks allow no shorter
   * time: a server whose etcd sends no progress notifications (kubeadm sets them to 5 s) sends no bookmarks for a type that
   * does not change. TCP keepalive finds an unreachable server earlier.
   */
  idleMs?: number;
  random?: () => number;
}

interface ListPage {
  items?: KubernetesObject[];
  metadata?: { resourceVersion?: string; continue?: string };
}

const LIST_TIMEOUT_MS = 60_000;
const APPLY = 'application/apply-patch+yaml';
const MERGE = 'application/merge-patch+json';

export function kubernetesCluster(options: ClusterOptions): Cluster {
  const { rest } = options;
  const fieldManager = options.fieldManager ?? FIELD_MANAGER;
  const pageSize = options.pageSize ?? 500;
  const watchSeconds = options.watchSeconds ?? 180;
  const random = options.random ?? Math.random;
  const path = paths(rest);
  const asManager = query({ fieldManager });

  const pathOf = (ref: ObjectRef, signal?: AbortSignal) => path.of(ref, ref.namespace, ref.name, signal);

  async function collectionOf({ apiVersion, kind, metadata }: KubernetesObject, signal?: AbortSignal): Promise<string> {
    return path.of({ apiVersion, kind }, metadata.namespace, undefined, signal);
  }

  async function page(
    type: ResourceType,
    selection: Selection,
    continueToken: string | undefined,
    signal?: AbortSignal,
  ): Promise<ListPage> {
    const { namespace, labelSelector, fieldSelector } = selection;
    const search = query({ labelSelector, fieldSelector, limit: String(pageSize), continue: continueToken });
    const collection = await path.of(type, namespace, undefined, signal);
    return rest.send<ListPage>({ method: 'GET', path: collection + search, timeoutMs: LIST_TIMEOUT_MS, signal });
  }

  async function patch(object: KubernetesObject, subresource: string, signal?: AbortSignal): Promise<KubernetesObject> {
    const { apiVersion, kind, metadata } = object;
    const target = await path.of({ apiVersion, kind }, metadata.namespace, metadata.name, signal);
    const search = query({ fieldManager, force: 'true' });
    return rest.send({
      method: 'PATCH',
      path: target + subresource + search,
      body: object,
      contentType: APPLY,
      signal,
    });
  }

  return {
    async list(type, selection, signal) {
      const items: KubernetesObject[] = [];
      let continueToken: string | undefined;
      for (;;) {
        const { items: some = [], metadata } = await page(type, selection, continueToken, signal);
        // The items of a list have neither apiVersion nor kind.
        for (const item of some) items.push({ ...item, apiVersion: type.apiVersion, kind: type.kind });
        continueToken = metadata?.continue || undefined;
        if (!continueToken) return { items, resourceVersion: metadata?.resourceVersion ?? '' };
      }
    },

    async *watch(type, selection, resourceVersion, signal) {
      const { namespace, labelSelector, fieldSelector } = selection;
      const seconds = Math.round(watchSeconds * (1 + random()));
      const idleMs = options.idleMs ?? (seconds + 30) * 1_000;
      const search = query({
        watch: 'true',
        allowWatchBookmarks: 'true',
        resourceVersion,
        labelSelector,
        fieldSelector,
        timeoutSeconds: String(seconds),
      });
      const collection = await path.of(type, namespace, undefined, signal);
      for await (const line of rest.lines(collection + search, idleMs, signal)) {
        const event = line as { type: WatchEvent['type'] | 'ERROR'; object: KubernetesObject };
        if (event.type === 'ERROR') {
          const { code, reason, message } = event.object as { code?: number; reason?: string; message?: string };
          throw new ApiError(code ?? 500, reason ?? 'Unknown', message ?? 'the watch failed');
        }
        yield { type: event.type, object: event.object };
      }
    },

    async get(target, signal) {
      try {
        return await rest.send<KubernetesObject>({ method: 'GET', path: await pathOf(target, signal), signal });
      } catch (error) {
        if (error instanceof ApiError && error.status === 404) return null;
        throw error;
      }
    },

    async create(object, signal) {
      return rest.send({
        method: 'POST',
        path: (await collectionOf(object, signal)) + asManager,
        body: object,
        signal,
      });
    },

    async update(object, signal) {
      const target = `${await collectionOf(object, signal)}/${encodeURIComponent(object.metadata.name)}`;
      return rest.send({ method: 'PUT', path: target + asManager, body: object, signal });
    },

    apply: (object, signal) => patch(object, '', signal),
    applyStatus: (object, signal) => patch(object, '/status', signal),

    async patch(target, body, signal) {
      const url = (await pathOf(target, signal)) + asManager;
      return rest.send({ method: 'PATCH', path: url, body, contentType: MERGE, signal });
    },

    async scale(target, replicas, signal) {
      const url = `${await pathOf(target, signal)}/scale${asManager}`;
      const body = { spec: { replicas } };
      const { metadata } = await rest.send<KubernetesObject>({
        method: 'PATCH',
        path: url,
        body,
        contentType: MERGE,
        signal,
      });
      return metadata.resourceVersion ?? '';
    },

    async delete(target, uid, signal) {
      const body = { propagationPolicy: 'Background', preconditions: { uid } };
      try {
        await rest.send({ method: 'DELETE', path: await pathOf(target, signal), body, signal });
      } catch (error) {
        // The object is gone, or another one has its name by now.
        if (error instanceof ApiError && (error.status === 404 || error.status === 409)) return;
        throw error;
      }
    },

    async served(apiVersion, signal) {
      try {
        const { resources } = await rest.send<ApiResourceList>({ method: 'GET', path: rootOf(apiVersion), signal });
        return resources.filter(({ name }) => !name.includes('/')).map(({ kind }) => kind);
      } catch (error) {
        if (error instanceof ApiError && error.status === 404) return [];
        throw error;
      }
    },
  };
}

function query(parameters: Record<string, string | undefined>): string {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(parameters)) if (value !== undefined) search.set(name, value);
  return `?${search}`;
}
