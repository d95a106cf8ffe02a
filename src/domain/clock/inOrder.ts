/** Lists sorted by time, whose items arrive nearly in order. */
import type { EpochMs } from '../../contract/time.ts';

/** Inserts `item` after all items that are equal or before it. `compare` returns a negative number if `a` comes before `b`. */
export function insertInOrder<T>(list: T[], item: T, compare: (a: T, b: T) => number): void {
  let low = 0;
  let high = list.length;
  if (high > 0 && compare(list[high - 1] as T, item) <= 0) low = high;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (compare(list[middle] as T, item) <= 0) low = middle + 1;
    else high = middle;
  }
  list.splice(low, 0, item);
}

/** Index of the first item after `at`, or the length of the list. */
export function indexAfter(list: readonly { at: EpochMs }[], at: EpochMs): number {
  let low = 0;
  let high = list.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((list[middle] as { at: EpochMs }).at <= at) low = middle + 1;
    else high = middle;
  }
  return low;
}
