/** In which order a consumer met the records of each key, for its evidence: of each key and partition the first and the last one. */
import type { Consumed, KeyWork, MetRecord } from '../../domain/evidence/facts.ts';
import { emptyKeys, entryOf } from '../../domain/evidence/keyTable.ts';
import type { ConsumedRecord } from '../clients/port.ts';
import type { EpochMs } from '../process/time.ts';

/** Pairs of key and partition in one fact, and in one report while more are to come: evidence of many keys stays small. */
const MOST_AT_ONCE = 100;

type Met = Pick<Consumed, 'keys' | 'keysBefore'>;

export interface KeyWatch {
  /**
   * A record that was processed. Of records that take no time not every one has to be told of, but the last one of each
   * run of them in a partition: what comes again to this client is passed over, by its offset.
   */
  add(record: ConsumedRecord, beganAt: EpochMs, endedAt: EpochMs): void;
  /** What is new since it was last taken, or some of it. `all`: all of it, in parts. Empty when nothing is. */
  take(all: boolean): Met[];
}

interface Entry {
  key: string;
  partition: number;
  first: MetRecord | undefined;
  last: MetRecord | undefined;
}

export function createKeyWatch(): KeyWatch {
  const keys = emptyKeys<Entry>();
  /** Of the last record of each partition. */
  const highest = new Map<number, number>();
  /** Those with something new. */
  let met: Entry[] = [];
  let toldBefore: string | undefined;

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
        met.push(entry);
      } else if (entry.last === undefined) entry.last = [offset, timestamp, beganAt, endedAt];
      else {
        // Records come by the million: nothing is made anew for each.
        entry.last[0] = offset;
        entry.last[1] = timestamp;
        entry.last[2] = beganAt;
        entry.last[3] = endedAt;
      }
    },
    take(all) {
      const parts: Met[] = [];
      do {
        const part: Met = {};
        if (keys.omittedFrom !== undefined && keys.omittedFrom !== toldBefore) {
          // What has been left out since is not told any more.
          met = met.filter(({ key }) => key < (keys.omittedFrom as string));
          part.keysBefore = keys.omittedFrom;
          toldBefore = keys.omittedFrom;
        }
        const some = grouped(met.splice(0, MOST_AT_ONCE));
        if (some.length > 0) part.keys = some;
        if (part.keys !== undefined || part.keysBefore !== undefined) parts.push(part);
      } while (all && met.length > 0);
      return parts;
    },
  };
}

function grouped(entries: Entry[]): NonNullable<Met['keys']> {
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
