/** Sums up processed records as PartitionWork, by partition. It has no clock; callers pass all times. */
import type { OffsetRange, PartitionWork } from '../../domain/evidence/facts.ts';
import type { EpochMs } from '../process/time.ts';

export interface ProcessedRecord {
  partition: number;
  offset: number;
  /** Size of key and value. */
  bytes: number;
  /** The record's own timestamp. */
  timestamp: EpochMs;
  beganAt: EpochMs;
  endedAt: EpochMs;
}

export interface Batch {
  add(record: ProcessedRecord): void;
  /** Adds another record of the same partition, processed at the same moment as the record added last: no pause, no time. */
  addAtOnce(offset: number, bytes: number): void;
  /** The work added since the last call, by partition. Empty if there was none. */
  take(): PartitionWork[];
}

interface PartitionBatch extends PartitionWork {
  longestPauseMs: number;
}

/** Shorter pauses are not reported. */
const SHORTEST_PAUSE_MS = 1;

/**
 * The pause before a record (docs/architecture.md, "Pause"): from the end of the previous record in its partition to its
 * own beginning, but at most the time that it had been in the log. In ms, never negative.
 */
export function pauseBefore(beganAt: EpochMs, timestamp: EpochMs, previousEndedAt: EpochMs): number {
  return Math.max(0, Math.min(beganAt - previousEndedAt, beganAt - timestamp));
}

/** Adds the offset of the next processed record to `ranges`. */
export function appendOffset(ranges: OffsetRange[], offset: number): void {
  const last = ranges.at(-1);
  if (last?.[1] === offset) last[1] = offset + 1;
  else ranges.push([offset, offset + 1]);
}

function firstRecord({ partition, offset, bytes, timestamp, beganAt, endedAt }: ProcessedRecord): PartitionBatch {
  return {
    partition,
    ranges: [[offset, offset + 1]],
    records: 1,
    bytes,
    firstBeganAt: beganAt,
    firstWaitedMs: Math.max(0, beganAt - timestamp),
    lastEndedAt: endedAt,
    longestPauseMs: 0,
  };
}

export function createBatch(): Batch {
  let partitions = new Map<number, PartitionBatch>();
  let latest: PartitionBatch | undefined;
  const count = (work: PartitionBatch, offset: number, bytes: number) => {
    appendOffset(work.ranges, offset);
    work.records += 1;
    work.bytes += bytes;
  };
  return {
    add(record) {
      const { partition, offset, bytes, timestamp, beganAt, endedAt } = record;
      const work = partitions.get(partition);
      if (work === undefined) {
        latest = firstRecord(record);
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
      if (latest === undefined) throw new Error('addAtOnce needs a record added before it');
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
