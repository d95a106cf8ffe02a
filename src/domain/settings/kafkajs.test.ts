import { expect, test } from '@jest/globals';
import { type Role, SETTINGS } from '../../api/settings/kafka.ts';
import { KAFKAJS_REFUSED, KAFKAJS_VALUES } from '../../api/settings/kafkajs.ts';
import { toKafkajsConsumer, toKafkajsProducer } from './kafkajs.ts';

const of = { Producer: toKafkajsProducer, Consumer: toKafkajsConsumer };
const refused = (role: Role, config: Record<string, string>): string[] => {
  const translated = of[role](config);
  return 'refused' in translated ? translated.refused : [];
};

test('omitted settings have Kafka’s defaults; idempotence has that of kafkajs', () => {
  expect(toKafkajsProducer({})).toEqual({
    kafka: {
      connectionTimeout: 10_000,
      requestTimeout: 30_000,
      retry: { initialRetryTime: 100, maxRetryTime: 1_000 },
    },
    producer: { metadataMaxAge: 300_000, maxInFlightRequests: 5, idempotent: false, retries: 2_147_483_647 },
    send: { acks: -1, timeout: 30_000, compression: 'none' },
  });
  expect(toKafkajsConsumer({})).toMatchObject({
    consumer: {
      metadataMaxAge: 300_000,
      allowAutoTopicCreation: true,
      sessionTimeout: 45_000,
      heartbeatInterval: 3_000,
      minBytes: 1,
      maxBytes: 52_428_800,
      maxBytesPerPartition: 1_048_576,
      maxWaitTimeInMs: 500,
      readUncommitted: true,
      rackId: '',
    },
    subscribe: { fromBeginning: false },
    run: { autoCommitInterval: 5_000 },
  });
});

test.each([
  ['Producer', 'acks', '0', { send: { acks: 0 } }],
  ['Producer', 'acks', '1', { send: { acks: 1 } }],
  ['Producer', 'acks', '-1', { send: { acks: -1 } }],
  ['Producer', 'compression.type', 'gzip', { send: { compression: 'gzip' } }],
  ['Producer', 'enable.idempotence', 'true', { producer: { idempotent: true } }],
  ['Producer', 'max.in.flight.requests.per.connection', '1', { producer: { maxInFlightRequests: 1 } }],
  ['Producer', 'retries', '3', { producer: { retries: 3 } }],
  ['Producer', 'request.timeout.ms', '500', { kafka: { requestTimeout: 500 }, send: { timeout: 500 } }],
  ['Producer', 'retry.backoff.ms', '5000', { kafka: { retry: { initialRetryTime: 5000, maxRetryTime: 5000 } } }],
  ['Consumer', 'auto.offset.reset', 'earliest', { subscribe: { fromBeginning: true } }],
  ['Consumer', 'auto.commit.interval.ms', '100', { run: { autoCommitInterval: 100 } }],
  ['Consumer', 'session.timeout.ms', '6000', { consumer: { sessionTimeout: 6000 } }],
  ['Consumer', 'heartbeat.interval.ms', '500', { consumer: { heartbeatInterval: 500 } }],
  ['Consumer', 'isolation.level', 'read_committed', { consumer: { readUncommitted: false } }],
  ['Consumer', 'allow.auto.create.topics', 'false', { consumer: { allowAutoTopicCreation: false } }],
  ['Consumer', 'client.rack', 'r1', { consumer: { rackId: 'r1' } }],
  ['Consumer', 'fetch.min.bytes', '100', { consumer: { minBytes: 100 } }],
  ['Consumer', 'fetch.max.bytes', '10000', { consumer: { maxBytes: 10_000 } }],
  ['Consumer', 'max.partition.fetch.bytes', '2000', { consumer: { maxBytesPerPartition: 2000 } }],
  ['Consumer', 'fetch.max.wait.ms', '100', { consumer: { maxWaitTimeInMs: 100 } }],
  ['Consumer', 'metadata.max.age.ms', '1000', { consumer: { metadataMaxAge: 1000 } }],
  ['Consumer', 'socket.connection.setup.timeout.ms', '2000', { kafka: { connectionTimeout: 2000 } }],
] as const)('%s %s=%s', (role, name, value, expected) => {
  expect(of[role]({ [name]: value })).toMatchObject(expected);
});

test.each(['org.apache.kafka.clients.consumer.RoundRobinAssignor', 'roundrobin'])(
  '%s selects the round robin of kafkajs',
  (assignor) => {
    expect(refused('Consumer', { 'partition.assignment.strategy': assignor })).toEqual([]);
  },
);

test.each([
  ['Producer', 'linger.ms', '0', 'linger.ms is not supported by client: kafkajs, which sends immediately; omit it'],
  ['Producer', 'batch.size', '1', 'batch.size is not supported by client: kafkajs'],
  ['Producer', 'compression.type', 'snappy', 'compression.type cannot be "snappy" with client: kafkajs'],
  ['Producer', 'delivery.timeout.ms', '120000', 'write retries, or client: librdkafka'],
  ['Consumer', 'max.poll.records', '5', 'max.poll.records is not supported by client: kafkajs'],
  ['Consumer', 'max.poll.interval.ms', '300000', 'write session.timeout.ms, or client: librdkafka'],
  ['Consumer', 'group.protocol', 'consumer', 'does not support KIP-848; write classic, or client: librdkafka'],
  ['Consumer', 'partition.assignment.strategy', 'range', 'whose only assignor is its own round robin'],
  ['Consumer', 'partition.assignment.strategy', 'cooperative-sticky', 'cannot be "cooperative-sticky"'],
  ['Consumer', 'auto.offset.reset', 'none', 'write earliest or latest'],
  ['Consumer', 'group.id', 'g', 'write consumers.group instead'],
] as const)('%s %s=%s is refused by name', (role, name, value, says) => {
  const sentences = refused(role, { [name]: value });
  expect(sentences).toHaveLength(1);
  expect(sentences[0]).toContain(says);
});

test.each(['Producer', 'Consumer'] as const)('%s: only Kafka’s settings and values are refused', (role) => {
  expect(Object.keys(KAFKAJS_REFUSED[role]).filter((name) => !Object.hasOwn(SETTINGS[role], name))).toEqual([]);
  for (const [name, { oneOf }] of Object.entries(KAFKAJS_VALUES[role])) {
    const values = SETTINGS[role][name]?.values;
    expect(values && 'oneOf' in values ? values.oneOf : []).toEqual(expect.arrayContaining([...oneOf]));
  }
});
