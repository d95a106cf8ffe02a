import type { EpochMs } from '../../contract/time.ts';

/** Looks end when the origin is known this well, */
const WELL_MS = 0.05;
/** or after so many: more than a process takes in the millisecond between two ticks of the wall clock. */
const MOST_LOOKS = 20_000;

/**
 * The wall clock's time at 0 of the monotonic clock, from looks at both. `wall`: whole ms since 1970, rounded down, as
 * `Date.now`; `monotonic`: ms with fractions, as `performance.now`. Off by less than `WELL_MS`, whatever the process has to
 * wait for meanwhile; where the wall clock does not tick, by less than 1 ms.
 *
 * Node's own `performance.timeOrigin` is made of one look at each when the process starts, and so is off by as long as
 * the process waited for a processor in between: 43 ms were seen on a busy machine.
 */
export function clockOrigin(monotonic: () => number, wall: () => EpochMs): EpochMs {
  let least = Number.NEGATIVE_INFINITY;
  let most = Number.POSITIVE_INFINITY;
  let after = monotonic();
  for (let look = 0; look < MOST_LOOKS && most - least > WELL_MS; look++) {
    const before = after;
    const time = wall();
    after = monotonic();
    least = Math.max(least, time - after);
    most = Math.min(most, time + 1 - before);
    // The wall clock was set in between.
    if (most < least) [least, most] = [time - after, time + 1 - before];
  }
  return (least + most) / 2;
}
