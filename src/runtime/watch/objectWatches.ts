/** Watches for the queries of kinds about objects of foreign types. A query is watched as long as a resource has it. */
import type { Answer, Query } from '../../contract/queries.ts';
import { pause } from '../clock.ts';
import { ApiError, type Cluster } from '../ports.ts';
import { interests } from './interests.ts';
import { nameOf, textOf } from './queryNames.ts';
import { servedKinds } from './servedKinds.ts';
import { FORBIDDEN, type Mirror, type WatchCacheOptions, watchCache } from './watchCache.ts';

export interface ObjectWatches {
  /** Replaces the queries of the key. */
  want(key: string, queries: Query[]): void;
  /** The answer to a query. Throws `ApiError` after 10 s without an answer, and for a forbidden query without `orForbidden`. */
  read(query: Query): Promise<Answer>;
  stop(): Promise<void>;
}

type Options = Omit<WatchCacheOptions, 'type' | 'selection' | 'changed' | 'cluster'> & {
  cluster: Pick<Cluster, 'list' | 'watch' | 'served'>;
};

interface Watched {
  mirror: Mirror;
  /** The current answer. Only valid when the mirror is synced. */
  answer(): Answer;
}

const READ_MS = 10_000;

function watched(query: Query, options: Options & { changed(): void }): Watched {
  if ('served' in query) {
    const mirror = servedKinds({ ...options, apiVersion: query.served });
    return { mirror, answer: () => ({ kinds: mirror.kinds }) };
  }
  if ('list' in query) {
    const { list: type, namespace, labelSelector } = query;
    const selection = { namespace, ...(labelSelector === undefined ? {} : { labelSelector }) };
    const mirror = watchCache({ ...options, type, selection });
    return { mirror, answer: () => ({ items: [...mirror.all()] }) };
  }
  const { apiVersion, kind, namespace, name } = query.get;
  const selection = { namespace, fieldSelector: `metadata.name=${name}` };
  const mirror = watchCache({ ...options, type: { apiVersion, kind }, selection });
  return { mirror, answer: () => ({ object: mirror.get(namespace, name) ?? null }) };
}

export function objectWatches(options: Options, changed: (key: string) => void): ObjectWatches {
  /** By the name of the query. */
  const watches = new Map<string, Watched>();

  function begin(query: Query): void {
    const notify = () => {
      for (const key of wanted.keysOf(query)) changed(key);
    };
    const watch = watched(query, { ...options, changed: notify });
    watches.set(nameOf(query), watch);
    watch.mirror.start();
  }

  function end(query: Query): void {
    const name = nameOf(query);
    void watches.get(name)?.mirror.stop();
    watches.delete(name);
  }

  const wanted = interests(nameOf, begin, end);

  return {
    want: wanted.set,
    async read(query) {
      const watch = watches.get(nameOf(query));
      if (!watch) throw new Error(`${textOf(query)} is read without being wanted`);
      const { mirror } = watch;
      const forbidden = () => mirror.troubleStatus === FORBIDDEN;
      if (!mirror.synced && !forbidden()) {
        const waited = new AbortController();
        await Promise.race([mirror.whenAnswered(), pause(options.clock, READ_MS, waited.signal)]);
        waited.abort();
      }
      if (mirror.synced) return watch.answer();
      const why = mirror.trouble ?? 'no answer in time';
      if (forbidden() && 'orForbidden' in query && query.orForbidden) return { forbidden: why };
      const [status, reason] = forbidden() ? [FORBIDDEN, 'Forbidden'] : [0, 'Timeout'];
      throw new ApiError(status, reason, `${textOf(query)} can't be read: ${why}`);
    },
    async stop() {
      await Promise.all([...watches.values()].map(({ mirror }) => mirror.stop()));
      watches.clear();
    },
  };
}
