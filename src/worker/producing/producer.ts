/** One producing client: connects, has its messages sent, follows their deliveries, stops cleanly. */
import type { Fact } from '../../domain/evidence/facts.ts';
import type { ProducerSpec } from '../../domain/workers/spec.ts';
import type { ClientTrouble, Delivery, ProducerClient, ProducerEvents } from '../clients/port.ts';
import { createTroubleFilter } from '../evidence/troubleFilter.ts';
import type { Log } from '../process/log.ts';
import { type EpochMs, within } from '../process/time.ts';
import { createProducedEvidence, type ProducerTotals } from './producedEvidence.ts';
import { createSender } from './sender.ts';

/** How long a stop waits for delivery reports after a successful flush. */
const LAST_DELIVERIES_MS = 1_000;

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
  let onDrained: (() => void) | undefined;

  const settled = () => settledBefore + totals.acknowledged + totals.failed;
  const done = () => settled() >= share;
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
    sender.delivered(error !== undefined);
    if (evidence.inFlight() === 0) onDrained?.();
    if (!doneLogged && done()) {
      doneLogged = true;
      log.info(`done: ${totals.acknowledged} acknowledged, ${totals.failed} failed`, { client: name });
      report(takeFacts());
    }
  };

  const client = options.makeClient({ delivered, trouble });
  const sender = createSender({ work, share, settledBefore, client, evidence, trouble, now, random });

  return {
    async start() {
      await client.connect();
      if (stopping) return;
      connected = true;
      log.info(`connected${settledBefore > 0 ? `, continuing after ${settledBefore} messages` : ''}`, { client: name });
      // A client without messages reports that once; otherwise the run would wait for it.
      if (done()) evidence.touch();
      else sender.start();
    },
    ready: () => connected && (totals.acknowledged > 0 || done()),
    takeFacts,
    totals: () => totals,
    settled,
    async stop(timeoutMs, cause = 'Terminated') {
      stopping = true;
      sender.stop();
      report([{ type: 'Stopping', client: name, at: now(), cause }]);
      const flushed = await client.flush(timeoutMs);
      if (flushed && evidence.inFlight() > 0) {
        // The last delivery reports are still queued in the event loop.
        const drained = new Promise<void>((resolve) => {
          onDrained = resolve;
        });
        await within(LAST_DELIVERIES_MS, drained);
      }
      const complete = evidence.inFlight() === 0;
      if (!complete) log.warn(`stopping with ${evidence.inFlight()} records in flight`, { client: name });
      report([...takeFacts(), { type: 'Stopped', client: name, at: now() }]);
      const { attempted, acknowledged, failed } = totals;
      log.info(`stopped: ${attempted} sent, ${acknowledged} acknowledged, ${failed} failed`, { client: name });
      return complete;
    },
  };
}
