/** Where the records of a run went: how many to each partition, and of each key how many to which, from the producers' totals. */
import type { Produced } from '../evidence/facts.ts';
import { emptyKeys, entryOf, type KeyTable, leaveOutFrom } from '../evidence/keyTable.ts';
import { ofBoth } from '../evidence/placed.ts';
import type { RunView } from '../figures/figures.ts';
import type { OutOfOrder } from '../figures/order.ts';

interface Share {
  records: number;
  firstOffset: number | null;
  lastOffset: number | null;
}

/** Totals begin anew with each process, so what each has told so far is kept. */
interface Told extends Share {
  by: Map<string, number>;
}

export interface Placed {
  partitions: Map<number, { records: number; by: Map<string, number> }>;
  keys: KeyTable<Told>;
}

export const nothingPlaced = (): Placed => ({ partitions: new Map(), keys: emptyKeys() });

/** `process`: of which the totals are. One that is smaller than what it told before comes late and changes nothing. */
export function addPlaces(
  placed: Placed,
  process: string,
  { partitions = [], keys = [], keysBefore }: Pick<Produced, 'partitions' | 'keys' | 'keysBefore'>,
): void {
  for (const [partition, records] of partitions) {
    const total = placed.partitions.get(partition) ?? { records: 0, by: new Map() };
    placed.partitions.set(partition, total);
    addTotal(total, process, records);
  }
  if (keysBefore !== undefined) leaveOutFrom(placed.keys, keysBefore);
  for (const { key, partitions: shares } of keys) {
    for (const [partition, records, firstOffset, lastOffset] of shares) {
      const told = entryOf(placed.keys, key, partition, newTold);
      if (told === undefined) continue;
      addTotal(told, process, records);
      told.firstOffset = ofBoth(Math.min, told.firstOffset, firstOffset);
      told.lastOffset = ofBoth(Math.max, told.lastOffset, lastOffset);
    }
  }
}

const newTold = (): Told => ({ records: 0, firstOffset: null, lastOffset: null, by: new Map() });

function addTotal(total: { records: number; by: Map<string, number> }, process: string, records: number): void {
  const before = total.by.get(process) ?? 0;
  if (records <= before) return;
  total.by.set(process, records);
  total.records += records - before;
}

const byPartition = (a: { partition: number }, b: { partition: number }): number => a.partition - b.partition;

/** Acknowledged records by partition, ascending. */
export const partitionsView = ({ partitions }: Placed): RunView['producers']['partitions'] =>
  [...partitions].map(([partition, { records }]) => ({ partition, records })).sort(byPartition);

/** `ordersOf`: how consumers met the records of these keys, of those that they have met (keyOrder.ts). */
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
    more: keys.before !== undefined,
    inSeveralPartitions: list.filter(({ partitions }) => partitions.length > 1).length,
    outOfOrder: orders.size === 0 ? null : list.filter(({ outOfOrder }) => outOfOrder != null).length,
    list,
  };
}
