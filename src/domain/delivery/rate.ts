import type { EpochMs } from '../../contract/time.ts';

/** Rates are taken over so much of the evidence. */
const RATE_WINDOW_MS = 5_000;
/** A counter that said nothing for so long stands still; below, its next word (every 3 s at the latest) is only on its way. */
const SILENT_MS = 4_500;
const KEPT_MS = RATE_WINDOW_MS + 2 * SILENT_MS;
/** Readings closer than this are one. */
const APART_MS = 200;

/** The latest readings of a counter that only grows, oldest first. */
export interface Counter {
  readonly readings: { at: EpochMs; value: number }[];
}

/** `since`: when the counter stood at 0. */
export const newCounter = (since: EpochMs): Counter => ({ readings: [{ at: since, value: 0 }] });

export function read({ readings }: Counter, at: EpochMs, value: number): void {
  const last = readings.at(-1);
  if (last !== undefined && at < last.at) return;
  const before = readings.at(-2);
  // The newest reading always stays; one that follows its predecessor closely takes its place.
  if (last !== undefined && before !== undefined && last.at - before.at < APART_MS) readings.pop();
  readings.push({ at, value });
  while ((readings[1]?.at ?? at) < at - KEPT_MS) readings.shift();
}

/** Growth per second over the last `RATE_WINDOW_MS` before `now` (or since the counter began, when that is shorter). */
export function perSecond({ readings }: Counter, now: EpochMs): number {
  const last = readings.at(-1);
  const first = readings[0];
  if (last === undefined || first === undefined) return 0;
  const end = now - last.at <= SILENT_MS ? last.at : now;
  const start = Math.max(first.at, end - RATE_WINDOW_MS);
  if (end <= start) return 0;
  return ((last.value - valueAt(readings, start)) * 1000) / (end - start);
}

/** Between two readings the counter is taken to have grown evenly. */
function valueAt(readings: Counter['readings'], at: EpochMs): number {
  let before = readings[0];
  for (const reading of readings) {
    if (before !== undefined && reading.at > at) {
      const span = reading.at - before.at;
      return before.value + (span > 0 ? ((reading.value - before.value) * (at - before.at)) / span : 0);
    }
    before = reading;
  }
  return before?.value ?? 0;
}

/** To a thousandth, so that sums don't depend on the order of their parts. */
export const roundedRate = (rate: number): number => Math.round(rate * 1000) / 1000;
