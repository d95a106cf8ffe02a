/** Sentences about limits that clients exceed: with the limit as Kafka shows it, and without. */
import { expect, test } from '@jest/globals';
import { CONSUMERS, loadTest, PRODUCERS, type SpecChange } from '../../../../test/support/seen.ts';
import type { KafkaView } from '../../../contract/kafkaView.ts';
import { configsOf, meaningOf } from './table.ts';

type Configs = KafkaView['configs'];
const takes = (bytes: number): Configs => ({ topic: { known: { 'max.message.bytes': `${bytes}` } } });
const DENIED = { unavailable: 'TOPIC_AUTHORIZATION_FAILED' };
const LARGE = { sizeBytes: 2_097_152 };
const withProducers = (more: object): SpecChange => ({ producers: { ...PRODUCERS, ...more } });
const twoMebibytes = (more = {}, topic = {}): SpecChange => ({
  ...withProducers({ record: LARGE, config: { 'max.request.size': 3_145_728, ...more } }),
  topic: { name: 't', ...topic },
});

const sentence = (code: string, spec: SpecChange, configs?: Configs): string =>
  meaningOf({
    loadTest: loadTest(spec),
    role: code === 'INVALID_SESSION_TIMEOUT' ? 'Consumer' : 'Producer',
    code,
    message: '',
    configs,
  })?.sentence ?? '';

// biome-ignore format: one case a line
test.each<[what: string, spec: SpecChange, configs: Configs, says: string]>([
  ['a record that no batch can hold', twoMebibytes(), takes(1_048_588), 'a record of the producers has about 2097222 bytes as a batch; topic t takes at most 1048588 (max.message.bytes): create another LoadTest with spec.producers.record.sizeBytes: 1048506 or less, or raise max.message.bytes of the topic to 2097234 or more'],
  ['such a record with a key', withProducers({ record: { ...LARGE, key: { mode: 'Fixed', values: ['four', 'ä'] } }, config: { 'max.request.size': 3_145_728 } }), takes(1_048_588), 'record.sizeBytes: 1048502 or less, or raise max.message.bytes of the topic to 2097238 or more'],
  ['a compressed record', twoMebibytes({ 'compression.type': 'gzip' }), takes(1_048_588), 'about 2097222 bytes as a batch before compression; topic t takes at most 1048588 (max.message.bytes): create'],
  ['a topic that takes hardly anything', twoMebibytes(), takes(100), 'takes at most 100 (max.message.bytes): raise max.message.bytes of the topic to 2097234 or more'],
  ['batches of several records', withProducers({ record: { sizeBytes: 500 } }), takes(1_000), 'a record of the producers has about 570 bytes as a batch; the producers send batches of several records that have more bytes; topic t takes at most 1000 (max.message.bytes): create another LoadTest with batch.size: 1000 or less in spec.producers.config'],
  ['batches of records without a size', {}, takes(1_000), 'the producers send batches of several records that have more bytes; topic t takes at most 1000'],
  ['batches of kafkajs', withProducers({ client: 'kafkajs' }), takes(1_000), 'with spec.producers.client: librdkafka, which has batch.size, or raise'],
  ['a limit that Kafka does not show', twoMebibytes(), { topic: DENIED }, 'a record of the producers has about 2097222 bytes as a batch; topic t takes fewer bytes as a batch. Its limit is max.message.bytes; the operator does not know the value here (TOPIC_AUTHORIZATION_FAILED): grant its user DescribeConfigs, or look it up with kafka-configs.sh --describe --all --entity-type topics --entity-name t'],
  ['no answer of Kafka', twoMebibytes(), undefined, 'the operator does not know the value here (Kafka has not answered): look it up with'],
  ['a record that the defaults of Kafka allow', withProducers({ record: { sizeBytes: 1_048_494 } }), takes(1_000_000), 'about 1048564 bytes as a batch; topic t takes at most 1000000'],
])('%s', (_, spec, configs, says) => {
  const said = sentence('MSG_SIZE_TOO_LARGE', spec, configs);
  expect(said).toContain(says);
  expect(said).toMatch(/ \(MSG_SIZE_TOO_LARGE\)$/);
});

test('a session outside of the bounds that a broker shows', () => {
  const spec = {
    consumers: { ...CONSUMERS, config: { 'session.timeout.ms': '3000', 'heartbeat.interval.ms': '1000' } },
  };
  const known = { 'group.min.session.timeout.ms': '6000', 'group.max.session.timeout.ms': '1800000' };
  const said = (broker: NonNullable<Configs>['broker'] & object) =>
    sentence('INVALID_SESSION_TIMEOUT', spec, { broker });
  expect(said({ known })).toContain(
    'session.timeout.ms (3000) is not from 6000 (group.min.session.timeout.ms) to 1800000 (group.max.session.timeout.ms): set session.timeout.ms in spec.consumers.config to a value from 6000 to 1800000',
  );
  expect(said({ unavailable: 'CLUSTER_AUTHORIZATION_FAILED' })).toContain(
    'does not know the value here (CLUSTER_AUTHORIZATION_FAILED): grant its user DescribeConfigs, or look it up with kafka-configs.sh --describe --all --entity-type brokers',
  );
});

test('only settings that a sentence names are asked for', () => {
  expect(configsOf([{ code: 'INVALID_RECORD' }, { code: 'nonsense' }])).toBeUndefined();
  expect(configsOf([{ code: 'MSG_SIZE_TOO_LARGE' }, { code: 'INVALID_SESSION_TIMEOUT' }])).toEqual({
    topic: ['max.message.bytes'],
    broker: ['group.min.session.timeout.ms', 'group.max.session.timeout.ms'],
  });
});
