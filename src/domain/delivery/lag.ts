/**
 * Lag of a partition: log end offset − committed offset of the group. Where the group has committed nothing, it is
 * what lies in the log (end − beginning): the lag of a group that would start at `earliest`.
 */
import type { EpochMs } from '../../contract/time.ts';
import type { LagSample } from '../evidence/facts.ts';
import type { LagPoint, LagView } from '../figures/figures.ts';

/** So many points are kept as they came (two hours at one a second); beyond, half as many equal stretches keep their highest. */
const KEPT = 7_200;
const SHOWN = 120;

export interface LagRecord {
  /** By time. */
  points: LagPoint[];
  /** The last two samples by time, older first: the newest is shown, both give the rate of growth. */
  latest: LagSample[];
  peak: LagPoint | undefined;
}

export interface LagChange {
  /** Total at `from`: of the last sample up to then, else of the first one after. */
  before: number;
  /** Highest total from `from` to `to`, `before` included. */
  peak: number;
  /** Total of the last sample up to `to`. */
  after: number;
  /**
   * From `from` until the total had fallen below the threshold and stayed there until `to`; 0 when it always was below,
   * undefined when it has not, or where no threshold was given.
   */
  drainedMs: number | undefined;
}

/** Looks one after the other at which the total was under a threshold. */
export interface LowRow {
  /** Of the first of them. */
  since: EpochMs;
  /** Of the first of them that lies long enough after it; absent while there is none. */
  heldAt?: EpochMs;
}

export const emptyLag = (): LagRecord => ({ points: [], latest: [], peak: undefined });

type Offsets = LagSample['partitions'][number];

const partitionLag = ({ endOffset, committedOffset, beginningOffset }: Offsets) =>
  Math.max(0, endOffset - (committedOffset ?? beginningOffset));

/** The same look at Kafka reported again (before the first report of it was read back) changes nothing. */
export function addSample(lag: LagRecord, sample: LagSample): void {
  if (lag.points.findLast(({ at }) => at <= sample.at)?.at === sample.at) return;
  const point = { at: sample.at, total: sample.partitions.reduce((sum, p) => sum + partitionLag(p), 0) };
  insertByTime(lag.points, point);
  if (lag.points.length > KEPT) lag.points = highest(lag.points, KEPT / 2);
  insertByTime(lag.latest, sample);
  if (lag.latest.length > 2) lag.latest.shift();
  const { peak } = lag;
  if (!peak || point.total > peak.total || (point.total === peak.total && point.at < peak.at)) lag.peak = point;
}

/** The same record with one more sample; the given one stays as it is. */
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
      committedOffset: p.committedOffset,
      lag: partitionLag(p),
    }))
    .sort((a, b) => a.partition - b.partition);
  return {
    at: sample.at,
    total: partitions.reduce((sum, { lag }) => sum + lag, 0),
    peak: peak.total,
    peakAt: peak.at,
    errorBound: Math.ceil(sample.spreadMs * growthPerMs(latest)),
    partitions,
    history: highest(points, SHOWN),
  };
}

/** undefined while there is no sample up to `to`. `below`: a total under so many records counts as drained. */
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
 * Of the looks from `from` to `to` the first row below `below` that lasts for `forMs`, else the row that the last look is
 * in; undefined where that look is not below. It goes by the looks' own times: when they are read back changes nothing.
 */
export function lowRow(
  { points }: LagRecord,
  from: EpochMs,
  to: EpochMs,
  below: number,
  forMs: number,
): LowRow | undefined {
  let since: EpochMs | undefined;
  for (const { at, total } of points) {
    if (at < from || at > to) continue;
    since = total < below ? (since ?? at) : undefined;
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

/** Records by which the log grew per ms between the last two samples; 0 while there is one only. */
function growthPerMs([older, newer]: LagSample[]): number {
  if (older === undefined || newer === undefined || newer.at <= older.at) return 0;
  const before = new Map(older.partitions.map(({ partition, endOffset }) => [partition, endOffset]));
  const grown = newer.partitions.reduce(
    (sum, p) => sum + Math.max(0, p.endOffset - (before.get(p.partition) ?? p.beginningOffset)),
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

/** The highest point of each of `count` equal stretches of the whole time. */
function highest(points: LagPoint[], count: number): LagPoint[] {
  const first = points[0];
  const last = points.at(-1);
  if (first === undefined || last === undefined || points.length <= count) return [...points];
  const stretch = (last.at - first.at) / count;
  const shown: LagPoint[] = [];
  let current = -1;
  for (const point of points) {
    const index = stretch > 0 ? Math.min(count - 1, Math.floor((point.at - first.at) / stretch)) : 0;
    if (index === current) shown[shown.length - 1] = higher(shown.at(-1) as LagPoint, point);
    else shown.push(point);
    current = index;
  }
  return shown;
}
