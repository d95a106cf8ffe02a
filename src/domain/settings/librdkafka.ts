/** Kafka's names of producer and consumer settings → the client library's properties (librdkafka), or why not. */
import { ASSIGNORS, COMBINATIONS, type Role, SETTINGS, whyRefused, whyWrong } from '../../api/settings/kafka.ts';

type Config = Readonly<Record<string, string>>;
type Properties = Record<string, string>;

export type Translated =
  | {
      /** librdkafka's properties; Kafka's defaults are filled in where the library's own differ. */
      config: Properties;
      /** Consumers only: max.poll.records, which the worker's poll loop honours (the library ignores it). */
      maxPollRecords?: number;
    }
  /** Sentences, one per setting that can't be taken. */
  | { refused: string[] };

/** Settings whose property has another name, another unit or other values; all others keep name and value. */
const TRANSLATIONS: Readonly<Record<Role, Readonly<Record<string, (value: string) => Properties>>>> = (() => {
  const both = {
    // The operating system's choice is -1 for Kafka and 0 for the library.
    'send.buffer.bytes': (value: string) => ({ 'socket.send.buffer.bytes': value === '-1' ? '0' : value }),
    'receive.buffer.bytes': (value: string) => ({ 'socket.receive.buffer.bytes': value === '-1' ? '0' : value }),
    // The library's property of Kafka's name is the age of a cache; how often it asks is this one.
    'metadata.max.age.ms': (value: string) => ({ 'topic.metadata.refresh.interval.ms': value }),
  };
  return {
    Producer: {
      ...both,
      // Bytes → KiB; the library counts messages as well, so that bound is opened.
      'buffer.memory': (value) => ({
        'queue.buffering.max.kbytes': String(Math.max(1, Math.floor(Number(value) / 1024))),
        'queue.buffering.max.messages': '0',
      }),
      'max.request.size': (value) => ({ 'message.max.bytes': value }),
      // How long the broker may take to gather acknowledgements, and how long the client waits for any answer.
      'request.timeout.ms': (value) => ({ 'request.timeout.ms': value, 'socket.timeout.ms': value }),
    },
    Consumer: {
      ...both,
      'request.timeout.ms': (value) => ({ 'socket.timeout.ms': value }),
      'fetch.max.wait.ms': (value) => ({ 'fetch.wait.max.ms': value }),
      // The library raises it to message.max.bytes (1,000,000 unless set), which consumers have no other use for.
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

/** Defaults that Kafka and the library share, or that are no property of it; all others are written out. */
const NOT_WRITTEN = new Set(['max.poll.records', 'client.rack', 'group.remote.assignor']);

/**
 * Kafka's settings as people wrote them → what the worker gives its client, with Kafka's own defaults
 * (not the library's) for those left out. Says everything that is wrong, not just the first thing.
 */
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
    setting.default === undefined || NOT_WRITTEN.has(name) ? [] : [[name, setting.default] as const],
  );
  const filled: Record<string, string> = Object.fromEntries(all);
  // As Kafka's own clients do when one setting of a pair is given and the default of the other contradicts it.
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

function atLeast(filled: Record<string, string>, name: string, least: string | undefined): void {
  if (least !== undefined && Number(filled[name]) < Number(least)) filled[name] = least;
}

/** As Kafka's Java producer: on by default, off when another setting contradicts it. */
const mayBeIdempotent = (config: Config): boolean =>
  ['all', '-1', undefined].includes(config.acks) &&
  config.retries !== '0' &&
  Number(config['max.in.flight.requests.per.connection'] ?? 5) <= 5;
