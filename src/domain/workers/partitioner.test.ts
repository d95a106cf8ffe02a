import { expect, test } from '@jest/globals';
import { partitionForKey } from './murmur2.ts';
import { createPartitioner, type TopicPartitions } from './partitioner.ts';
import type { PartitionerShape } from './spec.ts';

const topic = (count: number, available = Array.from({ length: count }, (_, n) => n)): TopicPartitions => ({
  count,
  available,
});
const THREE = topic(3);

/** Returns the given numbers in turn, again and again. */
const drawn = (...numbers: number[]) => {
  let n = 0;
  return () => numbers[n++ % numbers.length] ?? 0;
};

function chosen(shape: PartitionerShape, keys: (string | null)[], of: TopicPartitions = THREE, random = drawn(0)) {
  const choose = createPartitioner(shape, random);
  return keys.map((key) => choose(key, 100, of));
}

test('Default: the key’s hash decides, also for an empty key; records without a key go round robin from a random start', () => {
  const keys = ['key1', '', 'schlüssel', 'key1'];
  expect(chosen({ mode: 'Default' }, keys)).toEqual(keys.map((key) => partitionForKey(Buffer.from(key), 3)));
  expect(chosen({ mode: 'Default' }, [null, 'key1', null, null], THREE, drawn(2 / 0x7fffffff))).toEqual([
    2,
    partitionForKey(Buffer.from('key1'), 3),
    0,
    1,
  ]);
});

test('Default: a partition without a leader keeps its keys and gets no records without a key', () => {
  const keys = Array.from({ length: 50 }, (_, n) => `key${n}`);
  expect(chosen({ mode: 'Default' }, keys, topic(3, [0, 2]))).toEqual(chosen({ mode: 'Default' }, keys));
  expect(chosen({ mode: 'Default' }, [null, null, null], topic(3, [0, 2]))).toEqual([0, 2, 0]);
});

test('RoundRobin: each record goes to the next partition with a leader, whatever its key', () => {
  expect(chosen({ mode: 'RoundRobin' }, ['a', null, 'a', 'a'])).toEqual([0, 1, 2, 0]);
  expect(chosen({ mode: 'RoundRobin' }, ['a', 'a', 'a'], topic(3, [1, 2]))).toEqual([1, 2, 1]);
  expect(chosen({ mode: 'RoundRobin' }, ['a', 'a', 'a'], topic(2, []))).toEqual([0, 1, 0]);
});

test('RoundRobin uses added partitions', () => {
  const choose = createPartitioner({ mode: 'RoundRobin' }, drawn(0));
  const to = [topic(2), topic(2), topic(4), topic(4), topic(4)].map((of) => choose(null, 1, of));
  expect(to).toEqual([0, 1, 2, 3, 0]);
});

test('Sticky: after the given number of bytes a random partition is next, whatever the key', () => {
  const keys = ['a', null, 'b', 'c', 'd', 'e', 'f'];
  expect(chosen({ mode: 'Sticky', bytes: 250 }, keys, THREE, drawn(0.5, 0.9, 0))).toEqual([1, 1, 1, 2, 2, 2, 0]);
  expect(chosen({ mode: 'Sticky', bytes: 1 }, keys, THREE, drawn(0.5, 0.9, 0))).toEqual([1, 2, 0, 1, 2, 0, 1]);
});

test('Sticky leaves a partition that has lost its leader', () => {
  const choose = createPartitioner({ mode: 'Sticky', bytes: 1_000 }, drawn(0.5, 0.9));
  const to = [THREE, THREE, topic(3, [0, 2]), THREE, topic(3, [])].map((of) => choose(null, 1, of));
  expect(to).toEqual([1, 1, 2, 2, 2]);
});

test('Explicit: all records go to one partition', () => {
  expect(chosen({ mode: 'Explicit', partition: 2 }, ['a', null, 'b'])).toEqual([2, 2, 2]);
});
