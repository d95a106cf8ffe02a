/** The limit of the elements that one expectation may go through. */

/** About a second of work, during which the operator does nothing else. */
export const MOST_VISITS = 1_000_000;

/** Larger estimates are shown as this number. */
const MOST_SHOWN = 1_000_000_000_000;

/** The refusal of an expression that goes through this many elements. */
export function tooMany(visits: number): string {
  const shown = Math.min(Math.ceil(visits), MOST_SHOWN).toLocaleString('en-US');
  const most = MOST_VISITS.toLocaleString('en-US');
  return `it goes through ${visits > MOST_SHOWN ? 'more than ' : ''}${shown} elements, and at most ${most} are allowed: write it without a loop inside another, or loop over a shorter list, e.g. rebalancesOfStep`;
}
