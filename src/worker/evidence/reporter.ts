/**
 * Sends reports to the evidence topic in order, through a producer of its own (one per process). While Kafka is
 * unreachable they stay in memory: librdkafka keeps retrying the reports that it took (message.timeout.ms=0), and the rest
 * waits here. The journal keeps them until they are acknowledged; reports left behind by earlier processes go first.
 */
import type { Fact, Report } from '../../domain/evidence/facts.ts';
import type { ClientTrouble, Delivery, ProducerClient, ProducerEvents } from '../clients/port.ts';
import type { EpochMs } from '../process/time.ts';
import type { Journal } from './journal.ts';

/** At most this many reports wait, 40 minutes' worth at one per 250 ms. Newer reports are dropped, which is reported too. */
export const MAX_WAITING = 10_000;
/** Larger reports are split. The broker's message.max.bytes is 1 MiB by default. */
const MAX_REPORT_BYTES = 700_000;
const RETRY_MS = 1_000;
/** Kafka's name of an error after which a client is of no use. */
const FATAL = 'FATAL';

/** librdkafka properties of the evidence producer, besides those of the connection. */
export const EVIDENCE_PROPERTIES: Record<string, string> = {
  acks: 'all',
  'enable.idempotence': 'true',
  'linger.ms': '5',
  'message.timeout.ms': '0',
};

export interface EvidenceReporter {
  connect(): Promise<void>;
  /** Queues a report with these facts; it is sent once connected. */
  report(facts: Fact[]): void;
  /** Waits up to `timeoutMs` for acknowledgements. Resolves with true if every report was acknowledged. */
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
  /** Reports that the client has not taken yet, in order. */
  let queue: { token: number; value: Buffer; report: Report }[] = [];
  /** Reports that the client has taken and not settled, by token. */
  const inFlight = new Map<number, Report>();
  let seq = 0;
  let roundTripMs: number | undefined;
  let acknowledged = 0;
  let dropped = 0;
  let connected = false;
  let retry: NodeJS.Timeout | undefined;
  let onSettled: (() => void) | undefined;

  const enqueue = (token: number, report: Report, value = Buffer.from(JSON.stringify(report))) =>
    queue.push({ token, value, report });
  for (const { token, report } of journal.leftBehind) enqueue(token, report);

  const delivered = ({ token, error }: Delivery) => {
    const report = inFlight.get(token);
    inFlight.delete(token);
    if (error === undefined) {
      acknowledged += 1;
      journal.settled(token);
      if (report !== undefined && report.posthumous === undefined)
        roundTripMs = Math.min(roundTripMs ?? Number.POSITIVE_INFINITY, now() - report.sentAt);
    } else if (report !== undefined) {
      trouble({ code: error, message: 'a report was not delivered; it is sent again' });
      sendAgain(token, report);
      sendLater();
    }
    if (error === FATAL) replaceClient();
    if (inFlight.size === 0 && queue.length === 0) onSettled?.();
  };

  const sendAgain = (token: number, report: Report) => {
    // A dead process may have sent the same report, and it may have arrived.
    if (report.posthumous) enqueue(token, report);
    // With a new number: readers take a number that is lower than the last one for a duplicate.
    else addReport(report.facts, token);
  };

  const startClient = (): ProducerClient => {
    const started: ProducerClient = options.makeClient({
      delivered(delivery) {
        if (started === client) delivered(delivery);
      },
      trouble(news) {
        trouble(news);
        if (news.code === FATAL && started === client) replaceClient();
      },
    });
    return started;
  };

  /** After a fatal error a client delivers nothing any more: another takes its place and its reports. */
  const replaceClient = () => {
    const ended = client;
    const underWay = [...inFlight];
    inFlight.clear();
    connected = false;
    client = startClient();
    for (const [token, report] of underWay) sendAgain(token, report);
    void ended.close();
    connect().catch((error: Error & { code: string }) => trouble({ code: error.code, message: error.message }));
  };

  const connect = async () => {
    const connecting = client;
    await connecting.connect();
    if (connecting !== client) return;
    connected = true;
    sendQueue();
  };

  let client = startClient();

  const sendLater = () => {
    retry ??= setTimeout(() => {
      retry = undefined;
      sendQueue();
    }, RETRY_MS);
  };

  const sendQueue = () => {
    if (!connected) return;
    let taken = 0;
    let fatal = false;
    for (const { token, value, report } of queue) {
      try {
        if (!client.send(value, run, token)) break;
        inFlight.set(token, report);
      } catch (error) {
        fatal = (error as { code?: string }).code === FATAL;
        if (fatal) break;
        drop(token, error as Error & { code: string });
      }
      taken += 1;
    }
    queue = queue.slice(taken);
    if (fatal) replaceClient();
    if (queue.length > 0) sendLater();
  };

  const drop = (token: number, { code, message }: { code: string; message: string }) => {
    dropped += 1;
    journal.settled(token);
    journal.lost([]);
    trouble({ code, message: `a report can't be sent: ${message}` });
  };

  /** `instead`: token of the failed report with the same facts. */
  const addReport = (facts: Fact[], instead?: number) => {
    if (queue.length + inFlight.size >= MAX_WAITING) {
      if (dropped === 0)
        trouble({ code: 'EVIDENCE_DROPPED', message: `more than ${MAX_WAITING} reports are waiting for Kafka` });
      dropped += 1;
      journal.lost(instead === undefined ? facts : []);
      return;
    }
    const sentAt = now();
    // Rounded up, because readers use it as an upper bound.
    const roundTrip = roundTripMs === undefined ? {} : { roundTripMs: Math.ceil(roundTripMs * 1000) / 1000 };
    const report: Report = { v: 1, run, instance, seq: seq + 1, sentAt, ...roundTrip, facts };
    const value = Buffer.from(JSON.stringify(report));
    if (value.length > MAX_REPORT_BYTES && facts.length > 1) {
      const half = facts.length >> 1;
      addReport(facts.slice(0, half), instead);
      addReport(facts.slice(half), instead);
      return;
    }
    seq += 1;
    enqueue(journal.addReport(report, value, instead), report, value);
  };

  return {
    connect,
    report(facts) {
      if (facts.length === 0) return;
      addReport(facts);
      sendQueue();
    },
    async close(timeoutMs) {
      sendQueue();
      const giveUp = setTimeout(() => onSettled?.(), timeoutMs);
      if (inFlight.size > 0 || queue.length > 0) {
        await new Promise<void>((resolve) => {
          onSettled = resolve;
        });
      }
      clearTimeout(giveUp);
      clearTimeout(retry);
      const complete = inFlight.size === 0 && queue.length === 0;
      if (complete) await client.close();
      return complete;
    },
    counts: () => ({ sent: seq, acknowledged, waiting: queue.length + inFlight.size, dropped }),
  };
}
