/**
 * Whether the records of a key were processed in the order in which they were written. Within a partition they are, the
 * log's order; one that comes again is a duplicate and nothing else. Between partitions the order is broken when a record
 * begins to be processed for the first time after the processing of one in another partition has ended that was written
 * later, by all that the clocks may be off.
 *
 * What is compared are the records that consumers tell of: of each key and partition the first and the last one of each
 * report. All of them are real, so what is found broken is; what is out of order within reports of the same moment may
 * be missed.
 */
import type { EpochMs } from '../api/kind.ts';
import type { Consumed } from './evidence.ts';
import { emptyKeys, entryOf, type KeyTable, leaveOutFrom } from './keyTable.ts';

export interface RecordPlace {
  partition: number;
  offset: number;
}

/** Two records of a key: `earlier` was written so much before `later`, and processed after it. */
export interface OutOfOrder {
  byMs: number;
  earlier: RecordPlace;
  later: RecordPlace;
}

/** How far a key has come in one partition. */
interface Reached {
  /** Offset of the last record begun. */
  highest: number;
  /** Of the records that have been processed, the one that was written last. */
  newest: { offset: number; writtenAt: EpochMs } | undefined;
}

/** Begun: at the earliest at `at`. Ended: at the latest then. */
interface Step extends RecordPlace {
  at: EpochMs;
  type: 'Begun' | 'Ended';
  key: string;
  writtenAt: EpochMs;
  /** Told so late that others may have been taken in that came after it. */
  late: boolean;
}

export interface KeyOrder {
  /** As of `settledUntil`. */
  reached: KeyTable<Reached>;
  /** Of each key the pair that is furthest apart. */
  found: Map<string, OutOfOrder>;
  settledUntil: EpochMs;
  /** Sorted; reports of different processes come in any order, so the newest steps wait for others. */
  waiting: Step[];
}

export const noKeyOrder = (): KeyOrder => ({
  reached: emptyKeys(),
  found: new Map(),
  settledUntil: Number.NEGATIVE_INFINITY,
  waiting: [],
});

/** `shift`: to be added to the process's times, which then are off by `errorMs` at most. */
export function addMet(
  order: KeyOrder,
  { keys = [], keysBefore }: Pick<Consumed, 'keys' | 'keysBefore'>,
  shift: number,
  errorMs: number,
): void {
  if (keysBefore !== undefined) leaveOutFrom(order.reached, keysBefore);
  for (const { key, partitions } of keys) {
    for (const [partition, ...records] of partitions) {
      for (const record of records) {
        if (record === undefined) continue;
        const [offset, writtenAt, beganAt, endedAt] = record;
        const about = { key, partition, offset, writtenAt };
        put(order, { ...about, type: 'Begun', at: beganAt + shift - errorMs });
        put(order, { ...about, type: 'Ended', at: endedAt + shift + errorMs });
      }
    }
  }
}

/** Nothing older than `until` is expected any more. */
export function settleOrder(order: KeyOrder, until: EpochMs): void {
  const { reached, found } = order;
  for (const step of order.waiting.splice(0, indexAfter(order.waiting, until))) {
    const own = entryOf(reached, step.key, step.partition, newReached);
    if (own !== undefined) take(step, own, reached.byKey.get(step.key) ?? new Map(), found);
  }
  order.settledUntil = Math.max(order.settledUntil, until);
}

/**
 * As of `until`, of those of the keys that consumers have met: out of order by more than `apartMs`, or null. Doesn't
 * change the order.
 */
export function orderOf(
  { reached, found, waiting }: KeyOrder,
  keys: readonly string[],
  until: EpochMs,
  apartMs: number,
): Map<string, OutOfOrder | null> {
  const asked = new Set(keys.filter((key) => reached.before === undefined || key < reached.before));
  const changed = new Map<string, Map<number, Reached>>();
  const foundNow = new Map(found);
  for (const step of waiting.slice(0, indexAfter(waiting, until))) {
    if (!asked.has(step.key)) continue;
    const all = changed.get(step.key) ?? copyOf(reached.byKey.get(step.key));
    changed.set(step.key, all);
    const own = all.get(step.partition) ?? newReached();
    all.set(step.partition, own);
    take(step, own, all, foundNow);
  }
  const met = [...asked].filter((key) => changed.has(key) || reached.byKey.has(key));
  return new Map(
    met.map((key) => {
      const broken = foundNow.get(key);
      return [key, broken !== undefined && broken.byMs > apartMs ? broken : null];
    }),
  );
}

const newReached = (): Reached => ({ highest: -1, newest: undefined });

const copyOf = (all: ReadonlyMap<number, Reached> = new Map()): Map<number, Reached> =>
  new Map([...all].map(([partition, reached]) => [partition, { ...reached }]));

function take(step: Step, own: Reached, all: ReadonlyMap<number, Reached>, found: Map<string, OutOfOrder>): void {
  const { key, partition, offset, writtenAt } = step;
  if (step.type === 'Ended') {
    const { newest } = own;
    const newer = newest === undefined || writtenAt > newest.writtenAt;
    if (newer || (writtenAt === newest.writtenAt && offset < newest.offset)) own.newest = { offset, writtenAt };
    return;
  }
  // It has been processed before.
  if (offset <= own.highest) return;
  own.highest = offset;
  if (step.late) return;
  for (const [other, { newest }] of all) {
    if (other === partition || newest === undefined || newest.writtenAt <= writtenAt) continue;
    const pair: OutOfOrder = {
      byMs: newest.writtenAt - writtenAt,
      earlier: { partition, offset },
      later: { partition: other, offset: newest.offset },
    };
    const known = found.get(key);
    if (known === undefined || compare(pair, known) < 0) found.set(key, pair);
  }
}

const comparePlaces = (a: RecordPlace, b: RecordPlace): number => a.partition - b.partition || a.offset - b.offset;
/** The one further apart first; which of two alike does not depend on the order in which they are found. */
const compare = (a: OutOfOrder, b: OutOfOrder): number =>
  b.byMs - a.byMs || comparePlaces(a.earlier, b.earlier) || comparePlaces(a.later, b.later);

// ---- steps in the order of time -----------------------------------------------------------------

/** Of the same moment begins come first: an end counts for what begins after it. */
const before = (a: Step, b: Step): number =>
  a.at - b.at ||
  (a.type === b.type ? comparePlaces(a, b) : a.type === 'Begun' ? -1 : 1) ||
  (a.key < b.key ? -1 : a.key > b.key ? 1 : 0);

/** Steps mostly come nearly in order, so the search begins at the end. */
function put(order: KeyOrder, told: Omit<Step, 'late'>): void {
  const step = { ...told, late: told.at <= order.settledUntil };
  const { waiting } = order;
  let low = 0;
  let high = waiting.length;
  if (high > 0 && before(waiting[high - 1] as Step, step) <= 0) low = high;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (before(waiting[middle] as Step, step) <= 0) low = middle + 1;
    else high = middle;
  }
  waiting.splice(low, 0, step);
}

/** Index of the first step after `at`. */
function indexAfter(steps: readonly Step[], at: EpochMs): number {
  let low = 0;
  let high = steps.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((steps[middle] as Step).at <= at) low = middle + 1;
    else high = middle;
  }
  return low;
}
