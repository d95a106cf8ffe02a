import { expect, test } from '@jest/globals';
import { toLibrdkafka } from './librdkafka.ts';

const config = (role: 'Producer' | 'Consumer', settings: Record<string, string>): Record<string, string> => {
  const translated = toLibrdkafka(role, settings);
  if ('refused' in translated) throw new Error(translated.refused.join('; '));
  return translated.config;
};
const refused = (role: 'Producer' | 'Consumer', settings: Record<string, string>): string[] => {
  const translated = toLibrdkafka(role, settings);
  return 'refused' in translated ? translated.refused : [];
};

test.each([
  [
    'Producer',
    'buffer.memory',
    '33554432',
    { 'queue.buffering.max.kbytes': '32768', 'queue.buffering.max.messages': '0' },
  ],
  ['Producer', 'max.request.size', '2000000', { 'message.max.bytes': '2000000' }],
  ['Producer', 'send.buffer.bytes', '-1', { 'socket.send.buffer.bytes': '0' }],
  ['Producer', 'request.timeout.ms', '5000', { 'request.timeout.ms': '5000', 'socket.timeout.ms': '5000' }],
  ['Producer', 'metadata.max.age.ms', '60000', { 'topic.metadata.refresh.interval.ms': '60000' }],
  ['Producer', 'linger.ms', '20', { 'linger.ms': '20' }],
  ['Consumer', 'fetch.max.wait.ms', '100', { 'fetch.wait.max.ms': '100' }],
  ['Consumer', 'fetch.max.bytes', '10240', { 'fetch.max.bytes': '10240', 'message.max.bytes': '10240' }],
  ['Consumer', 'auto.offset.reset', 'none', { 'auto.offset.reset': 'error' }],
  ['Consumer', 'receive.buffer.bytes', '131072', { 'socket.receive.buffer.bytes': '131072' }],
  [
    'Consumer',
    'partition.assignment.strategy',
    'org.apache.kafka.clients.consumer.CooperativeStickyAssignor',
    { 'partition.assignment.strategy': 'cooperative-sticky' },
  ],
] as const)('%s %s=%s', (role, name, value, expected) => {
  expect(config(role, { [name]: value })).toMatchObject(expected);
});

test('omitted settings have Kafka’s defaults, not librdkafka’s', () => {
  expect(config('Producer', {})).toMatchObject({
    'batch.size': '16384',
    'linger.ms': '5',
    'enable.idempotence': 'true',
    'max.in.flight.requests.per.connection': '5',
    'delivery.timeout.ms': '120000',
    acks: 'all',
  });
  expect(config('Consumer', {})).toMatchObject({
    'isolation.level': 'read_uncommitted',
    'auto.offset.reset': 'latest',
    'partition.assignment.strategy': 'range',
  });
});

test.each([{ acks: '1' }, { retries: '0' }, { 'max.in.flight.requests.per.connection': '6' }])(
  'idempotence is off with %j, as in Kafka’s producer',
  (settings) => {
    expect(config('Producer', settings)['enable.idempotence']).toBe('false');
  },
);

test('a default is adjusted to the other setting of its pair', () => {
  expect(config('Producer', { 'reconnect.backoff.ms': '5000' })['reconnect.backoff.max.ms']).toBe('5000');
  expect(config('Producer', { 'linger.ms': '200000' })['delivery.timeout.ms']).toBe('230000');
});

test('max.poll.records applies to the poll loop, not to librdkafka', () => {
  expect(toLibrdkafka('Consumer', { 'max.poll.records': '100' })).toMatchObject({ maxPollRecords: 100 });
  expect(toLibrdkafka('Consumer', {})).toMatchObject({ maxPollRecords: 500 });
  expect(config('Consumer', { 'max.poll.records': '100' })).not.toHaveProperty(['max.poll.records']);
});

test('KIP-848: settings that belong to the broker are omitted', () => {
  const properties = config('Consumer', { 'group.protocol': 'consumer' });
  expect(properties).not.toHaveProperty(['session.timeout.ms']);
  expect(properties).not.toHaveProperty(['partition.assignment.strategy']);
});

test('all wrong settings are reported at once', () => {
  const sentences = refused('Consumer', { 'group.id': 'g', 'max.poll.records': '5s', 'linger.ms': '5', nonsense: '1' });
  expect(sentences).toHaveLength(4);
  expect(sentences.join('\n')).toContain('write consumers.group instead');
  expect(sentences.join('\n')).toContain('max.poll.records cannot be "5s"');
  expect(sentences.join('\n')).toContain('write it under producers.config');
  expect(sentences.join('\n')).toContain('nonsense is not a consumer setting of Kafka');
});

test('combinations are checked with the defaults of omitted settings', () => {
  expect(refused('Consumer', { 'max.poll.interval.ms': '5000' }).join()).toContain('smaller session.timeout.ms');
  expect(refused('Consumer', { 'max.poll.interval.ms': '6000', 'session.timeout.ms': '6000' })).toEqual([]);
  expect(refused('Consumer', { 'group.protocol': 'consumer', 'max.poll.interval.ms': '5000' })).toEqual([]);
});
