import type { KubernetesObject } from '../../contract/kubernetes.ts';
import { type WatchCache, type WatchCacheOptions, watchCache } from './watchCache.ts';

/** The objects of one type, in the whole cluster or in some namespaces with one watch each. */
export interface TypeCache {
  readonly synced: boolean;
  readonly trouble: string | undefined;
  whenSynced(): Promise<void>;
  /** Whether it watches the objects of this namespace. */
  covers(namespace: string): boolean;
  get(namespace: string, name: string): KubernetesObject | undefined;
  all(): KubernetesObject[];
  controlledBy(uid: string): KubernetesObject[];
  put(object: KubernetesObject): void;
  start(): void;
  stop(): Promise<void>;
}

export function typeCache(
  options: Omit<WatchCacheOptions, 'selection'>,
  labelSelector?: string,
  namespaces?: string[],
): TypeCache {
  const labels = labelSelector ? { labelSelector } : {};
  const whole = namespaces ? undefined : watchCache({ ...options, selection: labels });
  const byNamespace = new Map<string, WatchCache>();
  for (const namespace of namespaces ?? []) {
    byNamespace.set(namespace, watchCache({ ...options, selection: { ...labels, namespace } }));
  }
  const caches = whole ? [whole] : [...byNamespace.values()];
  const cacheOf = (namespace: string) => whole ?? byNamespace.get(namespace);
  return {
    get synced() {
      return caches.every((cache) => cache.synced);
    },
    get trouble() {
      return caches.find((cache) => cache.trouble)?.trouble;
    },
    async whenSynced() {
      await Promise.all(caches.map((cache) => cache.whenSynced()));
    },
    covers: (namespace) => cacheOf(namespace) !== undefined,
    get: (namespace, name) => cacheOf(namespace)?.get(namespace, name),
    all: () => caches.flatMap((cache) => [...cache.all()]),
    controlledBy: (uid) => caches.flatMap((cache) => cache.controlledBy(uid)),
    put(object) {
      cacheOf(object.metadata.namespace ?? '')?.put(object);
    },
    start() {
      for (const cache of caches) cache.start();
    },
    async stop() {
      await Promise.all(caches.map((cache) => cache.stop()));
    },
  };
}
