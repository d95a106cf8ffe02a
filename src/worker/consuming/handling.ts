/** Spends the handler's time on records: `perRecordMs` each, with a timer's precision but without its drift. */
import { type EpochMs, until } from '../process/time.ts';

/** Timers are too imprecise for less. Records with a shorter handling time share a timer. */
const SHORTEST_TIMER_MS = 2;
/** At most this much of a timer's delay is taken off the next records' time. */
const MAX_MADE_UP_MS = 5;

/** The number of records that share one timer. */
export function recordsPerTimer(perRecordMs: number): number {
  return perRecordMs >= SHORTEST_TIMER_MS ? 1 : Math.ceil(SHORTEST_TIMER_MS / perRecordMs);
}

/** When records that began at `beganAt` should end: after `timeMs`, less the delay of the records before them. */
export function endsAt(beganAt: EpochMs, previousShouldEndAt: EpochMs, timeMs: number): EpochMs {
  return Math.max(previousShouldEndAt, beganAt - Math.min(MAX_MADE_UP_MS, timeMs / 2)) + timeMs;
}

/** Called when the time of one record, or of the records that share a timer, begins and ends. */
export interface Stopwatch {
  began(): void;
  ended(): void;
}

interface Handler<T> {
  /** The time of these records, which shared a timer, has passed: from `beganAt`, `eachMs` each. */
  ended(records: readonly T[], beganAt: EpochMs, eachMs: number): void;
  /** Called for each of these records then. A returned promise delays the next record. */
  handled(record: T): Promise<void> | undefined;
}

/**
 * Handles records one after the other until all are handled or `stopped()`. Resolves with the number of records
 * handled.
 */
export async function handleEach<T>(
  records: readonly T[],
  perRecordMs: number,
  now: () => EpochMs,
  stopped: () => boolean,
  { ended, handled }: Handler<T>,
  stopwatch?: Stopwatch,
): Promise<number> {
  const perTimer = recordsPerTimer(perRecordMs);
  let shouldEndAt = now();
  let index = 0;
  while (index < records.length && !stopped()) {
    const together = records.slice(index, index + perTimer);
    const beganAt = now();
    stopwatch?.began();
    shouldEndAt = endsAt(beganAt, shouldEndAt, together.length * perRecordMs);
    await until(shouldEndAt);
    stopwatch?.ended();
    ended(together, beganAt, (now() - beganAt) / together.length);
    for (const record of together) {
      const waiting = handled(record);
      if (waiting !== undefined) await waiting;
    }
    index += together.length;
  }
  return index;
}
