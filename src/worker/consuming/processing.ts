/** Processes the records of one poll: spends the handler's time on each, records the evidence, commits as the mode asks. */
import type { ConsumedRecord, ConsumerClient, Position } from '../clients/port.ts';
import { type EpochMs, until } from '../process/time.ts';
import type { Commits } from './commit.ts';
import type { ConsumedEvidence } from './consumedEvidence.ts';
import { handleEach, type Stopwatch } from './handling.ts';

export interface Processing {
  /** Resolves with true when all records are processed, or earlier with false when the consumer stops or its client interrupts. */
  process(polled: ConsumedRecord[]): Promise<boolean>;
  /** Ends the slow member's waiting early. */
  cutShort(): void;
}

export interface ProcessingOptions {
  /** Time spent on each record, in ms. */
  perRecordMs: number;
  /** Time spent on each poll besides its records, in ms: the slow member's. */
  perPollMs: number;
  client: Pick<ConsumerClient, 'processed'>;
  commits: Commits;
  evidence: ConsumedEvidence;
  stopwatch?: Stopwatch;
  stopping(): boolean;
  now(): EpochMs;
}

export function createProcessing(options: ProcessingOptions): Processing {
  const { perRecordMs, perPollMs, client, commits, evidence, stopwatch, stopping, now } = options;
  /** The client does not want the remaining records of this poll to be processed. */
  let interrupted = false;
  let endWaiting: (() => void) | undefined;

  const mayContinue = () => !stopping() && !interrupted;

  const reportProcessed = async (position: Position, committed: Promise<void> | undefined) => {
    if (committed !== undefined) await committed;
    if ((await client.processed?.(position)) === false) interrupted = true;
  };

  /** `last`: the last of `count` processed records. A returned promise has to settle before the next record. */
  const afterRecords = ({ partition, offset }: ConsumedRecord, count: number): Promise<void> | undefined => {
    const position = { partition, offset: offset + 1 };
    const committed = commits.processed(position, count);
    return client.processed === undefined ? committed : reportProcessed(position, committed);
  };

  /** Records that take no time. The clock is read once per run of records of a partition. */
  const processAtOnce = async (polled: ConsumedRecord[]) => {
    for (let from = 0; from < polled.length && mayContinue(); ) {
      const at = now();
      stopwatch?.began();
      stopwatch?.ended();
      const limit = Math.min(polled.length, from + commits.recordsUntilDue());
      const to = evidence.processedAtOnce(polled, from, limit, at);
      const waiting = afterRecords(polled[to - 1] as ConsumedRecord, to - from);
      if (waiting !== undefined) await waiting;
      from = to;
    }
  };

  const processInTurn = async (polled: ConsumedRecord[]) => {
    const handler = { ended: evidence.processedInTurn, handled: (record: ConsumedRecord) => afterRecords(record, 1) };
    await handleEach(polled, perRecordMs, now, () => !mayContinue(), handler, stopwatch);
  };

  /** The last record of a poll of the slow member, which also takes the poll's time. */
  const processSlowly = async (record: ConsumedRecord) => {
    const beganAt = now();
    stopwatch?.began();
    await until(beganAt + perRecordMs);
    if (!stopping()) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, perPollMs);
        endWaiting = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
    stopwatch?.ended();
    evidence.processedInTurn([record], beganAt, now() - beganAt);
    await afterRecords(record, 1);
  };

  return {
    async process(polled) {
      interrupted = false;
      const last = perPollMs > 0 ? polled.pop() : undefined;
      if (perRecordMs === 0) await processAtOnce(polled);
      else await processInTurn(polled);
      if (last !== undefined && mayContinue()) await processSlowly(last);
      return mayContinue();
    },
    cutShort: () => endWaiting?.(),
  };
}
