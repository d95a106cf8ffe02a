import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { addRange, countOffsets, emptyOffsets, hasOffset } from '../../src/domain/delivery/offsetRanges.ts';
import type { OffsetRange } from '../../src/domain/evidence/facts.ts';

const ranges = fc.array(
  fc
    .tuple(fc.integer({ min: 0, max: 60 }), fc.integer({ min: 0, max: 12 }))
    .map(([from, length]): OffsetRange => [from, from + length]),
  { maxLength: 25 },
);

test('counts by interval equal counts of single offsets', () => {
  fc.assert(
    fc.property(ranges, (added) => {
      const set = emptyOffsets();
      const times = new Map<number, number>();
      for (const [from, to] of added) {
        addRange(set, [from, to]);
        for (let offset = from; offset < to; offset++) times.set(offset, (times.get(offset) ?? 0) + 1);
      }
      const total = [...times.values()].reduce((sum, n) => sum + n, 0);
      const offsets = [...times.keys()];
      const span = offsets.length === 0 ? 0 : Math.max(...offsets) - Math.min(...offsets) + 1;
      expect(countOffsets(set)).toEqual({ total, duplicated: total - times.size, skipped: span - times.size });
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
