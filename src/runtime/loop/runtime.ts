/** Observe → plan → apply for a list of kinds: connects the caches, the queries, the rounds and the work queue. */

import { pause } from '../clock.ts';
import { eventRecorder } from '../events.ts';
import { acrossTerms, fenced, fencedKafka, fencedWorkers } from '../fence.ts';
import { refOf } from '../objects.ts';
import type { Clock, Cluster, EvidenceReader, Kafka, Log, Metrics, Random, Workers } from '../ports.ts';
import { objectWatches } from '../watch/objectWatches.ts';
import type { AnyKind } from './context.ts';
import { keyOf, kindCaches } from './kindCaches.ts';
import { queries as queriesOf } from './queries.ts';
import { rounds as roundsOf } from './rounds.ts';
import { type ActiveKey, type WorkQueue, workQueue } from './workQueue.ts';

export interface RuntimeOptions {
  kinds: AnyKind[];
  cluster: Cluster;
  kafka: Kafka;
  workers: Workers;
  evidence: EvidenceReader;
  clock: Clock;
  random: Random;
  log: Log;
  metrics: Metrics;
  /** The name of this process, for Events. */
  instance: string;
  /** Absent: the whole cluster. */
  namespaces?: string[];
  /** The number of rounds at the same time (default 8). */
  concurrency?: number;
}

export interface Runtime {
  /** Starts the watches. Rounds run only while it leads. */
  start(): void;
  readonly synced: boolean;
  /** Why a watch is interrupted now. */
  readonly trouble: string | undefined;
  readonly queueDepth: number;
  /** The resource whose round has run for longest. */
  readonly longestActive: ActiveKey | undefined;
  /**
   * Runs rounds until `stop` or `lost` is aborted. After `stop` it finishes the active rounds within 10 s; after `lost` it
   * ends at once and may be called again. Memories, evidence, watches and unwritten Events are kept until `stop()`.
   */
  lead(stop: AbortSignal, lost: AbortSignal): Promise<void>;
  /** Ends the watches and drops all state. */
  stop(): Promise<void>;
}

/** The time for active rounds and unwritten Events after a stop. */
const FINISH_MS = 10_000;

export function createRuntime(options: RuntimeOptions): Runtime {
  const { kinds, cluster, namespaces, concurrency, evidence, clock, random, log, metrics } = options;
  const watching = { cluster, clock, random, log };
  const terms = acrossTerms();
  const events = eventRecorder({ cluster: terms.cluster, instance: options.instance, clock, random, log });
  /** Absent between two terms. */
  let queue: WorkQueue | undefined;
  /** The queue of the latest term. Its active rounds may outlast the term. */
  let latest: WorkQueue | undefined;
  /** Resolves when the active rounds of the previous term are done. */
  let drained: Promise<void> = Promise.resolve();

  const caches = kindCaches({
    ...watching,
    kinds,
    ...(namespaces ? { namespaces } : {}),
    resourceChanged(resource, requested) {
      if (requested) queue?.addNow(keyOf(resource));
      else queue?.add(keyOf(resource));
      for (const key of queries.keysAskingFor(refOf(resource))) queue?.add(key);
    },
    ownedChanged(key, { type, object }) {
      if (type === 'Deleted') rounds.ownedGone(key, refOf(object));
      queue?.add(key);
    },
  });
  const foreign = objectWatches(watching, (key) => queue?.add(key));
  const queries = queriesOf(caches, foreign);
  const rounds = roundsOf({
    caches,
    queries,
    kafka: options.kafka,
    evidence,
    events,
    addAfter: (key, ms) => queue?.addAfter(key, ms),
    clock,
    random,
    log,
    metrics,
  });

  return {
    start: caches.start,
    get synced() {
      return caches.synced;
    },
    get trouble() {
      return caches.trouble;
    },
    get queueDepth() {
      return queue?.depth ?? 0;
    },
    get longestActive() {
      return latest?.longestActive;
    },
    async lead(stop, lost) {
      const ended = AbortSignal.any([stop, lost]);
      const aborted = new Promise<void>((resolve) => {
        if (ended.aborted) resolve();
        else ended.addEventListener('abort', () => resolve(), { once: true });
      });
      // A call to Kafka that was running when the lease was lost cannot be cancelled. It has to end before the next round of
      // its resource, so that no resource has two rounds at a time.
      await Promise.race([Promise.all([drained, caches.whenSynced()]), aborted]);
      if (ended.aborted) return;
      const acting = fenced(cluster, lost);
      terms.begin(acting);
      const kafka = fencedKafka(options.kafka, lost);
      const workers = fencedWorkers(options.workers, lost);
      const current = workQueue({
        ...rounds.work({ cluster: acting, kafka, workers, wrote: caches.put, events, lost, clock, log }),
        clock,
        random,
        ...(concurrency !== undefined ? { concurrency } : {}),
      });
      queue = current;
      latest = current;
      for (const resource of caches.resources()) current.add(keyOf(resource));
      // Resources may have been deleted between two terms: their memories are dropped.
      for (const key of rounds.keys()) current.add(key);
      await aborted;
      queue = undefined;
      drained = current.stop();
      if (lost.aborted) {
        terms.end();
        return;
      }
      const timeout = new AbortController();
      await Promise.race([drained.then(() => events.flush()), pause(clock, FINISH_MS, timeout.signal)]);
      timeout.abort();
    },
    async stop() {
      for (const key of rounds.keys()) rounds.forget(key);
      await caches.stop();
      await foreign.stop();
    },
  };
}
