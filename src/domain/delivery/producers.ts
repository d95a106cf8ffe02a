/** Figures of a run's producers, from the cumulative totals that they report. */
import type { EpochMs } from '../../contract/time.ts';
import type { ClientError, Produced } from '../evidence/facts.ts';
import { createDistribution, type Distribution } from '../evidence/histogram.ts';
import type { RunView } from '../figures/figures.ts';
import { addPlaces, nothingPlaced, type Placed, partitionsView } from '../keys/keys.ts';
import { addReading, type Counter, newCounter, perSecond, roundedRate } from './rate.ts';

interface Producer {
  client: string;
  /** The newest totals, with times by the broker's clock. */
  totals: Produced;
  messages: Counter;
  bytes: Counter;
  /** The producer reported that it stopped. */
  stopped: boolean;
}

export interface Producers {
  /** By process and client, because totals restart with each process. */
  all: Map<string, Producer>;
  latency: Distribution;
  placed: Placed;
  /** Client errors by code, with the newest message and its time by the broker's clock. */
  errors: Map<string, { count: number; message: string; at: EpochMs }>;
}

export const noProducers = (): Producers => ({
  all: new Map(),
  latency: createDistribution(),
  placed: nothingPlaced(),
  errors: new Map(),
});

/** `shift`: ms to add to the process's times. Returns false if the latency histogram is unreadable. */
export function addProduced(producers: Producers, key: string, fact: Produced, shift: number): boolean {
  const at = fact.at + shift;
  const { partitions: _partitions, keys: _keys, keysBefore: _keysBefore, ...rest } = fact;
  const totals = { ...rest, at };
  if (fact.firstSentAt !== undefined) totals.firstSentAt = fact.firstSentAt + shift;
  if (fact.lastAcknowledgedAt !== undefined) totals.lastAcknowledgedAt = fact.lastAcknowledgedAt + shift;
  delete totals.latency;
  let producer = producers.all.get(key);
  if (producer === undefined) {
    const since = Math.min(at, totals.firstSentAt ?? at);
    producer = { client: fact.client, totals, messages: newCounter(since), bytes: newCounter(since), stopped: false };
    producers.all.set(key, producer);
  }
  // A report that the broker refused at first may arrive after newer ones.
  if (settled(totals) >= settled(producer.totals)) {
    producer.totals = totals;
    addReading(producer.messages, at, fact.acknowledged);
    addReading(producer.bytes, at, fact.bytes);
  }
  addPlaces(producers.placed, key, fact);
  return fact.latency === undefined || producers.latency.merge(fact.latency);
}

const settled = ({ acknowledged, failed }: Produced): number => acknowledged + failed;

export function producerStopped(producers: Producers, key: string): void {
  const producer = producers.all.get(key);
  if (producer !== undefined) producer.stopped = true;
}

export function producerFailed({ errors }: Producers, { code, message, at }: ClientError, shift: number): void {
  const count = (errors.get(code)?.count ?? 0) + 1;
  errors.set(code, { count, message, at: Math.max(at + shift, errors.get(code)?.at ?? 0) });
}

/** What the brokers have acknowledged. */
export interface Acknowledged {
  readonly records: number;
  /** Time of the newest acknowledgement, by the broker's clock. Absent before the first. */
  readonly until?: EpochMs;
}

export function acknowledgedBy({ all }: Producers): Acknowledged {
  let records = 0;
  let until: EpochMs | undefined;
  for (const { totals } of all.values()) {
    records += totals.acknowledged;
    if (totals.lastAcknowledgedAt !== undefined) until = Math.max(until ?? 0, totals.lastAcknowledgedAt);
  }
  return { records, ...(until === undefined ? {} : { until }) };
}

export function producersView(producers: Producers, now: EpochMs): RunView['producers'] {
  const all = [...producers.all.values()];
  const sum = (value: (totals: Produced) => number) => all.reduce((total, { totals }) => total + value(totals), 0);
  const clients = (which: (producer: Producer) => boolean) =>
    new Set(all.filter(which).map(({ client }) => client)).size;
  const acknowledged = sum((totals) => totals.acknowledged);
  const bytes = sum((totals) => totals.bytes);
  const firstSentAt = all.reduce(
    (first, { totals }) => Math.min(first, totals.firstSentAt ?? first),
    Number.POSITIVE_INFINITY,
  );
  const lastAt = all.reduce(
    (last, { totals }) => Math.max(last, totals.lastAcknowledgedAt ?? last),
    Number.NEGATIVE_INFINITY,
  );
  const elapsedMs = Math.max(0, lastAt - firstSentAt);
  const over = all.length > 0 && all.every(({ totals, stopped }) => totals.done || stopped);
  const rate = (total: number, counter: (producer: Producer) => Counter) => {
    if (over) return elapsedMs > 0 ? roundedRate((total * 1000) / elapsedMs) : 0;
    return roundedRate(all.reduce((rates, producer) => rates + perSecond(counter(producer), now), 0));
  };
  return {
    producing: clients(({ totals, stopped }) => !stopped && (totals.acknowledged > 0 || totals.done)),
    attempted: sum((totals) => totals.attempted),
    acknowledged,
    failed: sum((totals) => totals.failed),
    bytes,
    messagesPerSecond: rate(acknowledged, ({ messages }) => messages),
    bytesPerSecond: rate(bytes, (producer) => producer.bytes),
    elapsedMs,
    latencyMs: producers.latency.summary(),
    done: clients(({ totals }) => totals.done),
    errors: errorCounts(producers, all),
    partitions: partitionsView(producers.placed),
  };
}

/** Errors by code, most frequent first. Producers count failed records; errors of a whole client arrive as facts. */
function errorCounts({ errors }: Producers, all: Producer[]): RunView['producers']['errors'] {
  const counted = new Map<string, number>();
  for (const { totals } of all) {
    for (const [code, count] of Object.entries(totals.errors ?? {}))
      counted.set(code, (counted.get(code) ?? 0) + count);
  }
  for (const [code, { count }] of errors) counted.set(code, Math.max(counted.get(code) ?? 0, count));
  return [...counted]
    .map(([code, count]) => {
      const { message, at } = errors.get(code) ?? {};
      return { code, count, ...(message === undefined ? {} : { message }), ...(at === undefined ? {} : { at }) };
    })
    .sort((a, b) => b.count - a.count || (a.code < b.code ? -1 : 1));
}
