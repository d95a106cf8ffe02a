/**
 * A table with one entry per key and partition, limited to the keys that come first in UTF-16 order. The result does not
 * depend on the order in which keys arrive: a key in the table has been there since its first record, and a key omitted by
 * one producer is omitted from the sum over all producers.
 */

export const MOST_KEYS = 1_000;
/** Limit of pairs of key and partition. */
export const MOST_KEY_PARTITIONS = 4_000;
/** Limit of shares: what one process has of a key and partition. */
export const MOST_SHARES = 250_000;

export interface KeyTable<T> {
  byKey: Map<string, Map<number, T>>;
  /** All keys of the table, ascending. */
  order: string[];
  /** Number of pairs of key and partition. */
  pairs: number;
  /** Number of shares of all entries. */
  shares: number;
  /** Number of shares of one entry. */
  readonly sharesOf: (entry: T) => number;
  /** The table omits this key and all keys after it. Absent: it omits none. */
  omittedFrom?: string;
}

export const emptyKeys = <T>(sharesOf: (entry: T) => number = () => 0): KeyTable<T> => ({
  byKey: new Map(),
  order: [],
  pairs: 0,
  shares: 0,
  sharesOf,
});

/** The entry of a key and partition, created with `create` on first use. undefined: the table omits the key. */
export function entryOf<T>(table: KeyTable<T>, key: string, partition: number, create: () => T): T | undefined {
  const known = table.byKey.get(key);
  const existing = known?.get(partition);
  if (existing !== undefined) return existing;
  if (table.omittedFrom !== undefined && key >= table.omittedFrom) return undefined;
  const created = create();
  if (known !== undefined) known.set(partition, created);
  else {
    table.byKey.set(key, new Map([[partition, created]]));
    table.order.splice(firstIndexFrom(table.order, key), 0, key);
  }
  table.pairs += 1;
  while (table.order.length > MOST_KEYS || table.pairs > MOST_KEY_PARTITIONS) omitLast(table);
  return table.byKey.has(key) ? created : undefined;
}

/** An entry has one share more. Like `entryOf` it may omit the last keys, which may include the entry's own. */
export function countShare<T>(table: KeyTable<T>, most: number = MOST_SHARES): void {
  table.shares += 1;
  while (table.shares > most) omitLast(table);
}

/** Omits this key and all keys after it. */
export function omitFrom<T>(table: KeyTable<T>, key: string): void {
  for (let last = table.order.at(-1); last !== undefined && last >= key; last = table.order.at(-1)) omitLast(table);
  if (table.omittedFrom === undefined || key < table.omittedFrom) table.omittedFrom = key;
}

function omitLast<T>(table: KeyTable<T>): void {
  const last = table.order.pop();
  if (last === undefined) return;
  const entries = [...(table.byKey.get(last)?.values() ?? [])];
  table.pairs -= entries.length;
  for (const entry of entries) table.shares -= table.sharesOf(entry);
  table.byKey.delete(last);
  table.omittedFrom = last;
}

/** Index of the first key that is equal to or after `key`. */
function firstIndexFrom(order: readonly string[], key: string): number {
  let from = 0;
  let to = order.length;
  while (from < to) {
    const middle = (from + to) >> 1;
    if ((order[middle] ?? '') < key) from = middle + 1;
    else to = middle;
  }
  return from;
}
