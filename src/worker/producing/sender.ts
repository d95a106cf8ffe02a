/** Sends a producer's messages when they are due, as far as the client's buffer takes them. */
import type { ProducerSpec } from '../../domain/workers/spec.ts';
import { ClientRefusal, type ClientTrouble, type ProducerClient } from '../clients/port.ts';
import type { EpochMs } from '../process/time.ts';
import { type Pace, startPace, takeDue } from './pace.ts';
import type { ProducedEvidence } from './producedEvidence.ts';
import { recordKey, recordValue } from './recordShape.ts';

/** At most this many records are sent before the event loop gets a turn. */
const RECORDS_PER_TURN = 200;
/** Sending into a full buffer resumes once this fraction of the records in flight is delivered. */
const FREED_TO_RESUME = 0.25;

/** After a refused record the sender pauses for 10 ms, and twice as long each time up to 1 s, until a record is acknowledged. */
const FIRST_BACKOFF_MS = 10;
const LONGEST_BACKOFF_MS = 1_000;

export interface Sender {
  start(): void;
  /** To be called after each delivery: a full buffer may have room again. `failed`: the record was not acknowledged. */
  delivered(failed: boolean): void;
  stop(): void;
}

export interface SenderOptions {
  work: ProducerSpec;
  /** Messages to send altogether, those settled before a restart included. */
  share: number;
  settledBefore: number;
  client: Pick<ProducerClient, 'send'>;
  evidence: ProducedEvidence;
  trouble(trouble: ClientTrouble): void;
  now(): EpochMs;
  random(): number;
}

export function createSender(options: SenderOptions): Sender {
  const { work, share, settledBefore, client, evidence, trouble, now, random } = options;
  const totals = evidence.totals();
  let stopped = false;
  /** Messages that are due and unsent. */
  let owed = 0;
  /** While the client's buffer is full: sending resumes at this number of records in flight. */
  let resumeAt = Number.POSITIVE_INFINITY;
  /** While records are refused: no record is sent before `resumesAt`, which moves away with each refusal after it. */
  let refusedMs = 0;
  let resumesAt = 0;
  let pace: Pace | undefined;
  let timer: NodeJS.Timeout | undefined;
  let backoff: NodeJS.Timeout | undefined;

  /** The number n of the next message in the producer's share. */
  const nextNumber = () => settledBefore + totals.attempted;

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
      refused();
      trouble({ code: error.code, message: error.message });
    }
    return true;
  };

  /** A refusal during the pause that an earlier one began was on its way already. */
  const refused = () => {
    if (now() < resumesAt) return;
    refusedMs = Math.min(LONGEST_BACKOFF_MS, Math.max(FIRST_BACKOFF_MS, 2 * refusedMs));
    resumesAt = now() + refusedMs;
  };
  const sendLater = () => {
    clearTimeout(backoff);
    backoff = setTimeout(sendOwed, resumesAt - now());
  };

  const sendOwed = () => {
    if (stopped || resumeAt !== Number.POSITIVE_INFINITY) return;
    if (now() < resumesAt) {
      sendLater();
      return;
    }
    for (let sent = 0; owed > 0 && nextNumber() < share; sent++) {
      if (sent === RECORDS_PER_TURN) {
        setImmediate(sendOwed);
        return;
      }
      if (!sendOne()) {
        resumeAt = Math.floor(evidence.inFlight() * (1 - FREED_TO_RESUME));
        return;
      }
      owed -= 1;
    }
  };

  const tick = () => {
    if (stopped || pace === undefined || nextNumber() >= share) return;
    const due = takeDue(pace, now());
    pace = due.pace;
    // A full buffer delays at most a second's worth of messages; older ones are skipped, as in pace.ts.
    owed = Math.min(owed + due.count, Math.max(1, Math.floor(pace.messagesPerSecond)));
    sendOwed();
    timer = setTimeout(tick, Math.max(1, due.nextAt - now()));
  };

  return {
    start() {
      if (work.messagesPerSecond === undefined) {
        owed = Number.POSITIVE_INFINITY;
        sendOwed();
      } else {
        pace = startPace(work.messagesPerSecond, now(), random());
        timer = setTimeout(tick, Math.max(0, pace.originAt - now()));
      }
    },
    delivered(failed) {
      if (failed) refused();
      else refusedMs = 0;
      if (evidence.inFlight() > resumeAt) return;
      resumeAt = Number.POSITIVE_INFINITY;
      if (owed > 0) setImmediate(sendOwed);
    },
    stop() {
      stopped = true;
      clearTimeout(timer);
      clearTimeout(backoff);
    },
  };
}
