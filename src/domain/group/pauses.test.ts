import { expect, test } from '@jest/globals';
import { Scenario } from '../../../test/support/evidence.ts';
import type { ProcessClock } from '../clock/clock.ts';
import { type Interval, isPause, pauseBefore, stopTheWorldMs } from './pauses.ts';
import { exactly } from './timeInLog.ts';

const HERE: ProcessClock = { process: 'c-0/1', correction: 0, errorMs: 3 };
const THERE: ProcessClock = { process: 'c-1/1', correction: -2000, errorMs: 4 };
const between = (from: number, to: number): Interval => ({ from, to });

test.each([
  ['a backlog: the time without a record', 900, 100_000, between(100, 900)],
  ['a quiet topic: only since the record was there', 900, 30, between(870, 900)],
  ['a record without waiting time', 900, 0, undefined],
  ['less than a millisecond', 100.5, 100_000, undefined],
  ['begun before the last one ended', 90, 100_000, undefined],
])('pause: %s', (_what, b, waited, pause) => {
  const found = pauseBefore(
    { endedAt: 100, endedBy: HERE, evidenceComplete: true, working: 0 },
    b,
    exactly(waited),
    HERE,
  );
  expect(found?.errorMs).toBe(0);
  expect(found && isPause(found) ? between(found.from, found.to) : undefined).toEqual(pause);
});

const error = (by: ProcessClock, waited: number, clock: ProcessClock) =>
  pauseBefore({ endedAt: 100, endedBy: by, evidenceComplete: true, working: 0 }, 900, exactly(waited), clock)?.errorMs;

test.each([
  ['one process', HERE, HERE, 100_000, 0],
  ['one process whose clock was corrected in between', HERE, { ...HERE, correction: 12 }, 100_000, 12],
  ['two processes', HERE, THERE, 100_000, 7],
  ['two processes, the record had just been written', HERE, THERE, 30, 0],
  ['two processes, the record had waited about as long', HERE, THERE, 802, 7],
])('error of a pause: %s', (_what, by, clock, waited, ms) => {
  expect(error(by, waited, clock)).toBe(ms);
});

test.each([
  ['a killed process may have continued', THERE, 100_000, 757],
  ['no longer than the pause is', THERE, 200, 157],
  ['its own records are all known', HERE, 100_000, 0],
])('error of a pause after incomplete evidence: %s', (_what, clock, waited, ms) => {
  expect(
    pauseBefore({ endedAt: 100, endedBy: HERE, evidenceComplete: false, working: 0 }, 900, exactly(waited), clock)
      ?.errorMs,
  ).toBe(ms);
});

test.each([
  ['no sample shows it', { ms: 0, leastMs: 0, mostMs: 300 }, 900, 300],
  ['it was there for some time', { ms: 700, leastMs: 300, mostMs: 700 }, 200, 400],
  ['it may have been there before the last record', { ms: 1300, leastMs: 300, mostMs: 1300 }, 100, 500],
])('error of a pause before a record with a timestamp of another place: %s', (_what, waited, from, errorMs) => {
  const processing = { endedAt: 100, endedBy: HERE, evidenceComplete: true, working: 0 };
  expect(pauseBefore(processing, 900, waited, HERE)).toMatchObject({ from, to: 900, errorMs });
});

test('no pause before the first record, nor while the partition is being processed', () => {
  const none = { endedAt: undefined, endedBy: undefined, evidenceComplete: false, working: 0 };
  expect(pauseBefore(none, 900, exactly(500), HERE)).toBeUndefined();
  expect(
    pauseBefore({ endedAt: 100, endedBy: HERE, evidenceComplete: true, working: 1 }, 900, exactly(500), HERE),
  ).toBeUndefined();
});

test.each<[string, Interval[], Interval[][], number]>([
  ['nothing paused', [], [], 0],
  ['one partition', [between(100, 130)], [], 30],
  ['all at once', [between(100, 130), between(105, 140), between(90, 128)], [], 23],
  ['one after the other', [between(100, 130), between(130, 160)], [], 0],
  ['one processed meanwhile', [between(100, 130)], [[between(50, 200)]], 0],
  ['one record of no length in between', [between(100, 130)], [[between(110, 110)]], 0],
  ['one quiet meanwhile', [between(100, 130)], [[between(50, 100), between(130, 200)]], 30],
  ['one processed during one of two pauses', [between(100, 130), between(120, 190)], [[between(170, 175)]], 0],
])('stop the world: %s', (_what, pauses, others, ms) => {
  expect(stopTheWorldMs(pauses, others)).toBe(ms);
});

/** One member processes a backlog of three partitions; a second member starts at 9 s. */
const busy = (protocol: 'Eager' | 'Cooperative') => {
  const lab = new Scenario();
  const a = lab.consumer('c-0', { protocol }).assigned(1000, [0, 1, 2]).busy([0, 1, 2], 1100, 10_000);
  const b = lab.consumer('c-1', { protocol }).started(9000);
  return { lab, a, b };
};

test('eager: all partitions pause, and stop-the-world is their overlap', () => {
  const { lab, a, b } = busy('Eager');
  a.revoked(10_000, [0, 1, 2]).assigned(10_030, [0, 1]).busy([0], 10_035, 12_000).busy([1], 10_040, 12_000);
  b.assigned(10_032, [2]).busy([2], 10_050, 12_000);
  expect(lab.rebalances()[1]).toMatchObject({
    stopTheWorldMs: 35,
    longestPauseMs: 50,
    pauses: [
      { partition: 0, ms: 35 },
      { partition: 1, ms: 40 },
      { partition: 2, ms: 50 },
    ],
    pending: [],
  });
});

test('cooperative: only the moved partition pauses, so there is no stop-the-world', () => {
  const { lab, a, b } = busy('Cooperative');
  b.assigned(10_000, []);
  a.revoked(10_001, [2]).busy([0, 1], 10_000, 15_000);
  b.assigned(13_020, [2]).busy([2], 13_030, 15_000);
  a.assigned(13_021, [0, 1]);
  expect(lab.rebalances()[1]).toMatchObject({
    stopTheWorldMs: 0,
    longestPauseMs: 3030,
    pauses: [{ partition: 2, ms: 3030 }],
    pending: [],
  });
});

test('a pause that began before the first callback counts: the partition of a crashed member', () => {
  const lab = new Scenario();
  const a = lab.consumer('c-0', { protocol: 'Cooperative' }).assigned(1000, [0]).busy([0], 1100, 20_000);
  lab.consumer('c-1', { protocol: 'Cooperative' }).assigned(1000, [1]).busy([1], 1100, 10_000);
  a.assigned(16_200, [0, 1]).busy([1], 16_217, 20_000);
  expect(lab.rebalances()[1]).toMatchObject({ pauses: [{ partition: 1, ms: 6217 }], stopTheWorldMs: 0 });
});

test('quiet partitions do not count and have no pause', () => {
  const { lab, a, b } = busy('Eager');
  a.revoked(10_000, [0, 1, 2]).assigned(10_030, [0, 1]).busy([0], 10_035, 12_000);
  b.assigned(10_032, [2]);
  a.worked(1, 11_000, 11_005, 2);
  b.worked(2, 11_500, 11_505, 0);
  expect(lab.rebalances()[1]).toMatchObject({ pauses: [{ partition: 0, ms: 35 }], stopTheWorldMs: 35, pending: [] });
});

test('a partition without a record since is pending until one is processed', () => {
  const { lab, a, b } = busy('Eager');
  a.revoked(10_000, [0, 1, 2]).assigned(10_030, [0, 1]).busy([0, 1], 10_035, 12_000);
  b.assigned(10_032, [2]);
  const before = lab.rebalances(13_000)[1];
  expect(before).toMatchObject({ stopTheWorldMs: 35, longestPauseMs: 35, pending: [2] });
  b.worked(2, 60_000, 60_010, 49_980);
  const after = lab.rebalances()[1];
  expect(after).toMatchObject({ stopTheWorldMs: 15, longestPauseMs: 49_980, pending: [] });
  expect({ ...after, errorBoundMs: 0, pauses: 0, stopTheWorldMs: 0, longestPauseMs: 0, pending: 0 }).toEqual({
    ...before,
    errorBoundMs: 0,
    pauses: 0,
    stopTheWorldMs: 0,
    longestPauseMs: 0,
    pending: 0,
  });
});

test('a partition that never had a record has no pause and is not pending', () => {
  const { lab, a, b } = busy('Eager');
  a.revoked(10_000, [0, 1, 2]).assigned(10_030, [0, 1, 3]).busy([0, 1], 10_035, 12_000).worked(3, 10_500, 10_700);
  b.assigned(10_032, [2, 4]).busy([2], 10_035, 12_000);
  expect(lab.rebalances()[1]).toMatchObject({
    pauses: [{ partition: 0 }, { partition: 1 }, { partition: 2 }],
    stopTheWorldMs: 35,
    pending: [],
  });
});

test('a pause within a batch counts if it overlaps the change', () => {
  const { lab, a } = busy('Cooperative');
  a.worked(0, 10_000, 10_900, 0, {
    longestPause: { from: Date.UTC(2026, 0, 1) + 10_100, to: Date.UTC(2026, 0, 1) + 10_700 },
  });
  a.assigned(10_400, [0, 1, 2]).busy([0], 10_900, 11_500).busy([1, 2], 10_000, 11_500);
  expect(lab.rebalances()[1]).toMatchObject({ pauses: [{ partition: 0, ms: 600 }], stopTheWorldMs: 0 });
});

test('a pause that ends before the change or begins after it does not count', () => {
  const { lab, a } = busy('Cooperative');
  a.busy([0], 10_300, 10_550).busy([1, 2], 10_000, 12_000).busy([0], 10_900, 12_000);
  a.assigned(10_700, [0, 1, 2]);
  a.alive(10_710);
  expect(lab.rebalances()[1]).toMatchObject({ pauses: [{ partition: 0, ms: 350 }] });
  const other = busy('Cooperative');
  other.a.busy([0], 10_300, 11_050).busy([1, 2], 10_000, 12_000).busy([0], 11_400, 12_000);
  other.a.assigned(10_700, [0, 1, 2]);
  expect(other.lab.rebalances()[1]).toMatchObject({ pauses: [] });
});
