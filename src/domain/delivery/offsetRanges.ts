/** Sets of offsets and their counts. */
import type { OffsetRange } from '../evidence/facts.ts';

/**
 * A set of offsets as disjoint, non-touching ranges in ascending order. Its memory grows with the number of holes, not of
 * offsets.
 */
export interface OffsetSet {
  /** Flat, for speed: from, to, from, to, …; `to` is one past the last. */
  readonly bounds: number[];
  /** Number of offsets added, including repetitions. */
  total: number;
  /** Number of different offsets added. */
  distinct: number;
  /**
   * Number of offsets in filled holes. They belong to the set since, though they were never added. The counts are exact while it
   * is 0. Then an offset that is added late counts as a repetition if its hole was filled.
   */
  filled: number;
}

export interface OffsetCounts {
  /** Number of offsets added, including repetitions. */
  total: number;
  /** Repetitions: `total` minus the distinct offsets. */
  duplicated: number;
  /** Missing offsets between the lowest and the highest offset. */
  skipped: number;
}

export const emptyOffsets = (): OffsetSet => ({ bounds: [], total: 0, distinct: 0, filled: 0 });

/**
 * Adds [from, to) in place, and returns how many offsets are new. Takes a binary search, and time for each range that is
 * merged.
 */
export function addRange(set: OffsetSet, [from, to]: OffsetRange): number {
  if (!(to > from)) return 0;
  const { bounds } = set;
  set.total += to - from;
  // The first range that ends at or after `from` is the first one to merge with.
  const first = bounds.length > 0 && (bounds.at(-1) as number) < from ? bounds.length : firstTouching(bounds, from);
  let lower = from;
  let upper = to;
  let last = first;
  let known = 0;
  while (last < bounds.length && (bounds[last] as number) <= to) {
    lower = Math.min(lower, bounds[last] as number);
    upper = Math.max(upper, bounds[last + 1] as number);
    known += (bounds[last + 1] as number) - (bounds[last] as number);
    last += 2;
  }
  if (last === first + 2) {
    bounds[first] = lower;
    bounds[first + 1] = upper;
  } else {
    bounds.splice(first, last - first, lower, upper);
  }
  const added = upper - lower - known;
  set.distinct += added;
  return added;
}

/** Fills the lowest holes until at most `ranges` ranges are left: it bounds the memory of the set. */
export function fillHoles(set: OffsetSet, ranges: number): void {
  const excess = set.bounds.length / 2 - ranges;
  if (excess <= 0) return;
  const filled = set.bounds.splice(1, 2 * excess);
  for (let i = 0; i < filled.length; i += 2) set.filled += (filled[i + 1] as number) - (filled[i] as number);
}

export function hasOffset({ bounds }: OffsetSet, offset: number): boolean {
  const index = firstTouching(bounds, offset + 1);
  return index < bounds.length && (bounds[index] as number) <= offset;
}

export function countOffsets({ bounds, total, distinct }: OffsetSet): OffsetCounts {
  const span = bounds.length === 0 ? 0 : (bounds.at(-1) as number) - (bounds[0] as number);
  return { total, duplicated: total - distinct, skipped: span - distinct };
}

/** Index into `bounds` of the first range that ends at or after `offset`, or its length. */
function firstTouching(bounds: number[], offset: number): number {
  let low = 0;
  let high = bounds.length / 2;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((bounds[2 * middle + 1] as number) < offset) low = middle + 1;
    else high = middle;
  }
  return 2 * low;
}
