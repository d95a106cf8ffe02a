/** Objects that kinds ask to see although they are not of our kinds: each watched by name as long as somebody wants it. */
import type { KubernetesObject, ObjectRef } from '../../contract/kubernetes.ts';
import type { Wanted } from '../../contract/needs.ts';
import { pause } from '../clock.ts';
import { ApiError, type Cluster } from '../ports.ts';
import { type Interests, interests } from './interests.ts';
import { type Looked, servedKinds } from './servedKinds.ts';
import { type WatchCacheOptions, watchCache } from './watchCache.ts';

export interface ObjectWatches {
  /** From now on the key wants to see just these. */
  want(key: string, refs: ObjectRef[]): void;
  /** null: there is none. Throws `ApiError` when it can't be read within 10 s, or may not be read (unless `orForbidden`). */
  read(ref: Wanted): Promise<KubernetesObject | null>;
  stop(): Promise<void>;
}

const READ_MS = 10_000;
const FORBIDDEN = 403;
const LIST = 'List';
/** A space separates, and is in no part of a reference. */
const textOf = (ref: ObjectRef) => [ref.apiVersion, ref.kind, ref.namespace, ref.name].join(' ');

/** metav1.Status, as the API server would answer. */
const mayNotBeRead = ({ name }: ObjectRef, message: string): KubernetesObject => ({
  apiVersion: 'v1',
  kind: 'Status',
  metadata: { name },
  status: 'Failure',
  reason: 'Forbidden',
  message,
  code: FORBIDDEN,
});

/** All objects with a label, as one list. */
function listed(
  options: Omit<WatchCacheOptions, 'type' | 'of'>,
  { apiVersion, kind, namespace, name }: ObjectRef,
): Looked {
  const cache = watchCache({
    ...options,
    type: { apiVersion, kind: kind.slice(0, -LIST.length) },
    of: { namespace, labelSelector: name },
  });
  return {
    get synced() {
      return cache.synced;
    },
    get trouble() {
      return cache.trouble;
    },
    get troubleStatus() {
      return cache.troubleStatus;
    },
    whenSynced: cache.whenSynced,
    get: () => ({ apiVersion, kind, metadata: { name }, items: [...cache.all()] }),
    start: cache.start,
    stop: cache.stop,
  };
}

export function objectWatches(
  options: Omit<WatchCacheOptions, 'type' | 'of' | 'changed' | 'cluster'> & {
    cluster: Pick<Cluster, 'list' | 'watch' | 'served'>;
  },
  changed: (key: string) => void,
): ObjectWatches {
  const caches = new Map<string, Looked>();

  function begin(text: string): void {
    const [apiVersion = '', kind = '', namespace = '', name = ''] = text.split(' ');
    const tell = () => {
      for (const key of wanted.in(text)) changed(key);
    };
    const cache =
      kind === 'APIResourceList'
        ? servedKinds({ ...options, apiVersion: name, changed: tell })
        : kind.endsWith(LIST)
          ? listed({ ...options, changed: tell }, { apiVersion, kind, namespace, name })
          : watchCache({
              ...options,
              type: { apiVersion, kind },
              of: { namespace, fieldSelector: `metadata.name=${name}` },
              changed: tell,
            });
    caches.set(text, cache);
    cache.start();
  }

  function end(text: string): void {
    void caches.get(text)?.stop();
    caches.delete(text);
  }

  const wanted: Interests = interests(begin, end);

  return {
    want: (key, refs) => wanted.set(key, refs.map(textOf)),
    async read(ref) {
      const cache = caches.get(textOf(ref));
      if (!cache) throw new Error(`${textOf(ref)} is read without being wanted`);
      const forbidden = () => cache.troubleStatus === FORBIDDEN;
      if (!cache.synced && !forbidden()) {
        const waited = new AbortController();
        await Promise.race([cache.whenSynced(), pause(options.clock, READ_MS, waited.signal)]);
        waited.abort();
      }
      if (!cache.synced) {
        const why = cache.trouble ?? 'no answer in time';
        if (forbidden() && ref.orForbidden) return mayNotBeRead(ref, why);
        const [status, reason] = forbidden() ? [FORBIDDEN, 'Forbidden'] : [0, 'Timeout'];
        throw new ApiError(status, reason, `${ref.kind} ${ref.namespace}/${ref.name} can't be read: ${why}`);
      }
      return cache.get(ref.namespace, ref.name) ?? null;
    },
    async stop() {
      await Promise.all([...caches.values()].map((cache) => cache.stop()));
      caches.clear();
    },
  };
}
