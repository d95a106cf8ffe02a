/** What did not succeed for one resource, until it does, or the resource changes, or nobody asks for it any more. */

import type { Failure } from '../../contract/actions.ts';
import type { EpochMs } from '../../contract/time.ts';
import { waitAfter } from '../backoff.ts';
import { canonical } from '../json.ts';
import type { Random } from '../ports.ts';

export type Attempted = Failure['action'];

interface Remembered {
  failure: Failure;
  count: number;
  retryAt: EpochMs;
}

export interface Failures {
  list(): Failure[];
  /** When it may be tried again, if it failed and that time is still to come. */
  heldUntil(attempted: Attempted, now: EpochMs): EpochMs | undefined;
  /** Whether this is news: the reason or message was another one before, or there was none. */
  add(failure: Failure, now: EpochMs): boolean;
  /** Whether it had failed before. */
  succeeded(attempted: Attempted): boolean;
  /** A changed resource is a new beginning. */
  ofGeneration(generation: number): void;
  /**
   * Forgets those that are not asked for now and whose time to try again has come; not earlier, so that a kind that
   * stops asking when it is shown a failure does not try in circles. Answers whether something was forgotten, and
   * when the next is due.
   */
  forgetUnasked(asked: Attempted[], now: EpochMs): { forgotten: boolean; next: EpochMs | undefined };
}

/** The user has to do something first, which is looked for every 30 s, more or less. */
const REFUSED = { baseMs: 40_000, limitMs: 40_000 };
const OTHER = { baseMs: 1_000, limitMs: 30_000 };

export function failures(random: Random): Failures {
  const remembered = new Map<string, Remembered>();
  let current: number | undefined;
  return {
    list: () => [...remembered.values()].map(({ failure }) => failure),
    heldUntil(attempted, now) {
      const before = remembered.get(sameness(attempted));
      return before && before.retryAt > now ? before.retryAt : undefined;
    },
    add(failure, now) {
      const key = sameness(failure.action);
      const before = remembered.get(key);
      const count = (before?.count ?? 0) + 1;
      const wait = waitAfter(count, failure.reason === 'Refused' ? REFUSED : OTHER, random);
      remembered.set(key, { failure, count, retryAt: now + wait });
      return before?.failure.reason !== failure.reason || before.failure.message !== failure.message;
    },
    succeeded: (attempted) => remembered.delete(sameness(attempted)),
    ofGeneration(generation) {
      if (current !== generation) remembered.clear();
      current = generation;
    },
    forgetUnasked(asked, now) {
      const keys = new Set(asked.map(sameness));
      let forgotten = false;
      let next: EpochMs | undefined;
      for (const [key, { retryAt }] of remembered) {
        if (keys.has(key)) continue;
        if (retryAt <= now) forgotten = remembered.delete(key);
        else next = Math.min(next ?? retryAt, retryAt);
      }
      return { forgotten, next };
    },
  };
}

/** Two reports to one run are the same action, whatever they tell; any other action is the same when all of it is. */
function sameness(attempted: Attempted): string {
  if (attempted.type !== 'Report') return canonical(attempted);
  const { type, run, topic, partition, bootstrapServers } = attempted;
  return canonical({ type, run, topic, partition, bootstrapServers });
}
