/** The caches of our kinds and of the types they own. Every change is reported with the key of the resource it concerns. */
import type { KubernetesObject, TypeRef } from '../../contract/kubernetes.ts';
import { identityOf, refOf, typeIdentityOf } from '../objects.ts';
import type { ResourceType } from '../ports.ts';
import type { Change } from '../watch/objectStore.ts';
import { type TypeCache, typeCache } from '../watch/typeCache.ts';
import type { WatchCacheOptions } from '../watch/watchCache.ts';
import type { AnyKind } from './context.ts';
import { distinct, MANAGED_BY, OPERATOR } from './desired.ts';

export interface KindCachesOptions extends Pick<WatchCacheOptions, 'cluster' | 'clock' | 'random' | 'log'> {
  kinds: AnyKind[];
  /** Absent: the whole cluster. */
  namespaces?: string[];
  /** A resource has changed. `requested`: it was created, its spec has changed, or it is being deleted. */
  resourceChanged(resource: KubernetesObject, requested: boolean): void;
  /** An object has changed whose controller is the resource with this key. */
  ownedChanged(key: string, change: Change): void;
}

export interface KindCaches {
  readonly synced: boolean;
  readonly trouble: string | undefined;
  whenSynced(): Promise<unknown>;
  /** All resources of our kinds. */
  resources(): KubernetesObject[];
  /** The kind and the resource of a key. */
  find(key: string): { kind: AnyKind; resource: KubernetesObject | undefined } | undefined;
  /** The cache that has objects of this type and namespace if it is one of our kinds and a watched namespace. */
  cacheOf(of: TypeRef & { namespace: string }): TypeCache | undefined;
  /** The objects that the resource controls, of the types that its kind owns. */
  ownedBy(kind: AnyKind, uid: string): KubernetesObject[];
  /** Stores the result of our own write. */
  put(object: KubernetesObject): void;
  start(): void;
  stop(): Promise<unknown>;
}

/** `LoadTest.kafkalab.dev demo/lag`, the key of a resource. */
export const keyOf = (resource: KubernetesObject): string => identityOf(refOf(resource));

const versionedTypeOf = (type: { apiVersion: string; kind: string }): string => `${type.apiVersion} ${type.kind}`;

/** Whether a change is a request: another spec, or the deletion of the resource. */
const isRequest = (before: KubernetesObject, after: KubernetesObject): boolean =>
  before.metadata.generation !== after.metadata.generation ||
  before.metadata.deletionTimestamp !== after.metadata.deletionTimestamp;

export function kindCaches(options: KindCachesOptions): KindCaches {
  const { kinds, namespaces, cluster, clock, random, log } = options;
  const watching = { cluster, clock, random, log };
  const kindByType = new Map(kinds.map((kind) => [typeIdentityOf(kind), kind]));
  const own = new Map<string, TypeCache>();
  const owned = new Map<string, TypeCache>();
  for (const kind of kinds)
    own.set(typeIdentityOf(kind), typeCache({ ...watching, type: kind, changed: ownChanged }, undefined, namespaces));
  for (const kind of kinds) for (const type of kind.owns) owned.set(versionedTypeOf(type), cacheOfOwned(type));
  const all = [...new Set([...own.values(), ...owned.values()])];

  function cacheOfOwned(type: ResourceType): TypeCache {
    return (
      own.get(typeIdentityOf(type)) ??
      owned.get(versionedTypeOf(type)) ??
      typeCache({ ...watching, type, changed: ownedChanged }, `${MANAGED_BY}=${OPERATOR}`, namespaces)
    );
  }

  function ownChanged(change: Change): void {
    options.resourceChanged(change.object, change.type !== 'Modified' || isRequest(change.before, change.object));
    ownedChanged(change);
  }

  function ownedChanged(change: Change): void {
    const { metadata } = change.object;
    const owner = metadata.ownerReferences?.find((reference) => reference.controller);
    if (!owner || !kindByType.has(typeIdentityOf(owner))) return;
    options.ownedChanged(identityOf({ ...owner, namespace: metadata.namespace ?? '' }), change);
  }

  return {
    get synced() {
      return all.every((cache) => cache.synced);
    },
    get trouble() {
      return all.find((cache) => cache.trouble)?.trouble;
    },
    whenSynced: () => Promise.all(all.map((cache) => cache.whenSynced())),
    resources: () => [...own.values()].flatMap((cache) => cache.all()),
    find(key) {
      const [type = '', path = ''] = key.split(' ');
      const kind = kindByType.get(type);
      const [namespace = '', name = ''] = path.split('/');
      return kind && { kind, resource: own.get(type)?.get(namespace, name) };
    },
    cacheOf(of) {
      const cache = own.get(typeIdentityOf(of));
      return cache?.covers(of.namespace) ? cache : undefined;
    },
    ownedBy: (kind, uid) =>
      distinct(kind.owns.flatMap((type) => owned.get(versionedTypeOf(type))?.controlledBy(uid) ?? [])),
    put(object) {
      (owned.get(versionedTypeOf(object)) ?? own.get(typeIdentityOf(object)))?.put(object);
    },
    start() {
      for (const cache of all) cache.start();
    },
    stop: () => Promise.all(all.map((cache) => cache.stop())),
  };
}
