import { expect, test } from '@jest/globals';
import { interests } from './interests.ts';

test('begins with the first who is interested and ends with the last', () => {
  const calls: string[] = [];
  const kept = interests(
    (thing) => calls.push(`first ${thing}`),
    (thing) => calls.push(`last ${thing}`),
  );
  kept.set('a', ['x', 'y']);
  kept.set('b', ['y']);
  kept.set('b', ['y']);
  expect([...kept.in('y')]).toEqual(['a', 'b']);
  kept.set('a', ['x']);
  expect([...kept.in('y')]).toEqual(['b']);
  kept.set('b', []);
  kept.set('a', []);
  kept.set('a', []);
  expect(calls).toEqual(['first x', 'first y', 'last y', 'last x']);
});
