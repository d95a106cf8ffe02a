import { expect, test } from '@jest/globals';
import { clockOrigin } from './clockOrigin.ts';

const ORIGIN = 1_795_000_000_000;

/** A process that reads a clock in `readMs` and waits `waits[n]` ms for a processor before reading number n. */
function machine(
  fraction: number,
  readMs: number,
  waits: Record<number, number> = {},
  sets: Record<number, number> = {},
) {
  let passed = 0;
  let reads = 0;
  let set = 0;
  const read = () => {
    passed += readMs + (waits[reads] ?? 0);
    set += sets[reads] ?? 0;
    reads++;
  };
  return {
    monotonic: () => {
      read();
      return passed;
    },
    wall: () => {
      read();
      return Math.floor(ORIGIN + fraction + passed + set);
    },
    reads: () => reads,
  };
}

test.each([0, 0.3, 0.999])('the origin is exact to a fraction of a millisecond (%d)', (fraction) => {
  const { monotonic, wall } = machine(fraction, 0.001);
  expect(Math.abs(clockOrigin(monotonic, wall) - ORIGIN - fraction)).toBeLessThan(0.05);
});

test.each([1, 2, 3, 100, 101, 102])('waiting for a processor before reading %d makes no difference', (n) => {
  const { monotonic, wall } = machine(0.3, 0.001, { [n]: 43 });
  expect(Math.abs(clockOrigin(monotonic, wall) - ORIGIN - 0.3)).toBeLessThan(0.05);
});

test('the wall clock is set between two readings: the new time counts', () => {
  const { monotonic, wall } = machine(0.3, 0.001, {}, { 100: 5_000 });
  expect(Math.abs(clockOrigin(monotonic, wall) - ORIGIN - 5_000.3)).toBeLessThan(0.05);
});

test('a wall clock that does not tick: the readings end', () => {
  const { monotonic, reads } = machine(0, 0.000_01);
  expect(Math.abs(clockOrigin(monotonic, () => ORIGIN) - ORIGIN)).toBeLessThan(1);
  expect(reads()).toBeLessThan(50_000);
});
