/** Topic settings and addresses in the forms that people write. */
import { expect, test } from '@jest/globals';
import { broken } from '../schema/schema.ts';
import { areAddresses, plainAddresses } from './addresses.ts';
import { TOPIC_SETTINGS, topicSettingRules } from './topic.ts';

test('every topic setting of Kafka’s documentation is accepted', () => {
  expect(TOPIC_SETTINGS).toHaveLength(33);
  expect(broken(topicSettingRules, Object.fromEntries(TOPIC_SETTINGS.map((name) => [name, 1])))).toEqual([]);
});

test.each([
  ['a:9092', 'a:9092'],
  ['a:9092, b-1.kafka.svc:65535', 'a:9092,b-1.kafka.svc:65535'],
  ['PLAINTEXT://a:9092,plaintext://b:1', 'a:9092,b:1'],
  ['[2001:db8::1]:9092', '[2001:db8::1]:9092'],
])('the addresses %s are used as %s', (written, used) => {
  expect(areAddresses(written)).toBe(true);
  expect(plainAddresses(written)).toBe(used);
});

test.each(['', 'a', 'a:0', 'a:65536', 'a:9092,', '::1:9092', 'http://a:1', 'SSL://a:9093'])(
  '%s is no address',
  (written) => {
    expect(areAddresses(written)).toBe(false);
  },
);
