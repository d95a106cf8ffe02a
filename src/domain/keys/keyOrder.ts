/**
 * Finds keys whose records were processed in another order than they were written in. Within a partition the log keeps the
 * order, and a repeated record is only a duplicate. Between partitions the order is broken if a record begins to be processed
 * for the first time after a later-written record in another partition has ended, by more than the error of the clocks.
 *
 * The comparison uses the first and the last record per key, partition and report. These records are real, so every violation
 * found is real; violations within reports of the same moment may be missed. The offsets that all consumers report show
 * whether a record had been processed before.
 */
import type { EpochMs } from '../../contract/time.ts';
import { indexAfter, insertInOrder } from '../clock/inOrder.ts';
import type { Consumed } from '../evidence/facts.ts';
import { emptyKeys, entryOf, type KeyTable, omitFrom } from '../evidence/keyTable.ts';
import type { OutOfOrder, RecordPlace } from '../figures/order.ts';

/** Per key and partition: the latest-written record processed so far. */
interface Reached {
  newest: { offset: number; writtenAt: EpochMs } | undefined;
}

/** Highest offset that a client has begun to process in a partition. */
interface Position {
  by: string;
  offset: number;
}

/** A client began to process a batch of a partition. `at` is the earliest possible time, `offset` the last of the batch. */
interface BatchBegun extends RecordPlace {
  type: 'BatchBegun';
  at: EpochMs;
  /** Process and client. */
  by: string;
  /** Reported after events of the same time had been taken in. */
  late: boolean;
}

/** A client began or ended the processing of a record. `at` is the earliest possible begin, or the latest possible end. */
interface RecordEvent extends RecordPlace {
  type: 'Begun' | 'Ended';
  at: EpochMs;
  by: string;
  key: string;
  writtenAt: EpochMs;
  /** As in BatchBegun. */
  late: boolean;
}

type OrderEvent = BatchBegun | RecordEvent;

/** What the events so far have shown. */
interface Progress {
  /** By partition: the client with the highest offset, and the best of the other clients. */
  positions: Map<number, readonly Position[]>;
  /** By key: the pair that is furthest apart, with the time and client of the earlier record's begin. */
  found: Map<string, OutOfOrder & { at: EpochMs; by: string }>;
  /** The latest-written records of a key by partition. undefined: the key is omitted. */
  reachedOf(key: string, partition: number): Map<number, Reached> | undefined;
}

export interface KeyOrder {
  /** State as of `settledUntil`. */
  reached: KeyTable<Reached>;
  positions: Progress['positions'];
  found: Progress['found'];
  settledUntil: EpochMs;
  /** Events that wait for earlier ones, sorted. Reports of different processes arrive in any order. */
  waiting: OrderEvent[];
}

export const noKeyOrder = (): KeyOrder => ({
  reached: emptyKeys(),
  positions: new Map(),
  found: new Map(),
  settledUntil: Number.NEGATIVE_INFINITY,
  waiting: [],
});

/**
 * Adds the processed records of one report. `by`: process and client. `shift`: ms to add to the process's times.
 * `errorMs`: largest error of the shifted times.
 */
export function addProcessed(
  order: KeyOrder,
  by: string,
  { partitions: works, keys = [], keysBefore }: Pick<Consumed, 'partitions' | 'keys' | 'keysBefore'>,
  shift: number,
  errorMs: number,
): void {
  if (keysBefore !== undefined) omitFrom(order.reached, keysBefore);
  for (const { partition, ranges, firstBeganAt } of works) {
    const offset = ranges.reduce((last, [, to]) => Math.max(last, to), 0) - 1;
    const at = firstBeganAt + shift - errorMs;
    const late = at <= order.settledUntil;
    insertInOrder(order.waiting, { type: 'BatchBegun', at, by, partition, offset, late }, compareEvents);
  }
  for (const { key, partitions } of keys) {
    for (const [partition, ...records] of partitions) {
      for (const record of records) {
        if (record === undefined) continue;
        const [offset, writtenAt, beganAt, endedAt] = record;
        const event = (type: RecordEvent['type'], at: EpochMs): RecordEvent => {
          return { type, at, by, key, partition, offset, writtenAt, late: at <= order.settledUntil };
        };
        insertInOrder(order.waiting, event('Begun', beganAt + shift - errorMs), compareEvents);
        insertInOrder(order.waiting, event('Ended', endedAt + shift + errorMs), compareEvents);
      }
    }
  }
}

/** Takes in all events up to `until`. Older ones are no longer expected. */
export function settleOrder(order: KeyOrder, until: EpochMs): void {
  const { reached, positions, found, waiting } = order;
  const reachedOf = (key: string, partition: number) =>
    entryOf(reached, key, partition, noneReached) && reached.byKey.get(key);
  for (const event of waiting.splice(0, indexAfter(waiting, until))) applyEvent(event, { positions, found, reachedOf });
  order.settledUntil = Math.max(order.settledUntil, until);
}

/**
 * The processing order of those of `keys` that consumers have reported, as of `until`: a violation by more than `apartMs`, or
 * null. Does not change the order.
 */
export function orderOf(
  order: KeyOrder,
  keys: readonly string[],
  until: EpochMs,
  apartMs: number,
): Map<string, OutOfOrder | null> {
  const { reached, waiting } = order;
  const asked = new Set(keys.filter((key) => reached.omittedFrom === undefined || key < reached.omittedFrom));
  if (asked.size === 0) return new Map();
  const changed = new Map<string, Map<number, Reached>>();
  const found = new Map(order.found);
  const reachedOf = (key: string, partition: number) => {
    if (!asked.has(key)) return undefined;
    const all = changed.get(key) ?? copyOf(reached.byKey.get(key));
    changed.set(key, all);
    if (!all.has(partition)) all.set(partition, noneReached());
    return all;
  };
  const progress = { positions: new Map(order.positions), found, reachedOf };
  for (const event of waiting.slice(0, indexAfter(waiting, until))) applyEvent(event, progress);
  const reported = [...asked].filter((key) => changed.has(key) || reached.byKey.has(key));
  return new Map(
    reported.map((key) => {
      const violation = found.get(key);
      return [key, violation !== undefined && violation.byMs > apartMs ? violation : null];
    }),
  );
}

const noneReached = (): Reached => ({ newest: undefined });

const copyOf = (all: ReadonlyMap<number, Reached> = new Map()): Map<number, Reached> =>
  new Map([...all].map(([partition, reached]) => [partition, { ...reached }]));

function applyEvent(event: OrderEvent, progress: Progress): void {
  if (event.type === 'BatchBegun') applyBatch(event, progress);
  else applyRecord(event, progress);
}

function applyBatch(event: BatchBegun, { positions, found }: Progress): void {
  const { by, partition, offset } = event;
  positions.set(partition, withPosition(positions.get(partition), { by, offset }));
  if (event.late) retract(event, found);
}

function applyRecord(event: RecordEvent, progress: Progress): void {
  const { key, partition, offset, writtenAt } = event;
  const all = progress.reachedOf(key, partition);
  const own = all?.get(partition);
  if (all === undefined || own === undefined) return;
  if (event.type === 'Ended') {
    const { newest } = own;
    const newer = newest === undefined || writtenAt > newest.writtenAt;
    if (newer || (writtenAt === newest.writtenAt && offset < newest.offset)) own.newest = { offset, writtenAt };
    return;
  }
  if (!event.late && !isRepeated(event, progress)) findViolations(event, all, progress);
}

/** Another client has processed the record before. keyWatch.ts already drops repetitions by the same client. */
function isRepeated({ by, partition, offset }: RecordEvent, { positions }: Progress): boolean {
  const other = positions.get(partition)?.find((position) => position.by !== by);
  return other !== undefined && offset <= other.offset;
}

/** Compares a record that begins with the latest-written ended records of the other partitions. */
function findViolations(event: RecordEvent, all: ReadonlyMap<number, Reached>, { found }: Progress): void {
  const { key, partition, offset, writtenAt, at, by } = event;
  for (const [other, { newest }] of all) {
    if (other === partition || newest === undefined || newest.writtenAt <= writtenAt) continue;
    const pair = {
      at,
      by,
      byMs: newest.writtenAt - writtenAt,
      earlier: { partition, offset },
      later: { partition: other, offset: newest.offset },
    };
    const known = found.get(key);
    if (known === undefined || compareViolations(pair, known) < 0) found.set(key, pair);
  }
}

/** Removes violations whose earlier record may have been processed before by the client of this late event. */
function retract({ at, by, partition, offset }: BatchBegun, found: Progress['found']): void {
  for (const [key, pair] of found) {
    const { earlier } = pair;
    if (earlier.partition === partition && earlier.offset <= offset && at <= pair.at && by !== pair.by)
      found.delete(key);
  }
}

/** The highest position, and the highest one of another client. */
function withPosition(known: readonly Position[] = [], reached: Position): Position[] {
  const [highest = reached, ...others] = [...known, reached].sort((a, b) => b.offset - a.offset);
  return [highest, ...others.filter(({ by }) => by !== highest.by).slice(0, 1)];
}

const comparePlaces = (a: RecordPlace, b: RecordPlace): number => a.partition - b.partition || a.offset - b.offset;
/** Sorts the pair that is further apart first. Ties are broken by place, so the result does not depend on the order of events. */
const compareViolations = (a: OutOfOrder, b: OutOfOrder): number =>
  b.byMs - a.byMs || comparePlaces(a.earlier, b.earlier) || comparePlaces(a.later, b.later);

/** Order of events of the same time: a record that ends then does not precede one that begins then. */
const RANK = { BatchBegun: 0, Begun: 1, Ended: 2 };
const nameOf = (event: OrderEvent): string => (event.type === 'BatchBegun' ? event.by : event.key);
const compareEvents = (a: OrderEvent, b: OrderEvent): number =>
  a.at - b.at ||
  RANK[a.type] - RANK[b.type] ||
  comparePlaces(a, b) ||
  (nameOf(a) < nameOf(b) ? -1 : nameOf(a) > nameOf(b) ? 1 : 0);
