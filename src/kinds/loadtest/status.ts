/** From the run's figures to the parts of a LoadTest's status. */
import type { LoadTestStatus } from '../../api/loadtest/status.ts';
import { iso } from '../../contract/time.ts';
import type { LagView, RunView } from '../../domain/figures/figures.ts';
import type { OutOfOrder } from '../../domain/figures/order.ts';
import { isTooLarge, rebalancesLeftOut, rebalancesStatus, withinSize } from '../../domain/status/rebalances.ts';

/** The CRD's bounds: of lists, and of the texts of errors. */
const MOST_ENTRIES = 1_000;
/** In an object that is too large, more members than these are left out. */
const FEW_MEMBERS = 100;
const MOST_ERRORS = 20;
const LONGEST_NAME = 253;
const LONGEST_CODE = 256;
const LONGEST_MESSAGE = 1_024;
const LONGEST_KEY = 249;
const MOST_KEYS = 100;
/** Of one key. */
const MOST_KEY_PARTITIONS = 100;
/** Of all keys together: what 256 KiB have room for. */
const MOST_KEY_ROWS = 500;
/** In an object that is too large, more keys than these are left out. */
const FEW_KEYS = 10;

type Producers = NonNullable<LoadTestStatus['producers']>;
type Consumers = NonNullable<LoadTestStatus['consumers']>;
type Lag = NonNullable<LoadTestStatus['lag']>;
type Keys = NonNullable<LoadTestStatus['keys']>;

export const NOTHING_SENT: Omit<Producers, 'desired' | 'ready'> = {
  attempted: 0,
  acknowledged: 0,
  failed: 0,
  bytes: 0,
  messagesPerSecond: 0,
  bytesPerSecond: 0,
  elapsedMs: 0,
};

export const NOTHING_CONSUMED: Omit<Consumers, 'desired' | 'ready' | 'selector'> = {
  members: [],
  idle: [],
  consumed: 0,
  messagesPerSecond: 0,
  elapsedMs: 0,
};

/** One decimal: enough for people, and a status that does not change with noise. */
const tenth = (value: number): number => Math.round(value * 10) / 10;

function rounded(latency: NonNullable<Producers['latencyMs']>): NonNullable<Producers['latencyMs']> {
  return { p50: tenth(latency.p50), p95: tenth(latency.p95), p99: tenth(latency.p99), max: tenth(latency.max) };
}

/** `appended`: records in the log since the run began, where that is known. */
export function sent({ producers }: RunView, appended: number | undefined): Omit<Producers, 'desired' | 'ready'> {
  return {
    attempted: producers.attempted,
    acknowledged: producers.acknowledged,
    failed: producers.failed,
    ...(appended === undefined ? {} : { appended }),
    bytes: producers.bytes,
    messagesPerSecond: tenth(producers.messagesPerSecond),
    bytesPerSecond: tenth(producers.bytesPerSecond),
    elapsedMs: Math.round(producers.elapsedMs),
    partitions: producers.partitions.slice(0, MOST_ENTRIES),
    ...(producers.latencyMs === null ? {} : { latencyMs: rounded(producers.latencyMs) }),
    ...(producers.done === 0 ? {} : { done: producers.done }),
    ...(producers.errors.length === 0
      ? {}
      : { errors: producers.errors.slice(0, MOST_ERRORS).map((e) => ({ ...e, code: e.code.slice(0, LONGEST_CODE) })) }),
  };
}

export function consumed({ consumers }: RunView): Omit<Consumers, 'desired' | 'ready' | 'selector'> {
  return {
    members: consumers.members.map(({ id, memberId, clientId, host, partitions, source }) => ({
      name: id.slice(0, LONGEST_NAME),
      memberId: memberId.slice(0, LONGEST_NAME),
      ...(clientId === undefined ? {} : { clientId: clientId.slice(0, LONGEST_NAME) }),
      host: host.slice(0, LONGEST_NAME),
      partitions,
      source,
    })),
    idle: consumers.idle.slice(0, MOST_ENTRIES).map((id) => id.slice(0, LONGEST_NAME)),
    consumed: consumers.consumed,
    messagesPerSecond: tenth(consumers.messagesPerSecond),
    elapsedMs: Math.round(consumers.elapsedMs),
    ...(consumers.endToEndMs === null ? {} : { endToEndMs: rounded(consumers.endToEndMs) }),
    ...(consumers.polls === null ? {} : { polls: consumers.polls }),
    ...(consumers.errors.length === 0
      ? {}
      : {
          errors: consumers.errors.slice(-MOST_ERRORS).map(({ code, message, at }) => ({
            code: code.slice(0, LONGEST_CODE),
            message: message.slice(0, LONGEST_MESSAGE),
            at: iso(at),
          })),
        }),
  };
}

export function lagStatus(lag: LagView): Lag {
  return {
    total: lag.total,
    peak: lag.peak,
    peakAt: iso(lag.peakAt),
    at: iso(lag.at),
    errorBound: tenth(lag.errorBound),
    partitions: lag.partitions.slice(0, MOST_ENTRIES).map(({ committedOffset, ...rest }) => ({
      ...rest,
      ...(committedOffset === null ? {} : { committedOffset }),
    })),
    history: lag.history.map(({ at, total }) => ({ at: iso(at), total })),
  };
}

/** undefined: no record had a key. */
export function keysStatus({ keys }: RunView): Keys | undefined {
  if (keys.distinct === 0) return undefined;
  return {
    distinct: keys.distinct,
    ...(keys.more ? { more: true } : {}),
    inSeveralPartitions: keys.inSeveralPartitions,
    ...(keys.outOfOrder === null ? {} : { outOfOrder: keys.outOfOrder }),
    list: mostTelling(keys.list).map(({ key, outOfOrder, partitions }) => ({
      key: key.slice(0, LONGEST_KEY),
      ...orderStatus(outOfOrder),
      partitions: partitions.slice(0, MOST_KEY_PARTITIONS).map(({ partition, records, firstOffset, lastOffset }) => ({
        partition,
        records,
        ...(firstOffset === null ? {} : { firstOffset }),
        ...(lastOffset === null ? {} : { lastOffset }),
      })),
    })),
  };
}

function orderStatus(outOfOrder: OutOfOrder | null | undefined): Pick<Keys['list'][number], 'order' | 'brokenBy'> {
  if (outOfOrder === undefined) return {};
  if (outOfOrder === null) return { order: 'Kept' };
  const { earlier, later, byMs } = outOfOrder;
  return { order: 'Broken', brokenBy: { earlier, later, writtenMs: byMs } };
}

/** All, or where there are too many those out of order first, then the others in more than one partition. */
function mostTelling(list: RunView['keys']['list']): RunView['keys']['list'] {
  const broken = list.filter(({ outOfOrder }) => outOfOrder != null);
  const spread = list.filter(({ outOfOrder, partitions }) => outOfOrder == null && partitions.length > 1);
  const others = list.filter(({ outOfOrder, partitions }) => outOfOrder == null && partitions.length === 1);
  const rowsOf = ({ partitions }: (typeof list)[number]) => Math.min(partitions.length, MOST_KEY_PARTITIONS);
  const rows = list.reduce((sum, one) => sum + rowsOf(one), 0);
  if (list.length <= MOST_KEYS && rows <= MOST_KEY_ROWS) return list;
  const first = [...broken, ...spread, ...others].slice(0, MOST_KEYS);
  let room = MOST_KEY_ROWS;
  return first.filter((one) => {
    room -= rowsOf(one);
    return room >= 0;
  });
}

/** The list is cut in long runs; the count, the sum and the longest are of all. */
export function allRebalances({ rebalances }: RunView): NonNullable<LoadTestStatus['rebalances']> {
  return {
    ...rebalancesStatus(rebalances.list, rebalances.settled, rebalances.count),
    partitionsMoved: rebalances.partitionsMoved,
    longestPauseMs: Math.round(rebalances.longestPauseMs),
    longestStopTheWorldMs: Math.round(rebalances.longestStopTheWorldMs),
  };
}

const withMembers = ({ consumers, ...rest }: LoadTestStatus, most: number): LoadTestStatus =>
  consumers === undefined ? rest : { ...rest, consumers: { ...consumers, members: consumers.members.slice(0, most) } };

const withKeys = ({ keys, ...rest }: LoadTestStatus, most: number): LoadTestStatus =>
  keys === undefined ? rest : { ...rest, keys: { ...keys, list: keys.list.slice(0, most) } };

/** The same status, small enough to be written; says what was left out. */
export function bounded(status: LoadTestStatus): LoadTestStatus {
  let small = withinSize(withMembers(status, MOST_ENTRIES), 1);
  while (small.consumers !== undefined && small.consumers.members.length > FEW_MEMBERS && isTooLarge(small)) {
    small = withMembers(small, small.consumers.members.length / 2);
  }
  while (small.keys !== undefined && small.keys.list.length > FEW_KEYS && isTooLarge(small)) {
    small = withKeys(small, small.keys.list.length / 2);
  }
  small = withinSize(small);
  const { lag, topic, consumers, keys, producers } = small;
  const cut = (what: string, shown = 0, of = 0) =>
    shown > 0 && shown < of ? [`${what}: the first ${shown} of ${of}`] : [];
  const ofTopic = (shown = 0) => (shown === MOST_ENTRIES ? topic?.partitions : 0);
  const written = producers?.partitions?.length;
  const truncated = [
    ...cut('lag.partitions', lag?.partitions.length, ofTopic(lag?.partitions.length)),
    ...cut('consumers.members', consumers?.members.length, status.consumers?.members.length),
    ...cut('producers.partitions', written, ofTopic(written)),
    ...(keys !== undefined && keys.list.length < keys.distinct
      ? [`keys.list: ${keys.list.length} of ${keys.distinct}`]
      : []),
    ...(keys?.more === true ? [`keys: the first ${keys.distinct} in the order of their text; there are more`] : []),
    ...rebalancesLeftOut(small),
  ];
  return truncated.length === 0 ? small : { ...small, truncated };
}
