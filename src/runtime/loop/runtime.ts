/** Observe → plan → apply for a list of kinds: caches, queue and the rounds of every resource. */

import type { Known, Observed } from '../../contract/kind.ts';
import type { KubernetesObject, ObjectRef } from '../../contract/kubernetes.ts';
import type { EvidenceNeed, Needs } from '../../contract/needs.ts';
import type { Answer, Query } from '../../contract/queries.ts';
import { pause } from '../clock.ts';
import { eventRecorder } from '../events.ts';
import { acrossSpells, fenced, fencedKafka, fencedWorkers } from '../fence.ts';
import { identityOf, refOf, typeIdentityOf } from '../objects.ts';
import {
  ApiError,
  type Clock,
  type Cluster,
  type EvidenceReader,
  type Kafka,
  type Log,
  type Metrics,
  type Random,
  type ResourceType,
  type Workers,
} from '../ports.ts';
import { interests } from '../watch/interests.ts';
import type { Change } from '../watch/objectStore.ts';
import { objectWatches } from '../watch/objectWatches.ts';
import { type TypeCache, typeCache } from '../watch/typeCache.ts';
import { distinct, MANAGED_BY, OPERATOR } from './desired.ts';
import { type Memory, memoryOf } from './memory.ts';
import { type AnyKind, reconcile, type Surroundings } from './reconcile.ts';
import { waitForStatus } from './status.ts';
import { type InHand, type WorkQueue, workQueue } from './workQueue.ts';

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
  /** Name of this process, for Events. */
  instance: string;
  /** Absent: all of the cluster. */
  namespaces?: string[];
  /** Resources worked on at a time (default 8). */
  concurrency?: number;
}

export interface Runtime {
  /** Begins to watch; acts only while it leads. */
  start(): void;
  readonly synced: boolean;
  /** What it is out of touch with, if anything. */
  readonly trouble: string | undefined;
  readonly queueDepth: number;
  /** The resource that has been worked on for longest, of those in hand now. */
  readonly longestInHand: InHand | undefined;
  /**
   * Acts until `stop` (finishes what it has in hand, at most 10 s) or `lost` (at once). After `lost` it may be called
   * again: memories, evidence, watches and Events that were not told yet are kept, up to `stop()`.
   */
  lead(stop: AbortSignal, lost: AbortSignal): Promise<void>;
  /** Ends the watches and forgets everything. */
  stop(): Promise<void>;
}

const NOT_ASKED: Known<never> = { unavailable: 'not asked for' };
const IN_HAND_MS = 10_000;

export function createRuntime(options: RuntimeOptions): Runtime {
  const { kinds, cluster, evidence, clock, random, log, metrics } = options;
  const watching = { cluster, clock, random, log };
  const spells = acrossSpells();
  const events = eventRecorder({ cluster: spells.cluster, instance: options.instance, clock, random, log });
  /** Absent while it does not act. */
  let queue: WorkQueue | undefined;
  /** The last one there was: what it has in hand may outlast the spell. */
  let latest: WorkQueue | undefined;
  /** What the spell before had in hand is done. */
  let drained: Promise<void> = Promise.resolve();

  // ---- what is watched ----

  const kindOf = new Map(kinds.map((kind) => [typeIdentityOf(kind), kind]));
  const own = new Map<string, TypeCache>();
  const ownedCaches = new Map<string, TypeCache>();
  for (const kind of kinds)
    own.set(
      typeIdentityOf(kind),
      typeCache({ ...watching, type: kind, changed: ownChanged }, undefined, options.namespaces),
    );
  for (const kind of kinds) for (const type of kind.owns) ownedCaches.set(versionedTypeOf(type), cacheOfOwned(type));
  const caches = new Set([...own.values(), ...ownedCaches.values()]);

  function cacheOfOwned(type: ResourceType): TypeCache {
    const changed = (change: Change) => ownedChanged(change);
    return (
      own.get(typeIdentityOf(type)) ??
      ownedCaches.get(versionedTypeOf(type)) ??
      typeCache({ ...watching, type, changed }, `${MANAGED_BY}=${OPERATOR}`, options.namespaces)
    );
  }

  function ownChanged(change: Change): void {
    const { object } = change;
    const key = keyOf(object);
    if (change.type === 'Modified' && !isRequest(change.before, object)) queue?.add(key);
    else queue?.addNow(key);
    for (const interested of ownWanted.in(refOf(object))) queue?.add(interested);
    ownedChanged(change);
  }

  function ownedChanged({ type, object }: Change): void {
    const owner = object.metadata.ownerReferences?.find((reference) => reference.controller);
    if (!owner || !kindOf.has(typeIdentityOf(owner))) return;
    const key = identityOf({ ...owner, namespace: object.metadata.namespace ?? '' });
    // Gone: what was waiting for that may go on at once.
    if (type === 'Deleted') memories.get(key)?.failures.succeeded({ type: 'Apply', target: refOf(object) });
    queue?.add(key);
  }

  const foreign = objectWatches(watching, (key) => queue?.add(key));
  const ownWanted = interests(
    identityOf,
    () => {},
    () => {},
  );

  // ---- evidence ----

  const runs = interests<EvidenceNeed>(
    ({ run }) => run,
    (need) => evidence.onChange(need.run, () => evidenceChanged(need)),
    ({ run }) => evidence.close(run),
  );

  /** Evidence arrives all the time: there is no use in looking before the status may be written again. */
  function evidenceChanged(need: EvidenceNeed): void {
    for (const key of runs.in(need))
      queue?.addAfter(key, waitForStatus(memories.get(key)?.statusWrittenAt, clock.now()));
  }

  function evidenceOf(key: string, need: EvidenceNeed | undefined): Known<unknown> {
    runs.set(key, need ? [need] : []);
    return need ? evidence.open(need, clock.now()) : NOT_ASKED;
  }

  // ---- rounds ----

  const memories = new Map<string, Memory>();
  const lastErrors = new Map<string, string>();

  function memoryFor(key: string, resource: KubernetesObject): Memory {
    const uid = resource.metadata.uid ?? '';
    const before = memories.get(key);
    if (before?.uid === uid) return before;
    forget(key);
    const memory = memoryOf(uid, random);
    memories.set(key, memory);
    return memory;
  }

  function forget(key: string): void {
    memories.delete(key);
    lastErrors.delete(key);
    runs.set(key, []);
    lookedAt.delete(key);
    want(key, []);
  }

  const lookedAt = new Map<string, Query[]>();

  /** One object of our own kinds, which are watched anyway; undefined: it asks for something else. */
  function ownAsked(query: Query): { ref: ObjectRef; cache: TypeCache } | undefined {
    if (!('get' in query)) return undefined;
    const ref = query.get;
    const cache = own.get(typeIdentityOf(ref));
    return cache?.covers(ref.namespace) ? { ref, cache } : undefined;
  }

  function want(key: string, queries: Query[]): void {
    ownWanted.set(
      key,
      queries.flatMap((query) => ownAsked(query)?.ref ?? []),
    );
    foreign.want(
      key,
      queries.filter((query) => !ownAsked(query)),
    );
  }

  function answerTo(query: Query): Promise<Answer> | Answer {
    const asked = ownAsked(query);
    if (!asked) return foreign.read(query);
    const { ref, cache } = asked;
    return { object: cache.get(ref.namespace, ref.name) ?? null };
  }

  /** What the kind needs, with the answers to its queries; what one of them holds may tell which query comes next. */
  async function gather(
    kind: AnyKind,
    key: string,
    resource: KubernetesObject,
  ): Promise<{ needs: Needs; answers: Answer[] }> {
    let queries = kind.needs(resource).queries ?? [];
    for (;;) {
      // Those of the round before are watched on until it is known that they are not asked for any more.
      want(key, [...queries, ...(lookedAt.get(key) ?? [])]);
      const answers = await Promise.all(queries.map(answerTo));
      const needs = kind.needs(resource, answers);
      const asked = needs.queries ?? [];
      if (asked.length <= queries.length) {
        want(key, queries);
        lookedAt.set(key, queries);
        return { needs, answers };
      }
      queries = asked;
    }
  }

  async function observe(kind: AnyKind, key: string, resource: KubernetesObject): Promise<Observed<KubernetesObject>> {
    const { needs, answers } = await gather(kind, key, resource);
    const kafka = needs.kafka ? await options.kafka.view(needs.kafka) : NOT_ASKED;
    const folded = evidenceOf(key, needs.evidence);
    const uid = resource.metadata.uid ?? '';
    return {
      resource,
      deleting: resource.metadata.deletionTimestamp !== undefined,
      owned: distinct(kind.owns.flatMap((type) => ownedCaches.get(versionedTypeOf(type))?.controlledBy(uid) ?? [])),
      answers,
      kafka,
      evidence: folded,
      done: memories.get(key)?.done ?? [],
      failures: memories.get(key)?.failures.list() ?? [],
      now: clock.now(),
    };
  }

  function wrote(object: KubernetesObject): void {
    (ownedCaches.get(versionedTypeOf(object)) ?? own.get(typeIdentityOf(object)))?.put(object);
  }

  function find(key: string): { kind: AnyKind; resource: KubernetesObject | undefined } | undefined {
    const [type = '', path = ''] = key.split(' ');
    const kind = kindOf.get(type);
    const [namespace = '', name = ''] = path.split('/');
    return kind && { kind, resource: own.get(type)?.get(namespace, name) };
  }

  function workWith(surroundings: Omit<Surroundings, 'observe'>) {
    return async (key: string): Promise<number | undefined> => {
      const found = find(key);
      if (!found?.resource) {
        forget(key);
        return undefined;
      }
      const { kind, resource } = found;
      const began = clock.now();
      const finish = (result: Parameters<Metrics['reconciled']>[1]) =>
        metrics.reconciled(kind.kind, result, (clock.now() - began) / 1000);
      try {
        const around = { ...surroundings, observe: (seen: KubernetesObject) => observe(kind, key, seen) };
        const outcome = await reconcile(kind, resource, memoryFor(key, resource), around);
        finish(outcome.result);
        if (outcome.result === 'Gone') forget(key);
        else if (lastErrors.delete(key)) log.info('goes on again', { of: key });
        return outcome.lookAgainInMs;
      } catch (error) {
        finish('Failed');
        throw error;
      }
    };
  }

  function failedWith(lost: AbortSignal) {
    return (key: string, error: unknown): void => {
      if (lost.aborted) return;
      const message = error instanceof Error ? error.message : String(error);
      if (lastErrors.get(key) === message) return;
      lastErrors.set(key, message);
      const stack = error instanceof Error && !(error instanceof ApiError) ? { stack: error.stack } : {};
      log.error('did not succeed, will try again', { of: key, error: message, ...stack });
      const resource = find(key)?.resource;
      // The API server out of reach or in trouble, and lost races, say nothing about the resource.
      const passing =
        error instanceof ApiError &&
        (error.status === 0 ||
          error.status === 404 ||
          error.status === 409 ||
          error.status === 429 ||
          error.status >= 500);
      if (resource && !passing) events.record(resource, { type: 'Warning', reason: 'Unexpected', message });
    };
  }

  return {
    start() {
      for (const cache of caches) cache.start();
    },
    get synced() {
      return [...caches].every((cache) => cache.synced);
    },
    get trouble() {
      return [...caches].find((cache) => cache.trouble)?.trouble;
    },
    get queueDepth() {
      return queue?.depth ?? 0;
    },
    get longestInHand() {
      return latest?.longestInHand;
    },
    async lead(stop, lost) {
      const ended = AbortSignal.any([stop, lost]);
      const aborted = new Promise<void>((resolve) => {
        if (ended.aborted) resolve();
        else ended.addEventListener('abort', () => resolve(), { once: true });
      });
      // No resource is in two hands: a call to Kafka that was under way when the lease was lost can't be called back.
      await Promise.race([Promise.all([drained, ...[...caches].map((cache) => cache.whenSynced())]), aborted]);
      if (ended.aborted) return;
      const acting = fenced(cluster, lost);
      spells.begin(acting);
      const kafka = fencedKafka(options.kafka, lost);
      const workers = fencedWorkers(options.workers, lost);
      const surroundings = { wrote, cluster: acting, kafka, workers, events, lost, clock, log };
      const current = workQueue({
        work: workWith(surroundings),
        failed: failedWith(lost),
        clock,
        random,
        ...(options.concurrency !== undefined ? { concurrency: options.concurrency } : {}),
      });
      queue = current;
      latest = current;
      for (const cache of own.values()) for (const object of cache.all()) current.add(keyOf(object));
      // Resources that went while it did not act.
      for (const key of memories.keys()) current.add(key);
      await aborted;
      queue = undefined;
      drained = current.stop();
      if (lost.aborted) {
        spells.end();
        return;
      }
      const rest = new AbortController();
      await Promise.race([drained.then(() => events.flush()), pause(clock, IN_HAND_MS, rest.signal)]);
      rest.abort();
    },
    async stop() {
      for (const key of [...memories.keys()]) forget(key);
      await Promise.all([...caches].map((cache) => cache.stop()));
      await foreign.stop();
    },
  };
}

/** `LoadTest.kafkalab.dev demo/lag` */
const keyOf = (object: KubernetesObject): string => identityOf(refOf(object));

const versionedTypeOf = (type: { apiVersion: string; kind: string }): string => `${type.apiVersion} ${type.kind}`;

/** Somebody asked for something: the spec changed, or the resource is to go. */
const isRequest = (before: KubernetesObject, after: KubernetesObject): boolean =>
  before.metadata.generation !== after.metadata.generation ||
  before.metadata.deletionTimestamp !== after.metadata.deletionTimestamp;
