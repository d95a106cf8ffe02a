import { expect, test } from '@jest/globals';
import type { KubernetesObject, TypeRef } from '../../contract/kubernetes.ts';
import type { Query } from '../../contract/queries.ts';
import type { ObjectWatches } from '../watch/objectWatches.ts';
import type { TypeCache } from '../watch/typeCache.ts';
import type { AnyKind } from './context.ts';
import { queries } from './queries.ts';

const TOY = { apiVersion: 'example.dev/v1', kind: 'Toy' };
const toy = (namespace: string, name: string): KubernetesObject => ({ ...TOY, metadata: { namespace, name } });
const resource = toy('demo', 'mine');

/** A cache of three toys in two namespaces. Every other query is answered by a watch, which is recorded. */
function bench(asked: Query[]) {
  const watched: Query[][] = [];
  const cache = { all: () => [resource, toy('demo', 'other'), toy('elsewhere', 'third')] } as TypeCache;
  const caches = {
    cacheOf: ({ kind, namespace }: TypeRef & { namespace: string }) =>
      kind === 'Toy' && namespace === 'demo' ? cache : undefined,
  };
  const foreign = {
    want: (_key: string, wanted: Query[]) => void watched.push(wanted),
    read: async () => ({ items: [] }),
  } as unknown as ObjectWatches;
  const kind = { needs: () => ({ queries: asked }) } as unknown as AnyKind;
  return { watched, gather: () => queries(caches, foreign).gather(kind, 'key', resource) };
}

test('a list of one of our own kinds comes from its cache, without a watch', async () => {
  const { watched, gather } = bench([{ list: TOY, namespace: 'demo' }]);
  const { answers } = await gather();
  expect(answers).toEqual([{ items: [resource, toy('demo', 'other')] }]);
  expect(watched.flat()).toEqual([]);
});

test.each<[what: string, query: Query]>([
  ['with labels', { list: TOY, namespace: 'demo', labelSelector: 'app=a' }],
  ['of a namespace that is not watched', { list: TOY, namespace: 'elsewhere' }],
  ['of a foreign kind', { list: { apiVersion: 'apps/v1', kind: 'Deployment' }, namespace: 'demo' }],
])('a list %s has a watch of its own', async (_what, query) => {
  const { watched, gather } = bench([query]);
  expect((await gather()).answers).toEqual([{ items: [] }]);
  expect(watched.flat()).toContainEqual(query);
});
