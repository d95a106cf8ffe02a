/** Which partition each record of a producer goes to, where the client library does not choose by itself. */
import { partitionForKey } from './murmur2.ts';
import type { PartitionerShape } from './spec.ts';

/** A topic's partitions as the client's metadata has them. */
export interface TopicPartitions {
  count: number;
  /** Those that have a leader, ascending. */
  available: readonly number[];
}

/** `key`: as text, hashed as UTF-8. `bytes`: of key and value. Remembers what it chose: one for each producer, asked once for each record. */
export type ChoosePartition = (key: string | null, bytes: number, topic: TopicPartitions) => number;

/** `random` gives numbers in [0, 1). */
export function createPartitioner(shape: PartitionerShape, random: () => number): ChoosePartition {
  switch (shape.mode) {
    case 'Explicit':
      return () => shape.partition;
    case 'RoundRobin':
      return roundRobin(0);
    case 'Sticky':
      return sticky(shape.bytes, random);
    case 'Default': {
      // kafkajs goes round with them, from anywhere; librdkafka's own way for these is not asked for here.
      const withoutKey = roundRobin(Math.floor(random() * 0x7fffffff));
      return (key, bytes, topic) =>
        key === null ? withoutKey(key, bytes, topic) : partitionForKey(new TextEncoder().encode(key), topic.count);
    }
  }
}

/** While none has a leader, all count as available: the client waits for one. */
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
