/**
 * How many messages a steady rate makes due. Message k is due at originAt + k × 1000 / messagesPerSecond. Each due time
 * is computed from the origin, so late timers cause no drift.
 */
import type { EpochMs } from '../process/time.ts';

export interface Pace {
  messagesPerSecond: number;
  /** When message 0 is due. */
  originAt: EpochMs;
  /** Messages since the origin that `takeDue` has returned as due. */
  taken: number;
}

/** After a delay at most this many milliseconds' worth of messages are sent late; older ones are skipped. */
export const CATCH_UP_MS = 1000;

/** `random` in [0, 1) spreads the clients over the interval between two messages, at most 1 s. */
export function startPace(messagesPerSecond: number, now: EpochMs, random: number): Pace {
  return { messagesPerSecond, originAt: now + random * Math.min(1000, 1000 / messagesPerSecond), taken: 0 };
}

/** The number of messages due now, when the next one is due, and the pace to continue with. */
export function takeDue(pace: Pace, now: EpochMs): { count: number; nextAt: EpochMs; pace: Pace } {
  const { messagesPerSecond, originAt, taken } = pace;
  const interval = 1000 / messagesPerSecond;
  // Rounding may leave a whole count slightly too small.
  const dueInAll = now < originAt ? 0 : Math.floor((now - originAt) / interval + 1e-6) + 1;
  const behind = Math.max(0, dueInAll - taken);
  const count = Math.min(behind, Math.max(1, Math.floor(CATCH_UP_MS / interval)));
  // Skipped messages move the origin forward, and the rate continues from there.
  const next =
    count === behind
      ? { messagesPerSecond, originAt, taken: taken + count }
      : { messagesPerSecond, originAt: originAt + (behind - count) * interval, taken: taken + count };
  return { count, nextAt: next.originAt + next.taken * interval, pace: next };
}
