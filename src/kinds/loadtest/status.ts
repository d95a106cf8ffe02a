/** The parts of a LoadTest's status that come from the run's figures. */
import type { LoadTest } from '../../api/loadtest/loadTest.ts';
import type { LoadTestStatus } from '../../api/loadtest/status.ts';
import { iso } from '../../contract/time.ts';
import type { LagView, RunView } from '../../domain/figures/figures.ts';
import type { OutOfOrder } from '../../domain/figures/order.ts';
import { rebalancesStatus } from '../../domain/status/rebalances.ts';
import type { Clients } from './clients.ts';
import type { Preparation } from './preparation/preparation.ts';
import { podSelector } from './resources.ts';
import { MOST_ENTRIES } from './statusSize.ts';

/** The CRD's bounds of lists and texts. */
const MOST_ERRORS = 20;
const LONGEST_NAME = 253;
const LONGEST_CODE = 256;
const LONGEST_MESSAGE = 1_024;
const LONGEST_KEY = 249;
const MOST_KEYS = 100;
/** Partitions listed per key. */
const MOST_KEY_PARTITIONS = 100;
/** Partitions listed for all keys together, which is what 256 KiB have room for. */
const MOST_KEY_ROWS = 500;

type Producers = NonNullable<LoadTestStatus['producers']>;
type Consumers = NonNullable<LoadTestStatus['consumers']>;
type Lag = NonNullable<LoadTestStatus['lag']>;
type Keys = NonNullable<LoadTestStatus['keys']>;

const NOTHING_SENT: Omit<Producers, 'desired' | 'ready'> = {
  attempted: 0,
  acknowledged: 0,
  failed: 0,
  bytes: 0,
  messagesPerSecond: 0,
  bytesPerSecond: 0,
  elapsedMs: 0,
};

const NOTHING_CONSUMED: Omit<Consumers, 'desired' | 'ready' | 'selector'> = {
  memberCount: 0,
  externalMemberCount: 0,
  members: [],
  idle: [],
  consumed: 0,
  messagesPerSecond: 0,
  elapsedMs: 0,
};

interface Latest {
  /** Without them the recorded ones stay. */
  figures: RunView | undefined;
  /** Records in the log since the run began, if that is known. */
  appended: number | undefined;
  /** status.lag.aboveThresholdSince */
  since: string | undefined;
}

export function figuresStatus(
  { spec, metadata, status: before }: LoadTest,
  { groupCreated, endOffsetsAtStart }: Preparation,
  ready: Clients,
  { figures, appended, since }: Latest,
): Partial<LoadTestStatus> {
  const { producers, consumers } = spec;
  const parts: Partial<LoadTestStatus> = {};
  if (producers !== undefined) {
    parts.producers = {
      ...(figures === undefined ? (before?.producers ?? NOTHING_SENT) : sent(figures, appended)),
      desired: producers.replicas,
      ready: ready.producers,
      ...(endOffsetsAtStart === undefined ? {} : { endOffsetsAtStart }),
    };
    const keys = figures === undefined ? before?.keys : keysStatus(figures);
    if (keys !== undefined) parts.keys = keys;
  }
  if (consumers !== undefined) {
    parts.consumers = {
      ...(figures === undefined ? (before?.consumers ?? NOTHING_CONSUMED) : consumed(figures)),
      desired: consumers.replicas,
      ready: ready.consumers,
      selector: podSelector(metadata.name, 'consumer'),
      ...(groupCreated === undefined ? {} : { groupCreated }),
    };
    const lag = figures === undefined || figures.lag === null ? before?.lag : lagStatus(figures.lag);
    if (lag !== undefined) {
      const { aboveThresholdSince: _, ...others } = lag;
      parts.lag = { ...others, ...(since === undefined ? {} : { aboveThresholdSince: since }) };
    }
    const rebalances = figures === undefined ? before?.rebalances : allRebalances(figures);
    if (rebalances !== undefined) parts.rebalances = rebalances;
  }
  const delivery = figures?.delivery ?? before?.delivery;
  if (delivery !== undefined) parts.delivery = delivery;
  return parts;
}

/** One decimal, so that noise does not change the status. */
const tenth = (value: number): number => Math.round(value * 10) / 10;

function rounded(latency: NonNullable<Producers['latencyMs']>): NonNullable<Producers['latencyMs']> {
  return { p50: tenth(latency.p50), p95: tenth(latency.p95), p99: tenth(latency.p99), max: tenth(latency.max) };
}

function sent({ producers }: RunView, appended: number | undefined): Omit<Producers, 'desired' | 'ready'> {
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
    ...(producers.errors.length === 0 ? {} : { errors: producers.errors.slice(0, MOST_ERRORS).map(sendError) }),
  };
}

const sendError = ({ code, count, message, at }: RunView['producers']['errors'][number]) => ({
  code: code.slice(0, LONGEST_CODE),
  count,
  ...(message === undefined ? {} : { message: message.slice(0, LONGEST_MESSAGE) }),
  ...(at === undefined ? {} : { at: iso(at) }),
});

function consumed({ consumers }: RunView): Omit<Consumers, 'desired' | 'ready' | 'selector'> {
  return {
    memberCount: consumers.members.length,
    externalMemberCount: consumers.members.filter(({ source }) => source === 'Broker').length,
    members: consumers.members.map(({ name, memberId, clientId, host, partitions, otherPartitions, source }) => ({
      name: name.slice(0, LONGEST_NAME),
      memberId: memberId.slice(0, LONGEST_NAME),
      ...(clientId === undefined ? {} : { clientId: clientId.slice(0, LONGEST_NAME) }),
      host: host.slice(0, LONGEST_NAME),
      partitions,
      ...(otherPartitions === undefined ? {} : { otherPartitions }),
      source,
    })),
    idle: consumers.idle.slice(0, MOST_ENTRIES).map((id) => id.slice(0, LONGEST_NAME)),
    consumed: consumers.consumed,
    messagesPerSecond: tenth(consumers.messagesPerSecond),
    elapsedMs: Math.round(consumers.elapsedMs),
    ...(consumers.endToEndMs === null ? {} : { endToEndMs: rounded(consumers.endToEndMs) }),
    ...(consumers.endToEndLeftOut === 0 ? {} : { endToEndLeftOut: consumers.endToEndLeftOut }),
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

function lagStatus(lag: LagView): Lag {
  return {
    ...((lag.unknown === 0 || lag.unknown < lag.partitions.length) && { total: lag.total }),
    peak: lag.peak,
    peakAt: iso(lag.peakAt),
    at: iso(lag.at),
    errorBound: tenth(lag.errorBound),
    ...(lag.unknown > 0 && { unknownPartitions: lag.unknown }),
    partitions: lag.partitions.slice(0, MOST_ENTRIES).map(({ committedOffset, lag: records, ...rest }) => ({
      ...rest,
      ...(committedOffset !== null && { committedOffset }),
      ...(records !== null && { lag: records }),
    })),
    history: lag.history.map(({ at, total }) => ({ at: iso(at), total })),
  };
}

/** undefined: the records have no keys. */
function keysStatus({ keys }: RunView): Keys | undefined {
  if (keys.distinct === 0) return undefined;
  return {
    distinct: keys.distinct,
    ...(keys.more ? { more: true } : {}),
    inSeveralPartitions: keys.inSeveralPartitions,
    ...(keys.outOfOrder === null ? {} : { outOfOrder: keys.outOfOrder }),
    list: mostRelevant(keys.list).map(({ key, outOfOrder, partitions }) => ({
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

/** All keys if the list has room. Otherwise keys out of order come first, then those in more than one partition. */
function mostRelevant(list: RunView['keys']['list']): RunView['keys']['list'] {
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

/** The fold keeps the newest rebalances of a long run; count, sum and maxima include all of them. */
function allRebalances({ rebalances }: RunView): NonNullable<LoadTestStatus['rebalances']> {
  return {
    ...rebalancesStatus(rebalances.list, rebalances.settled, rebalances.count),
    partitionsMoved: rebalances.partitionsMoved,
    longestPauseMs: Math.round(rebalances.longestPauseMs),
    longestStopTheWorldMs: Math.round(rebalances.longestStopTheWorldMs),
  };
}
