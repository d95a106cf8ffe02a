import type { OffsetRange } from '../evidence/facts.ts';

/**
 * A set of offsets as disjoint, non-touching ranges in ascending order. It costs memory by its holes, not by its
 * offsets. `total` counts an offset as often as it was added.
 */
export interface OffsetSet {
  /** Flat, for speed: from, to, from, to, …; `to` is one past the last. */
  readonly bounds: number[];
  total: number;
}

export interface OffsetCounts {
  /** As often as they were added. */
  total: number;
  /** Of those, added before: `total` less the distinct ones. */
  duplicated: number;
  /** Between the lowest and the highest offset, never added. */
  skipped: number;
}

export const emptyOffsets = (): OffsetSet => ({ bounds: [], total: 0 });

/** Adds [from, to) in place. Costs a binary search, plus the ranges that it swallows. */
export function addRange(set: OffsetSet, [from, to]: OffsetRange): void {
  if (!(to > from)) return;
  const { bounds } = set;
  set.total += to - from;
  // First range that ends at or after `from`: the first one to touch.
  const first = bounds.length > 0 && (bounds.at(-1) as number) < from ? bounds.length : firstTouching(bounds, from);
  let lower = from;
  let upper = to;
  let last = first;
  while (last < bounds.length && (bounds[last] as number) <= to) {
    lower = Math.min(lower, bounds[last] as number);
    upper = Math.max(upper, bounds[last + 1] as number);
    last += 2;
  }
  if (last === first + 2) {
    bounds[first] = lower;
    bounds[first + 1] = upper;
  } else {
    bounds.splice(first, last - first, lower, upper);
  }
}

/** Fills the lowest holes until at most `ranges` ranges are left: a bound on memory where old holes don't matter. */
export function fillHoles({ bounds }: OffsetSet, ranges: number): void {
  const excess = bounds.length / 2 - ranges;
  if (excess > 0) bounds.splice(1, 2 * excess);
}

export function hasOffset({ bounds }: OffsetSet, offset: number): boolean {
  const index = firstTouching(bounds, offset + 1);
  return index < bounds.length && (bounds[index] as number) <= offset;
}

export function countOffsets({ bounds, total }: OffsetSet): OffsetCounts {
  let distinct = 0;
  for (let i = 0; i < bounds.length; i += 2) distinct += (bounds[i + 1] as number) - (bounds[i] as number);
  const span = bounds.length === 0 ? 0 : (bounds.at(-1) as number) - (bounds[0] as number);
  return { total, duplicated: total - distinct, skipped: span - distinct };
}

/** Index of the first range whose end is at or after `offset`, or the length. */
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
