/** Pauses of partitions and the stop of the world, by the definitions of the design. Times in ms since 1970. */
import type { EpochMs } from '../../contract/time.ts';
import { type ClockUsed, errorBetween } from '../clock/clock.ts';

export interface Interval {
  readonly from: EpochMs;
  readonly to: EpochMs;
}

/** A pause, perhaps of no length, and by how much its length may be off. */
export interface Pause extends Interval {
  readonly errorMs: number;
}

/** Shorter ones are no pauses: the client reports none below either. */
const SHORTEST_PAUSE_MS = 1;
/** Stretches of work closer than this are one: between two batches of a busy partition is only the client's own loop. */
const SAME_STRETCH_MS = 5;
/** Of one partition around one rebalance; beyond, the two oldest are taken for one. */
const STRETCHES = 2_000;

/** How far the processing of one partition has come. */
export interface Processing {
  /** End of the record that ended last; undefined before the first. */
  endedAt: EpochMs | undefined;
  /** By which clock. */
  endedBy: ClockUsed | undefined;
  /** Who ended it has told of all that it did with the partition: it gave it up itself, or what it left behind when it died has been read. */
  handedOver: boolean;
  /** Batches begun and not ended: more than one when a member that lost the partition works on. */
  working: number;
}

/**
 * Of what a process did that ended without a goodbye and left nothing behind, so much at most is not known: a consumer
 * reports each 250 ms, and a machine that is busy lets that timer and the report's way be late.
 */
const UNREPORTED_MS = 750;

/**
 * The pause before a record: `a`, when the last record before ended, `b`, when this one began, `waitedMs`, how long
 * it had been in the log at `b`: min(b − a, waited), up to `b`. undefined without a record before and during work
 * on the partition.
 *
 * Its error is that of b − a: of two clocks where `a` and `b` are of different processes; within one only what its
 * correction changed in between, usually nothing. A process that ended without a goodbye may have worked on after the
 * last record that is known of it, so `a` may be later. A pause that the waiting bounds is off by less or not at all. The
 * waiting itself is taken as told: the consumer's clock against that of the record's timestamp.
 */
export function pauseBefore(
  { endedAt, endedBy, handedOver, working }: Processing,
  b: EpochMs,
  waitedMs: number,
  clock: ClockUsed,
): Pause | undefined {
  if (endedAt === undefined || endedBy === undefined || working > 0) return undefined;
  const between = b - endedAt;
  const errorMs = errorBetween(endedBy, clock);
  const unreportedMs = endedBy.of === clock.of || handedOver ? 0 : UNREPORTED_MS;
  const bounded = (ms: number) => Math.max(0, Math.min(ms, waitedMs));
  const ms = bounded(between);
  return {
    from: b - ms,
    to: b,
    errorMs: Math.max(ms - bounded(between - errorMs - unreportedMs), bounded(between + errorMs) - ms),
  };
}

export const worthNoting = (pause: Interval): boolean => pause.to - pause.from >= SHORTEST_PAUSE_MS;

export const longer = (a: Interval | undefined, b: Interval | undefined): Interval | undefined =>
  a === undefined || (b !== undefined && b.to - b.from > a.to - a.from) ? b : a;

/** Adds a stretch of work; stretches come about in order. */
export function addStretch(stretches: Interval[], stretch: Interval): void {
  const last = stretches.at(-1);
  if (last !== undefined && stretch.from - last.to <= SAME_STRETCH_MS && stretch.from >= last.from) {
    stretches[stretches.length - 1] = { from: last.from, to: Math.max(last.to, stretch.to) };
    return;
  }
  stretches.push(stretch);
  if (stretches.length > STRETCHES) {
    const [first, second] = stretches as [Interval, Interval];
    stretches.splice(0, 2, { from: Math.min(first.from, second.from), to: Math.max(first.to, second.to) });
  }
}

/**
 * How long every partition with records waiting stood still: the intersection of the pauses; none when a partition
 * without a pause (`others`: its stretches of work) was worked on during any of them. Partitions that were quiet are
 * in neither and don't count.
 */
export function stopTheWorldMs(pauses: Interval[], others: Interval[][]): number {
  if (pauses.length === 0) return 0;
  const from = pauses.reduce((latest, pause) => Math.max(latest, pause.from), Number.NEGATIVE_INFINITY);
  const to = pauses.reduce((earliest, pause) => Math.min(earliest, pause.to), Number.POSITIVE_INFINITY);
  if (to <= from) return 0;
  const during = (work: Interval) => pauses.some((pause) => work.from < pause.to && work.to > pause.from);
  return others.some((stretches) => stretches.some(during)) ? 0 : to - from;
}
