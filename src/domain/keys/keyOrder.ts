/**
 * Whether the records of a key were processed in the order in which they were written. Within a partition they are, the
 * log's order; one that comes again is a duplicate and nothing else. Between partitions the order is broken when a record
 * begins to be processed for the first time after the processing of one in another partition has ended that was written
 * later, by all that the clocks may be off.
 *
 * What is compared are the records that consumers tell of: of each key and partition the first and the last one of each
 * report. All of them are real, so what is found broken is; what is out of order within reports of the same moment may
 * be missed. That nobody has processed a record before is known from the offsets that all consumers tell.
 */
import type { EpochMs } from '../../contract/time.ts';
import { indexAfter, insertInOrder } from '../clock/inOrder.ts';
import type { Consumed } from '../evidence/facts.ts';
import { emptyKeys, entryOf, type KeyTable, leaveOutFrom } from '../evidence/keyTable.ts';
import type { OutOfOrder, RecordPlace } from '../figures/order.ts';

/** Of a key in one partition, of the records that have been processed, the one that was written last. */
interface Reached {
  newest: { offset: number; writtenAt: EpochMs } | undefined;
}

/** How far a client has come in a partition. */
interface Through {
  by: string;
  offset: number;
}

/** A client (by process and client) began to process the first of some records of a partition, at the earliest at `at`; `offset`: the last of them. */
interface Worked extends RecordPlace {
  type: 'Worked';
  at: EpochMs;
  by: string;
  /** Told so late that what came after it may have been judged. */
  late: boolean;
}

/** Begun: at the earliest at `at`. Ended: at the latest then. */
interface Met extends RecordPlace {
  type: 'Begun' | 'Ended';
  at: EpochMs;
  by: string;
  key: string;
  writtenAt: EpochMs;
  /** Told so late that others may have been taken in that came after it. */
  late: boolean;
}

type Step = Worked | Met;

/** What has been taken in, of the keys asked for. */
interface Progress {
  /** By partition, the client that has come furthest, and of the others the one that has. */
  through: Map<number, readonly Through[]>;
  /** Of each key the pair that is furthest apart, and when and by whom the earlier one was begun. */
  found: Map<string, OutOfOrder & { at: EpochMs; by: string }>;
  /** By partition; undefined: the key is left out. */
  reachedOf(key: string, partition: number): Map<number, Reached> | undefined;
}

export interface KeyOrder {
  /** As of `settledUntil`. */
  reached: KeyTable<Reached>;
  through: Progress['through'];
  found: Progress['found'];
  settledUntil: EpochMs;
  /** Sorted; reports of different processes come in any order, so the newest steps wait for others. */
  waiting: Step[];
}

export const noKeyOrder = (): KeyOrder => ({
  reached: emptyKeys(),
  through: new Map(),
  found: new Map(),
  settledUntil: Number.NEGATIVE_INFINITY,
  waiting: [],
});

/** `by`: process and client. `shift`: to be added to the process's times, which then are off by `errorMs` at most. */
export function addMet(
  order: KeyOrder,
  by: string,
  { partitions: works, keys = [], keysBefore }: Pick<Consumed, 'partitions' | 'keys' | 'keysBefore'>,
  shift: number,
  errorMs: number,
): void {
  if (keysBefore !== undefined) leaveOutFrom(order.reached, keysBefore);
  for (const { partition, ranges, firstBeganAt } of works) {
    const offset = ranges.reduce((last, [, to]) => Math.max(last, to), 0) - 1;
    const at = firstBeganAt + shift - errorMs;
    insertInOrder(order.waiting, { type: 'Worked', at, by, partition, offset, late: at <= order.settledUntil }, before);
  }
  for (const { key, partitions } of keys) {
    for (const [partition, ...records] of partitions) {
      for (const record of records) {
        if (record === undefined) continue;
        const [offset, writtenAt, beganAt, endedAt] = record;
        const met = (type: Met['type'], at: EpochMs): Met => {
          return { type, at, by, key, partition, offset, writtenAt, late: at <= order.settledUntil };
        };
        insertInOrder(order.waiting, met('Begun', beganAt + shift - errorMs), before);
        insertInOrder(order.waiting, met('Ended', endedAt + shift + errorMs), before);
      }
    }
  }
}

/** Nothing older than `until` is expected any more. */
export function settleOrder(order: KeyOrder, until: EpochMs): void {
  const { reached, through, found, waiting } = order;
  const reachedOf = (key: string, partition: number) =>
    entryOf(reached, key, partition, newReached) && reached.byKey.get(key);
  for (const step of waiting.splice(0, indexAfter(waiting, until))) take(step, { through, found, reachedOf });
  order.settledUntil = Math.max(order.settledUntil, until);
}

/**
 * As of `until`, of those of the keys that consumers have met: out of order by more than `apartMs`, or null. Doesn't
 * change the order.
 */
export function orderOf(
  order: KeyOrder,
  keys: readonly string[],
  until: EpochMs,
  apartMs: number,
): Map<string, OutOfOrder | null> {
  const { reached, waiting } = order;
  const asked = new Set(keys.filter((key) => reached.before === undefined || key < reached.before));
  if (asked.size === 0) return new Map();
  const changed = new Map<string, Map<number, Reached>>();
  const found = new Map(order.found);
  const reachedOf = (key: string, partition: number) => {
    if (!asked.has(key)) return undefined;
    const all = changed.get(key) ?? copyOf(reached.byKey.get(key));
    changed.set(key, all);
    if (!all.has(partition)) all.set(partition, newReached());
    return all;
  };
  const progress = { through: new Map(order.through), found, reachedOf };
  for (const step of waiting.slice(0, indexAfter(waiting, until))) take(step, progress);
  const met = [...asked].filter((key) => changed.has(key) || reached.byKey.has(key));
  return new Map(
    met.map((key) => {
      const broken = found.get(key);
      return [key, broken !== undefined && broken.byMs > apartMs ? broken : null];
    }),
  );
}

const newReached = (): Reached => ({ newest: undefined });

const copyOf = (all: ReadonlyMap<number, Reached> = new Map()): Map<number, Reached> =>
  new Map([...all].map(([partition, reached]) => [partition, { ...reached }]));

function take(step: Step, { through, found, reachedOf }: Progress): void {
  const { by, partition, offset } = step;
  if (step.type === 'Worked') {
    through.set(partition, further(through.get(partition), { by, offset }));
    if (step.late) takeBack(step, found);
    return;
  }
  const { key, writtenAt } = step;
  const all = reachedOf(key, partition);
  const own = all?.get(partition);
  if (all === undefined || own === undefined) return;
  if (step.type === 'Ended') {
    const { newest } = own;
    const newer = newest === undefined || writtenAt > newest.writtenAt;
    if (newer || (writtenAt === newest.writtenAt && offset < newest.offset)) own.newest = { offset, writtenAt };
    return;
  }
  // Somebody else has processed it before: see keyWatch.ts for what its own client has.
  const others = through.get(partition)?.find((one) => one.by !== by);
  if (step.late || (others !== undefined && offset <= others.offset)) return;
  for (const [other, { newest }] of all) {
    if (other === partition || newest === undefined || newest.writtenAt <= writtenAt) continue;
    const pair = {
      at: step.at,
      by,
      byMs: newest.writtenAt - writtenAt,
      earlier: { partition, offset },
      later: { partition: other, offset: newest.offset },
    };
    const known = found.get(key);
    if (known === undefined || compare(pair, known) < 0) found.set(key, pair);
  }
}

/** What has been found of records that this client, as is told now, may have processed before. */
function takeBack({ at, by, partition, offset }: Worked, found: Progress['found']): void {
  for (const [key, pair] of found) {
    const { earlier } = pair;
    if (earlier.partition === partition && earlier.offset <= offset && at <= pair.at && by !== pair.by)
      found.delete(key);
  }
}

function further(known: readonly Through[] = [], reached: Through): Through[] {
  const [furthest = reached, ...others] = [...known, reached].sort((a, b) => b.offset - a.offset);
  return [furthest, ...others.filter(({ by }) => by !== furthest.by).slice(0, 1)];
}

const comparePlaces = (a: RecordPlace, b: RecordPlace): number => a.partition - b.partition || a.offset - b.offset;
/** The one further apart first; which of two alike does not depend on the order in which they are found. */
const compare = (a: OutOfOrder, b: OutOfOrder): number =>
  b.byMs - a.byMs || comparePlaces(a.earlier, b.earlier) || comparePlaces(a.later, b.later);

/** Of the same moment: an end counts for what begins after it. */
const AT_ONCE = { Worked: 0, Begun: 1, Ended: 2 };
const keyOf = (step: Step): string => (step.type === 'Worked' ? step.by : step.key);
const before = (a: Step, b: Step): number =>
  a.at - b.at ||
  AT_ONCE[a.type] - AT_ONCE[b.type] ||
  comparePlaces(a, b) ||
  (keyOf(a) < keyOf(b) ? -1 : keyOf(a) > keyOf(b) ? 1 : 0);
