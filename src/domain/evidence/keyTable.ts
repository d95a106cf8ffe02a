/**
 * Something for each key and partition, of a bounded number of keys: those that come first in the order of their text
 * (UTF-16 code units). So it does not matter in which order keys come, nor by whom: a key that is in the table has been
 * in it from its first record on, and one that is left out by a producer is left out of the sum over all producers too.
 */

export const MOST_KEYS = 1_000;
/** Pairs of key and partition. */
export const MOST_KEY_PARTITIONS = 4_000;

export interface KeyTable<T> {
  byKey: Map<string, Map<number, T>>;
  /** Ascending. */
  order: string[];
  pairs: number;
  /** This key and all after it are left out; absent: none is. */
  before?: string;
}

export const emptyKeys = <T>(): KeyTable<T> => ({ byKey: new Map(), order: [], pairs: 0 });

/** What the table has for them, made where it is not there yet; undefined: the key is left out. */
export function entryOf<T>(table: KeyTable<T>, key: string, partition: number, make: () => T): T | undefined {
  const known = table.byKey.get(key);
  const found = known?.get(partition);
  if (found !== undefined) return found;
  if (table.before !== undefined && key >= table.before) return undefined;
  const made = make();
  if (known !== undefined) known.set(partition, made);
  else {
    table.byKey.set(key, new Map([[partition, made]]));
    table.order.splice(placeOf(table.order, key), 0, key);
  }
  table.pairs += 1;
  while (table.order.length > MOST_KEYS || table.pairs > MOST_KEY_PARTITIONS) leaveOutLast(table);
  return table.byKey.has(key) ? made : undefined;
}

/** Leaves out this key and all after it. */
export function leaveOutFrom<T>(table: KeyTable<T>, key: string): void {
  for (let last = table.order.at(-1); last !== undefined && last >= key; last = table.order.at(-1)) leaveOutLast(table);
  if (table.before === undefined || key < table.before) table.before = key;
}

function leaveOutLast<T>(table: KeyTable<T>): void {
  const last = table.order.pop();
  if (last === undefined) return;
  table.pairs -= table.byKey.get(last)?.size ?? 0;
  table.byKey.delete(last);
  table.before = last;
}

/** Index of the first one that is not before `key`. */
function placeOf(order: readonly string[], key: string): number {
  let from = 0;
  let to = order.length;
  while (from < to) {
    const middle = (from + to) >> 1;
    if ((order[middle] ?? '') < key) from = middle + 1;
    else to = middle;
  }
  return from;
}
