/** A consumer's evidence: what its processed records and its polls become in Consumed facts, and their journal entries. */
import type { Consumed, OffsetRange } from '../../domain/evidence/facts.ts';
import { createRecorder } from '../../domain/evidence/histogram.ts';
import type { ConsumedRecord } from '../clients/port.ts';
import { appendOffset, createBatch } from '../evidence/batch.ts';
import { createKeyWatch } from '../evidence/keyWatch.ts';
import type { WorkSpan } from '../evidence/leftBehind.ts';
import type { EpochMs } from '../process/time.ts';
import type { LatencyLog } from './latency.ts';
import type { PassedOffsetsLog } from './passedOffsets.ts';
import type { PauseLog } from './pauseLog.ts';
import type { RecordLog } from './recordLog.ts';

/**
 * When records of a partition are processed at the same moment, the keys of this many of them, evenly spread, are watched:
 * watching a key costs as much as everything else.
 */
const KEYS_AT_ONCE = 16;

export interface ConsumedEvidence {
  /** Records that shared a timer: from `beganAt`, `eachMs` each. */
  processedInTurn(records: readonly ConsumedRecord[], beganAt: EpochMs, eachMs: number): void;
  /**
   * Records processed at the same moment: those of `polled` from `from`, before `limit`, that follow each other in one
   * partition. Returns the index after them.
   */
  processedAtOnce(polled: readonly ConsumedRecord[], from: number, limit: number, at: EpochMs): number;
  /** Time from the return of a poll to the next one, in ms. */
  pollInterval(ms: number): void;
  /** A poll returned this many records, at least one. */
  polled(records: number): void;
  /** Records and bytes of keys and values since the start. */
  totals(): { records: number; bytes: number };
  /**
   * What happened since the last call: one fact, or several with many keys. With `passing` some keys may wait for the next
   * call, which is soon.
   */
  take(at: EpochMs, passing: boolean): Consumed[];
}

export interface ConsumedEvidenceOptions {
  client: string;
  /** Watch the order in which the records of each key are processed. */
  watchKeys: boolean;
  /** Writes a journal entry. */
  journal?: (span: WorkSpan) => void;
  /** Not called for a record that is processed at the same moment as the one before it, since it has no pause. */
  pauseLog: Pick<PauseLog, 'processed'>;
  passedOffsets: Pick<PassedOffsetsLog, 'processed' | 'save' | 'take'>;
  latency: Pick<LatencyLog, 'processed' | 'take'>;
  recordLog?: Pick<RecordLog, 'processed'>;
}

export function createConsumedEvidence(options: ConsumedEvidenceOptions): ConsumedEvidence {
  const { client, journal, pauseLog, passedOffsets, latency, recordLog } = options;
  const batch = createBatch();
  const keys = options.watchKeys ? createKeyWatch() : undefined;
  const pollSizes = createRecorder('count');
  let polls = 0;
  let largestPoll = 0;
  let longestIntervalMs = 0;
  let records = 0;
  let bytes = 0;

  const add = (record: ConsumedRecord, beganAt: EpochMs, endedAt: EpochMs) => {
    const { partition, offset, timestamp, bytes: size } = record;
    pauseLog.processed(record, beganAt, endedAt);
    passedOffsets.processed(partition, offset);
    recordLog?.processed(record);
    batch.add({ partition, offset, bytes: size, timestamp, beganAt, endedAt });
    keys?.add(record, beganAt, endedAt);
    latency.processed(record, beganAt, 1);
    records += 1;
    bytes += size;
  };

  /** Adds the records after `from - 1` that share its partition and moment. What they share is done once for all of them. */
  const addRest = (polled: readonly ConsumedRecord[], from: number, limit: number, at: EpochMs): number => {
    const { partition } = polled[from - 1] as ConsumedRecord;
    const keyInterval = Math.ceil((limit - from) / KEYS_AT_ONCE);
    /** The first of the last records that share a timestamp. */
    let first = from;
    let to = from;
    for (; to < limit; to++) {
      const record = polled[to] as ConsumedRecord;
      if (record.partition !== partition) break;
      const sharing = polled[first] as ConsumedRecord;
      if (record.timestamp !== sharing.timestamp) {
        latency.processed(sharing, at, to - first);
        first = to;
      }
      passedOffsets.processed(partition, record.offset);
      batch.addAtOnce(record.offset, record.bytes);
      if ((to - from) % keyInterval === 0) keys?.add(record, at, at);
      recordLog?.processed(record);
      bytes += record.bytes;
    }
    if (to > first) latency.processed(polled[first] as ConsumedRecord, at, to - first);
    if (to > from) keys?.add(polled[to - 1] as ConsumedRecord, at, at);
    records += to - from;
    return to;
  };

  const takePolls = (): Consumed['polls'] => {
    const sizes = pollSizes.takeEncoded();
    if (sizes === undefined) return undefined;
    const taken = { count: polls, recordsMax: largestPoll, sizes, longestIntervalMs };
    polls = 0;
    largestPoll = 0;
    longestIntervalMs = 0;
    return taken;
  };

  return {
    processedInTurn(some, beganAt, eachMs) {
      const at = (index: number) => beganAt + index * eachMs;
      for (let from = 0, to = 1; journal !== undefined && from < some.length; from = to) {
        for (to = from + 1; some[to]?.partition === some[from]?.partition && to < some.length; ) to++;
        journal(spanOf(some, from, to, at(from), at(to)));
      }
      for (const [index, record] of some.entries()) add(record, at(index), at(index + 1));
      passedOffsets.save();
    },
    processedAtOnce(polled, from, limit, at) {
      add(polled[from] as ConsumedRecord, at, at);
      const to = addRest(polled, from + 1, limit, at);
      journal?.(spanOf(polled, from, to, at, at));
      passedOffsets.save();
      return to;
    },
    pollInterval(ms) {
      longestIntervalMs = Math.max(longestIntervalMs, ms);
    },
    polled(count) {
      polls += 1;
      largestPoll = Math.max(largestPoll, count);
      pollSizes.record(count);
    },
    totals: () => ({ records, bytes }),
    take(at, passing) {
      const partitions = batch.take();
      const passed = passedOffsets.take();
      const [met, ...more] = keys?.take(!passing) ?? [];
      if (partitions.length === 0 && polls === 0 && met === undefined && passed === undefined) return [];
      const fact: Consumed = { type: 'Consumed', client, at, partitions, ...met, ...latency.take() };
      if (passed !== undefined) fact.passed = passed;
      const taken = takePolls();
      if (taken !== undefined) fact.polls = taken;
      return [fact, ...more.map((part): Consumed => ({ ...part, type: 'Consumed', client, at, partitions: [] }))];
    },
  };
}

/** The records from `from`, before `to`, as one journal entry. They follow each other in one partition. */
function spanOf(
  records: readonly ConsumedRecord[],
  from: number,
  to: number,
  beganAt: EpochMs,
  endedAt: EpochMs,
): WorkSpan {
  const { partition, timestamp } = records[from] as ConsumedRecord;
  const ranges: OffsetRange[] = [];
  let bytes = 0;
  for (let index = from; index < to; index++) {
    const record = records[index] as ConsumedRecord;
    appendOffset(ranges, record.offset);
    bytes += record.bytes;
  }
  return { partition, ranges, bytes, timestamp, beganAt, endedAt };
}
