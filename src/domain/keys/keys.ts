/** Counts where the records of a run went, by partition and by key, from the producers' cumulative totals. */

import type { Produced } from '../evidence/facts.ts';
import { knownOffset } from '../evidence/keyShare.ts';
import { countShare, emptyKeys, entryOf, type KeyTable, MOST_SHARES, omitFrom } from '../evidence/keyTable.ts';
import type { RunView } from '../figures/figures.ts';
import type { OutOfOrder } from '../figures/order.ts';

interface Total {
  records: number;
  /** Newest total of each process, because totals restart with each process. */
  byProcess: Map<string, number>;
}

interface KeyTotal extends Total {
  firstOffset: number | null;
  lastOffset: number | null;
}

export interface Placed {
  partitions: Map<number, Total>;
  keys: KeyTable<KeyTotal>;
}

export const nothingPlaced = (): Placed => ({
  partitions: new Map(),
  keys: emptyKeys(({ byProcess }) => byProcess.size),
});

/**
 * Adds the totals of one process. A total smaller than the process's last one arrived late and changes nothing. `mostShares`:
 * see keyTable.ts. Beyond it the last keys are omitted, and those that stay remain exact.
 */
export function addPlaces(
  placed: Placed,
  process: string,
  { partitions = [], keys = [], keysBefore }: Pick<Produced, 'partitions' | 'keys' | 'keysBefore'>,
  mostShares: number = MOST_SHARES,
): void {
  for (const [partition, records] of partitions) {
    const total = placed.partitions.get(partition) ?? { records: 0, byProcess: new Map() };
    placed.partitions.set(partition, total);
    addTotal(total, process, records);
  }
  if (keysBefore !== undefined) omitFrom(placed.keys, keysBefore);
  for (const { key, partitions: shares } of keys) {
    for (const [partition, records, firstOffset, lastOffset] of shares) {
      const total = entryOf(placed.keys, key, partition, emptyTotal);
      if (total === undefined) continue;
      const isNew = !total.byProcess.has(process);
      addTotal(total, process, records);
      if (isNew && total.byProcess.has(process)) countShare(placed.keys, mostShares);
      total.firstOffset = knownOffset(Math.min, total.firstOffset, firstOffset);
      total.lastOffset = knownOffset(Math.max, total.lastOffset, lastOffset);
    }
  }
}

const emptyTotal = (): KeyTotal => ({ records: 0, firstOffset: null, lastOffset: null, byProcess: new Map() });

function addTotal(total: Total, process: string, records: number): void {
  const before = total.byProcess.get(process) ?? 0;
  if (records <= before) return;
  total.byProcess.set(process, records);
  total.records += records - before;
}

const byPartition = (a: { partition: number }, b: { partition: number }): number => a.partition - b.partition;

/** Acknowledged records by partition, ascending. */
export const partitionsView = ({ partitions }: Placed): RunView['producers']['partitions'] =>
  [...partitions].map(([partition, { records }]) => ({ partition, records })).sort(byPartition);

/** `ordersOf` returns the processing order of those keys that consumers have reported (see keyOrder.ts). */
export function keysView(
  { keys }: Placed,
  ordersOf: (keys: readonly string[]) => ReadonlyMap<string, OutOfOrder | null>,
): RunView['keys'] {
  const orders = ordersOf(keys.order);
  const list = keys.order.map((key) => ({
    key,
    outOfOrder: orders.get(key),
    partitions: [...(keys.byKey.get(key) ?? [])]
      .map(([partition, { records, firstOffset, lastOffset }]) => ({ partition, records, firstOffset, lastOffset }))
      .sort(byPartition),
  }));
  return {
    distinct: list.length,
    more: keys.omittedFrom !== undefined,
    inSeveralPartitions: list.filter(({ partitions }) => partitions.length > 1).length,
    outOfOrder: orders.size === 0 ? null : list.filter(({ outOfOrder }) => outOfOrder != null).length,
    list,
  };
}
