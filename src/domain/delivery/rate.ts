/** The rate of a counter over the last seconds of evidence. */
import type { EpochMs } from '../../contract/time.ts';

/** Length of evidence over which a rate is averaged. */
const RATE_WINDOW_MS = 5_000;
/** A counter has stopped after this time without a reading. Workers report at least every 3 s, so earlier the next reading is on its way. */
const SILENT_MS = 4_500;
const KEPT_MS = RATE_WINDOW_MS + 2 * SILENT_MS;
/** Readings closer together than this are merged. */
const APART_MS = 200;

/** The latest readings of a growing counter, oldest first. */
export interface Counter {
  readonly readings: { at: EpochMs; value: number }[];
}

/** `since`: the time at which the counter was 0. */
export const newCounter = (since: EpochMs): Counter => ({ readings: [{ at: since, value: 0 }] });

export function addReading({ readings }: Counter, at: EpochMs, value: number): void {
  const last = readings.at(-1);
  if (last !== undefined && at < last.at) return;
  const before = readings.at(-2);
  // The newest reading always stays. It replaces the one before if that one follows its own predecessor closely.
  if (last !== undefined && before !== undefined && last.at - before.at < APART_MS) readings.pop();
  readings.push({ at, value });
  while ((readings[1]?.at ?? at) < at - KEPT_MS) readings.shift();
}

/** Growth per second over the last `RATE_WINDOW_MS` before `now`, or since the counter began if that is shorter. */
export function perSecond({ readings }: Counter, now: EpochMs): number {
  const last = readings.at(-1);
  const first = readings[0];
  if (last === undefined || first === undefined) return 0;
  const end = now - last.at <= SILENT_MS ? last.at : now;
  const start = Math.max(first.at, end - RATE_WINDOW_MS);
  if (end <= start) return 0;
  return ((last.value - valueAt(readings, start)) * 1000) / (end - start);
}

/** The counter's value at `at`, interpolated linearly between readings. */
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

/** Rounds to a thousandth, so that sums do not depend on the order of their parts. */
export const roundedRate = (rate: number): number => Math.round(rate * 1000) / 1000;
