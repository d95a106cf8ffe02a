/**
 * The consumer port over kafkajs.
 *
 * Traps:
 * - kafkajs hands over the records that it fetched from one partition (`eachBatch`) and waits for that promise. A `poll`
 *   returns these records, and the next `poll` settles the promise. kafkajs consumes one partition at a time here, so
 *   nothing else happens meanwhile.
 * - It sends heartbeats and commits only between records and only on request; `processed` requests them as kafkajs'
 *   own `eachMessage` would. A member therefore learns of a rebalance there or, when idle, after an empty fetch.
 * - It has no callback before it gives up its partitions. When a member learns of a rebalance between records, its
 *   partitions are revoked here first; then the batch's promise is rejected, which makes kafkajs rejoin. (`eachMessage`
 *   would first process a record of each other fetched partition.) An idle member gets the event REBALANCING. A commit made
 *   in it reaches the coordinator before the JoinGroup request, because kafkajs looks up the coordinator first.
 * - A member whose session has ended rejoins without an event; only the log shows it.
 * - When kafkajs finds new partitions of its topic, it rejoins in the middle of a batch. The rest of the batch is not
 *   processed then.
 * - A `disconnect` before the join has finished leaves a member behind, so `close` waits for the join.
 */
import type { Consumer, LogEntry } from 'kafkajs';
import type { KafkajsConsumer } from '../../../domain/settings/kafkajsOptions.ts';
import { within } from '../../process/time.ts';
import { ClientRefusal, type ConsumerClient, type ConsumerEvents } from '../port.ts';
import { type KafkajsSettings, makeKafka, refusal, retryConnecting, troubleOfLog } from './client.ts';
import { createHandover } from './handover.ts';
import { createMembership } from './membership.ts';

/** kafkajs' log messages when it rejoins: after a request of the coordinator, and after its session has ended. */
const REJOINS_ON_REQUEST = 'The group is rebalancing, re-joining';
const REJOINS_AS_UNKNOWN = 'The coordinator is not aware of this member, re-joining the group';
const RESTART_MS = 1_000;

export interface KafkajsConsumerSettings extends KafkajsSettings<KafkajsConsumer> {
  group: string;
  autoCommit: boolean;
}

export function kafkajsConsumer(settings: KafkajsConsumerSettings, events: ConsumerEvents): ConsumerClient {
  const { topic, options, autoCommit } = settings;
  let consumer: Consumer | undefined;
  let running: Promise<void> = Promise.resolve();
  let closed = false;
  let restart: NodeJS.Timeout | undefined;
  let woken = false;
  let wakeUp: (() => void) | undefined;

  const wake = () => {
    woken = true;
    wakeUp?.();
  };
  const membership = createMembership(settings.name, events, wake, () => closed);
  const handover = createHandover(membership, wake, () => closed, events.trouble);

  const reportTrouble = (error: unknown, what = '') => {
    const { code, message } = refusal(error);
    events.trouble({ code, message: what + message });
  };

  const onLog = (entry: LogEntry) => {
    const { message, error } = entry.log;
    if (message === REJOINS_ON_REQUEST) membership.explain(String(error));
    if (message === REJOINS_AS_UNKNOWN) {
      membership.explain(`UNKNOWN_MEMBER_ID: ${error}`);
      membership.revokeLater(true);
    }
    const trouble = troubleOfLog(entry);
    if (trouble !== undefined && !closed) events.trouble(trouble);
  };

  const run = (client: Consumer) => {
    const runOptions = autoCommit ? { autoCommit, ...options.run } : { autoCommit };
    running = client
      .run({ ...runOptions, eachBatchAutoResolve: false, eachBatch: handover.eachBatch })
      .catch((error) => {
        reportTrouble(error);
      });
  };

  const makeConsumer = (): Consumer => {
    const client = makeKafka(settings, onLog).consumer({ ...options.consumer, groupId: settings.group });
    client.on(client.events.REBALANCING, () => {
      membership.revokeLater(false);
    });
    client.on(client.events.GROUP_JOIN, ({ payload }) => {
      handover.rejoined();
      const { memberAssignment } = payload;
      const assigned = Object.hasOwn(memberAssignment, topic) ? memberAssignment[topic] : undefined;
      const partitions = (assigned ?? []).toSorted((a, b) => a - b);
      membership.joined(partitions, payload.memberId);
    });
    client.on(client.events.CRASH, ({ payload: { error, restart: restarts } }) => {
      const { code, message } = refusal(error);
      events.trouble({ code, message });
      // kafkajs has left the group by now.
      membership.explain(`${code}: ${message}`);
      membership.revokeLater(true);
      if (!restarts && !closed) restart = setTimeout(() => run(client), RESTART_MS);
    });
    return client;
  };

  const wakeOrTimeout = async (timeoutMs: number): Promise<void> => {
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, timeoutMs);
      wakeUp = () => {
        clearTimeout(timer);
        resolve();
      };
    });
    wakeUp = undefined;
  };

  return {
    async connect() {
      const client = makeConsumer();
      consumer = client;
      const attempt = async () => {
        await client.connect();
        await client.subscribe({ topics: [topic], ...options.subscribe });
      };
      await retryConnecting(attempt, () => !closed, events.trouble);
      if (!closed) run(client);
    },
    async poll(max, timeoutMs) {
      await handover.finish();
      await membership.serve();
      if (!handover.waiting() && !woken && timeoutMs > 0) await wakeOrTimeout(timeoutMs);
      woken = false;
      await membership.serve();
      return handover.take(max);
    },
    wake,
    processed: (position) => handover.processed(position, autoCommit),
    store() {
      // kafkajs commits the offsets that `processed` resolves.
    },
    async commit(positions, timeoutMs) {
      // An unassigned partition belongs to another member by now.
      const wanted = positions
        .filter(({ partition }) => membership.isAssigned(partition))
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
      clearTimeout(restart);
      await membership.serve();
      await membership.revoke(false);
      handover.abandon();
      await running;
      try {
        await consumer?.disconnect();
      } catch (error) {
        reportTrouble(error, 'leaving the group: ');
      }
    },
  };
}
