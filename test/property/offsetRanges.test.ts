import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { addRange, countOffsets, emptyOffsets, fillHoles, hasOffset } from '../../src/domain/delivery/offsetRanges.ts';
import type { OffsetRange } from '../../src/domain/evidence/facts.ts';

const ranges = fc.array(
  fc
    .tuple(fc.integer({ min: 0, max: 60 }), fc.integer({ min: 0, max: 12 }))
    .map(([from, length]): OffsetRange => [from, from + length]),
  { maxLength: 25 },
);

/** The counts of single offsets. */
function bruteForce(added: readonly OffsetRange[]) {
  const times = new Map<number, number>();
  for (const [from, to] of added) {
    for (let offset = from; offset < to; offset++) times.set(offset, (times.get(offset) ?? 0) + 1);
  }
  const total = [...times.values()].reduce((sum, n) => sum + n, 0);
  const offsets = [...times.keys()];
  const span = offsets.length === 0 ? 0 : Math.max(...offsets) - Math.min(...offsets) + 1;
  return { times, counts: { total, duplicated: total - times.size, skipped: span - times.size } };
}

test('counts by interval equal counts of single offsets', () => {
  fc.assert(
    fc.property(ranges, (added) => {
      const set = emptyOffsets();
      for (const range of added) addRange(set, range);
      const { times, counts } = bruteForce(added);
      expect(countOffsets(set)).toEqual(counts);
      for (let offset = -1; offset < 75; offset++) expect(hasOffset(set, offset)).toBe(times.has(offset));
    }),
    { numRuns: 500 },
  );
});

test('the ranges stay separate and sorted', () => {
  fc.assert(
    fc.property(ranges, (added) => {
      const set = emptyOffsets();
      for (const range of added) addRange(set, range);
      for (let i = 1; i < set.bounds.length; i++) {
        expect(set.bounds[i] as number).toBeGreaterThan(set.bounds[i - 1] as number);
      }
    }),
  );
});

test('with a bound the counts are exact until a hole is filled, and never too low after that', () => {
  fc.assert(
    fc.property(ranges, fc.integer({ min: 1, max: 30 }), (added, bound) => {
      const set = emptyOffsets();
      for (const range of added) {
        addRange(set, range);
        fillHoles(set, bound);
        expect(set.bounds.length).toBeLessThanOrEqual(2 * bound);
      }
      const { counts } = bruteForce(added);
      const bounded = countOffsets(set);
      if (set.filled === 0) expect(bounded).toEqual(counts);
      expect(bounded.total).toBe(counts.total);
      expect(bounded.duplicated).toBeGreaterThanOrEqual(counts.duplicated);
      expect(bounded.skipped).toBeGreaterThanOrEqual(counts.skipped);
      if (bound > added.length) expect(set.filled).toBe(0);
    }),
    { numRuns: 500 },
  );
});
