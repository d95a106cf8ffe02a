import { expect, test } from '@jest/globals';
import type { PassedOffsets } from '../../domain/evidence/facts.ts';
import { createPassedOffsetsLog } from './passedOffsets.ts';

/** A consumer of partition 0. `committed`: the group's offset; null: none. `logStart`: the first record that still exists. */
function reading({ committed = 5 as number | null, logStart = 0, resetsToLatest = false } = {}) {
  let asked = 0;
  const saved: PassedOffsets[][] = [];
  const log = createPassedOffsetsLog({
    resetsToLatest,
    journal: (passed) => void saved.push(passed),
    client: {
      committedOffsets: async (partitions) => new Map(partitions.map((partition) => [partition, committed])),
      async logStart() {
        asked++;
        return logStart;
      },
    },
  });
  log.assigned([0]);
  const read = (...offsets: number[]) => {
    for (const offset of offsets) log.processed(0, offset);
  };
  /** What was passed, once the answers of the client are there. */
  const taken = async () => {
    await new Promise((resolve) => setImmediate(resolve));
    return log.take() ?? [];
  };
  return { log, read, taken, saved, asked: () => asked };
}

const withoutRecord = (...ranges: [number, number][]) => [{ partition: 0, withoutRecord: ranges }];

test('records in a row leave nothing', async () => {
  const { read, taken } = reading();
  read(5, 6, 7);
  expect(await taken()).toEqual([]);
});

test('a gap between two records has no record for this reader', async () => {
  const { read, taken, asked } = reading();
  read(5, 6, 8, 9, 12);
  expect(await taken()).toEqual(withoutRecord([7, 8], [10, 12]));
  expect(await taken()).toEqual([]);
  expect(asked()).toBe(0);
});

test('the end of the log covers the offsets after the last record', async () => {
  const { log, read, taken } = reading();
  read(5);
  expect(log.reachedEnd({ partition: 0, offset: 6 })).toBe(false);
  expect(log.reachedEnd({ partition: 0, offset: 7 })).toBe(true);
  expect(log.reachedEnd({ partition: 0, offset: 7 })).toBe(false);
  expect(await taken()).toEqual(withoutRecord([6, 7]));
  read(7);
  expect(await taken()).toEqual([]);
});

test('the first record of an assignment comes after the committed offset', async () => {
  const { read, taken } = reading({ committed: 3 });
  read(5);
  expect(await taken()).toEqual(withoutRecord([3, 5]));
});

test('a group without a committed offset begins at the start of the log', async () => {
  const { read, taken } = reading({ committed: null, logStart: 2 });
  read(5);
  expect(await taken()).toEqual(withoutRecord([2, 5]));
});

test('a group without a committed offset that begins at the end has passed nothing before it', async () => {
  const { read, taken, asked } = reading({ committed: null, logStart: 2, resetsToLatest: true });
  read(5);
  expect(await taken()).toEqual([]);
  expect(asked()).toBe(0);
});

test('offsets before the start of the log were deleted', async () => {
  const { log, taken } = reading({ committed: 100, logStart: 1460 });
  expect(log.reachedEnd({ partition: 0, offset: 1460 })).toBe(true);
  expect(await taken()).toEqual([{ partition: 0, deleted: [[100, 1460]] }]);
});

test('after a reset to earliest the rest of the gap has no record', async () => {
  const { read, taken } = reading({ committed: 100, logStart: 200 });
  read(205);
  expect(await taken()).toEqual([{ partition: 0, withoutRecord: [[200, 205]], deleted: [[100, 200]] }]);
});

test('after a reset to latest the rest of the gap is left out: its records were skipped', async () => {
  const { read, taken } = reading({ committed: 100, logStart: 200, resetsToLatest: true });
  read(900);
  expect(await taken()).toEqual([{ partition: 0, deleted: [[100, 200]] }]);
});

test('a long gap within an assignment may be deleted records', async () => {
  const { read, taken, asked } = reading({ committed: 10, logStart: 5_000 });
  read(10, 6_000);
  expect(await taken()).toEqual([{ partition: 0, withoutRecord: [[5_000, 6_000]], deleted: [[11, 5_000]] }]);
  expect(asked()).toBe(1);
});

test('an answer that comes after the partition was lost is ignored', async () => {
  const { log, read, taken } = reading({ committed: 3 });
  read(5);
  log.forget(0);
  expect(await taken()).toEqual([]);
});

test('a commit of this consumer is not where it began', async () => {
  const { log, read, taken } = reading({ committed: 8 });
  read(5, 6, 7);
  log.reachedEnd({ partition: 0, offset: 8 });
  expect(await taken()).toEqual([]);
});

test('records of other partitions in between do not matter', async () => {
  const { log, taken } = reading({ committed: 7 });
  log.assigned([1]);
  for (const [partition, offset] of [
    [0, 1],
    [1, 7],
    [0, 2],
    [1, 8],
  ] as const)
    log.processed(partition, offset);
  expect(await taken()).toEqual([]);
});

test('the journal gets what is neither taken nor saved', async () => {
  const { log, read, taken, saved } = reading();
  read(5, 7, 9);
  log.save();
  log.save();
  expect(saved).toEqual([[...withoutRecord([6, 7]), ...withoutRecord([8, 9])]]);
  read(11);
  expect(await taken()).toEqual(withoutRecord([6, 7], [8, 9], [10, 11]));
  log.save();
  expect(saved).toHaveLength(1);
  expect(log.reachedEnd({ partition: 0, offset: 13 })).toBe(true);
  log.save();
  expect(saved.slice(1)).toEqual([withoutRecord([12, 13])]);
});
