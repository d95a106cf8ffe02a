/** The turns of expectations that one round cannot evaluate all. */
import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { takeTurns } from './expectations.ts';

const turns = (visits: readonly number[], first = 0) => {
  const { evaluated, next } = takeTurns(new Map(visits.entries()), first);
  return { evaluated: [...evaluated], next };
};

test.each<[what: string, visits: number[], first: number, evaluated: number[], next: number | undefined]>([
  ['all fit in', [1_000_000, 0, 1_000_000], 0, [0, 1, 2], undefined],
  ['the third waits', [1_000_000, 1_000_000, 1], 0, [0, 1], 2],
  ['and is the first of the next round', [1_000_000, 1_000_000, 1], 2, [2, 0], 1],
  ['a smaller one goes ahead of one that waits', [1_500_000, 600_000, 500_000], 0, [0, 2], 1],
  ['there is none', [], 3, [], undefined],
])('%s', (_, visits, first, evaluated, next) => {
  expect(turns(visits, first)).toEqual({ evaluated, next });
});

test('none waits for more rounds than there are expectations, whatever the others cost', () => {
  fc.assert(
    fc.property(
      fc.array(fc.array(fc.nat(1_000_000), { minLength: 8, maxLength: 8 }), { minLength: 8, maxLength: 8 }),
      (rounds) => {
        const seen = new Set<number>();
        let first = 0;
        for (const visits of rounds) {
          const { evaluated, next = 0 } = turns(visits, first);
          for (const n of evaluated) seen.add(n);
          expect(evaluated.reduce((sum, n) => sum + (visits[n] ?? 0), 0)).toBeLessThanOrEqual(2_000_000);
          first = next;
        }
        expect(seen.size).toBe(8);
      },
    ),
  );
});
