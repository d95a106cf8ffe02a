/** Spends the handler's time on records: `perRecordMs` each, with a timer's precision but without its drift. */
import { type EpochMs, until } from './time.ts';

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

/**
 * Calls `handled` for each record with its own stretch of time, until all are handled or `stopped`; waits for what it gives.
 * Resolves with the number of records handled.
 */
export async function handleEach<T>(
  records: readonly T[],
  perRecordMs: number,
  now: () => EpochMs,
  stopped: () => boolean,
  handled: (record: T, beganAt: EpochMs, endedAt: EpochMs) => Promise<void> | undefined,
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
    const eachMs = (now() - beganAt) / some.length;
    for (const [k, record] of some.entries()) {
      const waiting = handled(record, beganAt + k * eachMs, beganAt + (k + 1) * eachMs);
      if (waiting !== undefined) await waiting;
    }
    index += some.length;
  }
  return index;
}
