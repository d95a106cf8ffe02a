/**
 * Sends reports to the evidence topic, in order, through a producer of its own (one per process). While Kafka is away
 * they wait in memory: librdkafka holds what it was given and tries for ever (message.timeout.ms=0), the rest waits here.
 * The journal has them until they are acknowledged, and what it has from before goes first.
 */
import type { Fact, Report } from '../../domain/evidence/facts.ts';
import type { ClientTrouble, ProducerClient, ProducerEvents } from '../clients/port.ts';
import type { EpochMs } from '../process/time.ts';
import type { Journal } from './journal.ts';

/** Reports that wait at most; with one per 250 ms, 40 minutes. Newer ones are dropped then, and that is reported. */
export const MOST_WAITING = 10_000;
/** A report stays under the broker's message.max.bytes (1 MiB by default) with room to spare. */
const MOST_BYTES = 700_000;
const RETRY_MS = 1_000;

/** Properties of the evidence producer, besides those of the connection. */
export const EVIDENCE_PROPERTIES: Record<string, string> = {
  acks: 'all',
  'enable.idempotence': 'true',
  'linger.ms': '5',
  'message.timeout.ms': '0',
};

export interface EvidenceReporter {
  connect(): Promise<void>;
  report(facts: Fact[]): void;
  /** Sends what is left, for at most so long. True: all of it was acknowledged. */
  close(timeoutMs: number): Promise<boolean>;
  counts(): { sent: number; acknowledged: number; waiting: number; dropped: number };
}

export interface EvidenceReporterOptions {
  run: string;
  instance: string;
  journal: Journal;
  makeClient(events: ProducerEvents): ProducerClient;
  now(): EpochMs;
  trouble(trouble: ClientTrouble): void;
}

export function createEvidenceReporter(options: EvidenceReporterOptions): EvidenceReporter {
  const { run, instance, journal, now, trouble } = options;
  /** In order; not with the client yet. */
  let waiting: { token: number; value: Buffer; report: Report }[] = [];
  /** With the client, not acknowledged. */
  const handedOver = new Map<number, Report>();
  let seq = 0;
  const queue = (token: number, report: Report, value = Buffer.from(JSON.stringify(report))) =>
    waiting.push({ token, value, report });
  for (const { token, report } of journal.left) queue(token, report);
  let roundTripMs: number | undefined;
  let acknowledged = 0;
  let dropped = 0;
  let connected = false;
  let retry: NodeJS.Timeout | undefined;
  let settled: (() => void) | undefined;

  const client = options.makeClient({
    delivered({ token, error }) {
      const report = handedOver.get(token);
      handedOver.delete(token);
      if (error === undefined) {
        acknowledged += 1;
        journal.taken(token);
        if (report !== undefined && report.posthumous === undefined)
          roundTripMs = Math.min(roundTripMs ?? Number.POSITIVE_INFINITY, now() - report.sentAt);
      } else if (report !== undefined) {
        trouble({ code: error, message: 'a report was not taken; it is sent again' });
        // An earlier process may have sent this very one, and it may have arrived.
        if (report.posthumous) queue(token, report);
        // Under a new number: readers take a lower one than they have seen for a duplicate.
        else enqueue(report.facts, token);
        handOverLater();
      }
      if (handedOver.size === 0 && waiting.length === 0) settled?.();
    },
    trouble,
  });

  const handOverLater = () => {
    retry ??= setTimeout(() => {
      retry = undefined;
      handOver();
    }, RETRY_MS);
  };

  const handOver = () => {
    if (!connected) return;
    let taken = 0;
    for (const { token, value, report } of waiting) {
      try {
        if (!client.send(value, run, token)) break;
        handedOver.set(token, report);
      } catch (error) {
        dropped += 1;
        journal.taken(token);
        journal.dropped([]);
        trouble({
          code: (error as { code: string }).code,
          message: `a report can't be sent: ${(error as Error).message}`,
        });
      }
      taken += 1;
    }
    waiting = waiting.slice(taken);
    if (waiting.length > 0) handOverLater();
  };

  /** `instead`: says again what that one said. */
  const enqueue = (facts: Fact[], instead?: number) => {
    if (waiting.length + handedOver.size >= MOST_WAITING) {
      if (dropped === 0)
        trouble({ code: 'EVIDENCE_DROPPED', message: `more than ${MOST_WAITING} reports wait for Kafka` });
      dropped += 1;
      journal.dropped(instead === undefined ? facts : []);
      return;
    }
    const sentAt = now();
    // Rounded up: a bound may be too wide, not too narrow.
    const roundTrip = roundTripMs === undefined ? {} : { roundTripMs: Math.ceil(roundTripMs * 1000) / 1000 };
    const report: Report = { v: 1, run, instance, seq: seq + 1, sentAt, ...roundTrip, facts };
    const value = Buffer.from(JSON.stringify(report));
    if (value.length > MOST_BYTES && facts.length > 1) {
      const half = facts.length >> 1;
      enqueue(facts.slice(0, half), instead);
      enqueue(facts.slice(half), instead);
      return;
    }
    seq += 1;
    queue(journal.reports(report, value, instead), report, value);
  };

  return {
    async connect() {
      await client.connect();
      connected = true;
      handOver();
    },
    report(facts) {
      if (facts.length === 0) return;
      enqueue(facts);
      handOver();
    },
    async close(timeoutMs) {
      handOver();
      const giveUp = setTimeout(() => settled?.(), timeoutMs);
      if (handedOver.size > 0 || waiting.length > 0) {
        await new Promise<void>((resolve) => {
          settled = resolve;
        });
      }
      clearTimeout(giveUp);
      clearTimeout(retry);
      const complete = handedOver.size === 0 && waiting.length === 0;
      if (complete) await client.close();
      return complete;
    },
    counts: () => ({ sent: seq, acknowledged, waiting: waiting.length + handedOver.size, dropped }),
  };
}
