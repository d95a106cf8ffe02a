import type { EpochMs } from '../../contract/time.ts';

/** Reading the clocks ends at this error. */
const TARGET_ERROR_MS = 0.05;
/** Limit of readings. It exceeds what a process can read within 1 ms, the tick of the wall clock. */
const MOST_READINGS = 20_000;

/**
 * Measures the wall-clock time at 0 of the monotonic clock, by reading both repeatedly. `wall` returns whole ms since 1970,
 * rounded down (`Date.now`), `monotonic` ms with fractions (`performance.now`). The error is below `TARGET_ERROR_MS`, however
 * long the process waits for a processor. It is below 1 ms if the wall clock does not tick.
 *
 * Node's `performance.timeOrigin` reads each clock once at the start of the process. It is off by the time that the process
 * waited for a processor between the two readings: 43 ms on a busy machine.
 */
export function clockOrigin(monotonic: () => number, wall: () => EpochMs): EpochMs {
  let least = Number.NEGATIVE_INFINITY;
  let most = Number.POSITIVE_INFINITY;
  let after = monotonic();
  for (let reading = 0; reading < MOST_READINGS && most - least > TARGET_ERROR_MS; reading++) {
    const before = after;
    const time = wall();
    after = monotonic();
    least = Math.max(least, time - after);
    most = Math.min(most, time + 1 - before);
    // The wall clock was set between two readings, so earlier bounds no longer hold.
    if (most < least) [least, most] = [time - after, time + 1 - before];
  }
  return (least + most) / 2;
}
