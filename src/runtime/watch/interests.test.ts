import { expect, test } from '@jest/globals';
import { interests } from './interests.ts';

test('a thing begins with its first interested key and ends with its last', () => {
  const calls: string[] = [];
  const kept = interests<string>(
    (thing) => thing,
    (thing) => calls.push(`first ${thing}`),
    (thing) => calls.push(`last ${thing}`),
  );
  kept.set('a', ['x', 'y']);
  kept.set('b', ['y']);
  kept.set('b', ['y']);
  expect([...kept.keysOf('y')]).toEqual(['a', 'b']);
  kept.set('a', ['x']);
  expect([...kept.keysOf('y')]).toEqual(['b']);
  kept.set('b', []);
  kept.set('a', []);
  kept.set('a', []);
  expect(calls).toEqual(['first x', 'first y', 'last y', 'last x']);
});

test('things of the same name are one thing', () => {
  const calls: string[] = [];
  const kept = interests<{ name: string; by: string }>(
    ({ name }) => name,
    ({ name, by }) => calls.push(`first ${name} by ${by}`),
    ({ name }) => calls.push(`last ${name}`),
  );
  kept.set('a', [{ name: 'x', by: 'a' }]);
  kept.set('b', [{ name: 'x', by: 'b' }]);
  expect([...kept.keysOf({ name: 'x', by: 'c' })]).toEqual(['a', 'b']);
  kept.set('a', []);
  kept.set('b', []);
  expect(calls).toEqual(['first x by a', 'last x']);
});
