/** Measures pauses of partitions and stop-the-world times. Durations are in ms, times in ms since 1970. */
import type { EpochMs } from '../../contract/time.ts';
import { errorBetween, type ProcessClock } from '../clock/clock.ts';
import type { Waited } from './timeInLog.ts';

export interface Interval {
  readonly from: EpochMs;
  readonly to: EpochMs;
}

/** A pause, possibly of length 0, and the largest error of its length. */
export interface Pause extends Interval {
  readonly errorMs: number;
}

/** Shorter pauses are ignored. Clients do not report them either. */
const SHORTEST_PAUSE_MS = 1;
/** Intervals of work closer than this are merged: only the client's poll loop runs between two batches of a busy partition. */
const SAME_INTERVAL_MS = 5;
/** Limit of intervals kept per partition and rebalance. Beyond, the two oldest are merged. */
const INTERVALS_KEPT = 2_000;

/** Progress of one partition. */
export interface Processing {
  /** When the last processed record ended; undefined before the first. */
  endedAt: EpochMs | undefined;
  /** Clock of `endedAt`. */
  endedBy: ProcessClock | undefined;
  /**
   * The last owner's evidence for this partition is complete: it revoked the partition itself, or its journal was read after
   * it died.
   */
  evidenceComplete: boolean;
  /** Batches in progress. More than one if a member that lost the partition continues to process. */
  working: number;
}

/**
 * Longest unreported work of a process that was killed and left no readable journal. A consumer reports every 250 ms; a busy
 * machine delays that timer and the report.
 */
const UNREPORTED_MS = 750;

/**
 * The pause before a record that began at `b`: min(b − a, d), ending at `b`. `a` is the end of the previous record, `d` the
 * time that the record had been in the log (`waited`). undefined without a previous record, and while the partition is
 * being processed.
 *
 * The error is that of b − a. If `a` and `b` are from different processes, it is the error of both clocks, otherwise only the
 * change of the clock's correction (usually 0). A killed process may have continued after its last known record, so `a` may be
 * later. A pause limited by `d` has a smaller error or none. `d` compares the consumer's clock with the record's timestamp; where
 * that timestamp is not of this log, the error covers every time for which the record can have been there.
 */
export function pauseBefore(
  { endedAt, endedBy, evidenceComplete, working }: Processing,
  b: EpochMs,
  waited: Waited,
  clock: ProcessClock,
): Pause | undefined {
  if (endedAt === undefined || endedBy === undefined || working > 0) return undefined;
  const between = b - endedAt;
  const errorMs = errorBetween(endedBy, clock);
  const unreportedMs = endedBy.process === clock.process || evidenceComplete ? 0 : UNREPORTED_MS;
  const bounded = (ms: number, waitedMs: number) => Math.max(0, Math.min(ms, waitedMs));
  const ms = bounded(between, waited.ms);
  return {
    from: b - ms,
    to: b,
    errorMs: Math.max(
      ms - bounded(between - errorMs - unreportedMs, waited.leastMs),
      bounded(between + errorMs, waited.mostMs) - ms,
    ),
  };
}

export const isPause = ({ from, to }: Interval): boolean => to - from >= SHORTEST_PAUSE_MS;

/** The longer interval; `a` if both are equally long. */
export const longer = (a: Interval | undefined, b: Interval | undefined): Interval | undefined =>
  a === undefined || (b !== undefined && b.to - b.from > a.to - a.from) ? b : a;

/** Adds an interval of work. Intervals arrive roughly in order. */
export function addWork(intervals: Interval[], work: Interval): void {
  const last = intervals.at(-1);
  if (last !== undefined && work.from - last.to <= SAME_INTERVAL_MS && work.from >= last.from) {
    intervals[intervals.length - 1] = { from: last.from, to: Math.max(last.to, work.to) };
    return;
  }
  intervals.push(work);
  if (intervals.length > INTERVALS_KEPT) {
    const [first, second] = intervals as [Interval, Interval];
    intervals.splice(0, 2, { from: Math.min(first.from, second.from), to: Math.max(first.to, second.to) });
  }
}

/**
 * Time during which every partition with waiting records paused: the intersection of all pauses. 0 if a partition without a
 * pause was processed during any of them (`others`: the work of these partitions). Quiet partitions are in neither list and
 * do not count.
 */
export function stopTheWorldMs(pauses: Interval[], others: Interval[][]): number {
  if (pauses.length === 0) return 0;
  const from = pauses.reduce((latest, pause) => Math.max(latest, pause.from), Number.NEGATIVE_INFINITY);
  const to = pauses.reduce((earliest, pause) => Math.min(earliest, pause.to), Number.POSITIVE_INFINITY);
  if (to <= from) return 0;
  const during = (work: Interval) => pauses.some((pause) => work.from < pause.to && work.to > pause.from);
  return others.some((intervals) => intervals.some(during)) ? 0 : to - from;
}
