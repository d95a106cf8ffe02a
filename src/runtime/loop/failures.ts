/**
 * The failed actions of one resource. An entry is removed when the action succeeds, when the spec changes, or when the plan
 * has stopped requesting the action.
 */
import type { Failure } from '../../contract/actions.ts';
import type { EpochMs } from '../../contract/time.ts';
import { waitAfter } from '../backoff.ts';
import { canonical } from '../json.ts';
import type { Random } from '../ports.ts';

export type Attempted = Failure['action'];

interface Entry {
  failure: Failure;
  count: number;
  retryAt: EpochMs;
}

export interface Failures {
  list(): Failure[];
  /** When the attempt may be repeated. undefined: it may run now. */
  heldUntil(attempted: Attempted, now: EpochMs): EpochMs | undefined;
  /** Records a failure. True: there was none before, or one with another reason or message. */
  add(failure: Failure, now: EpochMs): boolean;
  /** Removes the failure of an attempt. True: there was one. */
  succeeded(attempted: Attempted): boolean;
  /** Removes all failures if the resource has another generation than before. */
  useGeneration(generation: number): void;
  /**
   * Removes the failures that the plan no longer requests and whose retry time has come. Before that time they stay: a kind
   * that stops requesting an action because of its failure would otherwise alternate between both plans. Returns whether an
   * entry was removed, and when the next one is due.
   */
  forgetUnrequested(requested: Attempted[], now: EpochMs): { forgotten: boolean; next: EpochMs | undefined };
}

/** A refused action waits for its user. It is retried after 20 to 40 s. */
const REFUSED = { baseMs: 40_000, limitMs: 40_000 };
const OTHER = { baseMs: 1_000, limitMs: 30_000 };

export function failures(random: Random): Failures {
  const entries = new Map<string, Entry>();
  let current: number | undefined;
  return {
    list: () => [...entries.values()].map(({ failure }) => failure),
    heldUntil(attempted, now) {
      const before = entries.get(keyOf(attempted));
      return before && before.retryAt > now ? before.retryAt : undefined;
    },
    add(failure, now) {
      const key = keyOf(failure.action);
      const before = entries.get(key);
      const count = (before?.count ?? 0) + 1;
      const wait = waitAfter(count, failure.reason === 'Refused' ? REFUSED : OTHER, random);
      entries.set(key, { failure, count, retryAt: now + wait });
      return before?.failure.reason !== failure.reason || before.failure.message !== failure.message;
    },
    succeeded: (attempted) => entries.delete(keyOf(attempted)),
    useGeneration(generation) {
      if (current !== generation) entries.clear();
      current = generation;
    },
    forgetUnrequested(requested, now) {
      const keys = new Set(requested.map(keyOf));
      let forgotten = false;
      let next: EpochMs | undefined;
      for (const [key, { retryAt }] of entries) {
        if (keys.has(key)) continue;
        if (retryAt <= now) forgotten = entries.delete(key);
        else next = Math.min(next ?? retryAt, retryAt);
      }
      return { forgotten, next };
    },
  };
}

/** Two reports to one run are the same action, whatever their facts. Other actions are the same if all their fields are equal. */
function keyOf(attempted: Attempted): string {
  if (attempted.type !== 'Report') return canonical(attempted);
  const { type, run, topic, partition, bootstrapServers } = attempted;
  return canonical({ type, run, topic, partition, bootstrapServers });
}
