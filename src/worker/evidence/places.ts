/** Where a producer's records went, for its evidence: running totals by partition, and by key and partition. */
import type { KeyShare, Produced } from '../../domain/evidence/facts.ts';
import { addRecord } from '../../domain/evidence/keyShare.ts';
import { emptyKeys, entryOf } from '../../domain/evidence/keyTable.ts';

/** Pairs of key and partition in one fact: a report is sent in halves while it is too large, a fact is not. */
const MOST_AT_ONCE = 250;

type Places = Pick<Produced, 'partitions' | 'keys' | 'keysBefore'>;

export interface Placing {
  /** An acknowledged record. `key` absent: it had none; `offset` absent: the broker did not tell it (acks=0). */
  add(partition: number, key?: string, offset?: number): void;
  /** The totals that changed since the last call, in parts of a bounded size; empty when none did. */
  take(): Places[];
}

interface Entry {
  key: string;
  share: KeyShare;
  changed: boolean;
}

export function createPlacing(): Placing {
  const records = new Map<number, number>();
  const keys = emptyKeys<Entry>();
  const changedPartitions = new Set<number>();
  let changed: Entry[] = [];
  let toldBefore: string | undefined;

  return {
    add(partition, key, offset) {
      records.set(partition, (records.get(partition) ?? 0) + 1);
      changedPartitions.add(partition);
      if (key === undefined) return;
      const entry = entryOf(
        keys,
        key,
        partition,
        (): Entry => ({
          key,
          share: [partition, 0, null, null],
          changed: false,
        }),
      );
      if (entry === undefined) return;
      addRecord(entry.share, offset ?? null);
      if (entry.changed) return;
      entry.changed = true;
      changed.push(entry);
    },
    take() {
      if (changedPartitions.size === 0) return [];
      const first: Places = {
        partitions: [...changedPartitions].map((partition) => [partition, records.get(partition) ?? 0]),
      };
      changedPartitions.clear();
      if (keys.omittedFrom !== undefined && keys.omittedFrom !== toldBefore) {
        first.keysBefore = keys.omittedFrom;
        toldBefore = keys.omittedFrom;
      }
      // What has been left out since is not told any more.
      const entries = changed.filter(({ key }) => keys.omittedFrom === undefined || key < keys.omittedFrom);
      for (const entry of changed) entry.changed = false;
      changed = [];
      const parts: Places[] = [first];
      for (let at = 0; at < entries.length; at += MOST_AT_ONCE) {
        const part = at === 0 ? first : {};
        part.keys = grouped(entries.slice(at, at + MOST_AT_ONCE));
        if (at > 0) parts.push(part);
      }
      return parts;
    },
  };
}

function grouped(entries: readonly Entry[]): NonNullable<Places['keys']> {
  const byKey = new Map<string, KeyShare[]>();
  for (const { key, share } of entries) {
    const copy: KeyShare = [...share];
    const shares = byKey.get(key);
    if (shares === undefined) byKey.set(key, [copy]);
    else shares.push(copy);
  }
  return [...byKey].map(([key, partitions]) => ({ key, partitions }));
}
