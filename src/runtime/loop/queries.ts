/** The queries of resources. Our own kinds answer from their caches; every other query has a watch of its own. */
import type { KubernetesObject, ObjectRef } from '../../contract/kubernetes.ts';
import type { Needs } from '../../contract/needs.ts';
import type { Answer, Query } from '../../contract/queries.ts';
import { identityOf } from '../objects.ts';
import { interests } from '../watch/interests.ts';
import type { ObjectWatches } from '../watch/objectWatches.ts';
import type { TypeCache } from '../watch/typeCache.ts';
import type { AnyKind } from './context.ts';
import type { KindCaches } from './kindCaches.ts';

export interface Queries {
  /** What the kind needs for this resource, with the answers to its queries. An answer may lead to further queries. */
  gather(kind: AnyKind, key: string, resource: KubernetesObject): Promise<{ needs: Needs; answers: Answer[] }>;
  /** The keys whose queries ask for this object of one of our kinds. */
  keysAskingFor(ref: ObjectRef): Iterable<string>;
  forget(key: string): void;
}

export function queries(caches: Pick<KindCaches, 'cacheOf'>, foreign: ObjectWatches): Queries {
  const ownRefs = interests(
    identityOf,
    () => {},
    () => {},
  );
  /** The queries of the last round of each key. */
  const last = new Map<string, Query[]>();

  /** The cache that answers the query, if it is one of ours. Our caches do not select by labels. */
  function ownCache(query: Query): TypeCache | undefined {
    if ('get' in query) return caches.cacheOf(query.get);
    if (!('list' in query) || query.labelSelector !== undefined) return undefined;
    return caches.cacheOf({ ...query.list, namespace: query.namespace });
  }

  function want(key: string, wanted: Query[]): void {
    const own = wanted.filter((query) => ownCache(query));
    ownRefs.set(
      key,
      own.flatMap((query) => ('get' in query ? query.get : [])),
    );
    foreign.want(
      key,
      wanted.filter((query) => !own.includes(query)),
    );
  }

  function answerTo(query: Query): Promise<Answer> | Answer {
    const cache = ownCache(query);
    if (cache && 'get' in query) return { object: cache.get(query.get.namespace, query.get.name) ?? null };
    if (cache && 'list' in query)
      return { items: cache.all().filter(({ metadata }) => metadata.namespace === query.namespace) };
    return foreign.read(query);
  }

  return {
    async gather(kind, key, resource) {
      let wanted = kind.needs(resource).queries ?? [];
      for (;;) {
        // The watches of the previous round stay until it is certain that this round does not need them.
        want(key, [...wanted, ...(last.get(key) ?? [])]);
        const answers = await Promise.all(wanted.map(answerTo));
        const needs = kind.needs(resource, answers);
        const next = needs.queries ?? [];
        if (next.length <= wanted.length) {
          want(key, wanted);
          last.set(key, wanted);
          return { needs, answers };
        }
        wanted = next;
      }
    },
    keysAskingFor: (ref) => ownRefs.keysOf(ref),
    forget(key) {
      last.delete(key);
      want(key, []);
    },
  };
}
