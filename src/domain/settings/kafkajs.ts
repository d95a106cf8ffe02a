/** Translates Kafka's producer and consumer settings into the options of kafkajs, or explains why it cannot. */
import { type Role, SETTINGS } from '../../api/settings/kafka.ts';
import { whyNotKafkajs } from '../../api/settings/kafkajs.ts';
import type { KafkajsConsumer, KafkajsProducer } from './kafkajsOptions.ts';
import { toLibrdkafka } from './librdkafka.ts';

type Config = Readonly<Record<string, string>>;
/** One sentence per refused setting. */
type Refused = { refused: string[] };

/** Omitted settings get Kafka's defaults, except enable.idempotence (false): in kafkajs it is experimental. */
export function toKafkajsProducer(config: Config): KafkajsProducer | Refused {
  const refused = refusedSettings('Producer', config);
  if (refused.length > 0) return { refused };
  const { text, number } = reader('Producer', config);
  return {
    kafka: connection('Producer', config),
    producer: {
      metadataMaxAge: number('metadata.max.age.ms'),
      maxInFlightRequests: number('max.in.flight.requests.per.connection'),
      idempotent: config['enable.idempotence'] === 'true',
      retries: number('retries'),
    },
    send: {
      acks: text('acks') === '0' ? 0 : text('acks') === '1' ? 1 : -1,
      timeout: number('request.timeout.ms'),
      compression: text('compression.type') === 'gzip' ? 'gzip' : 'none',
    },
  };
}

export function toKafkajsConsumer(config: Config): KafkajsConsumer | Refused {
  const refused = refusedSettings('Consumer', config);
  if (refused.length > 0) return { refused };
  const { text, number } = reader('Consumer', config);
  return {
    kafka: connection('Consumer', config),
    consumer: {
      metadataMaxAge: number('metadata.max.age.ms'),
      allowAutoTopicCreation: text('allow.auto.create.topics') === 'true',
      sessionTimeout: number('session.timeout.ms'),
      heartbeatInterval: number('heartbeat.interval.ms'),
      minBytes: number('fetch.min.bytes'),
      maxBytes: number('fetch.max.bytes'),
      maxBytesPerPartition: number('max.partition.fetch.bytes'),
      maxWaitTimeInMs: number('fetch.max.wait.ms'),
      readUncommitted: text('isolation.level') === 'read_uncommitted',
      rackId: config['client.rack'] ?? '',
    },
    subscribe: { fromBeginning: text('auto.offset.reset') === 'earliest' },
    run: { autoCommitInterval: number('auto.commit.interval.ms') },
  };
}

/** Settings that no client accepts, and settings that kafkajs does not support. Each is named once. */
function refusedSettings(role: Role, config: Config): string[] {
  const general = toLibrdkafka(role, config);
  const own = Object.entries(config).flatMap(([name, value]) => {
    const why = whyNotKafkajs(role, name, value);
    return why === undefined ? [] : [`${name} ${why}`];
  });
  return 'refused' in general ? [...general.refused, ...own] : own;
}

function reader(role: Role, config: Config) {
  const text = (name: string): string => config[name] ?? SETTINGS[role][name]?.default ?? '';
  return { text, number: (name: string): number => Number(text(name)) };
}

function connection(role: Role, config: Config): KafkajsProducer['kafka'] {
  const { number } = reader(role, config);
  const initialRetryTime = number('retry.backoff.ms');
  return {
    connectionTimeout: number('socket.connection.setup.timeout.ms'),
    requestTimeout: number('request.timeout.ms'),
    // As in Kafka's clients, the maximum is raised to the initial value if only that is set.
    retry: { initialRetryTime, maxRetryTime: Math.max(initialRetryTime, number('retry.backoff.max.ms')) },
  };
}
