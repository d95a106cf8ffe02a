import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { topicIdOf, uuidOf } from './topicId.ts';

test('an id is written as Kafka’s tools print it, and read back', () => {
  // The cluster metadata topic has the id 1.
  expect(topicIdOf('00000000-0000-0000-0000-000000000001')).toBe('AAAAAAAAAAAAAAAAAAAAAQ');
  fc.assert(
    fc.property(fc.uuid(), (uuid) => {
      expect(topicIdOf(uuid)).toMatch(/^[-_A-Za-z0-9]{22}$/);
      expect(uuidOf(topicIdOf(uuid))).toBe(uuid);
    }),
  );
});
