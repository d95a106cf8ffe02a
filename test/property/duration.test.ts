import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { formatDuration, parseDuration } from '../../src/domain/status/duration.ts';

test('a formatted duration parses to the same value', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 10_000_000_000 }), fc.integer({ min: 0, max: 999 }), (ms, micros) => {
      const length = Math.round((ms + micros / 1000) * 1000) / 1000;
      expect(parseDuration(formatDuration(length))).toBe(length);
    }),
  );
});

test('any text is a duration of at least zero or is refused with a sentence', () => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.stringMatching(/^[0-9hms. -]*$/)), (text) => {
      try {
        expect(parseDuration(text)).toBeGreaterThanOrEqual(0);
      } catch (error) {
        expect((error as Error).message).toMatch(/write/);
      }
    }),
  );
});
