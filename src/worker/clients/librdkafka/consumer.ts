/**
 * The consumer port over librdkafka.
 *
 * Traps:
 * - `consume(n)` with a timeout holds a thread of libuv's pool. Here it never waits: the callback of the client's queue
 *   wakes the poll, so that many consumers can share a process.
 * - `commitSync` blocks the event loop, for a minute if the coordinator is unreachable, and the result of an asynchronous
 *   commit arrives only through `consume`. So each commit is followed by an OffsetFetch: a broker answers the requests of
 *   a connection in order, so the fetched offsets show whether the commit was accepted.
 * - At `disconnect` an idle cooperative consumer does not leave its group, and `unsubscribe` of a consumer of the new
 *   protocol (KIP-848) deadlocks; see `close`.
 */
import {
  ClientRefusal,
  type ConsumedRecord,
  type ConsumerClient,
  type ConsumerEvents,
  type Position,
} from '../port.ts';
import { KafkaConsumer } from './binding.ts';
import { type ClientSettings, connectClient } from './connect.ts';
import { type LogLine, refusal, troubleOfError, troubleOfLog } from './errors.ts';
import { createRebalances, type RdkafkaConsumer, type Rebalances } from './rebalances.ts';

/** Patience for an answer about offsets, which only explains figures. */
const ANSWER_MS = 5_000;
/** A prefetch that fits into a small pod. */
const DEFAULTS = { 'queued.max.messages.kbytes': '16384' };

export interface ConsumerSettings extends ClientSettings {
  group: string;
  autoCommit: boolean;
  /** Report the member id and librdkafka's reasons for rebalances. This costs about 60 µs per commit. */
  explained: boolean;
}

interface Message {
  partition: number;
  offset: number;
  timestamp: number;
  size: number;
  key: Buffer | null;
}

function makeConsumer(
  settings: ConsumerSettings,
  events: ConsumerEvents,
  rebalances: Rebalances,
  wake: () => void,
): RdkafkaConsumer {
  const consumer = new KafkaConsumer({
    ...DEFAULTS,
    ...settings.config,
    'bootstrap.servers': settings.bootstrapServers,
    'client.id': settings.name,
    'group.id': settings.group,
    'enable.auto.commit': settings.autoCommit,
    'enable.auto.offset.store': false,
    'enable.partition.eof': true,
    // Without these lines nothing shows that the broker lacks the protocol.
    ...(settings.explained || settings.config['group.protocol'] === 'consumer' ? { debug: 'cgrp' } : {}),
    rebalance_cb: rebalances.called,
    queue_non_empty_cb: wake,
  } as never) as RdkafkaConsumer;
  consumer.setDefaultConsumeTimeout(0);
  consumer.on('event.error', ((error: { message: string }) => events.trouble(troubleOfError(error))) as never);
  consumer.on('partition.eof', ((end: Position) => {
    if (!rebalances.isRevoked(end.partition)) events.reachedEnd?.({ partition: end.partition, offset: end.offset });
  }) as never);
  consumer.on('event.log', ((line: LogLine) => {
    rebalances.logged(line);
    const trouble = troubleOfLog(line);
    if (trouble !== undefined) events.trouble(trouble);
  }) as never);
  return consumer;
}

export function librdkafkaConsumer(settings: ConsumerSettings, events: ConsumerEvents): ConsumerClient {
  const { topic } = settings;
  const staticMember = settings.config['group.instance.id'] !== undefined;
  let client: RdkafkaConsumer | undefined;
  let closed = false;
  /** The queue has had news since `consume` was last called. */
  let signalled = false;
  let wakeUp: (() => void) | undefined;

  const wake = () => {
    signalled = true;
    wakeUp?.();
  };
  const rebalances = createRebalances(
    settings,
    () => client,
    () => closed,
    events,
  );

  const received = (messages: Message[]): ConsumedRecord[] => {
    const records: ConsumedRecord[] = [];
    for (const { partition, offset, timestamp, size, key } of messages) {
      if (rebalances.isRevoked(partition)) continue;
      records.push({ partition, offset, timestamp, bytes: size + (key?.length ?? 0), key });
    }
    return records;
  };

  const consume = (max: number): Promise<ConsumedRecord[]> =>
    new Promise((resolve) => {
      if (client === undefined) return resolve([]);
      signalled = false;
      rebalances.pollBegins();
      client.consume(max, (error, messages) => {
        // A rebalance callback raised by this `consume` runs before setImmediate's callbacks.
        setImmediate(async () => {
          if (rebalances.waiting()) await rebalances.serve();
          if (error) {
            const { code, message } = refusal(error);
            events.trouble({ code, message });
            resolve([]);
            return;
          }
          resolve(received(messages as unknown as Message[]));
        });
      });
    });

  const signalOrTimeout = async (timeoutMs: number): Promise<void> => {
    if (signalled) return;
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
      client = await connectClient(
        () => makeConsumer(settings, events, rebalances, wake),
        topic,
        () => closed,
        events.trouble,
      );
      if (!closed) client?.subscribe([topic]);
    },
    async poll(max, timeoutMs) {
      const ready = await consume(max);
      if (ready.length > 0 || timeoutMs <= 0) return ready;
      await signalOrTimeout(timeoutMs);
      return await consume(max);
    },
    wake,
    store(positions) {
      try {
        client?.offsetsStore(inTopic(topic, positions) as never);
      } catch (error) {
        throw refusal(error);
      }
    },
    async commit(positions, timeoutMs) {
      if (client === undefined) return;
      try {
        await commitAndVerify(client, topic, positions, timeoutMs);
      } catch (error) {
        throw error instanceof ClientRefusal ? error : refusal(error);
      }
    },
    committedOffsets: (partitions) =>
      new Promise((resolve) => {
        if (client === undefined) return resolve(undefined);
        const wanted = partitions.map((partition) => ({ topic, partition }));
        client.committed(wanted as never, ANSWER_MS, (error, found) =>
          resolve(error ? undefined : new Map(found.map(({ partition, offset }) => [partition, offset ?? null]))),
        );
      }),
    logStart: (partition) =>
      new Promise((resolve) => {
        if (client === undefined) return resolve(undefined);
        client.queryWatermarkOffsets(topic, partition, ANSWER_MS, (error, offsets) =>
          resolve(error ? undefined : Number(offsets.lowOffset)),
        );
      }),
    async close() {
      closed = true;
      const connected = client;
      if (!connected?.isConnected()) return;
      // An idle cooperative consumer stays in the group until its session ends unless it unsubscribes. A static member
      // is meant to stay, and under KIP-848 `unsubscribe` waits for a poll that never comes.
      const idle = rebalances.isCooperative() && connected.assignments().length === 0;
      if (!staticMember && idle) connected.unsubscribe();
      await new Promise<void>((resolve) => {
        connected.disconnect(() => resolve());
      });
    },
  };
}

async function commitAndVerify(client: RdkafkaConsumer, topic: string, positions: Position[], timeoutMs: number) {
  const wanted = inTopic(topic, positions);
  client.commit(wanted as never);
  await new Promise<void>((resolve, reject) => {
    client.committed(wanted as never, timeoutMs, (error, found) => {
      if (error) reject(error);
      else if (holds(found, positions)) resolve();
      else reject(new ClientRefusal('COMMIT_REFUSED', 'the coordinator did not accept the offsets'));
    });
  });
}

/** The committed offsets are the wanted ones. Otherwise a partition belongs to another member by now. */
const holds = (found: { partition: number; offset?: number | null }[], wanted: Position[]): boolean =>
  wanted.every(({ partition, offset }) => found.some((each) => each.partition === partition && each.offset === offset));

const inTopic = (topic: string, positions: Position[]) => positions.map((position) => ({ topic, ...position }));
