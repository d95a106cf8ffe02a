/**
 * Lines up the clocks of processes on different nodes, by the broker's clock: every report carries its sender's time
 * (`sentAt`) and gets the broker's (LogAppendTime). Their difference is the way to the broker, which is never
 * negative, plus how far the sender's clock is behind. The smallest difference of a process has the least way in it.
 *
 * Error bound: up to `NOISE_MS` no correction is made, so clocks may differ by that much; a correction is too large by
 * the shortest way to the broker (some ms where the network is healthy).
 */

/** Differences up to this are taken for the way, not for the clock. */
const NOISE_MS = 50;
/** A clock that seems behind is believed when so many reports agree within `AGREE_MS`: a late report looks the same. */
const WITNESSES = 5;
const AGREE_MS = 25;

export interface ClockEvidence {
  /** The smallest appendedAt − sentAt, ascending, at most `WITNESSES`. */
  readonly smallest: number[];
}

export const newClock = (): ClockEvidence => ({ smallest: [] });

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
