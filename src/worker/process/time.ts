/** The worker's clock and its timers. */
import { clockOrigin } from '../../domain/clock/clockOrigin.ts';
import type { Report } from '../../domain/evidence/facts.ts';

/** Milliseconds since 1970 (UTC), with fractions. */
export type EpochMs = Report['sentAt'];

const origin = clockOrigin(() => performance.now(), Date.now);

/** The worker's clock, in steps of a microsecond. It does not jump when the system time is set. */
export const now = (): EpochMs => Math.round((origin + performance.now()) * 1000) / 1000;

/** Resolves up to about a millisecond after `at`, or at once when `at` has passed. */
export async function until(at: EpochMs): Promise<void> {
  // A timer may fire a little early by this clock.
  for (let left = at - now(); left > 0.3; left = at - now()) {
    await new Promise((resolve) => setTimeout(resolve, Math.max(1, Math.round(left))));
  }
}

/** Resolves with the promise's value, or with 'TimedOut' after `timeoutMs`. The promise itself keeps running. */
export async function within<T>(timeoutMs: number, promise: Promise<T>): Promise<T | 'TimedOut'> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<'TimedOut'>((resolve) => {
    timer = setTimeout(() => resolve('TimedOut'), timeoutMs);
  });
  try {
    return await Promise.race([promise, timeout]);
  } finally {
    clearTimeout(timer);
  }
}
