/**
 * The producer's port over kafkajs, which has neither buffer nor linger: records that are given in one turn of the event
 * loop, or while as many requests are under way as may be, go in one `send`, and share its result.
 *
 * kafkajs asks for the partition of every record of a `send` again when it tries again, also of those that a broker has
 * taken already; a partitioner that answers differently then loses records. So the first answer stays.
 */
import { CompressionTypes, type Message, type PartitionerArgs, type Producer, type RecordMetadata } from 'kafkajs';
import type { KafkajsProducer } from '../../domain/settings/kafkajsOptions.ts';
import { createPartitioner } from '../../domain/workers/partitioner.ts';
import type { PartitionerShape } from '../../domain/workers/spec.ts';
import { within } from '../process/time.ts';
import { codeOf, type KafkajsSettings, makeKafka, refusal, troubleIn, tryUntilDone } from './kafkajs.ts';
import type { Delivery, ProducerClient, ProducerEvents } from './port.ts';

/** As Kafka's buffer.memory. */
const MOST_WAITING_BYTES = 33_554_432;
/** All records of a `send` may be of one partition, and a broker takes 1 MiB at once (message.max.bytes). */
const MOST_SEND_BYTES = 900_000;
/** Of a record in a request, besides key and value; generous. */
const OVERHEAD_BYTES = 70;

interface Given {
  token: number;
  bytes: number;
  message: Message & { key: string | null };
}

export interface KafkajsProducerSettings extends KafkajsSettings<KafkajsProducer> {
  partitioner: PartitionerShape;
}

export function kafkajsProducer(settings: KafkajsProducerSettings, events: ProducerEvents): ProducerClient {
  const { topic, options } = settings;
  const choose = createPartitioner(settings.partitioner, Math.random);
  const chosen = new WeakMap<Message, number>();
  const { retries, ...ofProducer } = options.producer;
  const { compression, ...ofSend } = options.send;
  const codec = compression === 'gzip' ? CompressionTypes.GZIP : CompressionTypes.None;
  let producer: Producer | undefined;
  let connected = false;
  let closed = false;
  let waiting: Given[] = [];
  /** Given and not settled. */
  let bytesUnderWay = 0;
  let underWay = 0;
  let sends = 0;
  let scheduled = false;
  let drained: (() => void) | undefined;

  const createChooser =
    () =>
    ({ message, partitionMetadata }: PartitionerArgs): number => {
      const before = chosen.get(message);
      if (before !== undefined) return before;
      const { key, value } = message as Given['message'];
      const bytes = (value?.length ?? 0) + (key === null ? 0 : Buffer.byteLength(key));
      const available = partitionMetadata.filter(({ leader }) => leader >= 0).map(({ partitionId }) => partitionId);
      const partition = choose(key, bytes, {
        count: partitionMetadata.length,
        available: available.sort((a, b) => a - b),
      });
      chosen.set(message, partition);
      return partition;
    };

  const settle = (given: Given[], result: { error: string } | { acknowledged: RecordMetadata[] }) => {
    // Where the next record of each partition is: those of a `send` stand one after the other, in their order.
    const offsets = new Map<number, number>();
    if ('acknowledged' in result) {
      for (const { partition, baseOffset = '-1' } of result.acknowledged) offsets.set(partition, Number(baseOffset));
    }
    for (const { token, bytes, message } of given) {
      underWay -= 1;
      bytesUnderWay -= bytes;
      const delivery: Delivery = { token, bytes };
      if ('error' in result) delivery.error = result.error;
      else place(delivery, message, offsets);
      events.delivered(delivery);
    }
    if (underWay === 0) drained?.();
  };

  const place = (delivery: Delivery, message: Given['message'], offsets: Map<number, number>) => {
    const partition = chosen.get(message);
    if (partition === undefined) return;
    delivery.partition = partition;
    if (message.key !== null) delivery.key = message.key;
    const offset = offsets.get(partition);
    if (offset === undefined || offset < 0) return;
    delivery.offset = offset;
    offsets.set(partition, offset + 1);
  };

  const sendOff = async (given: Given[]) => {
    sends += 1;
    let result: Parameters<typeof settle>[1] = { acknowledged: [] };
    try {
      const messages = given.map(({ message }) => message);
      const acknowledged = await producer?.send({ ...ofSend, compression: codec, topic, messages });
      if (acknowledged !== undefined) result = { acknowledged };
    } catch (failure) {
      result = { error: codeOf(failure) };
    }
    sends -= 1;
    settle(given, result);
    pump();
  };

  const pump = () => {
    while (waiting.length > 0 && sends < ofProducer.maxInFlightRequests) {
      let count = 0;
      for (let bytes = 0; count < waiting.length; count++) {
        bytes += (waiting[count]?.bytes ?? 0) + OVERHEAD_BYTES;
        if (count > 0 && bytes > MOST_SEND_BYTES) break;
      }
      const given = waiting.slice(0, count);
      waiting = waiting.slice(count);
      void sendOff(given);
    }
  };

  return {
    async connect() {
      const made = makeKafka(settings, (entry) => {
        const trouble = troubleIn(entry);
        if (trouble !== undefined) events.trouble(trouble);
      }).producer({
        ...ofProducer,
        createPartitioner: createChooser,
        retry: { ...options.kafka.retry, retries },
      });
      producer = made;
      await tryUntilDone(
        () => made.connect(),
        () => !closed,
        events.trouble,
      );
      connected = !closed;
    },
    send(value, key, token) {
      if (!connected || bytesUnderWay >= MOST_WAITING_BYTES) return false;
      const bytes = value.length + (key === null ? 0 : Buffer.byteLength(key));
      waiting.push({ token, bytes, message: { key, value, timestamp: String(Date.now()) } });
      underWay += 1;
      bytesUnderWay += bytes;
      if (!scheduled) {
        scheduled = true;
        setImmediate(() => {
          scheduled = false;
          pump();
        });
      }
      return true;
    },
    async flush(timeoutMs) {
      if (underWay === 0) return true;
      const all = new Promise<void>((resolve) => {
        drained = resolve;
      });
      return (await within(timeoutMs, all)) !== 'TimedOut';
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
