/**
 * The consumer's port over kafkajs. What is peculiar to it and handled here:
 * - It hands over what it fetched of one partition (`eachBatch`) and goes on when that promise settles: a `poll` gives
 *   these records, and the next `poll` settles the promise. As it consumes one partition at a time, nothing happens meanwhile.
 * - It sends heartbeats and commits between records only, when it is asked to: see `processed`, which does what its own
 *   `eachMessage` does. So it learns of a rebalance there, or, when idle, after an empty fetch.
 * - It has no callback before it gives up its partitions. A member that learns of a rebalance between records stops
 *   there, and its partitions are revoked before the promise of the batch is rejected, which is what makes kafkajs join
 *   again. (`eachMessage` would process one record of each other partition that was fetched first.) An idle one
 *   is told by the event REBALANCING: a commit made at once reaches the coordinator before the request to join does,
 *   since kafkajs asks for the coordinator's address first.
 * - One that is no longer a member (its session ended) joins again without an event: that is only in its log.
 * - When it finds partitions that are new to it, it joins again in the middle of a batch: the rest of it is left for later.
 * - A `disconnect` before it has joined leaves a member behind: `close` waits for the join.
 */
import type { Consumer, EachBatchPayload, LogEntry } from 'kafkajs';
import type { KafkajsConsumer } from '../../domain/settings/kafkajsOptions.ts';
import { within } from '../process/time.ts';
import { codeOf, type KafkajsSettings, makeKafka, refusal, troubleIn, tryUntilDone } from './kafkajs.ts';
import {
  ClientRefusal,
  type ConsumedRecord,
  type ConsumerClient,
  type ConsumerEvents,
  type RebalanceContext,
} from './port.ts';

/** Of its log: the words with which it joins again, having been asked to or having been put out. */
const ASKED_TO_REJOIN = 'The group is rebalancing, re-joining';
const PUT_OUT = 'The coordinator is not aware of this member, re-joining the group';
/** Answers to a heartbeat or commit after which it joins again; the latter when it is no longer a member. */
const REJOINS = ['REBALANCE_IN_PROGRESS', 'NOT_COORDINATOR_FOR_GROUP', 'ILLEGAL_GENERATION', 'UNKNOWN_MEMBER_ID'];
const LOST = ['ILLEGAL_GENERATION', 'UNKNOWN_MEMBER_ID'];
const RUN_AGAIN_MS = 1_000;

export interface KafkajsConsumerSettings extends KafkajsSettings<KafkajsConsumer> {
  group: string;
  autoCommit: boolean;
}

/** A batch that kafkajs waits for. */
interface Handed {
  payload: EachBatchPayload;
  records: ConsumedRecord[];
  /** Index of the first record that was not given yet. */
  next: number;
  /** kafkajs joined again meanwhile. */
  stale: boolean;
  failure?: unknown;
  settle(failure?: unknown): void;
}

export function kafkajsConsumer(settings: KafkajsConsumerSettings, events: ConsumerEvents): ConsumerClient {
  const { topic, options, autoCommit } = settings;
  let consumer: Consumer | undefined;
  let running: Promise<void> = Promise.resolve();
  let closed = false;
  let memberId = settings.name;
  let reason: string | undefined;
  /** As of the last join. */
  let assignment: number[] = [];
  /** As told by `events`. */
  let owned: number[] = [];
  /** To be told at the next `poll`, in order. */
  const callbacks: (() => Promise<void> | void)[] = [];
  let handed: Handed | undefined;
  /** What makes it join again; until it has, no batch is taken. */
  let rejoining: unknown;
  let runAgain: NodeJS.Timeout | undefined;
  let woken = false;
  let wakeUp: (() => void) | undefined;

  const wake = () => {
    woken = true;
    wakeUp?.();
  };
  const callBack = (callback: () => Promise<void> | void) => {
    callbacks.push(callback);
    wake();
  };
  const serve = async () => {
    for (let next = callbacks.shift(); next !== undefined; next = callbacks.shift()) await next();
  };

  const context = (why: string | undefined): RebalanceContext => ({
    memberId,
    protocol: 'Eager',
    ...(why === undefined ? {} : { reason: why }),
  });
  const revoke = async (lost: boolean) => {
    if (owned.length === 0) return;
    const given = owned;
    owned = [];
    await events.revoked(given, lost, context(closed ? undefined : reason));
  };
  const joined = async (partitions: number[], id: string) => {
    await revoke(false);
    memberId = id;
    owned = partitions;
    events.assigned(partitions, context(reason));
    reason = undefined;
  };

  const onLog = (entry: LogEntry) => {
    const { message, error } = entry.log;
    if (message === ASKED_TO_REJOIN) reason = String(error);
    if (message === PUT_OUT) {
      reason = `UNKNOWN_MEMBER_ID: ${error}`;
      callBack(() => revoke(true));
    }
    const trouble = troubleIn(entry);
    if (trouble !== undefined && !closed) events.trouble(trouble);
  };

  const eachBatch = async (payload: EachBatchPayload) => {
    const { partition, messages } = payload.batch;
    if (closed) return;
    if (rejoining !== undefined) throw rejoining;
    // Fetched before it joined again.
    if (!assignment.includes(partition)) return;
    await new Promise<void>((resolve, reject) => {
      handed = {
        payload,
        records: messages.map(({ offset, timestamp, key, value }) => ({
          partition,
          offset: Number(offset),
          timestamp: Number(timestamp),
          bytes: (key?.length ?? 0) + (value?.length ?? 0),
          key,
        })),
        next: 0,
        stale: false,
        settle(failure) {
          handed = undefined;
          if (failure === undefined) resolve();
          else reject(failure);
        },
      };
      wake();
    });
  };

  /** Gives kafkajs the batch back whose records have been dealt with. */
  const finish = async (batch: Handed) => {
    const { failure } = batch;
    if (failure === undefined) {
      if (batch.stale || batch.next >= batch.records.length) batch.settle();
      return;
    }
    const code = codeOf(failure);
    if (REJOINS.includes(code)) {
      rejoining = failure;
      reason = `${code}: ${refusal(failure).message}`;
      await revoke(LOST.includes(code));
    } else {
      events.trouble({ code, message: refusal(failure).message });
    }
    batch.settle(failure);
  };

  const run = (of: Consumer) => {
    const ofRun = autoCommit ? { autoCommit, ...options.run } : { autoCommit };
    running = of.run({ ...ofRun, eachBatchAutoResolve: false, eachBatch }).catch((error) => {
      const { code, message } = refusal(error);
      events.trouble({ code, message });
    });
  };

  const make = (): Consumer => {
    const made = makeKafka(settings, onLog).consumer({ ...options.consumer, groupId: settings.group });
    made.on(made.events.REBALANCING, () => {
      callBack(() => revoke(false));
    });
    made.on(made.events.GROUP_JOIN, ({ payload }) => {
      assignment = (payload.memberAssignment[topic] ?? []).toSorted((a, b) => a - b);
      rejoining = undefined;
      if (handed !== undefined) handed.stale = true;
      const partitions = assignment;
      if (!closed) callBack(() => joined(partitions, payload.memberId));
    });
    made.on(made.events.CRASH, ({ payload: { error, restart } }) => {
      const { code, message } = refusal(error);
      events.trouble({ code, message });
      // By now it has left the group.
      reason = `${code}: ${message}`;
      callBack(() => revoke(true));
      if (!restart && !closed) runAgain = setTimeout(() => run(made), RUN_AGAIN_MS);
    });
    return made;
  };

  return {
    async connect() {
      const made = make();
      consumer = made;
      const attempt = async () => {
        await made.connect();
        await made.subscribe({ topics: [topic], ...options.subscribe });
      };
      await tryUntilDone(attempt, () => !closed, events.trouble);
      if (!closed) run(made);
    },
    async poll(max, timeoutMs) {
      if (handed !== undefined) await finish(handed);
      await serve();
      if (handed === undefined && !woken && timeoutMs > 0) {
        await new Promise<void>((resolve) => {
          const timer = setTimeout(resolve, timeoutMs);
          wakeUp = () => {
            clearTimeout(timer);
            resolve();
          };
        });
        wakeUp = undefined;
      }
      woken = false;
      await serve();
      if (handed === undefined) return [];
      const records = handed.records.slice(handed.next, handed.next + max);
      handed.next += records.length;
      return records;
    },
    wake,
    async processed({ partition, offset }) {
      const batch = handed;
      if (batch === undefined) return true;
      if (assignment.includes(partition)) batch.payload.resolveOffset(String(offset - 1));
      try {
        await batch.payload.heartbeat();
        if (autoCommit) await batch.payload.commitOffsetsIfNecessary();
      } catch (error) {
        batch.failure = error;
        return false;
      }
      return !batch.stale;
    },
    store() {
      // Told by `processed`, from which kafkajs commits.
    },
    async commit(positions, timeoutMs) {
      // A partition that is another member's by now is not ours to commit.
      const wanted = positions
        .filter(({ partition }) => assignment.includes(partition))
        .map(({ partition, offset }) => ({ topic, partition, offset: String(offset) }));
      if (consumer === undefined || wanted.length === 0) return;
      try {
        const committed = await within(timeoutMs, consumer.commitOffsets(wanted));
        if (committed === 'TimedOut') throw new ClientRefusal('TIMED_OUT', 'the coordinator did not answer');
      } catch (error) {
        throw error instanceof ClientRefusal ? error : refusal(error);
      }
    },
    async close() {
      closed = true;
      clearTimeout(runAgain);
      await serve();
      await revoke(false);
      handed?.settle();
      await running;
      try {
        await consumer?.disconnect();
      } catch (error) {
        const { code, message } = refusal(error);
        events.trouble({ code, message: `leaving: ${message}` });
      }
    },
  };
}
