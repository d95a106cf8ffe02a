/**
 * Lines up the clocks of processes on different nodes, by the broker's clock: every report carries its sender's time
 * (`sentAt`) and gets the broker's (LogAppendTime). Their difference is the way to the broker, which is never
 * negative, plus how far the sender's clock is behind. The smallest difference of a process has the least way in it.
 *
 * Error bound: the way is at least nothing and, of the fastest report, at most the shortest round trip that the process
 * has seen (by its own clock alone, so no difference of clocks is in it). So the clock is behind by at most the smallest
 * difference, and by no less than that minus the shortest round trip; what the correction leaves of it is the bound. It
 * holds while clocks run evenly: one that is set or drifts during the run is off by that much more.
 */

/** Differences up to this are taken for the way, not for the clock. */
const NOISE_MS = 50;
/** A clock that seems behind is believed when so many reports agree within `AGREE_MS`: a late report looks the same. */
const WITNESSES = 5;
const AGREE_MS = 25;
/** Until a process has told of a round trip. */
const ASSUMED_ROUND_TRIP_MS = 50;
/** LogAppendTime has no fractions. */
const BROKER_TICK_MS = 1;
/** Nor have the timestamps of records. */
const RECORD_TICK_MS = 1;

export interface ClockEvidence {
  /** The smallest appendedAt − sentAt, ascending, at most `WITNESSES`. */
  readonly smallest: number[];
  /** The shortest round trip that the process told of; undefined before it did. */
  roundTripMs: number | undefined;
}

export const newClock = (): ClockEvidence => ({ smallest: [], roundTripMs: undefined });

/** How a time came about: times by one and the same clock are off by the same. */
export interface ClockUsed {
  /** The process. */
  readonly of: string;
  /** What was added to its time. */
  readonly correction: number;
  readonly errorMs: number;
}

/** By how much the time from one moment to another may be off. */
export const errorBetween = (a: ClockUsed, b: ClockUsed): number =>
  a.of === b.of ? Math.abs(a.correction - b.correction) : a.errorMs + b.errorMs;

/**
 * How much later the time of one record, by any of these clocks and as it is written in it (whole ms), has to be than that of
 * another one to have been written after it. Of a single clock any more will do.
 */
export function clocksApartMs(clocks: readonly ClockEvidence[]): number {
  if (clocks.length < 2) return 0;
  const latest = clocks.map((clock) => clockCorrection(clock) + clockErrorMs(clock));
  const earliest = clocks.map((clock) => clockCorrection(clock) - clockErrorMs(clock));
  return Math.max(...latest) - Math.min(...earliest) + RECORD_TICK_MS;
}

/** Notes one report's appendedAt − sentAt, in ms. */
export function observeDelay({ smallest }: ClockEvidence, delayMs: number): void {
  const index = smallest.findIndex((other) => delayMs < other);
  smallest.splice(index === -1 ? smallest.length : index, 0, delayMs);
  if (smallest.length > WITNESSES) smallest.pop();
}

/** Milliseconds to add to the process's times to have the broker's. */
export function clockCorrection({ smallest }: ClockEvidence): number {
  const least = smallest[0];
  if (least === undefined || Math.abs(least) <= NOISE_MS) return 0;
  // Nothing arrives before it was sent: that clock is ahead, at least by this much.
  if (least < 0) return least;
  const agreeing = smallest[WITNESSES - 1];
  return agreeing !== undefined && agreeing - least <= AGREE_MS ? least : 0;
}

/** Notes what a report says of round trips. */
export function observeRoundTrip(clock: ClockEvidence, roundTripMs: number): void {
  clock.roundTripMs = Math.min(clock.roundTripMs ?? Number.POSITIVE_INFINITY, roundTripMs);
}

/** By how many ms a time of the process may be off the broker's clock, once corrected; see above. */
export function clockErrorMs(clock: ClockEvidence): number {
  const least = clock.smallest[0] ?? 0;
  const correction = clockCorrection(clock);
  const behindMost = least + BROKER_TICK_MS;
  const behindLeast = least - (clock.roundTripMs ?? ASSUMED_ROUND_TRIP_MS);
  return Math.max(behindMost - correction, correction - behindLeast);
}
