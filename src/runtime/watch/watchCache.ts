/**
 * List and watch: keeps an object store equal to what the API server has, through expired versions,
 * broken connections and servers that go away. Reports changes; whoever listens only enqueues.
 */
import type { KubernetesObject } from '../../contract/kubernetes.ts';
import { type Backoff, waitAfter } from '../backoff.ts';
import { pause } from '../clock.ts';
import { isOlder } from '../objects.ts';
import {
  ApiError,
  type Clock,
  type Cluster,
  type Log,
  type Random,
  type ResourceType,
  type Selection,
} from '../ports.ts';
import { type Change, type ObjectStore, objectStore } from './objectStore.ts';

/** Something that is kept up to date with the API server. */
export interface Kept {
  /** Holds everything that there was at some moment since start; stays true. */
  readonly synced: boolean;
  /** Why it is not in touch with the API server now. */
  readonly trouble: string | undefined;
  /** HTTP status of the trouble; 0: no answer. */
  readonly troubleStatus: number | undefined;
  /** Resolves when it is synced or stopped. */
  whenSynced(): Promise<void>;
  start(): void;
  stop(): Promise<void>;
}

export interface WatchCache extends Kept, Pick<ObjectStore, 'get' | 'all' | 'controlledBy'> {
  /** The result of an own write, so that what is read next is not older. */
  put(object: KubernetesObject): void;
}

export interface WatchCacheOptions {
  cluster: Pick<Cluster, 'list' | 'watch'>;
  type: ResourceType;
  of?: Selection;
  changed(change: Change): void;
  clock: Clock;
  random: Random;
  log: Log;
  /** Between tries (default 500 ms to 30 s). */
  backoff?: Backoff;
  /** Between looks for a type that the server does not have (default 30 s): its CRD may be installed later. */
  absentTypeMs?: number;
}

export function watchCache(options: WatchCacheOptions): WatchCache {
  const { cluster, type, clock, random, log } = options;
  const of = options.of ?? {};
  const backoff = options.backoff ?? { baseMs: 500, limitMs: 30_000 };
  const store = objectStore();
  const stopping = new AbortController();
  const name = { kind: type.kind, apiVersion: type.apiVersion, ...of };
  let synced = false;
  let trouble: string | undefined;
  let troubleStatus: number | undefined;
  let announceSynced: () => void = () => {};
  const whenSynced = new Promise<void>((resolve) => {
    announceSynced = resolve;
  });
  let running: Promise<void> = Promise.resolve();
  /** Own writes since the list under way was asked for: it may not have them yet. */
  let written: KubernetesObject[] | undefined;

  function report(changes: Change[]): void {
    for (const change of changes) {
      try {
        options.changed(change);
      } catch (error) {
        log.error('a watch handler failed', { ...name, error: String(error) });
      }
    }
  }

  function nowSynced(): void {
    trouble = undefined;
    if (synced) return;
    synced = true;
    announceSynced();
  }

  /** One list and the watches that follow it; returns when a new list is needed. */
  async function follow(progress: () => void): Promise<void> {
    const { signal } = stopping;
    written = [];
    const list = await cluster.list(type, of, signal);
    if (signal.aborted) return;
    report(store.replace(list.items));
    for (const object of written) {
      if (isOlder(list.resourceVersion, object.metadata.resourceVersion)) report(store.put(object));
    }
    written = undefined;
    nowSynced();
    let version = list.resourceVersion;
    let failures = 0;
    while (!signal.aborted) {
      const began = clock.now();
      try {
        for await (const event of cluster.watch(type, of, version, signal)) {
          if (signal.aborted) return;
          trouble = undefined;
          failures = 0;
          progress();
          version = event.object.metadata.resourceVersion ?? version;
          if (event.type === 'DELETED') report(store.remove(event.object));
          else if (event.type !== 'BOOKMARK') report(store.put(event.object));
        }
        // The server ends a watch after some minutes: go on from where it was. One that ends at once must not spin.
        if (clock.now() - began < 1000) failures += 1;
        if (failures > 0) await pause(clock, waitAfter(failures, backoff, random), signal);
      } catch (error) {
        if (signal.aborted) return;
        if (!(error instanceof ApiError) || error.status === 404) throw error;
        // Too old; or silent, as a server is for a version that it has not reached (its store was put back).
        if (error.status === 410 || error.reason === 'Timeout') {
          log.debug('watch ended, listing again', { ...name, error: error.message });
          return;
        }
        failures += 1;
        told(error);
        await pause(clock, waitFor(error, failures), signal);
      }
    }
  }

  const waitFor = (error: unknown, failures: number): number =>
    error instanceof ApiError && error.retryAfterMs !== undefined
      ? Math.min(error.retryAfterMs, backoff.limitMs)
      : waitAfter(failures, backoff, random);

  function told(error: unknown): void {
    const message = error instanceof Error ? error.message : String(error);
    if (trouble !== message) log.warn('watch interrupted, will try again', { ...name, error: message });
    trouble = message;
    troubleStatus = error instanceof ApiError ? error.status : 0;
  }

  async function run(): Promise<void> {
    const { signal } = stopping;
    let failures = 0;
    while (!signal.aborted) {
      try {
        await follow(() => {
          failures = 0;
        });
        // Expired: list again at once, but never in a tight loop.
        failures += 1;
        if (failures > 1) await pause(clock, waitAfter(failures - 1, backoff, random), signal);
      } catch (error) {
        if (signal.aborted) break;
        if (error instanceof ApiError && error.status === 404) {
          if (!synced) log.info('the API server does not have this type (yet)', name);
          report(store.replace([]));
          nowSynced();
          await pause(clock, (options.absentTypeMs ?? 30_000) * (0.75 + random() / 2), signal);
          continue;
        }
        failures += 1;
        told(error);
        await pause(clock, waitFor(error, failures), signal);
      }
    }
    announceSynced();
  }

  return {
    get: store.get,
    all: store.all,
    controlledBy: store.controlledBy,
    get synced() {
      return synced;
    },
    get trouble() {
      return trouble;
    },
    get troubleStatus() {
      return trouble === undefined ? undefined : troubleStatus;
    },
    whenSynced: () => whenSynced,
    put(object) {
      written?.push(object);
      report(store.put(object));
    },
    start() {
      running = run();
    },
    stop() {
      stopping.abort();
      return running;
    },
  };
}
