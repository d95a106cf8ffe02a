/**
 * The producer's port over kafkajs, which has neither buffer nor linger: records that are given in one turn of the event
 * loop, or while as many requests are under way as may be, go in one `send`, and share its result.
 */
import { CompressionTypes, type Message, type Producer } from 'kafkajs';
import type { KafkajsProducer } from '../../domain/workerSpec.ts';
import { within } from '../time.ts';
import { codeOf, type KafkajsSettings, makeKafka, refusal, troubleIn, tryUntilDone } from './kafkajs.ts';
import type { ProducerClient, ProducerEvents } from './port.ts';

/** As Kafka's buffer.memory. */
const MOST_WAITING_BYTES = 33_554_432;
/** All records of a `send` may be of one partition, and a broker takes 1 MiB at once (message.max.bytes). */
const MOST_SEND_BYTES = 900_000;
/** Of a record in a request, besides key and value; generous. */
const OVERHEAD_BYTES = 70;

interface Given {
  token: number;
  bytes: number;
  message: Message;
}

export function kafkajsProducer(settings: KafkajsSettings<KafkajsProducer>, events: ProducerEvents): ProducerClient {
  const { topic, options } = settings;
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

  const settle = (given: Given[], error?: string) => {
    for (const { token, bytes } of given) {
      underWay -= 1;
      bytesUnderWay -= bytes;
      events.delivered(error === undefined ? { token, bytes } : { token, bytes, error });
    }
    if (underWay === 0) drained?.();
  };

  const sendOff = async (given: Given[]) => {
    sends += 1;
    let error: string | undefined;
    try {
      await producer?.send({ ...ofSend, compression: codec, topic, messages: given.map(({ message }) => message) });
    } catch (failure) {
      error = codeOf(failure);
    }
    sends -= 1;
    settle(given, error);
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
      }).producer({ ...ofProducer, retry: { ...options.kafka.retry, retries } });
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
