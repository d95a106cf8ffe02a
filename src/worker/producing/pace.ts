/**
 * How many messages are due at a time, for a steady rate: message k of a stretch is due at
 * originAt + k × 1000/rate, computed from the origin each time, so that late timers add up to no drift.
 */
import type { EpochMs } from '../process/time.ts';

export interface Pace {
  messagesPerSecond: number;
  /** When message 0 of this stretch is due. */
  originAt: EpochMs;
  /** Messages of this stretch that have been taken as due. */
  taken: number;
}

/** A sender that was held up sends at most the messages of this time at once; those before it are not made up for. */
export const CATCH_UP_MS = 1000;

/** `random` in [0, 1) spreads many clients over the interval between two messages (at most a second). */
export function startPace(messagesPerSecond: number, now: EpochMs, random: number): Pace {
  return { messagesPerSecond, originAt: now + random * Math.min(1000, 1000 / messagesPerSecond), taken: 0 };
}

/** The number of messages due now, when the next one will be, and the pace to go on with. */
export function takeDue(pace: Pace, now: EpochMs): { count: number; nextAt: EpochMs; pace: Pace } {
  const { messagesPerSecond, originAt, taken } = pace;
  const interval = 1000 / messagesPerSecond;
  // Numbers that stand for a whole count may come out a hair below it.
  const dueInAll = now < originAt ? 0 : Math.floor((now - originAt) / interval + 1e-6) + 1;
  const behind = Math.max(0, dueInAll - taken);
  const count = Math.min(behind, Math.max(1, Math.floor(CATCH_UP_MS / interval)));
  // What is not made up for moves the origin: the stretch goes on from here.
  const next =
    count === behind
      ? { messagesPerSecond, originAt, taken: taken + count }
      : { messagesPerSecond, originAt: originAt + (behind - count) * interval, taken: taken + count };
  return { count, nextAt: next.originAt + next.taken * interval, pace: next };
}
