/**
 * Logs each processed record as a line, for an independent check of the measured pauses:
 * `{"record":[partition,offset,beganNs,endedNs,timestampMs]}`. The times are in nanoseconds of the machine's monotonic
 * clock (process.hrtime), which all its processes share and the evidence does not use.
 */
import type { ConsumedRecord } from '../clients/port.ts';
import type { Stopwatch } from './handling.ts';

export interface RecordLog extends Stopwatch {
  /** Writes the line of a record with the last measured times. Records that share a timer have the same times. */
  processed(record: ConsumedRecord): void;
}

/** Each client needs its own. */
export function createRecordLog(write: (line: string) => void): RecordLog {
  let beganNs = 0n;
  let endedNs = 0n;
  return {
    began() {
      beganNs = process.hrtime.bigint();
    },
    ended() {
      endedNs = process.hrtime.bigint();
    },
    processed({ partition, offset, timestamp }) {
      write(`{"record":[${partition},${offset},${beganNs},${endedNs},${timestamp}]}\n`);
    },
  };
}
