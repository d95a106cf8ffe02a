/**
 * Each processed record as a line, for an independent check of the measured pauses:
 * `{"record":[partition,offset,beganNs,endedNs,timestampMs]}`. The times are the machine's monotonic clock in
 * nanoseconds (process.hrtime), read apart from the clock of the evidence; processes of one machine share it.
 */
import type { ConsumedRecord } from '../clients/port.ts';
import type { Watch } from './handling.ts';

export interface RecordLog extends Watch {
  /** Writes the record with the times that were told last: records that share a timer have them in common. */
  processed(record: ConsumedRecord): void;
}

/** One per client. */
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
