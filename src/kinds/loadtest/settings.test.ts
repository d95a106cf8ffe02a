/** What the manifest alone decides is refused before anything is created; Kafka gets the text of all values. */
import { expect, test } from '@jest/globals';
import { loadTest } from '../../../test/support/seen.ts';
import type { LoadTestSpec } from '../../api/loadtest/spec.ts';
import type { Config } from '../../api/settings/values.ts';
import { translateSettings } from './settings.ts';

const sound = loadTest({ producers: { replicas: 1 } });

interface Change {
  topic?: Config;
  producers?: Partial<NonNullable<LoadTestSpec['producers']>>;
  consumers?: Partial<NonNullable<LoadTestSpec['consumers']>>;
}

/** A LoadTest that the admission policy would refuse. */
const changed = ({ topic = {}, producers, consumers }: Change) => {
  const { spec } = sound;
  if (spec.producers === undefined || spec.consumers === undefined) throw new Error('the LoadTest has both clients');
  return {
    ...sound,
    spec: {
      ...spec,
      topic: { ...spec.topic, config: topic },
      producers: { ...spec.producers, ...producers },
      consumers: { ...spec.consumers, ...consumers },
    },
  };
};
const refused = (change: Change): string[] => {
  const translated = translateSettings(changed(change));
  return 'refused' in translated ? translated.refused : [];
};
const sized = (sizeBytes: number) => ({ value: 'Json' as const, key: { mode: 'None' as const }, sizeBytes });

// biome-ignore format: one situation a line
test.each<[situation: string, change: Change, says: string[]]>([
  ['snappy for kafkajs', { producers: { config: { 'compression.type': 'snappy' } }, consumers: { client: 'kafkajs' } }, ['client: kafkajs of the consumers cannot read the snappy records that compression.type in producers.config makes, since it has no codec besides gzip; write compression.type: gzip there, or consumers.client: librdkafka']],
  ['snappy that the broker stores as gzip', { topic: { 'compression.type': 'gzip' }, producers: { config: { 'compression.type': 'snappy' } }, consumers: { client: 'kafkajs' } }, []],
  ['compaction without keys', { topic: { 'cleanup.policy': 'compact' } }, ['a topic with cleanup.policy: compact refuses records without a key; write producers.record.key: {mode: Sequence, cardinality: 100}, or cleanup.policy: delete']],
  ['a mebibyte', { producers: { record: sized(1_048_576) } }, ['a record of producers.record has up to 1048576 bytes of key and value and about 82 of headers, which is more than max.request.size (1048576); write max.request.size: 1048658 or more in producers.config (above 1048588 the topic needs a larger max.message.bytes as well), or record.sizeBytes: 1048494 or less']],
  ['a record at the limit', { producers: { record: sized(1_048_494) } }, []],
  ['a compressed record over the topic’s limit', { topic: { 'max.message.bytes': 1_000 }, producers: { record: sized(2_000), config: { 'compression.type': 'gzip' } } }, []],
  ['wrong settings everywhere', { topic: { Wrong: 1 }, producers: { config: { 'linger.ms': '5s' } }, consumers: { config: { 'linger.ms': 5 } } }, ['"Wrong" is not a topic setting of Kafka; write Kafka’s name, e.g. retention.ms, cleanup.policy, min.insync.replicas', 'linger.ms cannot be "5s"; write a whole number without a unit, from 0 to 900000', 'linger.ms is a setting of producers; write it under producers.config']],
])('%s', (_, change, says) => {
  expect(refused(change)).toEqual(says);
});

test('numbers and booleans become text', () => {
  const config = { 'linger.ms': 7, 'enable.idempotence': false };
  const translated = translateSettings(changed({ producers: { config } }));
  expect(translated).toMatchObject({
    known: { producers: { config: { 'linger.ms': '7', 'enable.idempotence': 'false' } } },
  });
});
