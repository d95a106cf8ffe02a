/** Spends the handler's time on records: `perRecordMs` each, with a timer's precision but without its drift. */
import { type EpochMs, until } from '../process/time.ts';

/** A timer can't be trusted for less: shorter handling times share one timer among several records. */
const SHORTEST_TIMER_MS = 2;
/** So much lateness of earlier records is made up for. */
const MOST_MADE_UP_MS = 5;

/** Records that share one timer. */
export function recordsPerTimer(perRecordMs: number): number {
  return perRecordMs >= SHORTEST_TIMER_MS ? 1 : Math.ceil(SHORTEST_TIMER_MS / perRecordMs);
}

/** When records that began now should end: what the ones before were late by is taken off. */
export function endsAt(beganAt: EpochMs, previousShouldEndAt: EpochMs, timeMs: number): EpochMs {
  return Math.max(previousShouldEndAt, beganAt - Math.min(MOST_MADE_UP_MS, timeMs / 2)) + timeMs;
}

/** Told when the time of one record, or of those that share a timer, begins and ends. */
export interface Watch {
  began(): void;
  ended(): void;
}

/** What is done with records whose time has passed. */
interface Handler<T> {
  /** Those that shared a timer, from `beganAt`, `eachMs` each. */
  ended(records: readonly T[], beganAt: EpochMs, eachMs: number): void;
  /** Then for each of them; what it gives is waited for. */
  handled(record: T): Promise<void> | undefined;
}

/**
 * Gives each record its own stretch of time, until all are handled or `stopped`. Resolves with the number of records
 * handled.
 */
export async function handleEach<T>(
  records: readonly T[],
  perRecordMs: number,
  now: () => EpochMs,
  stopped: () => boolean,
  { ended, handled }: Handler<T>,
  watch?: Watch,
): Promise<number> {
  const together = recordsPerTimer(perRecordMs);
  let shouldEndAt = now();
  let index = 0;
  while (index < records.length && !stopped()) {
    const some = records.slice(index, index + together);
    const beganAt = now();
    watch?.began();
    shouldEndAt = endsAt(beganAt, shouldEndAt, some.length * perRecordMs);
    await until(shouldEndAt);
    watch?.ended();
    ended(some, beganAt, (now() - beganAt) / some.length);
    for (const record of some) {
      const waiting = handled(record);
      if (waiting !== undefined) await waiting;
    }
    index += some.length;
  }
  return index;
}
