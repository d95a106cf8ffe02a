import { expect, test } from '@jest/globals';
import { now } from '../process/time.ts';
import { handleEach } from './handling.ts';
import { createRecordLog } from './recordLog.ts';

test('each record is one line with the begin and end of its processing, by the monotonic clock', async () => {
  const lines: string[] = [];
  const log = createRecordLog((line) => lines.push(line));
  const records = [1, 2, 3].map((offset) => ({ partition: 4, offset, timestamp: 1_767_225_600_000, bytes: 10 }));
  const before = process.hrtime.bigint();
  const ended = (some: typeof records) => some.forEach(log.processed);
  await handleEach(records, 3, now, () => false, { ended, handled: () => undefined }, log);
  const after = process.hrtime.bigint();
  expect(lines.every((line) => line.endsWith('\n'))).toBe(true);
  const told = lines.map((line) => JSON.parse(line).record as number[]);
  expect(told.map(([partition, offset, , , timestamp]) => [partition, offset, timestamp])).toEqual(
    [1, 2, 3].map((offset) => [4, offset, 1_767_225_600_000]),
  );
  let endedBefore = Number(before);
  for (const [, , began = 0, ended = 0] of told) {
    expect(began).toBeGreaterThanOrEqual(endedBefore);
    expect(ended - began).toBeGreaterThan(1e6);
    endedBefore = ended;
  }
  expect(endedBefore).toBeLessThanOrEqual(Number(after));
});
