/**
 * List and watch: keeps an object store equal to the API server's objects across expired versions, broken connections and
 * server restarts. It reports changes to a listener, which only enqueues keys.
 */
import type { KubernetesObject } from '../../contract/kubernetes.ts';
import { isOlder } from '../../contract/resourceVersion.ts';
import { type Backoff, waitAfter } from '../backoff.ts';
import { pause } from '../clock.ts';
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

/** A local copy of a part of the API server that is kept up to date. */
export interface Mirror {
  /** Whether it has been complete at some moment since the start. */
  readonly synced: boolean;
  /** Why it is out of touch with the API server now. */
  readonly trouble: string | undefined;
  /** The HTTP status of the trouble. 0: no answer. */
  readonly troubleStatus: number | undefined;
  /** Resolves when the copy is synced or stopped. */
  whenSynced(): Promise<void>;
  /** Resolves also when the API server refuses it for lack of rights. */
  whenAnswered(): Promise<void>;
  start(): void;
  stop(): Promise<void>;
}

export interface WatchCache extends Mirror, Pick<ObjectStore, 'get' | 'all' | 'controlledBy'> {
  /** Stores the result of our own write, so that the next read is not older. */
  put(object: KubernetesObject): void;
}

export interface WatchCacheOptions {
  cluster: Pick<Cluster, 'list' | 'watch'>;
  type: ResourceType;
  selection?: Selection;
  changed(change: Change): void;
  clock: Clock;
  random: Random;
  log: Log;
  /** The backoff after failures (default 500 ms to 30 s). */
  backoff?: Backoff;
  /** The period of lists for a type that the server does not have (default 30 s). Its CRD may be installed later. */
  absentTypeMs?: number;
}

/** The HTTP status of a refusal for lack of rights. */
export const FORBIDDEN = 403;

export function watchCache(options: WatchCacheOptions): WatchCache {
  const { cluster, type, clock, random, log } = options;
  const selection = options.selection ?? {};
  const backoff = options.backoff ?? { baseMs: 500, limitMs: 30_000 };
  const store = objectStore();
  const stopping = new AbortController();
  const name = { kind: type.kind, apiVersion: type.apiVersion, ...selection };
  let synced = false;
  let trouble: string | undefined;
  let troubleStatus: number | undefined;
  let announceSynced: () => void = () => {};
  const whenSynced = new Promise<void>((resolve) => {
    announceSynced = resolve;
  });
  const answered = Promise.withResolvers<void>();
  void whenSynced.then(answered.resolve);
  let running: Promise<void> = Promise.resolve();
  /** Results of our own writes since the current list was requested. The list may not contain them yet. */
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

  /** Lists once and then watches. Returns when a new list is needed. */
  async function follow(progress: () => void): Promise<void> {
    const { signal } = stopping;
    written = [];
    const list = await cluster.list(type, selection, signal);
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
        for await (const event of cluster.watch(type, selection, version, signal)) {
          if (signal.aborted) return;
          trouble = undefined;
          failures = 0;
          progress();
          version = event.object.metadata.resourceVersion ?? version;
          if (event.type === 'DELETED') report(store.remove(event.object));
          else if (event.type !== 'BOOKMARK') report(store.put(event.object));
        }
        // The server ends a watch after some minutes; the next one continues there. A watch that ends at once must not spin.
        if (clock.now() - began < 1000) failures += 1;
        if (failures > 0) await pause(clock, waitAfter(failures, backoff, random), signal);
      } catch (error) {
        if (signal.aborted) return;
        if (!(error instanceof ApiError) || error.status === 404) throw error;
        // The version is too old. Or the server is silent because it has not reached the version (etcd was restored).
        if (error.status === 410 || error.reason === 'Timeout') {
          log.debug('watch expired, listing again', { ...name, error: error.message });
          return;
        }
        failures += 1;
        noteTrouble(error);
        await pause(clock, waitFor(error, failures), signal);
      }
    }
  }

  const waitFor = (error: unknown, failures: number): number =>
    error instanceof ApiError && error.retryAfterMs !== undefined
      ? Math.min(error.retryAfterMs, backoff.limitMs)
      : waitAfter(failures, backoff, random);

  function noteTrouble(error: unknown): void {
    const message = error instanceof Error ? error.message : String(error);
    if (trouble !== message) log.warn('watch interrupted, retrying', { ...name, error: message });
    trouble = message;
    troubleStatus = error instanceof ApiError ? error.status : 0;
    if (troubleStatus === FORBIDDEN) answered.resolve();
  }

  async function run(): Promise<void> {
    const { signal } = stopping;
    let failures = 0;
    while (!signal.aborted) {
      try {
        await follow(() => {
          failures = 0;
        });
        // The watch has expired: the next list follows at once, but never in a tight loop.
        failures += 1;
        if (failures > 1) await pause(clock, waitAfter(failures - 1, backoff, random), signal);
      } catch (error) {
        if (signal.aborted) break;
        if (error instanceof ApiError && error.status === 404) {
          if (!synced) log.info('the API server does not have this type yet', name);
          report(store.replace([]));
          nowSynced();
          await pause(clock, (options.absentTypeMs ?? 30_000) * (0.75 + random() / 2), signal);
          continue;
        }
        failures += 1;
        noteTrouble(error);
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
    whenAnswered: () => answered.promise,
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
