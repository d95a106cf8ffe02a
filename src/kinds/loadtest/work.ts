/** What the workers of a LoadTest do: the part `work` of their WorkerSpec. */

import type { LoadTest } from '../../api/loadtest/loadTest.ts';
import type { LoadTestSpec } from '../../api/loadtest/spec.ts';
import { MOST_KEYS } from '../../domain/evidence/keyTable.ts';
import { parseDuration } from '../../domain/status/duration.ts';
import type { ConsumerSpec, PartitionerShape, ProducerSpec } from '../../domain/workers/spec.ts';
import type { ConsumerSettings, ProducerSettings } from './settings.ts';

type Producers = NonNullable<LoadTestSpec['producers']>;
type Consumers = NonNullable<LoadTestSpec['consumers']>;

/** Kafka's default for producers, https://kafka.apache.org/documentation/#producerconfigs_batch.size */
const BATCH_SIZE = 16_384;

export function producerWork(producers: Producers, { kafkajs }: ProducerSettings): ProducerSpec {
  return {
    role: 'Producer',
    ...(kafkajs === undefined ? {} : { kafkajs }),
    ...(producers.messagesPerSecond === undefined ? {} : { messagesPerSecond: producers.messagesPerSecond }),
    ...(producers.messages === undefined
      ? {}
      : { messages: { total: producers.messages, clients: producers.replicas } }),
    record: {
      ...(producers.record.sizeBytes === undefined ? {} : { sizeBytes: producers.record.sizeBytes }),
      value: producers.record.value,
      key: keyShape(producers.record.key),
    },
    partitioner: partitionerShape(producers),
  };
}

export function consumerWork(
  loadTest: LoadTest,
  consumers: Consumers,
  { kafkajs, maxPollRecords }: ConsumerSettings,
): ConsumerSpec {
  const { mode, records } = consumers.commit;
  const { perRecord, slowMember } = consumers.processing;
  return {
    role: 'Consumer',
    ...(kafkajs === undefined ? {} : { kafkajs }),
    group: consumers.group,
    // Two LoadTests of the same name in different namespaces may share a group.
    ...(consumers.identity === 'Static' ? { staticMembersOf: loadTest.metadata.namespace } : {}),
    perRecordMs: parseDuration(perRecord),
    ...(slowMember === undefined ? {} : { slowMember: { perPollMs: parseDuration(slowMember.perPoll) } }),
    commit: mode === 'Every' ? { mode, records: records ?? 1 } : { mode },
    maxPollRecords,
    ...(reportsKeyOrder(loadTest) ? { keys: true } : {}),
  };
}

/**
 * Whether consumers report the order in which they process the records of each key. They do if the run's producers write
 * keys, at most MOST_KEYS of them, and the timestamps come from the producers.
 */
function reportsKeyOrder({ spec: { producers, topic } }: LoadTest): boolean {
  const { mode, cardinality = 0 } = producers?.record.key ?? { mode: 'None' };
  const fewEnough = mode === 'Fixed' || cardinality <= MOST_KEYS;
  return mode !== 'None' && fewEnough && topic.config['message.timestamp.type'] !== 'LogAppendTime';
}

function keyShape({ mode, values, cardinality }: Producers['record']['key']): ProducerSpec['record']['key'] {
  switch (mode) {
    case 'None':
      return { mode: 'None' };
    case 'Fixed':
      return { mode: 'Fixed', values: values ?? [] };
    case 'Sequence':
    case 'Random':
      return { mode, cardinality: cardinality ?? 1 };
  }
}

function partitionerShape({ partitioner: { mode, partition }, client, config }: Producers): PartitionerShape {
  switch (mode) {
    case 'Default':
    case 'RoundRobin':
      return { mode };
    case 'Sticky':
      return { mode, bytes: (client === 'librdkafka' && Number(config['batch.size'])) || BATCH_SIZE };
    case 'Explicit':
      return { mode, partition: partition ?? 0 };
  }
}
