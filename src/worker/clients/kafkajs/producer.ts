/**
 * The producer port over kafkajs.
 *
 * Traps:
 * - kafkajs has no buffer and no linger.ms. Records handed over in one turn of the event loop, or while the maximum number
 *   of requests is in flight, go into one `send` and share its result.
 * - A retry within `send` asks the partitioner again, also for records that a broker has taken already. A partitioner that
 *   then answers differently loses records, so the first answer is kept.
 */
import { CompressionTypes, type Message, type PartitionerArgs, type Producer, type RecordMetadata } from 'kafkajs';
import type { KafkajsProducer } from '../../../domain/settings/kafkajsOptions.ts';
import { createPartitioner } from '../../../domain/workers/partitioner.ts';
import type { PartitionerShape } from '../../../domain/workers/spec.ts';
import { within } from '../../process/time.ts';
import type { Delivery, ProducerClient, ProducerEvents } from '../port.ts';
import { errorName, type KafkajsSettings, makeKafka, refusal, retryConnecting, troubleOfLog } from './client.ts';

/** The default of Kafka's buffer.memory. */
const BUFFER_BYTES = 33_554_432;
/** All records of a `send` may go to one partition, and a broker accepts 1 MiB at once (message.max.bytes). */
const MAX_SEND_BYTES = 900_000;
/** A generous bound for what a record takes in a request besides key and value. */
const RECORD_OVERHEAD_BYTES = 70;

interface PendingRecord {
  token: number;
  bytes: number;
  message: Message & { key: string | null };
}

type SendResult = { error: string } | { acknowledged: RecordMetadata[] };

export interface KafkajsProducerSettings extends KafkajsSettings<KafkajsProducer> {
  partitioner: PartitionerShape;
}

/** kafkajs' custom partitioner for a PartitionerShape, and the partition that it chose for a message. */
function createChooser(shape: PartitionerShape) {
  const choose = createPartitioner(shape, Math.random);
  const chosen = new WeakMap<Message, number>();
  const partitioner =
    () =>
    ({ message, partitionMetadata }: PartitionerArgs): number => {
      const before = chosen.get(message);
      if (before !== undefined) return before;
      const { key, value } = message as PendingRecord['message'];
      const bytes = (value?.length ?? 0) + (key === null ? 0 : Buffer.byteLength(key));
      const available = partitionMetadata.filter(({ leader }) => leader >= 0).map(({ partitionId }) => partitionId);
      const partition = choose(key, bytes, {
        count: partitionMetadata.length,
        available: available.sort((a, b) => a - b),
      });
      chosen.set(message, partition);
      return partition;
    };
  return { partitioner, chosenFor: (message: Message) => chosen.get(message) };
}

export function kafkajsProducer(settings: KafkajsProducerSettings, events: ProducerEvents): ProducerClient {
  const { topic, options } = settings;
  const { partitioner, chosenFor } = createChooser(settings.partitioner);
  const { retries, ...producerOptions } = options.producer;
  const { compression, ...sendOptions } = options.send;
  const codec = compression === 'gzip' ? CompressionTypes.GZIP : CompressionTypes.None;
  let producer: Producer | undefined;
  let connected = false;
  let closed = false;
  let queue: PendingRecord[] = [];
  /** Size of the records that are not settled. */
  let unsettledBytes = 0;
  let unsettled = 0;
  let sendsInFlight = 0;
  let scheduled = false;
  let onDrained: (() => void) | undefined;

  /** `nextOffsets`: offset of the next record of the same `send`, by partition; updated here. */
  const acknowledgedDelivery = (record: PendingRecord, nextOffsets: Map<number, number>): Delivery => {
    const { token, bytes, message } = record;
    const delivery: Delivery = { token, bytes };
    const partition = chosenFor(message);
    if (partition === undefined) return delivery;
    delivery.partition = partition;
    if (message.key !== null) delivery.key = message.key;
    const offset = nextOffsets.get(partition);
    if (offset === undefined || offset < 0) return delivery;
    delivery.offset = offset;
    nextOffsets.set(partition, offset + 1);
    return delivery;
  };

  const settle = (records: PendingRecord[], result: SendResult) => {
    // The records of a `send` follow each other in their partition, in the order of sending.
    const nextOffsets = new Map<number, number>();
    if ('acknowledged' in result) {
      for (const { partition, baseOffset = '-1' } of result.acknowledged)
        nextOffsets.set(partition, Number(baseOffset));
    }
    for (const record of records) {
      const { token, bytes } = record;
      unsettled -= 1;
      unsettledBytes -= bytes;
      events.delivered(
        'error' in result ? { token, bytes, error: result.error } : acknowledgedDelivery(record, nextOffsets),
      );
    }
    if (unsettled === 0) onDrained?.();
  };

  const sendNow = async (records: PendingRecord[]) => {
    sendsInFlight += 1;
    let result: SendResult = { acknowledged: [] };
    try {
      const messages = records.map(({ message }) => message);
      const acknowledged = await producer?.send({ ...sendOptions, compression: codec, topic, messages });
      if (acknowledged !== undefined) result = { acknowledged };
    } catch (failure) {
      result = { error: errorName(failure) };
    }
    sendsInFlight -= 1;
    settle(records, result);
    sendQueue();
  };

  const sendQueue = () => {
    while (queue.length > 0 && sendsInFlight < producerOptions.maxInFlightRequests) {
      let count = 0;
      for (let bytes = 0; count < queue.length; count++) {
        bytes += (queue[count]?.bytes ?? 0) + RECORD_OVERHEAD_BYTES;
        if (count > 0 && bytes > MAX_SEND_BYTES) break;
      }
      const records = queue.slice(0, count);
      queue = queue.slice(count);
      void sendNow(records);
    }
  };

  const sendQueueSoon = () => {
    if (scheduled) return;
    scheduled = true;
    setImmediate(() => {
      scheduled = false;
      sendQueue();
    });
  };

  return {
    async connect() {
      const client = makeKafka(settings, (entry) => {
        const trouble = troubleOfLog(entry);
        if (trouble !== undefined) events.trouble(trouble);
      }).producer({
        ...producerOptions,
        createPartitioner: partitioner,
        retry: { ...options.kafka.retry, retries },
      });
      producer = client;
      await retryConnecting(
        () => client.connect(),
        () => !closed,
        events.trouble,
      );
      connected = !closed;
    },
    send(value, key, token) {
      if (!connected || unsettledBytes >= BUFFER_BYTES) return false;
      const bytes = value.length + (key === null ? 0 : Buffer.byteLength(key));
      queue.push({ token, bytes, message: { key, value, timestamp: String(Date.now()) } });
      unsettled += 1;
      unsettledBytes += bytes;
      sendQueueSoon();
      return true;
    },
    async flush(timeoutMs) {
      if (unsettled === 0) return true;
      const drained = new Promise<void>((resolve) => {
        onDrained = resolve;
      });
      return (await within(timeoutMs, drained)) !== 'TimedOut';
    },
    async close() {
      closed = true;
      connected = false;
      try {
        await producer?.disconnect();
      } catch (error) {
        const { code, message } = refusal(error);
        events.trouble({ code, message: `disconnecting: ${message}` });
      }
    },
  };
}
