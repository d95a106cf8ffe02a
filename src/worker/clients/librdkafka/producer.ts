/**
 * The producer port over librdkafka.
 *
 * Traps:
 * - librdkafka has no round-robin partitioner and accepts partitioners by name only. Where the settings ask for another
 *   one, the partition is chosen here, from topic metadata that is requested as often as the client refreshes its own
 *   (topic.metadata.refresh.interval.ms). The answer also updates the client's metadata, so it accepts these partitions
 *   at once.
 * - With acks=0 librdkafka invents offsets in its delivery reports.
 */
import { type ChoosePartition, createPartitioner, type TopicPartitions } from '../../../domain/workers/partitioner.ts';
import type { PartitionerShape } from '../../../domain/workers/spec.ts';
import type { Delivery, ProducerClient, ProducerEvents } from '../port.ts';
import { codes, Producer } from './binding.ts';
import { type ClientSettings, connectClient, REQUEST_TIMEOUT_MS, RETRY_MS } from './connect.ts';
import { errorName, refusal, troubleOfError } from './errors.ts';

type RdkafkaProducer = InstanceType<typeof Producer>;

const QUEUE_FULL = codes.ERR__QUEUE_FULL;
/** The default of Kafka's metadata.max.age.ms. */
const METADATA_MAX_AGE_MS = 300_000;

/**
 * The Java client's defaults where librdkafka's differ: buffer.memory, and murmur2 as the hash of keys, empty keys included.
 * Records without a key stay with a partition for twice linger.ms.
 */
const DEFAULTS = { 'queue.buffering.max.kbytes': '32768', partitioner: 'murmur2_random' };

export interface ProducerSettings extends ClientSettings {
  partitioner: PartitionerShape;
}

interface DeliveryReport {
  opaque: number;
  size: number;
  key: Buffer | null;
  partition: number;
  offset: number;
}

/** null: librdkafka chooses the partitions. */
const chooserOf = (partitioner: PartitionerShape): ChoosePartition | null =>
  partitioner.mode === 'Default' ? null : createPartitioner(partitioner, Math.random);

function deliveryOf(error: { code: number } | null, report: DeliveryReport, hasOffsets: boolean): Delivery {
  const { opaque: token, size, key, partition, offset } = report;
  const bytes = size + (key?.length ?? 0);
  if (error) return { token, bytes, error: errorName(error.code) };
  const delivery: Delivery = { token, bytes, partition };
  if (key !== null) delivery.key = key.toString();
  if (hasOffsets && offset >= 0) delivery.offset = offset;
  return delivery;
}

function makeProducer(settings: ProducerSettings, events: ProducerEvents): RdkafkaProducer {
  const hasOffsets = settings.config.acks !== '0';
  const producer = new Producer({
    ...DEFAULTS,
    ...settings.config,
    'bootstrap.servers': settings.bootstrapServers,
    'client.id': settings.name,
    dr_cb: true,
  } as never);
  producer.on('event.error', ((error: { message: string }) => events.trouble(troubleOfError(error))) as never);
  producer.on('delivery-report', ((error: { code: number } | null, report: DeliveryReport) =>
    events.delivered(deliveryOf(error, report, hasOffsets))) as never);
  return producer;
}

export function librdkafkaProducer(settings: ProducerSettings, events: ProducerEvents): ProducerClient {
  const { topic, partitioner, config } = settings;
  const choose = chooserOf(partitioner);
  const needsMetadata = partitioner.mode === 'RoundRobin' || partitioner.mode === 'Sticky';
  const metadataMaxAgeMs = Number(config['topic.metadata.refresh.interval.ms'] ?? METADATA_MAX_AGE_MS);
  let client: RdkafkaProducer | undefined;
  let closed = false;
  let partitions: TopicPartitions = { count: 0, available: [] };
  let refreshTimer: NodeJS.Timeout | undefined;
  /** Partition of the record that did not fit into the full buffer. */
  let chosen: number | undefined;

  /** Resolves with true once the topic's partitions are known. */
  const refreshPartitions = async (): Promise<boolean> => {
    const connected = client;
    if (closed || connected === undefined) return false;
    try {
      const found = await partitionsOf(connected, topic);
      if (found.count === 0) return false;
      partitions = found;
      return true;
    } catch (error) {
      const { code, message } = refusal(error);
      if (!closed) events.trouble({ code, message: `requesting the topic's partitions: ${message}` });
      return false;
    }
  };
  const refreshLater = () => {
    if (closed) return;
    refreshTimer = setTimeout(async () => {
      await refreshPartitions();
      refreshLater();
    }, metadataMaxAgeMs);
  };

  return {
    async connect() {
      client = await connectClient(
        () => makeProducer(settings, events),
        topic,
        () => closed,
        events.trouble,
      );
      // Delivery reports wake the event loop when they arrive, without a timer.
      client?.setPollInBackground(true);
      if (!needsMetadata) return;
      while (!closed && !(await refreshPartitions())) {
        await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
      }
      refreshLater();
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
      clearTimeout(refreshTimer);
      if (!client?.isConnected()) return;
      const connected = client;
      await new Promise<void>((resolve) => {
        connected.disconnect(1, () => resolve());
      });
    },
  };
}

interface Metadata {
  topics: { name: string; partitions: { id: number; leader: number }[] }[];
}

/** The topic's partitions; none if the answering broker does not know the topic yet. */
async function partitionsOf(client: RdkafkaProducer, topic: string): Promise<TopicPartitions> {
  const metadata = await new Promise<Metadata>((resolve, reject) => {
    client.getMetadata({ topic, allTopics: false, timeout: REQUEST_TIMEOUT_MS }, (error, found) => {
      if (error) reject(error);
      else resolve(found as unknown as Metadata);
    });
  });
  const found = metadata.topics.find(({ name }) => name === topic)?.partitions ?? [];
  const available = found.filter(({ leader }) => leader >= 0).map(({ id }) => id);
  return { count: found.length, available: available.sort((a, b) => a - b) };
}
