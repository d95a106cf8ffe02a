/** One producing client: sends its share of the messages at its rate. */
import type { Fact } from '../../domain/evidence/facts.ts';
import type { ProducerSpec } from '../../domain/workers/spec.ts';
import {
  ClientRefusal,
  type ClientTrouble,
  type Delivery,
  type ProducerClient,
  type ProducerEvents,
} from '../clients/port.ts';
import { createTroubleFilter } from '../evidence/troubleFilter.ts';
import type { Log } from '../process/log.ts';
import { type EpochMs, within } from '../process/time.ts';
import { type Pace, startPace, takeDue } from './pace.ts';
import { createProducedEvidence, type ProducerTotals } from './producedEvidence.ts';
import { recordKey, recordValue } from './recordShape.ts';

/** At most this many records are sent before the event loop gets a turn. */
const RECORDS_PER_TURN = 200;
/** How long a stop waits for delivery reports after a successful flush. */
const LAST_DELIVERIES_MS = 1_000;
/** Sending into a full buffer resumes once this fraction of the records in flight is delivered. */
const FREED_TO_RESUME = 0.25;

export interface ProducerOptions {
  /** Readable name, also the client.id. */
  name: string;
  work: ProducerSpec;
  /** Messages that this client sends altogether. Absent: it sends until it is stopped. */
  share?: number;
  /** Messages of the share that were settled before the container was restarted. */
  settledBefore: number;
  makeClient(events: ProducerEvents): ProducerClient;
  report(facts: Fact[]): void;
  now(): EpochMs;
  /** A random number in [0, 1). */
  random(): number;
  log: Log;
}

export interface Producer {
  /** Connects and starts sending. Rejects when the client refuses its settings. */
  start(): Promise<void>;
  /** Connected, and a record was acknowledged or there is none to send. */
  ready(): boolean;
  /** The totals if they changed since the last call, as one Produced fact or, with many keys, several. */
  takeFacts(): Fact[];
  totals(): Readonly<ProducerTotals>;
  /** Messages of the share that were acknowledged or failed, before a restart too. */
  settled(): number;
  /**
   * Stops sending, waits up to about `timeoutMs` for records in flight, and reports the end. Resolves with false if
   * records are still in flight.
   */
  stop(timeoutMs: number, cause?: 'Terminated' | 'Error'): Promise<boolean>;
}

export function createProducer(options: ProducerOptions): Producer {
  const { name, work, share = Number.POSITIVE_INFINITY, settledBefore, report, now, random, log } = options;
  const evidence = createProducedEvidence(name);
  const filterTrouble = createTroubleFilter(name);
  const totals = evidence.totals();
  let connected = false;
  let stopping = false;
  let doneLogged = false;
  /** Messages that are due and unsent. */
  let owed = 0;
  /** While the client's buffer is full: sending resumes at this number of records in flight. */
  let resumeAt = Number.POSITIVE_INFINITY;
  let pace: Pace | undefined;
  let onDrained: (() => void) | undefined;
  let timer: NodeJS.Timeout | undefined;

  const settled = () => settledBefore + totals.acknowledged + totals.failed;
  const done = () => settled() >= share;
  const inFlight = () => totals.attempted - totals.acknowledged - totals.failed;
  /** The number n of the next message in this client's share. */
  const nextNumber = () => settledBefore + totals.attempted;
  const takeFacts = () => evidence.take(now(), done());

  const trouble = (event: ClientTrouble) => {
    const fact = filterTrouble(event, now());
    if (fact === undefined || stopping) return;
    log.warn(`${event.code}: ${event.message}`, { client: name });
    report([fact]);
  };

  const acknowledged = (delivery: Delivery) => {
    const at = now();
    evidence.acknowledged(delivery, at);
    if (totals.acknowledged > 1) return;
    log.info(`first record acknowledged after ${(at - delivery.token).toFixed(1)} ms`, { client: name });
  };

  const delivered = (delivery: Delivery) => {
    const { error } = delivery;
    if (error === undefined) acknowledged(delivery);
    else {
      evidence.failed(error);
      trouble({ code: error, message: 'a record was not delivered' });
    }
    if (inFlight() <= resumeAt) {
      resumeAt = Number.POSITIVE_INFINITY;
      if (owed > 0) setImmediate(sendOwed);
    }
    if (inFlight() === 0) onDrained?.();
    if (!doneLogged && done()) {
      doneLogged = true;
      log.info(`done: ${totals.acknowledged} acknowledged, ${totals.failed} failed`, { client: name });
      report(takeFacts());
    }
  };

  const client = options.makeClient({ delivered, trouble });

  /** Returns false when the client's buffer is full. */
  const sendOne = (): boolean => {
    const n = nextNumber();
    const at = now();
    try {
      if (!client.send(recordValue(work.record, n), recordKey(work.record.key, n, random), at)) return false;
      evidence.attempted(at);
    } catch (error) {
      if (!(error instanceof ClientRefusal)) throw error;
      evidence.attempted(at);
      evidence.failed(error.code);
      trouble({ code: error.code, message: error.message });
    }
    return true;
  };

  const sendOwed = () => {
    if (stopping || resumeAt !== Number.POSITIVE_INFINITY) return;
    for (let sent = 0; owed > 0 && nextNumber() < share; sent++) {
      if (sent === RECORDS_PER_TURN) {
        setImmediate(sendOwed);
        return;
      }
      if (!sendOne()) {
        resumeAt = Math.floor(inFlight() * (1 - FREED_TO_RESUME));
        return;
      }
      owed -= 1;
    }
  };

  const tick = () => {
    if (stopping || pace === undefined || nextNumber() >= share) return;
    const due = takeDue(pace, now());
    pace = due.pace;
    // A full buffer delays at most a second's worth of messages; older ones are skipped, as in pace.ts.
    owed = Math.min(owed + due.count, Math.max(1, Math.floor(pace.messagesPerSecond)));
    sendOwed();
    timer = setTimeout(tick, Math.max(1, due.nextAt - now()));
  };

  const startSending = () => {
    if (work.messagesPerSecond === undefined) {
      owed = Number.POSITIVE_INFINITY;
      sendOwed();
    } else {
      pace = startPace(work.messagesPerSecond, now(), random());
      timer = setTimeout(tick, Math.max(0, pace.originAt - now()));
    }
  };

  return {
    async start() {
      await client.connect();
      if (stopping) return;
      connected = true;
      log.info(`connected${settledBefore > 0 ? `, continuing after ${settledBefore} messages` : ''}`, { client: name });
      // A client without messages reports that once; otherwise the run would wait for it.
      if (done()) evidence.touch();
      else startSending();
    },
    ready: () => connected && (totals.acknowledged > 0 || done()),
    takeFacts,
    totals: () => totals,
    settled,
    async stop(timeoutMs, cause = 'Terminated') {
      stopping = true;
      clearTimeout(timer);
      report([{ type: 'Stopping', client: name, at: now(), cause }]);
      const flushed = await client.flush(timeoutMs);
      if (flushed && inFlight() > 0) {
        // The last delivery reports are still queued in the event loop.
        const drained = new Promise<void>((resolve) => {
          onDrained = resolve;
        });
        await within(LAST_DELIVERIES_MS, drained);
      }
      const complete = inFlight() === 0;
      if (!complete) log.warn(`stopping with ${inFlight()} records in flight`, { client: name });
      report([...takeFacts(), { type: 'Stopped', client: name, at: now() }]);
      const { attempted, acknowledged, failed } = totals;
      log.info(`stopped: ${attempted} sent, ${acknowledged} acknowledged, ${failed} failed`, { client: name });
      return complete;
    },
  };
}
