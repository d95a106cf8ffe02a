/** Logs how long a partition was paused by a rebalance, when its first record after it is processed. */
import type { ConsumedRecord } from '../clients/port.ts';
import { pauseBefore } from '../evidence/batch.ts';
import type { Log } from '../process/log.ts';
import type { EpochMs } from '../process/time.ts';

/** Shorter pauses are not logged. */
const SHORTEST_PAUSE_MS = 10;

export interface PauseLog {
  /** After a rebalance: waits for the next record of each of these partitions. */
  expect(partitions: Iterable<number>): void;
  /** The partition is no longer owned. */
  forget(partition: number): void;
  processed(record: ConsumedRecord, beganAt: EpochMs, endedAt: EpochMs): void;
}

export function createPauseLog(client: string, log: Log): PauseLog {
  const expected = new Set<number>();
  /** When the last record of each partition ended. */
  const lastEndedAt = new Map<number, EpochMs>();

  const logPause = ({ partition, timestamp }: ConsumedRecord, beganAt: EpochMs) => {
    const before = lastEndedAt.get(partition);
    const pauseMs = before === undefined ? 0 : pauseBefore(beganAt, timestamp, before);
    if (pauseMs < SHORTEST_PAUSE_MS) return;
    log.info(`paused ${Math.round(pauseMs)} ms on partition ${partition}`, { client, partition, pauseMs });
  };

  return {
    expect(partitions) {
      for (const partition of partitions) expected.add(partition);
    },
    forget: (partition) => void expected.delete(partition),
    processed(record, beganAt, endedAt) {
      if (expected.size > 0 && expected.delete(record.partition)) logPause(record, beganAt);
      lastEndedAt.set(record.partition, endedAt);
    },
  };
}
