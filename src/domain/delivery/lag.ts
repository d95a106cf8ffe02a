/**
 * Lag of a partition: what the group can still be given, from its position to the end of the log, which is the last stable
 * offset for a read_committed group. The position is the committed offset. Where that is missing or deleted, it is where
 * `auto.offset.reset` puts the group. Where neither is known, the lag is unknown, and the partition is in no sum.
 */
import type { EpochMs } from '../../contract/time.ts';
import type { LagSample, OffsetReset, OffsetsSeen } from '../evidence/facts.ts';
import type { LagPoint, LagView } from '../figures/figures.ts';

/** Points kept unchanged: two hours at one per second. Beyond, the list is reduced to the highest point of each of 3,600 equal intervals. */
const POINTS_KEPT = 7_200;
const POINTS_SHOWN = 120;

export interface LagRecord {
  /** Total lag over time, sorted by time. */
  points: LagPoint[];
  /** The last two samples, older first. The newest is shown, and both give the growth rate of the log. */
  latest: LagSample[];
  peak: LagPoint | undefined;
}

/** What happened to the total lag between two times, in records. */
export interface LagChange {
  /** Total at `from`: the last sample up to then, or else the first one after it. */
  before: number;
  /** Highest total from `from` to `to`, including `before`. */
  peak: number;
  /** Total of the last sample up to `to`. */
  after: number;
  /**
   * Time from `from` until the total fell below the threshold and stayed there until `to`. 0 if it was always below; undefined
   * if it did not stay below, or without a threshold.
   */
  drainedMs: number | undefined;
}

/** Consecutive samples with a total below a threshold. */
export interface LowStretch {
  /** Time of the first sample. */
  since: EpochMs;
  /** Time of the first sample that proves the required duration; absent until there is one. */
  heldAt?: EpochMs;
}

export const emptyLag = (): LagRecord => ({ points: [], latest: [], peak: undefined });

/** The end of the log for the group. */
export const readableEnd = ({ endOffset, lastStableOffset = endOffset }: OffsetsSeen): number => lastStableOffset;

/** null: unknown. */
function partitionLag(
  offsets: OffsetsSeen,
  resetsTo: OffsetReset = 'Earliest',
  end = readableEnd(offsets),
): number | null {
  const { committedOffset, beginningOffset } = offsets;
  if (committedOffset !== null && committedOffset >= beginningOffset) return Math.max(0, end - committedOffset);
  const length = Math.max(0, end - beginningOffset);
  // A committed offset below the log's start was valid once: the group gets at most what is left.
  if (resetsTo === 'Earliest' || length === 0) return length;
  if (committedOffset === null) return null;
  return resetsTo === 'Latest' ? 0 : length;
}

/**
 * Whether the group has read all that the log had up to these ends, by partition. Records beyond them do not count. False while
 * its position is unknown for a partition.
 */
export const hasRead = ({ partitions, resetsTo }: LagSample, ends: ReadonlyMap<number, number>): boolean =>
  partitions.every((offsets) => {
    // A topic that was created again may end before.
    const end = Math.min(ends.get(offsets.partition) ?? 0, offsets.endOffset);
    return partitionLag(offsets, resetsTo, end) === 0;
  });

const lagsOf = ({ partitions, resetsTo }: LagSample) => partitions.map((offsets) => partitionLag(offsets, resetsTo));
const sumOf = (lags: (number | null)[]): number => lags.reduce<number>((sum, lag) => sum + (lag ?? 0), 0);
const unknownIn = (lags: (number | null)[]): number => lags.filter((lag) => lag === null).length;

/** Adds a sample in place. A sample with a known time is a repeated report and changes nothing. */
export function addSample(lag: LagRecord, sample: LagSample): void {
  if (lag.points.findLast(({ at }) => at <= sample.at)?.at === sample.at) return;
  const lags = lagsOf(sample);
  const unknown = unknownIn(lags);
  const point: LagPoint = { at: sample.at, total: sumOf(lags), ...(unknown > 0 && { unknown }) };
  insertByTime(lag.points, point);
  if (lag.points.length > POINTS_KEPT) lag.points = highest(lag.points, POINTS_KEPT / 2);
  insertByTime(lag.latest, sample);
  if (lag.latest.length > 2) lag.latest.shift();
  const { peak } = lag;
  if (!peak || point.total > peak.total || (point.total === peak.total && point.at < peak.at)) lag.peak = point;
}

/** A copy of the record with one more sample. */
export function withSample(lag: LagRecord, sample: LagSample): LagRecord {
  const more = { ...lag, points: [...lag.points], latest: [...lag.latest] };
  addSample(more, sample);
  return more;
}

export function lagView({ points, latest, peak }: LagRecord): LagView | null {
  const sample = latest.at(-1);
  if (sample === undefined || peak === undefined) return null;
  const partitions = sample.partitions
    .map((p) => ({
      partition: p.partition,
      endOffset: p.endOffset,
      ...(p.lastStableOffset === undefined ? {} : { lastStableOffset: p.lastStableOffset }),
      committedOffset: p.committedOffset,
      lag: partitionLag(p, sample.resetsTo),
    }))
    .sort((a, b) => a.partition - b.partition);
  const lags = partitions.map(({ lag }) => lag);
  return {
    at: sample.at,
    total: sumOf(lags),
    unknown: unknownIn(lags),
    peak: peak.total,
    peakAt: peak.at,
    errorBound: Math.ceil(sample.spreadMs * growthPerMs(latest)),
    partitions,
    history: highest(points, POINTS_SHOWN),
  };
}

/** Lag from `from` to `to`. A total below `below` records counts as drained. undefined without a sample up to `to`. */
export function lagChange({ points }: LagRecord, from: EpochMs, to: EpochMs, below?: number): LagChange | undefined {
  const start = points.findLast(({ at }) => at <= from);
  const within = points.filter(({ at }) => at > from && at <= to);
  const all = start === undefined ? within : [start, ...within];
  const first = all[0];
  const last = all.at(-1);
  if (first === undefined || last === undefined) return undefined;
  return {
    before: first.total,
    peak: all.reduce((most, { total }) => Math.max(most, total), 0),
    after: last.total,
    drainedMs: below === undefined ? undefined : drained(all, from, below),
  };
}

/**
 * The first stretch of samples from `from` to `to` that stays below `below` records for `forMs`, or else the stretch that the
 * last sample belongs to. undefined if that sample is not below. Only the samples' own times count, not when they are read.
 */
export function lowStretch(
  { points }: LagRecord,
  from: EpochMs,
  to: EpochMs,
  below: number,
  forMs: number,
): LowStretch | undefined {
  let since: EpochMs | undefined;
  for (const { at, total, unknown = 0 } of points) {
    if (at < from || at > to) continue;
    since = total < below && unknown === 0 ? (since ?? at) : undefined;
    if (since !== undefined && at - since >= forMs) return { since, heldAt: at };
  }
  return since === undefined ? undefined : { since };
}

function drained(points: LagPoint[], from: EpochMs, below: number): number | undefined {
  const last = points.findLastIndex(({ total }) => total >= below);
  if (last === -1) return 0;
  const first = points[last + 1];
  return first && Math.max(0, first.at - from);
}

/** Growth of the log in records per ms between the last two samples; 0 with a single sample. */
function growthPerMs([older, newer]: LagSample[]): number {
  if (older === undefined || newer === undefined || newer.at <= older.at) return 0;
  const before = new Map(older.partitions.map((p) => [p.partition, readableEnd(p)]));
  const grown = newer.partitions.reduce(
    (sum, p) => sum + Math.max(0, readableEnd(p) - (before.get(p.partition) ?? p.beginningOffset)),
    0,
  );
  return grown / (newer.at - older.at);
}

function insertByTime<T extends { at: EpochMs }>(list: T[], item: T): void {
  let index = list.length;
  while (index > 0 && (list[index - 1] as T).at > item.at) index--;
  list.splice(index, 0, item);
}

const higher = (a: LagPoint, b: LagPoint) => (b.total > a.total ? b : a);

/** The highest point of each of `count` equal intervals. Short lists are returned unchanged. */
function highest(points: LagPoint[], count: number): LagPoint[] {
  const first = points[0];
  const last = points.at(-1);
  if (first === undefined || last === undefined || points.length <= count) return [...points];
  const intervalMs = (last.at - first.at) / count;
  const shown: LagPoint[] = [];
  let current = -1;
  for (const point of points) {
    const index = intervalMs > 0 ? Math.min(count - 1, Math.floor((point.at - first.at) / intervalMs)) : 0;
    if (index === current) shown[shown.length - 1] = higher(shown.at(-1) as LagPoint, point);
    else shown.push(point);
    current = index;
  }
  return shown;
}
