/**
 * Writes Events (events.k8s.io/v1). Repeats of a notice about the same object are one Event with a counting series, also
 * across restarts of the operator. Each object has a budget of different Events. Writing is best effort: an Event that
 * fails is dropped, and no caller waits for it.
 */
import { createHash } from 'node:crypto';
import type { Notice } from '../contract/kind.ts';
import type { KubernetesObject, ObjectRef } from '../contract/kubernetes.ts';
import type { EpochMs } from '../contract/time.ts';
import { waitAfter } from './backoff.ts';
import { pause } from './clock.ts';
import { OPERATOR } from './loop/desired.ts';
import { microTime } from './microTime.ts';
import { ApiError, type Clock, type Cluster, type Log, type Random } from './ports.ts';

export interface EventRecorder {
  record(about: KubernetesObject, notice: Notice): void;
  /** Resolves when every recorded Event is written or given up. */
  flush(): Promise<void>;
}

export interface EventRecorderOptions {
  cluster: Pick<Cluster, 'create' | 'get' | 'patch'>;
  /** The name of this process, e.g. its pod. */
  instance: string;
  clock: Clock;
  random: Random;
  log: Log;
  /** The shortest time between two writes of one Event's count (default 10 s). */
  repeatMs?: number;
  /** Different Events per object: `burst` at once, then one per `refillMs` (default 50 and 10 s). */
  budget?: { burst: number; refillMs: number };
}

const API = 'events.k8s.io/v1';
/** The number of Events and budgets in memory, as in client-go's recorder (tools/record, maxLruCacheEntries). */
const REMEMBERED = 4096;
const TRIES = 4;

interface Entry {
  about: KubernetesObject;
  notice: Notice;
  ref: ObjectRef;
  firstAt: EpochMs;
  lastAt: EpochMs;
  /** All known occurrences. */
  count: number;
  /** Occurrences in the API server's copy. */
  written: number;
  /** Whether a write is running or waiting for its turn. */
  busy: boolean;
}

export function eventRecorder(options: EventRecorderOptions): EventRecorder {
  const { cluster, clock, random, log } = options;
  const repeatMs = options.repeatMs ?? 10_000;
  const budget = options.budget ?? { burst: 50, refillMs: 10_000 };
  const entries = new Map<string, Entry>();
  const budgets = new Map<string, { left: number; at: EpochMs }>();
  const underWay = new Set<Promise<void>>();
  const flushing = new AbortController();
  let troubled = false;

  function withinBudget(uid: string): boolean {
    const now = clock.now();
    const before = budgets.get(uid) ?? { left: budget.burst, at: now };
    const left = Math.min(budget.burst, before.left + (now - before.at) / budget.refillMs);
    const allowed = left >= 1;
    remember(budgets, uid, { left: allowed ? left - 1 : left, at: now });
    return allowed;
  }

  function record(about: KubernetesObject, given: Notice): void {
    const uid = about.metadata.uid ?? '';
    let notice: Notice = { ...given, reason: given.reason.slice(0, 128), message: shortened(given.message) };
    let name = nameOf(about, notice);
    if (!entries.has(name) && !withinBudget(uid)) {
      const message = `There are more notices with reason ${notice.reason} than are written as Events.`;
      notice = { ...notice, message };
      name = nameOf(about, notice);
    }
    const now = clock.now();
    const entry = entries.get(name) ?? {
      about,
      notice,
      ref: { apiVersion: API, kind: 'Event', namespace: about.metadata.namespace ?? 'default', name },
      firstAt: now,
      lastAt: now,
      count: 0,
      written: 0,
      busy: false,
    };
    entry.count += 1;
    entry.lastAt = now;
    remember(entries, name, entry);
    if (!entry.busy) write(entry);
  }

  function write(entry: Entry): void {
    entry.busy = true;
    const work = writeOut(entry).finally(() => underWay.delete(work));
    underWay.add(work);
  }

  async function writeOut(entry: Entry): Promise<void> {
    try {
      while (entry.written < entry.count) {
        if (entry.written > 0 && !flushing.signal.aborted) await pause(clock, repeatMs, flushing.signal);
        await attempt(entry);
      }
    } catch (error) {
      entry.written = entry.count;
      if (!troubled) log.warn('an Event could not be written', { event: entry.ref.name, error: String(error) });
      troubled = true;
    } finally {
      entry.busy = false;
    }
  }

  async function attempt(entry: Entry): Promise<void> {
    for (let failures = 1; ; failures += 1) {
      try {
        if (entry.written === 0) await create(entry);
        else await count(entry);
        troubled = false;
        return;
      } catch (error) {
        const worthwhile =
          error instanceof ApiError && (error.status === 0 || error.status === 429 || error.status >= 500);
        if (!worthwhile || failures >= TRIES || flushing.signal.aborted) throw error;
        await pause(clock, waitAfter(failures, { baseMs: 500, limitMs: 10_000 }, random), flushing.signal);
      }
    }
  }

  async function create(entry: Entry): Promise<void> {
    const { about, notice, ref, count: total } = entry;
    try {
      await cluster.create({
        apiVersion: API,
        kind: 'Event',
        metadata: { name: ref.name, namespace: ref.namespace },
        eventTime: microTime(entry.firstAt),
        reportingController: `kafkalab.dev/${OPERATOR}`,
        reportingInstance: options.instance.slice(0, 128),
        action: 'Reconcile',
        type: notice.type,
        reason: notice.reason,
        note: notice.message,
        regarding: {
          apiVersion: about.apiVersion,
          kind: about.kind,
          namespace: about.metadata.namespace,
          name: about.metadata.name,
          uid: about.metadata.uid,
        },
        ...(total > 1 ? { series: seriesOf(entry, total) } : {}),
      });
      entry.written = total;
    } catch (error) {
      if (!(error instanceof ApiError && error.reason === 'AlreadyExists')) throw error;
      // An earlier process wrote this Event: its count continues here.
      const existing = await cluster.get(ref);
      const before = (existing?.series as { count?: number } | undefined)?.count ?? (existing ? 1 : 0);
      entry.count += before;
      entry.written = before;
      if (before > 0) await count(entry);
    }
  }

  async function count(entry: Entry): Promise<void> {
    const total = entry.count;
    try {
      await cluster.patch(entry.ref, { series: seriesOf(entry, total) });
      entry.written = total;
    } catch (error) {
      if (!(error instanceof ApiError && error.status === 404)) throw error;
      // The API server deletes Events after an hour. This one is created again.
      entry.count = total - entry.written;
      entry.written = 0;
      entry.firstAt = entry.lastAt;
    }
  }

  return {
    record,
    async flush() {
      flushing.abort();
      while (underWay.size > 0) await Promise.all(underWay);
    },
  };
}

const seriesOf = (entry: Entry, count: number) => ({ count, lastObservedTime: microTime(entry.lastAt) });

/** The name of the Event: every process derives the same one from the same notice about the same object. */
function nameOf(about: KubernetesObject, notice: Notice): string {
  const hash = createHash('sha256')
    .update(JSON.stringify([about.metadata.uid, notice.type, notice.reason, notice.message]))
    .digest('hex')
    .slice(0, 16);
  return `${about.metadata.name.slice(0, 200).replace(/[^a-z0-9]+$/, '')}.${hash}`;
}

/** The message, cut to the 1,024 bytes that the API server accepts. */
function shortened(message: string): string {
  if (Buffer.byteLength(message) <= 1024) return message;
  const cut = Buffer.from(message)
    .subarray(0, 1021)
    .toString('utf8')
    .replace(/\uFFFD+$/, '');
  return `${cut}…`;
}

/** Stores the entry as the newest one of a map that drops its oldest. */
function remember<T>(map: Map<string, T>, key: string, value: T): void {
  map.delete(key);
  map.set(key, value);
  const oldest = map.keys().next();
  if (map.size > REMEMBERED && !oldest.done) map.delete(oldest.value);
}
