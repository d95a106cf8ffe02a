import { expect, test } from '@jest/globals';
import { createBatch, pauseBefore } from './batch.ts';

const record = (partition: number, offset: number, beganAt: number, endedAt = beganAt, timestamp = 0) => ({
  partition,
  offset,
  bytes: 10,
  timestamp,
  beganAt,
  endedAt,
});

test('an empty batch', () => {
  expect(createBatch().take()).toEqual([]);
});

test('consecutive offsets form one range; the first and last times are kept', () => {
  const batch = createBatch();
  batch.add(record(2, 40, 1000, 1005, 990));
  batch.add(record(2, 41, 1005, 1010, 995));
  batch.add(record(2, 42, 1010, 1015, 1000));
  expect(batch.take()).toEqual([
    {
      partition: 2,
      ranges: [[40, 43]],
      records: 3,
      bytes: 30,
      firstBeganAt: 1000,
      firstWaitedMs: 10,
      lastEndedAt: 1015,
    },
  ]);
  expect(batch.take()).toEqual([]);
});

test('a gap and a repeated offset begin new ranges', () => {
  const batch = createBatch();
  for (const offset of [1, 2, 5, 6, 2, 3]) batch.add(record(0, offset, 100, 100, 100));
  expect(batch.take()[0]?.ranges).toEqual([
    [1, 3],
    [5, 7],
    [2, 4],
  ]);
});

test('the longest pause in the batch, by partition', () => {
  const batch = createBatch();
  batch.add(record(0, 0, 1000, 1010));
  batch.add(record(1, 0, 1010, 1020));
  batch.add(record(0, 1, 1060, 1070)); // 50 ms after the end of its predecessor in partition 0
  batch.add(record(0, 2, 1080, 1090)); // 10 ms
  const [zero, one] = batch.take();
  expect(zero?.longestPause).toEqual({ from: 1010, to: 1060 });
  expect(one?.longestPause).toBeUndefined();
});

test('a pause is at most the time that the record waited; under 1 ms there is none', () => {
  const batch = createBatch();
  batch.add(record(0, 0, 1000, 1010));
  batch.add(record(0, 1, 5000, 5010, 4980));
  batch.add(record(0, 2, 5010.9, 5020, 4980));
  expect(batch.take()[0]?.longestPause).toEqual({ from: 4980, to: 5000 });
  batch.add(record(0, 3, 6000, 6010, 5990));
  batch.add(record(0, 4, 7000, 7010, 6999.5));
  expect(batch.take()[0]?.longestPause).toBeUndefined();
});

test('a timestamp in the future does not make the waiting time negative', () => {
  const batch = createBatch();
  batch.add(record(0, 0, 1000, 1001, 1200));
  expect(batch.take()[0]?.firstWaitedMs).toBe(0);
  expect(pauseBefore(1000, 1200, 900)).toBe(0);
});

test('addAtOnce counts like add at the same moment', () => {
  const [together, single] = [createBatch(), createBatch()];
  for (const batch of [together, single]) batch.add(record(0, 7, 1000, 1000, 900));
  for (const offset of [8, 9, 12]) {
    single.add(record(0, offset, 1000, 1000, 900));
    together.addAtOnce(offset, record(0, offset, 0, 0).bytes);
  }
  expect(together.take()).toEqual(single.take());
  expect(() => together.addAtOnce(13, 1)).toThrow('needs a record added before it');
});
