/** spec.producers of a LoadTest. */
import { z } from 'zod';
import { celFormat, count, field, sentences, text } from '../schema/schema.ts';
import { describeSettings, LONGEST_SETTING, producerSettingRules } from '../settings/kafka.ts';
import { CLIENTS, describeClient, kafkajsRules } from '../settings/kafkajs.ts';
import { settings } from '../settings/values.ts';
import { clientsPerPod, MAX_CLIENTS, wholePods } from './clients.ts';

const KEY_MODE = sentences(
  'How keys are chosen.',
  'None: no key.',
  'Fixed: the given values in turn.',
  'Sequence: key0, key1, … up to cardinality, then from key0 again.',
  'Random: one of the same keys at random.',
  'Default None.',
);

// The API server checks rules before it fills in the defaults inside a default, so a default must pass them as written.
export const key = field(
  z
    .strictObject({
      mode: field(z.enum(['None', 'Fixed', 'Sequence', 'Random']).default('None'), KEY_MODE),
      values: field(
        z.array(text(249)).min(1).max(1_000),
        'Keys, used in turn. Required for mode: Fixed, not allowed otherwise.',
      ).exactOptional(),
      cardinality: field(
        count(1, 1_000_000),
        'Number of different keys. Required for mode: Sequence and mode: Random, not allowed otherwise.',
      ).exactOptional(),
    })
    .prefault({ mode: 'None' }),
  'Key of the records. Default: no key.',
  {
    cel: "has(self.values) == (self.mode == 'Fixed')",
    message: 'mode: Fixed needs values, and no other mode takes them; write {mode: Fixed, values: [key1, key2]}',
    holds: (it) => (it.values !== undefined) === (it.mode === 'Fixed'),
  },
  {
    cel: "has(self.cardinality) == (self.mode in ['Sequence', 'Random'])",
    message:
      'mode: Sequence and mode: Random need cardinality, and no other mode takes it; write {mode: Random, cardinality: 100}',
    holds: (it) => (it.cardinality !== undefined) === (it.mode === 'Sequence' || it.mode === 'Random'),
  },
);

export const record = field(
  z
    .strictObject({
      sizeBytes: field(
        count(32, 10_000_000),
        'Size of the value in bytes. Shorter values are padded. Default: no padding.',
      ).exactOptional(),
      value: field(
        z.enum(['Json']).default('Json'),
        'Content of the value. Json: {"cnt": n}, where n counts from 0 in every producer. Default Json.',
      ),
      key,
    })
    .prefault({}),
  'Records to send. Immutable.',
);

const PARTITIONER_MODE = sentences(
  'How the partition of a record is chosen; each producer chooses on its own.',
  'Default: by the hash (murmur2) of the bytes of the key, an empty key included, as Kafka’s Java client does.',
  'Without a key, librdkafka stays with one partition for twice linger.ms',
  '(with linger.ms: "0" it chooses one at random for each record), and kafkajs takes the partitions in turn.',
  'RoundRobin: the partitions in turn from the first one, with or without a key, as Kafka’s RoundRobinPartitioner.',
  'Sticky: batch.size bytes of keys and values to one partition, then to one at random, with or without a key,',
  'as Kafka’s partitioner.ignore.keys=true (kafkajs: 16384 bytes).',
  'Explicit: every record to `partition`.',
  'Added partitions are found within metadata.max.age.ms.',
  'The default is Default.',
);

export const partitioner = field(
  z
    .strictObject({
      mode: field(z.enum(['Default', 'RoundRobin', 'Sticky', 'Explicit']).default('Default'), PARTITIONER_MODE),
      partition: field(
        count(0, 999_999),
        'Partition for mode: Explicit, from 0 and less than spec.topic.partitions. Not allowed for other modes.',
      ).exactOptional(),
    })
    .prefault({ mode: 'Default' }),
  'Choice of the partition of a record. Default: by its key. Immutable.',
  {
    cel: "has(self.partition) == (self.mode == 'Explicit')",
    message: 'mode: Explicit needs partition, and no other mode takes it; write {mode: Explicit, partition: 0}',
    holds: (it) => (it.partition !== undefined) === (it.mode === 'Explicit'),
  },
);

/** Rules of spec.producers that read its settings. */
export const producerClientRules = kafkajsRules('Producer');

export const producers = field(
  z.strictObject({
    replicas: field(
      count(0, MAX_CLIENTS).default(1),
      'Number of producers (clients, not pods). Default 1. Can be changed while the test runs, unless messages is set.',
    ),
    clientsPerPod: clientsPerPod('producers'),
    messagesPerSecond: field(
      z.number().max(1_000_000),
      'Records per second and producer, at least 0.001. Default: as fast as possible. Immutable.',
      {
        cel: 'self >= 0.001',
        message:
          'is too slow; write 0.001 or more, omit it to send as fast as possible, or write replicas: 0 to send nothing',
        holds: (value) => value >= 0.001,
      },
    ).exactOptional(),
    messages: field(
      count(1, 1_000_000_000_000),
      'Number of records to send, divided among the producers. Default: no limit. Immutable.',
    ).exactOptional(),
    record,
    partitioner,
    client: field(z.enum(CLIENTS).default('librdkafka'), describeClient('Producer')),
    config: field(settings(LONGEST_SETTING), describeSettings('Producer'), ...producerSettingRules),
  }),
  'Producers. Default: none.',
  wholePods,
  ...producerClientRules,
  {
    cel: '!has(self.messages) || self.replicas > 0',
    message: 'messages cannot be sent with replicas: 0; write replicas: 1 or more, or omit messages',
    holds: (it) => it.messages === undefined || it.replicas > 0,
  },
  {
    cel: '!has(self.messages) || self.messages >= self.replicas',
    message:
      'messages are divided among the producers, so there must be one for each; write messages: 20 or more for replicas: 20',
    messageCel: celFormat(
      'messages: %d cannot be divided among replicas: %d; write messages: %d or more, or replicas: %d or fewer',
      'self.messages',
      'self.replicas',
      'self.replicas',
      'self.messages',
    ),
    holds: (it) => it.messages === undefined || it.messages >= it.replicas,
  },
);
