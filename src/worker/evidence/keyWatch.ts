/**
 * The order in which a consumer processed the records of each key, for Consumed facts: the first and the last record of
 * each key in each partition.
 */
import type { Consumed, KeyWork, MetRecord } from '../../domain/evidence/facts.ts';
import { emptyKeys, entryOf } from '../../domain/evidence/keyTable.ts';
import type { ConsumedRecord } from '../clients/port.ts';
import type { EpochMs } from '../process/time.ts';

/** At most this many pairs of key and partition per fact, and per report while the next report is soon: reports stay small. */
const MAX_PAIRS = 100;

type Part = Pick<Consumed, 'keys' | 'keysBefore'>;

export interface KeyWatch {
  /**
   * Notes a processed record. A record that this client has processed before is ignored, by its offset. When records take
   * no time the caller may leave some out, but not the last one of each run of records in a partition.
   */
  add(record: ConsumedRecord, beganAt: EpochMs, endedAt: EpochMs): void;
  /** The news since the last call, at most MAX_PAIRS pairs; with `all`, every pair, in several parts. Empty without news. */
  take(all: boolean): Part[];
}

interface Entry {
  key: string;
  partition: number;
  first: MetRecord | undefined;
  last: MetRecord | undefined;
}

export function createKeyWatch(): KeyWatch {
  const keys = emptyKeys<Entry>();
  /** Highest offset processed, by partition. */
  const highest = new Map<number, number>();
  /** Entries with news. */
  let changed: Entry[] = [];
  let reportedKeysBefore: string | undefined;

  return {
    add({ partition, offset, timestamp, key }, beganAt, endedAt) {
      if (offset <= (highest.get(partition) ?? -1)) return;
      highest.set(partition, offset);
      if (key === undefined || key === null) return;
      const name = key.toString();
      const entry = entryOf(
        keys,
        name,
        partition,
        (): Entry => ({ key: name, partition, first: undefined, last: undefined }),
      );
      if (entry === undefined) return;
      if (entry.first === undefined) {
        entry.first = [offset, timestamp, beganAt, endedAt];
        changed.push(entry);
      } else if (entry.last === undefined) entry.last = [offset, timestamp, beganAt, endedAt];
      else {
        // Written in place: there may be millions of records, and allocations are expensive.
        entry.last[0] = offset;
        entry.last[1] = timestamp;
        entry.last[2] = beganAt;
        entry.last[3] = endedAt;
      }
    },
    take(all) {
      const parts: Part[] = [];
      do {
        const part: Part = {};
        if (keys.omittedFrom !== undefined && keys.omittedFrom !== reportedKeysBefore) {
          // Entries of keys that have been left out since are not reported.
          changed = changed.filter(({ key }) => key < (keys.omittedFrom as string));
          part.keysBefore = keys.omittedFrom;
          reportedKeysBefore = keys.omittedFrom;
        }
        const works = groupByKey(changed.splice(0, MAX_PAIRS));
        if (works.length > 0) part.keys = works;
        if (part.keys !== undefined || part.keysBefore !== undefined) parts.push(part);
      } while (all && changed.length > 0);
      return parts;
    },
  };
}

/** Empties the entries. */
function groupByKey(entries: Entry[]): NonNullable<Part['keys']> {
  const byKey = new Map<string, KeyWork[]>();
  for (const entry of entries) {
    const { key, partition, first, last } = entry;
    entry.first = undefined;
    entry.last = undefined;
    if (first === undefined) continue;
    const work: KeyWork = last === undefined ? [partition, first] : [partition, first, last];
    const works = byKey.get(key);
    if (works === undefined) byKey.set(key, [work]);
    else works.push(work);
  }
  return [...byKey].map(([key, partitions]) => ({ key, partitions }));
}
