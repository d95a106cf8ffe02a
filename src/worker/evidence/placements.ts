/** Where a producer's records went: running totals by partition, and by key and partition, for Produced facts. */
import type { KeyShare, Produced } from '../../domain/evidence/facts.ts';
import { addRecord } from '../../domain/evidence/keyShare.ts';
import { emptyKeys, entryOf } from '../../domain/evidence/keyTable.ts';

/** At most this many pairs of key and partition per fact: the reporter can split a report that is too large, but not a fact. */
const MAX_PAIRS = 250;

type Part = Pick<Produced, 'partitions' | 'keys' | 'keysBefore'>;

export interface Placements {
  /** Counts an acknowledged record. `key` absent: it has none. `offset` absent: the broker returned none (acks=0). */
  add(partition: number, key?: string, offset?: number): void;
  /** The totals that changed since the last call, in parts of at most MAX_PAIRS pairs. Empty if none changed. */
  take(): Part[];
}

interface Entry {
  key: string;
  share: KeyShare;
  changed: boolean;
}

export function createPlacements(): Placements {
  const records = new Map<number, number>();
  const keys = emptyKeys<Entry>();
  const changedPartitions = new Set<number>();
  let changed: Entry[] = [];
  let reportedKeysBefore: string | undefined;

  /** The changed entries of keys that are still in the table. */
  const takeEntries = (): Entry[] => {
    const entries = changed.filter(({ key }) => keys.omittedFrom === undefined || key < keys.omittedFrom);
    for (const entry of changed) entry.changed = false;
    changed = [];
    return entries;
  };

  return {
    add(partition, key, offset) {
      records.set(partition, (records.get(partition) ?? 0) + 1);
      changedPartitions.add(partition);
      if (key === undefined) return;
      const entry = entryOf(
        keys,
        key,
        partition,
        (): Entry => ({ key, share: [partition, 0, null, null], changed: false }),
      );
      if (entry === undefined) return;
      addRecord(entry.share, offset ?? null);
      if (entry.changed) return;
      entry.changed = true;
      changed.push(entry);
    },
    take() {
      if (changedPartitions.size === 0) return [];
      const first: Part = {
        partitions: [...changedPartitions].map((partition) => [partition, records.get(partition) ?? 0]),
      };
      changedPartitions.clear();
      if (keys.omittedFrom !== undefined && keys.omittedFrom !== reportedKeysBefore) {
        first.keysBefore = keys.omittedFrom;
        reportedKeysBefore = keys.omittedFrom;
      }
      const entries = takeEntries();
      const parts: Part[] = [first];
      for (let at = 0; at < entries.length; at += MAX_PAIRS) {
        const part = at === 0 ? first : {};
        part.keys = groupByKey(entries.slice(at, at + MAX_PAIRS));
        if (at > 0) parts.push(part);
      }
      return parts;
    },
  };
}

function groupByKey(entries: readonly Entry[]): NonNullable<Part['keys']> {
  const byKey = new Map<string, KeyShare[]>();
  for (const { key, share } of entries) {
    const copy: KeyShare = [...share];
    const shares = byKey.get(key);
    if (shares === undefined) byKey.set(key, [copy]);
    else shares.push(copy);
  }
  return [...byKey].map(([key, partitions]) => ({ key, partitions }));
}
