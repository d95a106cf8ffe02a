/**
 * End-to-end latency: begin of processing minus record timestamp. A timestamp that cannot be of this log gives no latency: one
 * ahead of this process's clock, or one long before the time at which this consumer had read the whole partition without
 * finding the record. Such records were mirrored, replayed, or written by a wrong clock.
 */
import { createRecorder } from '../../domain/evidence/histogram.ts';
import type { ConsumedRecord, Position } from '../clients/port.ts';
import type { EpochMs } from '../process/time.ts';

/** The clocks of a cluster may differ by this much. */
const AHEAD_MS = 1_000;
/** A producer may try to write a record for this long: the default of delivery.timeout.ms. */
const WRITING_MS = 120_000;

export interface LatencyLog {
  /** The client has reached the end of the partition. */
  reachedEnd(end: Position, at: EpochMs): void;
  /** `count`: records of the same partition and timestamp, of which `record` is the first. */
  processed(record: Pick<ConsumedRecord, 'partition' | 'offset' | 'timestamp'>, beganAt: EpochMs, count: number): void;
  /** The histogram and the number of records without a latency since the last call. */
  take(): { endToEnd?: string; endToEndLeftOut?: number };
}

export function createLatencyLog(): LatencyLog {
  const recorder = createRecorder();
  /** The last end of each partition. */
  const ends = new Map<number, { offset: number; at: EpochMs }>();
  let leftOut = 0;

  const isOfThisLog = (partition: number, offset: number, timestamp: EpochMs, beganAt: EpochMs): boolean => {
    const waitedMs = beganAt - timestamp;
    if (waitedMs <= WRITING_MS) return waitedMs >= -AHEAD_MS;
    // Kafka's timestamp of a record without one is -1.
    if (timestamp < 0) return false;
    const end = ends.get(partition);
    return end === undefined || offset < end.offset || timestamp >= end.at - WRITING_MS;
  };

  return {
    reachedEnd: ({ partition, offset }, at) => void ends.set(partition, { offset, at }),
    processed({ partition, offset, timestamp }, beganAt, count) {
      if (isOfThisLog(partition, offset, timestamp, beganAt)) recorder.record(Math.max(0, beganAt - timestamp), count);
      else leftOut += count;
    },
    take() {
      const endToEnd = recorder.takeEncoded();
      const taken = {
        ...(endToEnd === undefined ? {} : { endToEnd }),
        ...(leftOut === 0 ? {} : { endToEndLeftOut: leftOut }),
      };
      leftOut = 0;
      return taken;
    },
  };
}
