/** Gathers processed records into the PartitionWork of the evidence. Holds no clock: all times are given. */

import type { OffsetRange, PartitionWork } from '../../domain/evidence/facts.ts';
import type { EpochMs } from '../process/time.ts';

export interface ProcessedRecord {
  partition: number;
  offset: number;
  /** Of key and value. */
  bytes: number;
  /** The record's timestamp. */
  timestamp: EpochMs;
  beganAt: EpochMs;
  endedAt: EpochMs;
}

export interface Batch {
  add(record: ProcessedRecord): void;
  /** One more record of the partition that was last added to, processed at the same moment: it took no time and so has no pause before it. */
  addAtOnce(offset: number, bytes: number): void;
  /** What was added since the last call, by partition; empty when nothing was. */
  take(): PartitionWork[];
}

interface Gathering extends PartitionWork {
  longestPauseMs: number;
}

/** Shorter pauses are left out of the evidence. */
const SHORTEST_PAUSE_MS = 1;

/**
 * The pause before a record (DESIGN, section 3): from the end of the record before it in the partition to its own
 * beginning, but no longer than it had been waiting in the log.
 */
export function pauseBefore(beganAt: EpochMs, timestamp: EpochMs, previousEndedAt: EpochMs): number {
  return Math.max(0, Math.min(beganAt - previousEndedAt, beganAt - timestamp));
}

/** The next one that was processed, at the end. */
export function appendOffset(ranges: OffsetRange[], offset: number): void {
  const last = ranges.at(-1);
  if (last?.[1] === offset) last[1] = offset + 1;
  else ranges.push([offset, offset + 1]);
}

export function createBatch(): Batch {
  let partitions = new Map<number, Gathering>();
  let latest: Gathering | undefined;
  const count = (work: Gathering, offset: number, bytes: number) => {
    appendOffset(work.ranges, offset);
    work.records += 1;
    work.bytes += bytes;
  };
  return {
    add({ partition, offset, bytes, timestamp, beganAt, endedAt }) {
      const work = partitions.get(partition);
      if (work === undefined) {
        latest = {
          partition,
          ranges: [[offset, offset + 1]],
          records: 1,
          bytes,
          firstBeganAt: beganAt,
          firstWaitedMs: Math.max(0, beganAt - timestamp),
          lastEndedAt: endedAt,
          longestPauseMs: 0,
        };
        partitions.set(partition, latest);
        return;
      }
      latest = work;
      const pauseMs = pauseBefore(beganAt, timestamp, work.lastEndedAt);
      if (pauseMs >= SHORTEST_PAUSE_MS && pauseMs > work.longestPauseMs) {
        work.longestPauseMs = pauseMs;
        work.longestPause = { from: beganAt - pauseMs, to: beganAt };
      }
      count(work, offset, bytes);
      work.lastEndedAt = endedAt;
    },
    addAtOnce(offset, bytes) {
      if (latest === undefined) throw new Error('no record was added that this one follows');
      count(latest, offset, bytes);
    },
    take() {
      const taken = [...partitions.values()].map(({ longestPauseMs: _, ...work }): PartitionWork => work);
      partitions = new Map();
      latest = undefined;
      return taken;
    },
  };
}
