/** Lists in the order of time, of things that mostly come nearly in order. */
import type { EpochMs } from '../../contract/time.ts';

/** Adds `item` behind all that don't come after it; the search begins at the end. `order`: under zero where the first comes before the second. */
export function insertInOrder<T>(list: T[], item: T, order: (a: T, b: T) => number): void {
  let low = 0;
  let high = list.length;
  if (high > 0 && order(list[high - 1] as T, item) <= 0) low = high;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (order(list[middle] as T, item) <= 0) low = middle + 1;
    else high = middle;
  }
  list.splice(low, 0, item);
}

/** Index of the first one after `at`, or the length. */
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
