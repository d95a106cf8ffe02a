/** The kinds that the API server has in one API version, read repeatedly by discovery. */
import { type Backoff, waitAfter } from '../backoff.ts';
import { pause } from '../clock.ts';
import { ApiError, type Clock, type Cluster, type Random } from '../ports.ts';
import { FORBIDDEN, type Mirror } from './watchCache.ts';

export interface ServedKinds extends Mirror {
  /** In alphabetical order. Empty for a version that the server does not have. */
  readonly kinds: string[];
}

export interface ServedKindsOptions {
  cluster: Pick<Cluster, 'served'>;
  /** `kafka.strimzi.io/v1` */
  apiVersion: string;
  changed(): void;
  clock: Clock;
  random: Random;
  /** The period of reads (default 30 s). Discovery cannot be watched, and CRDs change rarely. */
  everyMs?: number;
  /** The backoff after failures (default 500 ms to 30 s). */
  backoff?: Backoff;
}

export function servedKinds(options: ServedKindsOptions): ServedKinds {
  const { cluster, apiVersion, clock, random } = options;
  const backoff = options.backoff ?? { baseMs: 500, limitMs: 30_000 };
  const stopping = new AbortController();
  let kinds: string[] | undefined;
  let trouble: { message: string; status: number } | undefined;
  let announceSynced: () => void = () => {};
  const whenSynced = new Promise<void>((resolve) => {
    announceSynced = resolve;
  });
  const answered = Promise.withResolvers<void>();
  void whenSynced.then(answered.resolve);
  let running: Promise<void> = Promise.resolve();

  async function run(): Promise<void> {
    const { signal } = stopping;
    let failures = 0;
    while (!signal.aborted) {
      try {
        const now = (await cluster.served(apiVersion, signal)).sort();
        const differs = kinds !== undefined && kinds.join() !== now.join();
        kinds = now;
        trouble = undefined;
        failures = 0;
        announceSynced();
        if (differs) options.changed();
        await pause(clock, (options.everyMs ?? 30_000) * (0.75 + random() / 2), signal);
      } catch (error) {
        if (signal.aborted) break;
        failures += 1;
        const status = error instanceof ApiError ? error.status : 0;
        trouble = { message: error instanceof Error ? error.message : String(error), status };
        if (status === FORBIDDEN) answered.resolve();
        await pause(clock, waitAfter(failures, backoff, random), signal);
      }
    }
    announceSynced();
  }

  return {
    get synced() {
      return kinds !== undefined;
    },
    get trouble() {
      return trouble?.message;
    },
    get troubleStatus() {
      return trouble?.status;
    },
    whenSynced: () => whenSynced,
    whenAnswered: () => answered.promise,
    get kinds() {
      return kinds ?? [];
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
