/**
 * The port over @confluentinc/kafka-javascript, the librdkafka binding, through its rdkafka-style API.
 * What is peculiar to it and handled here:
 * - A `topicConf` argument, even an empty one, discards the topic properties of the configuration: never given.
 * - `consume(n)` with a timeout holds a thread of libuv's pool. Here it never waits: the queue's own callback wakes the
 *   poll, so that many consumers share a process.
 * - Its rebalance callback is raised within `consume` on a pool thread and reaches JavaScript in the same turn of the
 *   event loop as the result of that `consume`; librdkafka itself waits for our assign or unassign meanwhile.
 * - `commitSync` holds the event loop, for a minute when the coordinator is away, and the result of an asynchronous
 *   commit comes by `consume` only. So a commit is followed by a question for the committed offsets: the broker answers
 *   a connection's requests in their order, so that its answer tells what became of the commit.
 * - An idle cooperative consumer does not leave its group at `disconnect`, and one of the new protocol deadlocks in
 *   `unsubscribe`: see `close`.
 * - Its partitioners are told by name only, and none goes round the partitions: where one does, the partition is chosen
 *   here, of the partitions that a question for the topic's metadata tells, repeated as often as the client asks itself.
 *   That question brings the client's own knowledge of the topic up to date too, so it takes the partitions at once.
 * - The member id and the reason for a rebalance are only in the lines of `debug=cgrp`: a few per heartbeat, a dozen per commit.
 */
import { createRequire } from 'node:module';
import type { RebalanceProtocol } from '../../domain/evidence/facts.ts';
import { type ChoosePartition, createPartitioner, type TopicPartitions } from '../../domain/workers/partitioner.ts';
import type { PartitionerShape } from '../../domain/workers/spec.ts';
import { memberIdIn, rebalanceReasonIn } from './groupLog.ts';
import {
  ClientRefusal,
  type ClientTrouble,
  type ConsumedRecord,
  type ConsumerClient,
  type ConsumerEvents,
  type Delivery,
  type Position,
  type ProducerClient,
  type ProducerEvents,
  type RebalanceContext,
} from './port.ts';

type Binding = typeof import('@confluentinc/kafka-javascript');

// The parts by name: the package's main file loads its KafkaJS-style half too.
const require = createRequire(import.meta.url);
const Producer = require('@confluentinc/kafka-javascript/lib/producer.js') as Binding['Producer'];
const KafkaConsumer = require('@confluentinc/kafka-javascript/lib/kafka-consumer.js') as Binding['KafkaConsumer'];
const { codes } = require('@confluentinc/kafka-javascript/lib/error.js') as { codes: Record<string, number> };
const native = require('@confluentinc/kafka-javascript/librdkafka.js') as { err2str(code: number): string };

const ASSIGN_PARTITIONS = codes.ERR__ASSIGN_PARTITIONS;
const REVOKE_PARTITIONS = codes.ERR__REVOKE_PARTITIONS;
const QUEUE_FULL = codes.ERR__QUEUE_FULL;
/** Log lines (syslog's severities) that are troubles, under the name of the error that may follow; the others come as error events too. */
const WARNING = 4;
const LOGGED: Record<string, string> = {
  MAXPOLL: 'MAX_POLL_EXCEEDED',
  SESSTMOUT: 'SESSION_TIMEOUT',
  COMMITFAIL: 'COMMIT_REFUSED',
};
const TOLD_AS_ERRORS = { FAIL: true, ERROR: true };
const CONNECT_TIMEOUT_MS = 10_000;
const CONNECT_RETRY_MS = 1_000;
/** Kafka's default of metadata.max.age.ms. */
const METADATA_MAX_AGE_MS = 300_000;

/**
 * Java's buffer.memory, its hash of keys (murmur2, of an empty one too; without a key records stay with a partition for
 * twice linger.ms), and a prefetch that fits a small pod, where the settings don't say.
 */
const PRODUCER_DEFAULTS = { 'queue.buffering.max.kbytes': '32768', partitioner: 'murmur2_random' };
const CONSUMER_DEFAULTS = { 'queued.max.messages.kbytes': '16384' };

export interface ClientSettings {
  bootstrapServers: string;
  topic: string;
  /** client.id. */
  name: string;
  /** librdkafka properties. */
  config: Record<string, string>;
}

const shortName = (name: string): string => name.replace(/^ERR_+/, '');
const namesByCode = new Map(Object.entries(codes).map(([name, code]) => [code, shortName(name)]));
const nameOf = (code: number): string => namesByCode.get(code) ?? `ERROR_${code}`;

let namesByText: Map<string, string> | undefined;
/** The binding gives an error event's text only. */
function nameOfText(text: string): string {
  namesByText ??= new Map(
    [...namesByCode].map(([code, name]) => [native.err2str(code).split(': ').at(-1)?.toLowerCase() ?? '', name]),
  );
  return namesByText.get(text.toLowerCase()) ?? 'UNKNOWN';
}

function refusal(error: unknown): ClientRefusal {
  const { code, message } = error as { code?: number; message?: string };
  return typeof code === 'number'
    ? new ClientRefusal(nameOf(code), native.err2str(code))
    : new ClientRefusal('UNKNOWN', message ?? String(error));
}

interface Connectable {
  connect(options: { topic: string; timeout: number }, callback: (error: Error | null) => void): unknown;
}

/** Makes clients until one has connected (a failed one can't be used again) or until closed. Throws when the settings are refused. */
async function connectOne<T>(
  make: () => T,
  topic: string,
  closed: () => boolean,
  trouble: (trouble: ClientTrouble) => void,
): Promise<T | undefined> {
  while (!closed()) {
    const client = make();
    const error = await new Promise<Error | null>((resolve) => {
      (client as Connectable).connect({ topic, timeout: CONNECT_TIMEOUT_MS }, resolve);
    });
    if (!error) return client;
    const { code, message } = refusal(error);
    trouble({ code, message: `cannot connect: ${message}` });
    await new Promise((resolve) => setTimeout(resolve, CONNECT_RETRY_MS));
  }
  return undefined;
}

const onError = (events: { trouble(trouble: ClientTrouble): void }) => (error: { message: string }) =>
  events.trouble({ code: nameOfText(error.message), message: error.message });

export interface ProducerSettings extends ClientSettings {
  partitioner: PartitionerShape;
}

/** null: the library chooses. */
const chooserOf = (partitioner: PartitionerShape): ChoosePartition | null =>
  partitioner.mode === 'Default' ? null : createPartitioner(partitioner, Math.random);

export function librdkafkaProducer(settings: ProducerSettings, events: ProducerEvents): ProducerClient {
  const { topic, partitioner, config } = settings;
  const choose = chooserOf(partitioner);
  const needsMetadata = partitioner.mode === 'RoundRobin' || partitioner.mode === 'Sticky';
  const metadataMaxAgeMs = Number(config['topic.metadata.refresh.interval.ms'] ?? METADATA_MAX_AGE_MS);
  // Without acknowledgements the library makes up offsets.
  const offsetsTold = config.acks !== '0';
  let client: InstanceType<typeof Producer> | undefined;
  let closed = false;
  let partitions: TopicPartitions = { count: 0, available: [] };
  let asking: NodeJS.Timeout | undefined;
  /** Of a record that the full buffer did not take. */
  let chosen: number | undefined;
  const make = () => {
    const made = new Producer({
      ...PRODUCER_DEFAULTS,
      ...settings.config,
      'bootstrap.servers': settings.bootstrapServers,
      'client.id': settings.name,
      dr_cb: true,
    } as never);
    made.on('event.error', onError(events) as never);
    made.on('delivery-report', ((error: { code: number } | null, report: DeliveryReport) => {
      const { opaque: token, size, key, partition, offset } = report;
      const bytes = size + (key?.length ?? 0);
      if (error) {
        events.delivered({ token, bytes, error: nameOf(error.code) });
        return;
      }
      const delivery: Delivery = { token, bytes, partition };
      if (key !== null) delivery.key = key.toString();
      if (offsetsTold && offset >= 0) delivery.offset = offset;
      events.delivered(delivery);
    }) as never);
    return made;
  };
  /** True: the partitions are known. */
  const askForPartitions = async (): Promise<boolean> => {
    const connected = client;
    if (closed || connected === undefined) return false;
    try {
      const found = await partitionsOf(connected, topic);
      if (found.count === 0) return false;
      partitions = found;
      return true;
    } catch (error) {
      const { code, message } = refusal(error);
      if (!closed) events.trouble({ code, message: `asking for the partitions: ${message}` });
      return false;
    }
  };
  const askLater = () => {
    if (closed) return;
    asking = setTimeout(async () => {
      await askForPartitions();
      askLater();
    }, metadataMaxAgeMs);
  };
  return {
    async connect() {
      client = await connectOne(make, topic, () => closed, events.trouble);
      // Delivery reports wake the event loop when they come, without a timer.
      client?.setPollInBackground(true);
      if (!needsMetadata) return;
      while (!closed && !(await askForPartitions())) {
        await new Promise((resolve) => setTimeout(resolve, CONNECT_RETRY_MS));
      }
      askLater();
    },
    send(value, key, token) {
      const bytes = value.length + (key === null ? 0 : Buffer.byteLength(key));
      const partition = choose === null ? null : (chosen ?? choose(key, bytes, partitions));
      chosen = undefined;
      try {
        client?.produce(topic, partition, value, key, null, token);
        return client !== undefined;
      } catch (error) {
        if ((error as { code?: number }).code !== QUEUE_FULL) throw refusal(error);
        if (partition !== null) chosen = partition;
        return false;
      }
    },
    async flush(timeoutMs) {
      if (!client?.isConnected()) return true;
      const connected = client;
      return await new Promise<boolean>((resolve) => {
        connected.flush(timeoutMs, (error) => resolve(!error));
      });
    },
    async close() {
      closed = true;
      clearTimeout(asking);
      if (!client?.isConnected()) return;
      const connected = client;
      await new Promise<void>((resolve) => {
        connected.disconnect(1, () => resolve());
      });
    },
  };
}

interface DeliveryReport {
  opaque: number;
  size: number;
  key: Buffer | null;
  partition: number;
  offset: number;
}

interface Metadata {
  topics: { name: string; partitions: { id: number; leader: number }[] }[];
}

/** None while the topic is not known to the broker that answers. */
async function partitionsOf(client: InstanceType<typeof Producer>, topic: string): Promise<TopicPartitions> {
  const metadata = await new Promise<Metadata>((resolve, reject) => {
    client.getMetadata({ topic, allTopics: false, timeout: CONNECT_TIMEOUT_MS }, (error, found) => {
      if (error) reject(error);
      else resolve(found as unknown as Metadata);
    });
  });
  const found = metadata.topics.find(({ name }) => name === topic)?.partitions ?? [];
  const available = found.filter(({ leader }) => leader >= 0).map(({ id }) => id);
  return { count: found.length, available: available.sort((a, b) => a - b) };
}

interface Message {
  partition: number;
  offset: number;
  timestamp: number;
  size: number;
  key: Buffer | null;
}

/** Methods that the binding has and its types leave out. */
interface Rebalancing {
  assign(partitions: unknown[]): void;
  unassign(): void;
  incrementalAssign(partitions: unknown[]): void;
  incrementalUnassign(partitions: unknown[]): void;
  assignmentLost(): boolean;
  rebalanceProtocol(): 'NONE' | 'EAGER' | 'COOPERATIVE';
}

export interface ConsumerSettings extends ClientSettings {
  group: string;
  autoCommit: boolean;
  /** Tell the member id and the library's reasons for rebalances. They cost about 60 µs for each commit. */
  explained: boolean;
}

export function librdkafkaConsumer(settings: ConsumerSettings, events: ConsumerEvents): ConsumerClient {
  const { topic } = settings;
  const newProtocol = settings.config['group.protocol'] === 'consumer';
  const staticMember = settings.config['group.instance.id'] !== undefined;
  let client: (InstanceType<typeof KafkaConsumer> & Rebalancing) | undefined;
  let closed = false;
  let memberId = settings.name;
  let reason: string | undefined;
  let protocol: 'NONE' | 'EAGER' | 'COOPERATIVE' = 'NONE';
  /** Called back and not answered yet. */
  const rebalances: { error: { code: number; message: string } | undefined; partitions: Partition[] }[] = [];
  let revokedInPoll = new Set<number>();
  let signalled = false;
  let wakeUp: (() => void) | undefined;

  const wake = () => {
    signalled = true;
    wakeUp?.();
  };
  const context = (why: string | undefined): RebalanceContext => {
    const known: RebalanceProtocol = newProtocol
      ? 'Consumer'
      : protocol === 'COOPERATIVE'
        ? 'Cooperative'
        : protocol === 'EAGER'
          ? 'Eager'
          : 'None';
    return why === undefined ? { memberId, protocol: known } : { memberId, protocol: known, reason: why };
  };

  const assign = (partitions: Partition[]) => {
    if (client === undefined) return;
    if (incremental()) client.incrementalAssign(partitions);
    else client.assign(partitions);
    events.assigned(numbersOf(partitions), context(reason));
    reason = undefined;
  };
  const revoke = async (partitions: Partition[]) => {
    if (client === undefined) return;
    for (const { partition } of partitions) revokedInPoll.add(partition);
    await events.revoked(numbersOf(partitions), client.assignmentLost(), context(closed ? undefined : reason));
    if (incremental()) client.incrementalUnassign(partitions);
    else client.unassign();
  };
  const incremental = () => protocol === 'COOPERATIVE' || newProtocol;
  const serveAll = async () => {
    for (let next = rebalances.shift(); next !== undefined; next = rebalances.shift()) {
      const { error, partitions } = next;
      // While closing the binding answers NONE: what it was stays true.
      const current = client?.rebalanceProtocol() ?? 'NONE';
      if (current !== 'NONE') protocol = current;
      try {
        if (error?.code === ASSIGN_PARTITIONS) {
          // An assignment that comes while closing can't be taken any more; librdkafka waits for an answer all the same.
          if (closed) client?.unassign();
          else assign(partitions);
          continue;
        }
        if (error?.code !== REVOKE_PARTITIONS) {
          events.trouble({ code: nameOf(error?.code ?? 0), message: error?.message ?? 'the rebalance failed' });
        }
        await revoke(partitions);
      } catch (failure) {
        const { code, message } = refusal(failure);
        events.trouble({ code, message: `rebalance: ${message}` });
      }
    }
  };
  let serving: Promise<void> = Promise.resolve();
  const serveRebalances = (): Promise<void> => {
    serving = serving.then(serveAll);
    return serving;
  };
  const onRebalance = (error: { code: number; message: string } | undefined, partitions: Partition[]) => {
    rebalances.push({ error, partitions });
    // The log lines that tell the member id and the reason reach JavaScript after this, in the same turn.
    setImmediate(serveRebalances);
  };

  const onLog = ({ severity, message, fac }: { severity: number; message: string; fac: string }) => {
    if (fac === 'MEMBERID') memberId = memberIdIn(message) ?? memberId;
    reason = rebalanceReasonIn(message) ?? reason;
    if (severity <= WARNING && !(fac in TOLD_AS_ERRORS)) {
      events.trouble({ code: LOGGED[fac] ?? fac, message: message.replace(/^\[thrd:[^\]]*\]: /, '') });
    }
  };

  const make = () => {
    const made = new KafkaConsumer({
      ...CONSUMER_DEFAULTS,
      ...settings.config,
      'bootstrap.servers': settings.bootstrapServers,
      'client.id': settings.name,
      'group.id': settings.group,
      'enable.auto.commit': settings.autoCommit,
      'enable.auto.offset.store': false,
      ...(settings.explained ? { debug: 'cgrp' } : {}),
      rebalance_cb: onRebalance,
      queue_non_empty_cb: wake,
    } as never) as InstanceType<typeof KafkaConsumer> & Rebalancing;
    made.setDefaultConsumeTimeout(0);
    made.on('event.error', onError(events) as never);
    made.on('event.log', onLog as never);
    return made;
  };

  const consume = (max: number): Promise<ConsumedRecord[]> =>
    new Promise((resolve) => {
      if (client === undefined) return resolve([]);
      signalled = false;
      revokedInPoll = new Set();
      client.consume(max, (error, messages) => {
        // The rebalance callback that this `consume` may have raised comes before setImmediate's.
        setImmediate(async () => {
          if (rebalances.length > 0) await serveRebalances();
          if (error) {
            const { code, message } = refusal(error);
            events.trouble({ code, message });
            resolve([]);
            return;
          }
          const records: ConsumedRecord[] = [];
          for (const { partition, offset, timestamp, size, key } of messages as unknown as Message[]) {
            if (revokedInPoll.has(partition)) continue;
            records.push({ partition, offset, timestamp, bytes: size + (key?.length ?? 0), key });
          }
          resolve(records);
        });
      });
    });

  return {
    async connect() {
      client = await connectOne(make, topic, () => closed, events.trouble);
      if (!closed) client?.subscribe([topic]);
    },
    async poll(max, timeoutMs) {
      const ready = await consume(max);
      if (ready.length > 0 || timeoutMs <= 0) return ready;
      if (!signalled) {
        await new Promise<void>((resolve) => {
          const timer = setTimeout(resolve, timeoutMs);
          wakeUp = () => {
            clearTimeout(timer);
            resolve();
          };
        });
        wakeUp = undefined;
      }
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
      const connected = client;
      if (connected === undefined) return;
      const wanted = inTopic(topic, positions);
      try {
        connected.commit(wanted as never);
        await new Promise<void>((resolve, reject) => {
          connected.committed(wanted as never, timeoutMs, (error, found) => {
            if (error) reject(error);
            else if (holds(found, positions)) resolve();
            else reject(new ClientRefusal('COMMIT_REFUSED', 'the coordinator did not take the offsets'));
          });
        });
      } catch (error) {
        throw error instanceof ClientRefusal ? error : refusal(error);
      }
    },
    async close() {
      closed = true;
      const connected = client;
      if (!connected?.isConnected()) return;
      // Without this an idle cooperative member stays in the group until its session ends. Never under the new
      // protocol, where unsubscribing waits for ever for a poll, and never of a static member, which is to stay.
      const idle = protocol === 'COOPERATIVE' && connected.assignments().length === 0;
      if (!newProtocol && !staticMember && idle) connected.unsubscribe();
      await new Promise<void>((resolve) => {
        connected.disconnect(() => resolve());
      });
    },
  };
}

interface Partition {
  topic: string;
  partition: number;
}

/** The group may stand elsewhere than we wanted only where a partition is another member's by now. */
const holds = (found: { partition: number; offset?: number | null }[], wanted: Position[]): boolean =>
  wanted.every(({ partition, offset }) => found.some((each) => each.partition === partition && each.offset === offset));

const numbersOf = (partitions: Partition[]): number[] => partitions.map((each) => each.partition).sort((a, b) => a - b);
const inTopic = (topic: string, positions: Position[]) => positions.map((position) => ({ topic, ...position }));
