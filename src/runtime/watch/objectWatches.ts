/** What kinds ask to see although it is not of our kinds: each query watched as long as somebody has it. */
import type { Answer, Query } from '../../contract/queries.ts';
import { pause } from '../clock.ts';
import { ApiError, type Cluster } from '../ports.ts';
import { interests } from './interests.ts';
import { nameOf, textOf } from './queryNames.ts';
import { servedKinds } from './servedKinds.ts';
import { type Kept, type WatchCacheOptions, watchCache } from './watchCache.ts';

export interface ObjectWatches {
  /** From now on the key wants to see just these. */
  want(key: string, queries: Query[]): void;
  /** Throws `ApiError` when it can't be read within 10 s, or may not be read (unless `orForbidden`). */
  read(query: Query): Promise<Answer>;
  stop(): Promise<void>;
}

type Options = Omit<WatchCacheOptions, 'type' | 'of' | 'changed' | 'cluster'> & {
  cluster: Pick<Cluster, 'list' | 'watch' | 'served'>;
};

interface Watched {
  kept: Kept;
  /** As of now; once it is synced. */
  answer(): Answer;
}

const READ_MS = 10_000;
const FORBIDDEN = 403;

function watched(query: Query, options: Options & { changed(): void }): Watched {
  if ('served' in query) {
    const kept = servedKinds({ ...options, apiVersion: query.served });
    return { kept, answer: () => ({ kinds: kept.kinds }) };
  }
  if ('list' in query) {
    const { list: type, namespace, labelSelector } = query;
    const kept = watchCache({ ...options, type, of: { namespace, labelSelector } });
    return { kept, answer: () => ({ items: [...kept.all()] }) };
  }
  const { apiVersion, kind, namespace, name } = query.get;
  const of = { namespace, fieldSelector: `metadata.name=${name}` };
  const kept = watchCache({ ...options, type: { apiVersion, kind }, of });
  return { kept, answer: () => ({ object: kept.get(namespace, name) ?? null }) };
}

export function objectWatches(options: Options, changed: (key: string) => void): ObjectWatches {
  /** By the name of the query. */
  const watches = new Map<string, Watched>();

  function begin(query: Query): void {
    const tell = () => {
      for (const key of wanted.in(query)) changed(key);
    };
    const watch = watched(query, { ...options, changed: tell });
    watches.set(nameOf(query), watch);
    watch.kept.start();
  }

  function end(query: Query): void {
    const name = nameOf(query);
    void watches.get(name)?.kept.stop();
    watches.delete(name);
  }

  const wanted = interests(nameOf, begin, end);

  return {
    want: wanted.set,
    async read(query) {
      const watch = watches.get(nameOf(query));
      if (!watch) throw new Error(`${textOf(query)} is read without being wanted`);
      const { kept } = watch;
      const forbidden = () => kept.troubleStatus === FORBIDDEN;
      if (!kept.synced && !forbidden()) {
        const waited = new AbortController();
        await Promise.race([kept.whenSynced(), pause(options.clock, READ_MS, waited.signal)]);
        waited.abort();
      }
      if (kept.synced) return watch.answer();
      const why = kept.trouble ?? 'no answer in time';
      if (forbidden() && 'orForbidden' in query && query.orForbidden) return { forbidden: why };
      const [status, reason] = forbidden() ? [FORBIDDEN, 'Forbidden'] : [0, 'Timeout'];
      throw new ApiError(status, reason, `${textOf(query)} can't be read: ${why}`);
    },
    async stop() {
      await Promise.all([...watches.values()].map(({ kept }) => kept.stop()));
      watches.clear();
    },
  };
}
