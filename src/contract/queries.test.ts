import { expect, test } from '@jest/globals';
import { objectIn } from './queries.ts';

test('an answer has its object, none, or none to be seen; what was not asked yet is something else', () => {
  const object = { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'p' } };
  expect(objectIn({ object })).toBe(object);
  expect(objectIn({ object: null })).toBeNull();
  expect(objectIn({ forbidden: 'no' })).toBeNull();
  expect(objectIn(undefined)).toBeUndefined();
});
