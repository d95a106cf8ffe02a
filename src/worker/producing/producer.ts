/** One producing client: sends its share at its rate, counts what becomes of it. */
import type { Fact, Produced } from '../../domain/evidence/facts.ts';
import { createRecorder } from '../../domain/evidence/histogram.ts';
import type { ProducerSpec } from '../../domain/workers/spec.ts';
import {
  ClientRefusal,
  type ClientTrouble,
  type Delivery,
  type ProducerClient,
  type ProducerEvents,
} from '../clients/port.ts';
import { createPlacing } from '../evidence/places.ts';
import { createTroubles } from '../evidence/troubles.ts';
import type { Log } from '../process/log.ts';
import { type EpochMs, within } from '../process/time.ts';
import { type Pace, startPace, takeDue } from './pace.ts';
import { recordKey, recordValue } from './recordShape.ts';

/** Records sent before the event loop gets a turn. */
const AT_ONCE = 200;
const LAST_DELIVERIES_MS = 1_000;
/** A full buffer is given records again once this part of them has been delivered. */
const ROOM = 0.25;

export interface ProducerOptions {
  /** Readable name, also client.id. */
  name: string;
  work: ProducerSpec;
  /** Messages that this client has to send in all; absent: until stopped. */
  share?: number;
  /** Messages of the share that are settled already (a container that was restarted). */
  settledBefore: number;
  makeClient(events: ProducerEvents): ProducerClient;
  report(facts: Fact[]): void;
  now(): EpochMs;
  /** In [0, 1). */
  random(): number;
  log: Log;
}

export interface ProducerTotals {
  attempted: number;
  acknowledged: number;
  failed: number;
  bytes: number;
}

export interface Producer {
  /** Connects and begins to send. Rejects when the settings are refused. */
  start(): Promise<void>;
  /** Connected, and a record was acknowledged or there is none to send. */
  ready(): boolean;
  /** The Produced fact, when something changed since the last one; several where they tell of many keys. */
  takeFacts(): Fact[];
  totals(): ProducerTotals;
  /** Messages of the share that were acknowledged or have failed, those before a restart included. */
  settled(): number;
  /** Sends no more, waits for what is under way for at most so long, says goodbye. False: something was still under way. */
  stop(timeoutMs: number, cause?: 'Terminated' | 'Error'): Promise<boolean>;
}

export function createProducer(options: ProducerOptions): Producer {
  const { name, work, share = Number.POSITIVE_INFINITY, settledBefore, now, random, log } = options;
  const latency = createRecorder();
  const errors: Record<string, number> = {};
  const troubles = createTroubles(name);
  const placing = createPlacing();
  let attempted = 0;
  let acknowledged = 0;
  let failed = 0;
  let bytes = 0;
  let firstSentAt: EpochMs | undefined;
  let lastAcknowledgedAt: EpochMs | undefined;
  let changed = false;
  let connected = false;
  let stopping = false;
  let doneLogged = false;
  /** Due by the pace and not sent yet. */
  let owed = 0;
  let resumeAt = Number.POSITIVE_INFINITY;
  let pace: Pace | undefined;
  let drained: (() => void) | undefined;
  let timer: NodeJS.Timeout | undefined;

  const settled = () => settledBefore + acknowledged + failed;
  const done = () => settled() >= share;
  const underWay = () => attempted - acknowledged - failed;

  const noteFailure = (code: string) => {
    failed += 1;
    errors[code] = (errors[code] ?? 0) + 1;
  };

  const trouble = (event: ClientTrouble) => {
    const fact = troubles(event, now());
    if (fact === undefined || stopping) return;
    log.warn(`${event.code}: ${event.message}`, { client: name });
    options.report([fact]);
  };

  const delivered = ({ token: sentAt, bytes: size, error, key, partition, offset }: Delivery) => {
    changed = true;
    if (error === undefined) {
      if (partition !== undefined) placing.add(partition, key, offset);
      const at = now();
      acknowledged += 1;
      bytes += size;
      lastAcknowledgedAt = at;
      latency.record(at - sentAt);
      if (acknowledged === 1)
        log.info(`first record acknowledged after ${(at - sentAt).toFixed(1)} ms`, { client: name });
    } else {
      noteFailure(error);
      trouble({ code: error, message: 'a record was not delivered' });
    }
    if (underWay() <= resumeAt) {
      resumeAt = Number.POSITIVE_INFINITY;
      if (owed > 0) setImmediate(pump);
    }
    if (underWay() === 0) drained?.();
    if (!doneLogged && done()) {
      doneLogged = true;
      log.info(`done: ${acknowledged} acknowledged, ${failed} failed`, { client: name });
      options.report(takeFacts());
    }
  };

  const client = options.makeClient({ delivered, trouble });

  /** false: the client's buffer is full. */
  const sendOne = (): boolean => {
    const n = settledBefore + attempted;
    const at = now();
    try {
      if (!client.send(recordValue(work.record, n), recordKey(work.record.key, n, random), at)) return false;
      attempted += 1;
    } catch (error) {
      if (!(error instanceof ClientRefusal)) throw error;
      attempted += 1;
      noteFailure(error.code);
      trouble({ code: error.code, message: error.message });
    }
    firstSentAt ??= at;
    changed = true;
    return true;
  };

  const pump = () => {
    if (stopping || resumeAt !== Number.POSITIVE_INFINITY) return;
    for (let sent = 0; owed > 0 && settledBefore + attempted < share; sent++) {
      if (sent === AT_ONCE) {
        setImmediate(pump);
        return;
      }
      if (!sendOne()) {
        resumeAt = Math.floor(underWay() * (1 - ROOM));
        return;
      }
      owed -= 1;
    }
  };

  const tick = () => {
    if (stopping || pace === undefined || settledBefore + attempted >= share) return;
    const due = takeDue(pace, now());
    pace = due.pace;
    // What a full buffer holds up is not made up for beyond a second's worth either.
    owed = Math.min(owed + due.count, Math.max(1, Math.floor(pace.messagesPerSecond)));
    pump();
    timer = setTimeout(tick, Math.max(1, due.nextAt - now()));
  };

  const takeFacts = (): Fact[] => {
    if (!changed) return [];
    changed = false;
    const encoded = latency.takeEncoded();
    const totals: Produced = {
      type: 'Produced',
      client: name,
      at: now(),
      attempted,
      acknowledged,
      failed,
      bytes,
      done: done(),
    };
    if (firstSentAt !== undefined) totals.firstSentAt = firstSentAt;
    if (lastAcknowledgedAt !== undefined) totals.lastAcknowledgedAt = lastAcknowledgedAt;
    if (failed > 0) totals.errors = { ...errors };
    const [places = {}, ...more] = placing.take();
    // Latencies are told once.
    const first: Produced = { ...totals, ...places, ...(encoded !== undefined && { latency: encoded }) };
    return [first, ...more.map((part): Produced => ({ ...totals, ...part }))];
  };

  return {
    async start() {
      await client.connect();
      if (stopping) return;
      connected = true;
      log.info(`connected${settledBefore > 0 ? `, going on after ${settledBefore} messages` : ''}`, { client: name });
      if (done()) {
        // Nothing (left) to send: said once, or the run would wait for this client.
        changed = true;
        return;
      }
      if (work.messagesPerSecond === undefined) {
        owed = Number.POSITIVE_INFINITY;
        pump();
      } else {
        pace = startPace(work.messagesPerSecond, now(), random());
        timer = setTimeout(tick, Math.max(0, pace.originAt - now()));
      }
    },
    ready: () => connected && (acknowledged > 0 || done()),
    takeFacts,
    totals: () => ({ attempted, acknowledged, failed, bytes }),
    settled,
    async stop(timeoutMs, cause = 'Terminated') {
      stopping = true;
      clearTimeout(timer);
      options.report([{ type: 'Stopping', client: name, at: now(), cause }]);
      const flushed = await client.flush(timeoutMs);
      if (flushed && underWay() > 0) {
        // The last deliveries are on their way through the event loop.
        const told = new Promise<void>((resolve) => {
          drained = resolve;
        });
        await within(LAST_DELIVERIES_MS, told);
      }
      const complete = underWay() === 0;
      if (!complete) log.warn(`stopping with ${underWay()} records under way`, { client: name });
      options.report([...takeFacts(), { type: 'Stopped', client: name, at: now() }]);
      log.info(`stopped: ${attempted} sent, ${acknowledged} acknowledged, ${failed} failed`, { client: name });
      return complete;
    },
  };
}
