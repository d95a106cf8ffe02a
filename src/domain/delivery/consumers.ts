/** Figures of a run's consumers: processed records, rates, offsets, polls and errors. */
import type { EpochMs } from '../../contract/time.ts';
import type { ClientError, Consumed, OffsetRange } from '../evidence/facts.ts';
import { createDistribution, type Distribution } from '../evidence/histogram.ts';
import type { RunView } from '../figures/figures.ts';
import { addRange, countOffsets, emptyOffsets, fillHoles, type OffsetSet } from './offsetRanges.ts';
import { addReading, type Counter, newCounter, perSecond, roundedRate } from './rate.ts';

/** A consumer counts as finished after 15 s without a fact. A live one sends `Alive` every 3 s. */
const SILENT_MS = 15_000;
const ERRORS_KEPT = 50;
/** Limit of the ranges of processed offsets of a partition. Only gaps in the log that nothing explains divide ranges. */
const RANGES_KEPT = 2_000;

interface Consumer {
  records: number;
  counter: Counter;
  /** It has consumed everything that its spec asks for, or its process has ended. */
  done: boolean;
  seenAt: EpochMs;
}

/** What became of the offsets of one partition. */
interface PartitionOffsets {
  /** Processed offsets, and those that were passed for a known reason. A hole in it was skipped. */
  covered: OffsetSet;
  /** Processed records. A record counts each time it is processed. */
  processed: number;
  duplicated: number;
  withoutRecord: number;
  lostToRetention: number;
}

export interface Consumers {
  /** By process and client. */
  all: Map<string, Consumer>;
  /** By partition. */
  offsets: Map<number, PartitionOffsets>;
  /** Begin of the first and end of the last processed record. */
  firstAt: EpochMs;
  lastAt: EpochMs;
  endToEnd: Distribution;
  endToEndLeftOut: number;
  polls: { count: number; recordsMax: number; longestIntervalMs: number; sizes: Distribution };
  /** The newest errors, sorted by time. */
  errors: RunView['consumers']['errors'];
}

export const noConsumers = (): Consumers => ({
  all: new Map(),
  offsets: new Map(),
  firstAt: Number.POSITIVE_INFINITY,
  lastAt: Number.NEGATIVE_INFINITY,
  endToEnd: createDistribution(),
  endToEndLeftOut: 0,
  polls: { count: 0, recordsMax: 0, longestIntervalMs: 0, sizes: createDistribution('count') },
  errors: [],
});

/** Records that the consumer sent a fact at `at`, by the broker's clock. */
export function consumerSeen(consumers: Consumers, key: string, at: EpochMs): void {
  const consumer = consumers.all.get(key);
  if (consumer === undefined) {
    consumers.all.set(key, { records: 0, counter: newCounter(at), done: false, seenAt: at });
  } else if (at > consumer.seenAt) consumer.seenAt = at;
}

/** `shift`: ms to add to the process's times. Returns false if a histogram is unreadable. */
export function addConsumed(consumers: Consumers, key: string, fact: Consumed, shift: number): boolean {
  let records = 0;
  for (const work of fact.partitions) {
    const offsets = offsetsOf(consumers, work.partition);
    for (const range of work.ranges) records += addProcessedRange(offsets, range);
    fillHoles(offsets.covered, RANGES_KEPT);
    consumers.firstAt = Math.min(consumers.firstAt, work.firstBeganAt + shift);
    consumers.lastAt = Math.max(consumers.lastAt, work.lastEndedAt + shift);
  }
  for (const { partition, withoutRecord = [], deleted = [] } of fact.passed ?? []) {
    const offsets = offsetsOf(consumers, partition);
    for (const range of withoutRecord) offsets.withoutRecord += addRange(offsets.covered, range);
    for (const range of deleted) offsets.lostToRetention += addRange(offsets.covered, range);
    fillHoles(offsets.covered, RANGES_KEPT);
  }
  const consumer = consumers.all.get(key);
  if (consumer !== undefined) {
    consumer.records += records;
    consumer.done ||= fact.done === true;
    addReading(consumer.counter, fact.at + shift, consumer.records);
  }
  const { polls } = consumers;
  polls.count += fact.polls?.count ?? 0;
  polls.recordsMax = Math.max(polls.recordsMax, fact.polls?.recordsMax ?? 0);
  polls.longestIntervalMs = Math.max(polls.longestIntervalMs, fact.polls?.longestIntervalMs ?? 0);
  const sizes = fact.polls === undefined || polls.sizes.merge(fact.polls.sizes);
  const endToEnd = fact.endToEnd === undefined || consumers.endToEnd.merge(fact.endToEnd);
  consumers.endToEndLeftOut += fact.endToEndLeftOut ?? 0;
  return sizes && endToEnd;
}

function offsetsOf({ offsets }: Consumers, partition: number): PartitionOffsets {
  let found = offsets.get(partition);
  if (found === undefined) {
    found = { covered: emptyOffsets(), processed: 0, duplicated: 0, withoutRecord: 0, lostToRetention: 0 };
    offsets.set(partition, found);
  }
  return found;
}

/** Returns the number of records in the range. */
function addProcessedRange(offsets: PartitionOffsets, range: OffsetRange): number {
  const records = range[1] - range[0];
  offsets.processed += records;
  offsets.duplicated += records - addRange(offsets.covered, range);
  return records;
}

export function consumerStopped(consumers: Consumers, key: string): void {
  const consumer = consumers.all.get(key);
  if (consumer !== undefined) consumer.done = true;
}

export function consumerFailed({ errors }: Consumers, { code, message, at }: ClientError, shift: number): void {
  let index = errors.length;
  while (index > 0 && (errors[index - 1] as { at: EpochMs }).at > at + shift) index--;
  errors.splice(index, 0, { code, message, at: at + shift });
  if (errors.length > ERRORS_KEPT) errors.shift();
}

export function consumersView(
  consumers: Consumers,
  now: EpochMs,
): { consumers: Omit<RunView['consumers'], 'members' | 'idle'>; delivery: Omit<RunView['delivery'], 'produced'> } {
  const delivery = { consumed: 0, duplicated: 0, skipped: 0, withoutRecord: 0, lostToRetention: 0 };
  let filled = 0;
  for (const { covered, processed, duplicated, withoutRecord, lostToRetention } of consumers.offsets.values()) {
    delivery.consumed += processed;
    delivery.duplicated += duplicated;
    delivery.skipped += countOffsets(covered).skipped;
    filled += covered.filled;
    delivery.withoutRecord += withoutRecord;
    delivery.lostToRetention += lostToRetention;
  }
  const all = [...consumers.all.values()];
  const elapsedMs = Math.max(0, consumers.lastAt - consumers.firstAt);
  const over = all.length > 0 && all.every(({ done, seenAt }) => done || now - seenAt > SILENT_MS);
  const whole = elapsedMs > 0 ? (delivery.consumed * 1000) / elapsedMs : 0;
  const current = () => all.reduce((rates, { counter }) => rates + perSecond(counter, now), 0);
  const { polls } = consumers;
  return {
    consumers: {
      consumed: delivery.consumed,
      messagesPerSecond: roundedRate(over ? whole : current()),
      elapsedMs,
      endToEndMs: consumers.endToEnd.summary(),
      endToEndLeftOut: consumers.endToEndLeftOut,
      polls:
        polls.count === 0
          ? null
          : {
              count: polls.count,
              recordsMax: polls.recordsMax,
              recordsP50: polls.sizes.percentile(50) ?? 0,
              longestIntervalMs: Math.round(polls.longestIntervalMs),
            },
      errors: consumers.errors.map((error) => ({ ...error })),
    },
    delivery: { ...delivery, ...(filled === 0 ? {} : { inexact: MANY_GAPS }) },
  };
}

const MANY_GAPS = [
  `duplicated and skipped may be too high: the processed offsets of a partition had more than ${RANGES_KEPT.toLocaleString('en-US')} gaps,`,
  'and a record of one of the oldest gaps that is processed late counts as duplicated and stays skipped;',
  'the gaps are records that were skipped, or that other members of the group processed',
].join(' ');
