/** Translates Kafka's producer and consumer settings into librdkafka's properties, or explains why it cannot. */
import { ASSIGNORS, COMBINATIONS, type Role, SETTINGS, whyRefused, whyWrong } from '../../api/settings/kafka.ts';

type Config = Readonly<Record<string, string>>;
type Properties = Record<string, string>;

export type Translated =
  | {
      /** librdkafka's properties, including Kafka's defaults for omitted settings. */
      config: Properties;
      /** max.poll.records, only for consumers. librdkafka has no such property; the worker's poll loop applies it. */
      maxPollRecords?: number;
    }
  /** One sentence per refused setting. */
  | { refused: string[] };

/** Settings whose property has another name, unit or values. All others keep name and value. */
const TRANSLATIONS: Readonly<Record<Role, Readonly<Record<string, (value: string) => Properties>>>> = (() => {
  const both = {
    // The operating system's default is -1 in Kafka and 0 in librdkafka.
    'send.buffer.bytes': (value: string) => ({ 'socket.send.buffer.bytes': value === '-1' ? '0' : value }),
    'receive.buffer.bytes': (value: string) => ({ 'socket.receive.buffer.bytes': value === '-1' ? '0' : value }),
    // librdkafka's metadata.max.age.ms is the age of a cache. This property sets the refresh interval.
    'metadata.max.age.ms': (value: string) => ({ 'topic.metadata.refresh.interval.ms': value }),
  };
  return {
    Producer: {
      ...both,
      // Bytes → KiB. librdkafka also limits the number of messages, so that limit is removed (0).
      'buffer.memory': (value) => ({
        'queue.buffering.max.kbytes': String(Math.max(1, Math.floor(Number(value) / 1024))),
        'queue.buffering.max.messages': '0',
      }),
      'max.request.size': (value) => ({ 'message.max.bytes': value }),
      // In librdkafka: how long the broker may wait for acknowledgements, and how long the client waits for a response.
      'request.timeout.ms': (value) => ({ 'request.timeout.ms': value, 'socket.timeout.ms': value }),
    },
    Consumer: {
      ...both,
      'request.timeout.ms': (value) => ({ 'socket.timeout.ms': value }),
      'fetch.max.wait.ms': (value) => ({ 'fetch.wait.max.ms': value }),
      // librdkafka raises fetch.max.bytes to message.max.bytes (default 1,000,000), which has no other effect on consumers.
      'fetch.max.bytes': (value) =>
        Number(value) < 1_000_000
          ? { 'fetch.max.bytes': value, 'message.max.bytes': value }
          : { 'fetch.max.bytes': value },
      'auto.offset.reset': (value) => ({ 'auto.offset.reset': value === 'none' ? 'error' : value }),
      'partition.assignment.strategy': (value) => ({ 'partition.assignment.strategy': ASSIGNORS[value] ?? value }),
      'max.poll.records': () => ({}),
    },
  };
})();

/** Settings whose default is omitted: librdkafka has the same default or no such property. */
const OMITTED_DEFAULTS = new Set(['max.poll.records', 'client.rack', 'group.remote.assignor']);

/** Translates a user's settings. Omitted settings get Kafka's defaults, not librdkafka's. Reports all wrong settings at once. */
export function toLibrdkafka(role: Role, config: Config): Translated {
  const refused = [...wrongSettings(role, config), ...wrongCombinations(role, config)];
  if (refused.length > 0) return { refused };

  const complete: Record<string, string> = { ...defaults(role, config), ...config };
  const properties: Properties = {};
  for (const [name, value] of Object.entries(complete)) {
    const translate = TRANSLATIONS[role][name];
    Object.assign(properties, translate ? translate(value) : { [name]: value });
  }
  if (role === 'Producer') return { config: properties };
  return {
    config: properties,
    maxPollRecords: Number(config['max.poll.records'] ?? SETTINGS.Consumer['max.poll.records']?.default),
  };
}

function wrongSettings(role: Role, config: Config): string[] {
  return Object.entries(config).flatMap(([name, value]) => {
    const why = whyRefused(role, name);
    if (why !== undefined) return [`${name} ${why}`];
    const values = SETTINGS[role][name]?.values;
    const wrong = values === undefined ? undefined : whyWrong(values, value);
    return wrong === undefined ? [] : [`${name} cannot be "${value}"; ${wrong}`];
  });
}

const wrongCombinations = (role: Role, config: Config): string[] =>
  COMBINATIONS[role].filter((rule) => rule.holds && !rule.holds(config)).map((rule) => rule.message);

function defaults(role: Role, config: Config): Record<string, string> {
  const all = Object.entries(SETTINGS[role]).flatMap(([name, setting]) =>
    setting.default === undefined || OMITTED_DEFAULTS.has(name) ? [] : [[name, setting.default] as const],
  );
  const filled: Record<string, string> = Object.fromEntries(all);
  // If one setting of a pair contradicts the default of the other, the default is adjusted, as in Kafka's clients.
  atLeast(filled, 'reconnect.backoff.max.ms', config['reconnect.backoff.ms']);
  atLeast(filled, 'retry.backoff.max.ms', config['retry.backoff.ms']);
  if (role === 'Producer') {
    const given = { ...filled, ...config };
    atLeast(filled, 'delivery.timeout.ms', String(Number(given['linger.ms']) + Number(given['request.timeout.ms'])));
    if (!mayBeIdempotent(config)) filled['enable.idempotence'] = 'false';
  }
  if (role === 'Consumer' && config['group.protocol'] === 'consumer') {
    for (const name of ['session.timeout.ms', 'heartbeat.interval.ms', 'partition.assignment.strategy'])
      delete filled[name];
  }
  return filled;
}

/** Raises a filled-in default to `least`. */
function atLeast(filled: Record<string, string>, name: string, least: string | undefined): void {
  if (least !== undefined && Number(filled[name]) < Number(least)) filled[name] = least;
}

/** enable.idempotence defaults to true unless another setting contradicts it, as in Kafka's Java producer. */
const mayBeIdempotent = (config: Config): boolean =>
  ['all', '-1', undefined].includes(config.acks) &&
  config.retries !== '0' &&
  Number(config['max.in.flight.requests.per.connection'] ?? 5) <= 5;
