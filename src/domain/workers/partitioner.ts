/** Chooses the partition of each record, if the client library does not. */
import { partitionForKey } from './murmur2.ts';
import type { PartitionerShape } from './spec.ts';

/** Partitions of a topic, from the client's metadata. */
export interface TopicPartitions {
  count: number;
  /** Partitions with a leader, ascending. */
  available: readonly number[];
}

/**
 * Returns the partition of the next record. `key` is hashed as UTF-8, `bytes` is the size of key and value. The function is
 * stateful: each producer needs its own and calls it once per record.
 */
export type ChoosePartition = (key: string | null, bytes: number, topic: TopicPartitions) => number;

/** `random` returns numbers in [0, 1). */
export function createPartitioner(shape: PartitionerShape, random: () => number): ChoosePartition {
  switch (shape.mode) {
    case 'Explicit':
      return () => shape.partition;
    case 'RoundRobin':
      return roundRobin(0);
    case 'Sticky':
      return sticky(shape.bytes, random);
    case 'Default': {
      // kafkajs uses round robin from a random start. librdkafka places records without a key itself.
      const withoutKey = roundRobin(Math.floor(random() * 0x7fffffff));
      return (key, bytes, topic) =>
        key === null ? withoutKey(key, bytes, topic) : partitionForKey(new TextEncoder().encode(key), topic.count);
    }
  }
}

/** The n-th available partition, modulo their number. If no partition has a leader, all count and the client waits for one. */
const candidate = ({ count, available }: TopicPartitions, n: number): number =>
  available.length === 0 ? n % count : (available[n % available.length] ?? 0);

function roundRobin(from: number): ChoosePartition {
  let next = from;
  return (_key, _bytes, topic) => candidate(topic, next++);
}

function sticky(most: number, random: () => number): ChoosePartition {
  let partition: number | undefined;
  let sent = 0;
  return (_key, bytes, topic) => {
    const gone = partition !== undefined && topic.available.length > 0 && !topic.available.includes(partition);
    if (partition === undefined || gone || sent >= most) {
      partition = candidate(topic, Math.floor(random() * (topic.available.length || topic.count)));
      sent = 0;
    }
    sent += bytes;
    return partition;
  };
}
