/**
 * Aligns the clocks of processes on different nodes with the broker's clock. Every report carries its sender's time (`sentAt`)
 * and gets the broker's time (LogAppendTime). The difference is the delay of the report (never negative) plus the sender's
 * clock offset (positive if its clock is behind). The smallest difference of a process contains the shortest delay.
 *
 * Error bound: the shortest delay is between 0 and the shortest round trip that the process has measured by its own clock.
 * So the clock is behind by at most the smallest difference, and by at least that difference minus the round trip. The bound is
 * the larger distance of the applied correction from these limits. It holds while clocks run evenly: setting or drifting
 * during the run adds to the error.
 */

/** A difference up to this is attributed to the delay, larger ones to the clock. */
const NOISE_MS = 50;
/** A clock counts as behind if this many reports agree within `AGREE_MS`, because a single late report looks the same. */
const WITNESSES = 5;
const AGREE_MS = 25;
/** Round trip of a process that has reported none yet. */
const ASSUMED_ROUND_TRIP_MS = 50;
/** LogAppendTime is in whole ms. */
const BROKER_TICK_MS = 1;
/** Record timestamps are in whole ms. */
const RECORD_TICK_MS = 1;

export interface ClockEvidence {
  /** The smallest values of appendedAt − sentAt in ms, ascending, at most `WITNESSES`. */
  readonly smallest: number[];
  /** Shortest reported round trip; undefined before the first. */
  roundTripMs: number | undefined;
}

export const newClock = (): ClockEvidence => ({ smallest: [], roundTripMs: undefined });

/** The clock behind a corrected time. Times of the same process and correction share the same error. */
export interface ProcessClock {
  readonly process: string;
  /** Milliseconds added to the process's time. */
  readonly correction: number;
  /** Largest error of the corrected time, in ms. */
  readonly errorMs: number;
}

/** Largest error of the duration between a time by clock `a` and a time by clock `b`, in ms. */
export const errorBetween = (a: ProcessClock, b: ProcessClock): number =>
  a.process === b.process ? Math.abs(a.correction - b.correction) : a.errorMs + b.errorMs;

/**
 * Smallest difference, in ms, between the timestamps of two records that proves their order, if any of these clocks may have
 * written them. With a single clock every difference does.
 */
export function clocksApartMs(clocks: readonly ClockEvidence[]): number {
  if (clocks.length < 2) return 0;
  const latest = clocks.map((clock) => clockCorrection(clock) + clockErrorMs(clock));
  const earliest = clocks.map((clock) => clockCorrection(clock) - clockErrorMs(clock));
  return Math.max(...latest) - Math.min(...earliest) + RECORD_TICK_MS;
}

/** Takes in appendedAt − sentAt of one report, in ms. */
export function observeDelay({ smallest }: ClockEvidence, delayMs: number): void {
  const index = smallest.findIndex((other) => delayMs < other);
  smallest.splice(index === -1 ? smallest.length : index, 0, delayMs);
  if (smallest.length > WITNESSES) smallest.pop();
}

/** Milliseconds to add to the process's times to get the broker's time. */
export function clockCorrection({ smallest }: ClockEvidence): number {
  const least = smallest[0];
  if (least === undefined || Math.abs(least) <= NOISE_MS) return 0;
  // No report arrives before it is sent, so the clock is ahead by at least this much.
  if (least < 0) return least;
  const agreeing = smallest[WITNESSES - 1];
  return agreeing !== undefined && agreeing - least <= AGREE_MS ? least : 0;
}

/** Takes in the shortest round trip of a report. */
export function observeRoundTrip(clock: ClockEvidence, roundTripMs: number): void {
  clock.roundTripMs = Math.min(clock.roundTripMs ?? Number.POSITIVE_INFINITY, roundTripMs);
}

/** Largest error of a corrected time against the broker's clock, in ms (see the top of this file). */
export function clockErrorMs(clock: ClockEvidence): number {
  const least = clock.smallest[0] ?? 0;
  const correction = clockCorrection(clock);
  const behindMost = least + BROKER_TICK_MS;
  const behindLeast = least - (clock.roundTripMs ?? ASSUMED_ROUND_TRIP_MS);
  return Math.max(behindMost - correction, correction - behindLeast);
}
