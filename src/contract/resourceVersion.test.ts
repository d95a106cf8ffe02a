import { expect, test } from '@jest/globals';
import { isOlder } from './resourceVersion.ts';

test('resource versions are compared as numbers of any length', () => {
  expect(isOlder('9', '10')).toBe(true);
  expect(isOlder('10', '9')).toBe(false);
  expect(isOlder('10', '10')).toBe(false);
  expect(isOlder('99999999999999999998', '99999999999999999999')).toBe(true);
});

test('a resource version that is not a number is never older', () => {
  expect(isOlder(undefined, '1')).toBe(false);
  expect(isOlder('1', '')).toBe(false);
  expect(isOlder('a', 'b')).toBe(false);
});
