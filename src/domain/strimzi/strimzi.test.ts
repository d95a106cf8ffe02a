import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { kafkaTopicName } from './resources.ts';

/** What the API server takes as metadata.name. */
const NAME = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;
const topics = fc.stringMatching(/^[a-zA-Z0-9._-]{1,249}$/);

test('a topic whose name can be that of a resource keeps it', () => {
  for (const name of ['orders', 'my-topic', 'a.b-c.d9']) expect(kafkaTopicName(name)).toBe(name);
});

test('any other topic gets a name that can, that people recognise, and that no other topic has', () => {
  expect(kafkaTopicName('My_Topic')).toMatch(/^my-topic-[0-9a-f]{16}$/);
  expect(kafkaTopicName('my_topic')).not.toBe(kafkaTopicName('My_Topic'));
  expect(kafkaTopicName('___')).toMatch(/^topic-[0-9a-f]{16}$/);
  fc.assert(
    fc.property(topics, topics, (one, other) => {
      expect(kafkaTopicName(one)).toMatch(NAME);
      expect(kafkaTopicName(one).length).toBeLessThanOrEqual(253);
      expect(kafkaTopicName(one) === kafkaTopicName(other)).toBe(one === other);
    }),
    { numRuns: 1_000 },
  );
});
