/** spec.producers of a LoadTest. */
import { z } from 'zod';
import { celFormat, count, field, text } from '../schema/schema.ts';
import { describeSettings, producerSettingRules } from '../settings/kafka.ts';
import { CLIENTS, describeClient, kafkajsRules } from '../settings/kafkajs.ts';
import { clientsPerPod, MAX_CLIENTS, settings, wholePods } from './clients.ts';

// A default has to keep the rules before the defaults within it are filled in.
export const key = field(
  z
    .strictObject({
      mode: field(
        z.enum(['None', 'Fixed', 'Sequence', 'Random']).default('None'),
        'None: no key. Fixed: the given values in turn. Sequence: key0, key1, … up to cardinality, then again. Random: one of these by chance. Default None.',
      ),
      values: field(z.array(text(249)).min(1).max(1_000), 'Keys for mode: Fixed, used in turn.').exactOptional(),
      cardinality: field(
        count(1, 1_000_000),
        'Number of different keys for mode: Sequence and Random.',
      ).exactOptional(),
    })
    .prefault({ mode: 'None' }),
  'Key of the records. Default: none.',
  {
    cel: "has(self.values) == (self.mode == 'Fixed')",
    message: 'values belong to mode: Fixed, which needs them: write {mode: Fixed, values: [key1, key2]}',
    holds: (it) => (it.values !== undefined) === (it.mode === 'Fixed'),
  },
  {
    cel: "has(self.cardinality) == (self.mode in ['Sequence', 'Random'])",
    message:
      'cardinality belongs to mode: Sequence and mode: Random, which need it: write {mode: Random, cardinality: 100}',
    holds: (it) => (it.cardinality !== undefined) === (it.mode === 'Sequence' || it.mode === 'Random'),
  },
);

export const record = field(
  z
    .strictObject({
      sizeBytes: field(
        count(32, 10_000_000),
        'Size of the value in bytes: it is padded up to it. Default: as short as the value is.',
      ).exactOptional(),
      value: field(
        z.enum(['Json']).default('Json'),
        'What the value is. Json: {"cnt": n}, n counting from 0 in every client. Default Json.',
      ),
      key,
    })
    .prefault({}),
  'What is sent. Can’t be changed.',
);

export const partitioner = field(
  z
    .strictObject({
      mode: field(
        z.enum(['Default', 'RoundRobin', 'Sticky', 'Explicit']).default('Default'),
        'Default: as Kafka’s Java client, by the hash of the key’s bytes (murmur2), an empty key included; a record without a key as the client does: librdkafka stays with one partition for twice linger.ms (linger.ms: "0": a partition by chance for each record), kafkajs goes round the partitions. RoundRobin: each record to the next partition, with a key or not, as Kafka’s RoundRobinPartitioner. Sticky: batch.size bytes of keys and values to one partition, with a key or not, then to one by chance (Kafka’s partitioner.ignore.keys=true; with kafkajs 16384 bytes). Explicit: all to `partition`. Each producer goes its own way, RoundRobin from the first partition. Partitions that are added are found within metadata.max.age.ms. Default Default.',
      ),
      partition: field(
        count(0, 999_999),
        'The partition for mode: Explicit, counted from 0; less than spec.topic.partitions.',
      ).exactOptional(),
    })
    .prefault({ mode: 'Default' }),
  'Which partition a record goes to. Default: the one of its key. Can’t be changed.',
  {
    cel: "has(self.partition) == (self.mode == 'Explicit')",
    message: 'partition belongs to mode: Explicit, which needs it: write {mode: Explicit, partition: 0}',
    holds: (it) => (it.partition !== undefined) === (it.mode === 'Explicit'),
  },
);

export const producers = field(
  z.strictObject({
    replicas: field(
      count(0, MAX_CLIENTS).default(1),
      'Number of producers (clients, not pods). Default 1. Can be changed while the test runs, unless messages is set.',
    ),
    clientsPerPod: clientsPerPod('Producers'),
    messagesPerSecond: field(
      z.number().max(1_000_000),
      'Records a second that each producer sends, at least 0.001. Default: as fast as it can. Can’t be changed.',
      {
        cel: 'self >= 0.001',
        message:
          'is too slow: write 0.001 or more, leave it out for as fast as it can, or write replicas: 0 to send nothing',
        holds: (value) => value >= 0.001,
      },
    ).exactOptional(),
    messages: field(
      count(1, 1_000_000_000_000),
      'Records in all, shared out over the producers. Default: until stopped. Can’t be changed.',
    ).exactOptional(),
    record,
    partitioner,
    client: field(z.enum(CLIENTS).default('librdkafka'), describeClient('Producer')),
    config: field(settings(), describeSettings('Producer'), ...producerSettingRules),
  }),
  'Who sends. Default: nobody.',
  wholePods,
  ...kafkajsRules('Producer'),
  {
    cel: '!has(self.messages) || self.replicas > 0',
    message: 'replicas: 0 never sends the messages asked for: write replicas: 1 or more, or leave messages out',
    holds: (it) => it.messages === undefined || it.replicas > 0,
  },
  {
    cel: '!has(self.messages) || self.messages >= self.replicas',
    message: 'messages are shared out over the producers: there have to be at least as many as replicas',
    messageCel: celFormat(
      'messages %d can’t be shared out over %d producers: write messages: %d or more, or replicas: %d or fewer',
      'self.messages',
      'self.replicas',
      'self.replicas',
      'self.messages',
    ),
    holds: (it) => it.messages === undefined || it.messages >= it.replicas,
  },
);
