import { expect, test } from '@jest/globals';
import { groupOf, identityOf } from './objects.ts';

test('an object has one identity in every version of its API group', () => {
  const ref = { kind: 'KafkaTopic', namespace: 'n', name: 't' };
  expect(identityOf({ ...ref, apiVersion: 'kafka.strimzi.io/v1' })).toBe(
    identityOf({ ...ref, apiVersion: 'kafka.strimzi.io/v1beta2' }),
  );
  expect(groupOf('v1')).toBe('');
});
