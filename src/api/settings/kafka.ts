/**
 * Producer and consumer settings of Kafka's documentation (4.x): those that `config` accepts, with Kafka's defaults, and
 * those that it refuses, with what to write instead. domain/settings/librdkafka.ts translates them for the client library.
 */
import { celFormat, celList, celText, type Rule, sentences } from '../schema/schema.ts';
import { asText, type Config, type TextConfig, valueRules } from './values.ts';

export type Role = 'Producer' | 'Consumer';

/** Values that a setting accepts. The bounds of a number are the narrower ones of Kafka and of the client library. */
export type Values =
  | { readonly number: readonly [min: number, max: number] }
  | { readonly oneOf: readonly string[] }
  | { readonly pattern: string; readonly say: string };

export interface Setting {
  readonly values: Values;
  /** Kafka's default. Absent: none. */
  readonly default?: string;
}

const INT = 2_147_483_647;
const number = (min: number, max: number, byDefault: string): Setting => ({
  values: { number: [min, max] },
  default: byDefault,
});
const oneOf = (values: readonly string[], byDefault: string): Setting => ({
  values: { oneOf: values },
  default: byDefault,
});
const BOOLEAN = ['true', 'false'] as const;

const BOTH: Record<string, Setting> = {
  'client.dns.lookup': oneOf(['use_all_dns_ips', 'resolve_canonical_bootstrap_servers_only'], 'use_all_dns_ips'),
  'connections.max.idle.ms': number(0, INT, '540000'),
  'enable.metrics.push': oneOf(BOOLEAN, 'true'),
  'metadata.max.age.ms': number(1, 3_600_000, '300000'),
  'metadata.recovery.rebootstrap.trigger.ms': number(0, INT, '300000'),
  'metadata.recovery.strategy': oneOf(['none', 'rebootstrap'], 'rebootstrap'),
  'reconnect.backoff.max.ms': number(0, 3_600_000, '1000'),
  'reconnect.backoff.ms': number(0, 3_600_000, '50'),
  'request.timeout.ms': number(10, 300_000, '30000'),
  'retry.backoff.max.ms': number(1, 300_000, '1000'),
  'retry.backoff.ms': number(1, 300_000, '100'),
  'send.buffer.bytes': number(-1, 100_000_000, '131072'),
  'socket.connection.setup.timeout.ms': number(1_000, INT, '10000'),
};

const PRODUCER: Record<string, Setting> = {
  ...BOTH,
  acks: oneOf(['0', '1', 'all', '-1'], 'all'),
  'batch.size': number(1, INT, '16384'),
  'buffer.memory': number(1_024, 2_147_483_647_000, '33554432'),
  'compression.type': oneOf(['none', 'gzip', 'snappy', 'lz4', 'zstd'], 'none'),
  'delivery.timeout.ms': number(1, INT, '120000'),
  'enable.idempotence': oneOf(BOOLEAN, 'true'),
  'linger.ms': number(0, 900_000, '5'),
  'max.in.flight.requests.per.connection': number(1, 1_000_000, '5'),
  'max.request.size': number(1_000, 1_000_000_000, '1048576'),
  'receive.buffer.bytes': number(-1, 100_000_000, '32768'),
  retries: number(0, INT, '2147483647'),
};

/** Assignors: name in librdkafka and class name in Kafka's Java client → name in librdkafka. */
export const ASSIGNORS: Readonly<Record<string, string>> = {
  range: 'range',
  roundrobin: 'roundrobin',
  'cooperative-sticky': 'cooperative-sticky',
  'org.apache.kafka.clients.consumer.RangeAssignor': 'range',
  'org.apache.kafka.clients.consumer.RoundRobinAssignor': 'roundrobin',
  'org.apache.kafka.clients.consumer.CooperativeStickyAssignor': 'cooperative-sticky',
};

const CONSUMER: Record<string, Setting> = {
  ...BOTH,
  'allow.auto.create.topics': oneOf(BOOLEAN, 'true'),
  'auto.commit.interval.ms': number(1, 86_400_000, '5000'),
  'auto.offset.reset': oneOf(['earliest', 'latest', 'none'], 'latest'),
  'check.crcs': oneOf(BOOLEAN, 'true'),
  'client.rack': { values: { pattern: '^.{0,249}$', say: 'write the name of a rack' } },
  'fetch.max.bytes': number(1_000, 2_147_483_135, '52428800'),
  'fetch.max.wait.ms': number(0, 300_000, '500'),
  'fetch.min.bytes': number(1, 100_000_000, '1'),
  'group.protocol': oneOf(['classic', 'consumer'], 'classic'),
  'group.remote.assignor': { values: { oneOf: ['uniform', 'range'] } },
  'heartbeat.interval.ms': number(1, 3_600_000, '3000'),
  'isolation.level': oneOf(['read_uncommitted', 'read_committed'], 'read_uncommitted'),
  'max.partition.fetch.bytes': number(1, 1_000_000_000, '1048576'),
  'max.poll.interval.ms': number(1, 86_400_000, '300000'),
  'max.poll.records': number(1, 1_000_000, '500'),
  'partition.assignment.strategy': oneOf(Object.keys(ASSIGNORS), 'range'),
  'receive.buffer.bytes': number(-1, 100_000_000, '65536'),
  'session.timeout.ms': number(1, 3_600_000, '45000'),
};

/** Settings that `config` accepts, by role. */
export const SETTINGS: Readonly<Record<Role, Readonly<Record<string, Setting>>>> = {
  Producer: PRODUCER,
  Consumer: CONSUMER,
};

const SET_BY_OPERATOR = 'is set by the operator';
const NO_SECURITY = 'is not supported by this version, which connects without encryption and authentication; omit it';
const NO_CLASSES = 'names Java classes, which this client cannot load; omit it';
const METRICS_OF_JAVA = 'belongs to the metrics of the Java client; omit it';
const UNSUPPORTED = 'is not supported by this client';
const NO_TRANSACTIONS = 'is not supported, since the producers of a LoadTest use no transactions; omit it';
/** For a name of the client library, as people know it from other programs. */
const libraryNameOf = (setting: string): string => `is the client library’s name; write Kafka’s name, ${setting}`;
const REFUSED_IN_BOTH: Record<string, string> = {
  'bootstrap.servers': `${SET_BY_OPERATOR}; write spec.kafka.bootstrapServers instead`,
  'client.id': `${SET_BY_OPERATOR} (to the name of the pod); omit it`,
  'interceptor.classes': NO_CLASSES,
  'metric.reporters': NO_CLASSES,
  'metrics.num.samples': METRICS_OF_JAVA,
  'metrics.recording.level': METRICS_OF_JAVA,
  'metrics.sample.window.ms': METRICS_OF_JAVA,
  'security.protocol': NO_SECURITY,
  'security.providers': NO_SECURITY,
  'socket.connection.setup.timeout.max.ms': `${UNSUPPORTED}, which has one timeout for each attempt; write socket.connection.setup.timeout.ms`,
  'socket.send.buffer.bytes': libraryNameOf('send.buffer.bytes'),
  'socket.receive.buffer.bytes': libraryNameOf('receive.buffer.bytes'),
  'topic.metadata.refresh.interval.ms': libraryNameOf('metadata.max.age.ms'),
  'metadata.broker.list': 'is the client library’s name; write spec.kafka.bootstrapServers',
};

/** Refused settings by role: name → rest of the sentence that starts with the name. */
export const REFUSED: Readonly<Record<Role, Readonly<Record<string, string>>>> = {
  Producer: {
    ...REFUSED_IN_BOTH,
    'key.serializer': `${SET_BY_OPERATOR}; write producers.record.key instead`,
    'value.serializer': `${SET_BY_OPERATOR}; write producers.record.value instead`,
    'compression.gzip.level': `${UNSUPPORTED}; omit it`,
    'compression.lz4.level': `${UNSUPPORTED}; omit it`,
    'compression.zstd.level': `${UNSUPPORTED}; omit it`,
    'max.block.ms': `${UNSUPPORTED}, which waits as long as its buffer is full; omit it, or write buffer.memory to set the size`,
    'metadata.max.idle.ms': `${UNSUPPORTED}; write metadata.max.age.ms, which is similar, or omit it`,
    'partitioner.class':
      'names a Java class, which this client cannot load; write producers.partitioner instead, e.g. {mode: RoundRobin} (its default hashes keys as the Java client does)',
    'partitioner.adaptive.partitioning.enable': `${UNSUPPORTED}; omit it`,
    'partitioner.availability.timeout.ms': `${UNSUPPORTED}; omit it`,
    'partitioner.ignore.keys': `${SET_BY_OPERATOR}; write producers.partitioner: {mode: Sticky} instead`,
    'transactional.id': NO_TRANSACTIONS,
    'transaction.timeout.ms': NO_TRANSACTIONS,
    'transaction.two.phase.commit.enable': NO_TRANSACTIONS,
    'queue.buffering.max.ms': libraryNameOf('linger.ms'),
    'queue.buffering.max.kbytes': libraryNameOf('buffer.memory (in bytes)'),
    'message.timeout.ms': libraryNameOf('delivery.timeout.ms'),
    'message.max.bytes': libraryNameOf('max.request.size'),
    'message.send.max.retries': libraryNameOf('retries'),
    'compression.codec': libraryNameOf('compression.type'),
    'request.required.acks': libraryNameOf('acks'),
    'max.in.flight': libraryNameOf('max.in.flight.requests.per.connection'),
  },
  Consumer: {
    ...REFUSED_IN_BOTH,
    'group.id': `${SET_BY_OPERATOR}; write consumers.group instead`,
    'group.instance.id': `${SET_BY_OPERATOR}, since no two clients may share one; write consumers.identity: Static instead, which gives each client its own`,
    'key.deserializer': `${SET_BY_OPERATOR}; omit it`,
    'value.deserializer': `${SET_BY_OPERATOR}; omit it`,
    'enable.auto.commit': `${SET_BY_OPERATOR}; write consumers.commit.mode instead (Auto for true; Record, Every, Poll or Never for false)`,
    'default.api.timeout.ms': `${UNSUPPORTED}; write request.timeout.ms, which is similar, or omit it`,
    'exclude.internal.topics':
      'applies to subscriptions by pattern, and the consumers of a LoadTest subscribe to one topic; omit it',
    'fetch.wait.max.ms': libraryNameOf('fetch.max.wait.ms'),
    'fetch.message.max.bytes': libraryNameOf('max.partition.fetch.bytes'),
    'enable.auto.offset.store': `${SET_BY_OPERATOR}; write consumers.commit.mode instead`,
  },
};
const REFUSED_PREFIXES = ['ssl.', 'sasl.'] as const;

/** Why the setting is refused: the rest of a sentence that starts with its name. undefined: it is accepted. */
export function whyRefused(role: Role, name: string): string | undefined {
  if (Object.hasOwn(SETTINGS[role], name)) return undefined;
  if (Object.hasOwn(REFUSED[role], name)) return REFUSED[role][name];
  if (REFUSED_PREFIXES.some((prefix) => name.startsWith(prefix))) return NO_SECURITY;
  const other: Role = role === 'Producer' ? 'Consumer' : 'Producer';
  if (Object.hasOwn(SETTINGS[other], name)) {
    return `is a setting of ${other.toLowerCase()}s; write it under ${other.toLowerCase()}s.config`;
  }
  return `is not a ${role.toLowerCase()} setting of Kafka; write one of ${Object.keys(SETTINGS[role]).toSorted().join(', ')}`;
}

/** What to write instead of the value. undefined: the value is accepted. */
export function whyWrong(values: Values, value: string): string | undefined {
  if ('oneOf' in values) return values.oneOf.includes(value) ? undefined : `write one of ${values.oneOf.join(', ')}`;
  if ('pattern' in values) return new RegExp(values.pattern, 's').test(value) ? undefined : values.say;
  const [min, max] = values.number;
  if (!/^-?[0-9]{1,15}$/.test(value)) return `write a whole number without a unit, from ${min} to ${max}`;
  return Number(value) >= min && Number(value) <= max ? undefined : `write a whole number from ${min} to ${max}`;
}

const CONSUMER_PROTOCOL_EXCLUDES = ['session.timeout.ms', 'heartbeat.interval.ms', 'partition.assignment.strategy'];

type Named = readonly [role: Role, name: string];
const whole = (config: TextConfig, [role, name]: Named): number =>
  Number(config[name] ?? SETTINGS[role][name]?.default);
const celWhole = ([role, name]: Named): string =>
  `(${celText(name)} in self ? int(self[${celText(name)}]) : ${SETTINGS[role][name]?.default})`;
/** CEL: those of the settings that are present are numbers. If not, another rule reports it. */
const celNumbers = (...names: Named[]): string =>
  names
    .map(([, name]) => `(!(${celText(name)} in self) || string(self[${celText(name)}]).matches('^[0-9]{1,15}$'))`)
    .join(' && ');
const areNumbers = (config: TextConfig, ...names: Named[]): boolean =>
  names.every(([, name]) => /^[0-9]{1,15}$/.test(config[name] ?? '0'));

const DELIVERY: Named = ['Producer', 'delivery.timeout.ms'];
const LINGER: Named = ['Producer', 'linger.ms'];
const REQUEST: Named = ['Producer', 'request.timeout.ms'];
const POLL_INTERVAL: Named = ['Consumer', 'max.poll.interval.ms'];
const SESSION: Named = ['Consumer', 'session.timeout.ms'];
const HEARTBEAT: Named = ['Consumer', 'heartbeat.interval.ms'];
const classic = (config: TextConfig): boolean => config['group.protocol'] !== 'consumer';
const CEL_CLASSIC = "(!('group.protocol' in self) || string(self['group.protocol']) != 'consumer')";

function backoffs(role: Role): Rule<TextConfig>[] {
  return (['reconnect', 'retry'] as const).map((what) => {
    const first: Named = [role, `${what}.backoff.ms`];
    const most: Named = [role, `${what}.backoff.max.ms`];
    return {
      cel: `!(${celText(most[1])} in self) || !(${celNumbers(first, most)}) || ${celWhole(most)} >= ${celWhole(first)}`,
      message: `${most[1]} must be at least ${first[1]} (${SETTINGS[role][first[1]]?.default} unless set); write a smaller ${first[1]} or a larger ${most[1]}`,
      holds: (config) =>
        config[most[1]] === undefined ||
        !areNumbers(config, first, most) ||
        whole(config, most) >= whole(config, first),
    };
  });
}

/** Rules between settings. */
export const COMBINATIONS: Readonly<Record<Role, readonly Rule<TextConfig>[]>> = {
  Producer: [
    ...backoffs('Producer'),
    {
      cel: `!('delivery.timeout.ms' in self) || !(${celNumbers(DELIVERY, LINGER, REQUEST)}) || ${celWhole(DELIVERY)} >= ${celWhole(LINGER)} + ${celWhole(REQUEST)}`,
      message:
        'delivery.timeout.ms must be at least linger.ms + request.timeout.ms (5 and 30000 unless set); write a smaller request.timeout.ms as well, e.g. request.timeout.ms: "1000"',
      holds: (config) =>
        config['delivery.timeout.ms'] === undefined ||
        !areNumbers(config, DELIVERY, LINGER, REQUEST) ||
        whole(config, DELIVERY) >= whole(config, LINGER) + whole(config, REQUEST),
    },
    {
      cel: "!('enable.idempotence' in self) || string(self['enable.idempotence']) != 'true' || !('acks' in self) || string(self['acks']) in ['all', '-1']",
      message: 'enable.idempotence: "true" needs acks: "all"; write acks: "all", or omit enable.idempotence',
      holds: (config) => config['enable.idempotence'] !== 'true' || ['all', '-1', undefined].includes(config.acks),
    },
    {
      cel: `!('enable.idempotence' in self) || string(self['enable.idempotence']) != 'true' || !('max.in.flight.requests.per.connection' in self) || string(self['max.in.flight.requests.per.connection']) in ['1', '2', '3', '4', '5']`,
      message:
        'enable.idempotence: "true" needs max.in.flight.requests.per.connection of 5 or less; write "5", or omit enable.idempotence',
      holds: (config) =>
        config['enable.idempotence'] !== 'true' ||
        ['1', '2', '3', '4', '5', undefined].includes(config['max.in.flight.requests.per.connection']),
    },
    {
      cel: "!('enable.idempotence' in self) || string(self['enable.idempotence']) != 'true' || !('retries' in self) || string(self['retries']) != '0'",
      message: 'enable.idempotence: "true" needs retries; write retries: "1" or more, or omit one of the two',
      holds: (config) => config['enable.idempotence'] !== 'true' || config.retries !== '0',
    },
  ],
  Consumer: [
    ...backoffs('Consumer'),
    {
      cel: `!${CEL_CLASSIC} || !(${celNumbers(POLL_INTERVAL, SESSION)}) || ${celWhole(POLL_INTERVAL)} >= ${celWhole(SESSION)}`,
      message:
        'max.poll.interval.ms must be at least session.timeout.ms (45000 unless set); write a smaller session.timeout.ms as well, e.g. session.timeout.ms: "6000"',
      holds: (config) =>
        !classic(config) ||
        !areNumbers(config, POLL_INTERVAL, SESSION) ||
        whole(config, POLL_INTERVAL) >= whole(config, SESSION),
    },
    {
      cel: `!${CEL_CLASSIC} || !(${celNumbers(HEARTBEAT, SESSION)}) || ${celWhole(HEARTBEAT)} < ${celWhole(SESSION)}`,
      message:
        'heartbeat.interval.ms (3000 unless set) must be less than session.timeout.ms; write at most a third of it, e.g. heartbeat.interval.ms: "500"',
      holds: (config) =>
        !classic(config) ||
        !areNumbers(config, HEARTBEAT, SESSION) ||
        whole(config, HEARTBEAT) < whole(config, SESSION),
    },
    {
      cel: `${CEL_CLASSIC} || !self.exists(name, name in ${celList(CONSUMER_PROTOCOL_EXCLUDES)})`,
      message:
        'with group.protocol: "consumer" the broker sets session.timeout.ms, heartbeat.interval.ms and partition.assignment.strategy; omit them, and write group.remote.assignor to choose the assignor',
      holds: (config) => classic(config) || CONSUMER_PROTOCOL_EXCLUDES.every((name) => config[name] === undefined),
    },
    {
      cel: `!('group.remote.assignor' in self) || !${CEL_CLASSIC}`,
      message:
        'group.remote.assignor needs group.protocol: "consumer"; write that as well, or partition.assignment.strategy instead',
      holds: (config) => config['group.remote.assignor'] === undefined || !classic(config),
    },
  ],
};

function ruleOfNames(role: Role): Rule<TextConfig>[] {
  const known = celList(Object.keys(SETTINGS[role]).toSorted());
  const refused = `{${Object.entries(REFUSED[role])
    .map(([name, sentence]) => `${celText(name)}: ${celText(sentence)}`)
    .join(', ')}}`;
  const other: Role = role === 'Producer' ? 'Consumer' : 'Producer';
  const others = celList(Object.keys(SETTINGS[other]).filter((name) => !Object.hasOwn(SETTINGS[role], name)));
  const plural = `${other.toLowerCase()}s`;
  return [
    {
      cel: `self.all(name, name in ${known})`,
      message: `has a setting that is refused; write ${role.toLowerCase()} settings of Kafka’s documentation, as listed by kubectl explain loadtest.spec.${role.toLowerCase()}s.config`,
      messageCel:
        `self.filter(name, !(name in ${known})).map(name, name + ' ' + (name in ${refused} ? ${refused}[name] : ` +
        `${REFUSED_PREFIXES.map((prefix) => `name.startsWith('${prefix}')`).join(' || ')} ? ${celText(NO_SECURITY)} : ` +
        `name in ${others} ? ${celText(`is a setting of ${plural}; write it under ${plural}.config`)} : ` +
        `${celText(`is not a ${role.toLowerCase()} setting of Kafka; write one of ${Object.keys(SETTINGS[role]).toSorted().join(', ')}`)})).join('; ')`,
      holds: (config) => Object.keys(config).every((name) => whyRefused(role, name) === undefined),
      says: (config) =>
        Object.keys(config)
          .filter((name) => whyRefused(role, name) !== undefined)
          .map((name) => `${name} ${whyRefused(role, name)}`)
          .join('; '),
    },
  ];
}

function rulesOfValues(role: Role): Rule<TextConfig>[] {
  const settings = Object.entries(SETTINGS[role]);
  const numbers = settings.flatMap(([name, { values }]) =>
    'number' in values ? [[name, values.number] as const] : [],
  );
  const choices = settings.flatMap(([name, { values }]) => ('oneOf' in values ? [[name, values.oneOf] as const] : []));
  const bounds = `{${numbers.map(([name, [min, max]]) => `${celText(name)}: [${min}, ${max}]`).join(', ')}}`;
  const allowed = `{${choices.map(([name, values]) => `${celText(name)}: ${celList(values)}`).join(', ')}}`;
  const shown = `{${choices.map(([name, values]) => `${celText(name)}: ${celText(values.join(', '))}`).join(', ')}}`;
  const digits = "matches('^-?[0-9]{1,15}$')";
  const badNumber = `name in ${bounds} && (!string(self[name]).${digits} || int(self[name]) < ${bounds}[name][0] || int(self[name]) > ${bounds}[name][1])`;
  const badChoice = `name in ${allowed} && !(string(self[name]) in ${allowed}[name])`;
  const wrong = (kind: 'number' | 'oneOf', config: TextConfig): string[] =>
    Object.entries(config).flatMap(([name, value]) => {
      const values = Object.hasOwn(SETTINGS[role], name) ? SETTINGS[role][name]?.values : undefined;
      const why = values === undefined || !(kind in values) ? undefined : whyWrong(values, value);
      return why === undefined ? [] : [`${name} cannot be "${value}"; ${why}`];
    });
  return [
    {
      cel: `!self.exists(name, ${badNumber})`,
      message:
        'has a setting whose value is not a whole number within its bounds; write a number without a unit, e.g. linger.ms: 20',
      messageCel: `self.filter(name, ${badNumber}).map(name, ${celFormat(
        '%s cannot be "%s"; write a whole number without a unit, from %d to %d%s',
        'name',
        'string(self[name])',
        `${bounds}[name][0]`,
        `${bounds}[name][1]`,
        `string(self[name]).matches('^[0-9]+[a-zA-Z ]+$') ? ', e.g. "' + string(self[name]).find('^[0-9]+') + '"' : ''`,
      )}).join('; ')`,
      holds: (config) => wrong('number', config).length === 0,
      says: (config) => wrong('number', config).join('; '),
    },
    {
      cel: `!self.exists(name, ${badChoice})`,
      message: 'has a setting whose value is not one that Kafka accepts; write one of those in Kafka’s documentation',
      messageCel: `self.filter(name, ${badChoice}).map(name, name + ' cannot be "' + string(self[name]) + '"; write one of ' + ${shown}[name]).join('; ')`,
      holds: (config) => wrong('oneOf', config).length === 0,
      says: (config) => wrong('oneOf', config).join('; '),
    },
  ];
}

/** Characters of a setting's value. */
export const LONGEST_SETTING = 256;

const rulesOf = (role: Role): Rule<Config>[] => [
  ...valueRules(LONGEST_SETTING),
  ...[...ruleOfNames(role), ...rulesOfValues(role), ...COMBINATIONS[role]].map(onText),
];

/** The rule for settings as people write them. */
const onText = ({ holds, says, ...rule }: Rule<TextConfig>): Rule<Config> => ({
  ...rule,
  untyped: true,
  ...(holds === undefined ? {} : { holds: (config) => holds(asText(config)) }),
  ...(says === undefined ? {} : { says: (config) => says(asText(config)) }),
});

export const producerSettingRules = rulesOf('Producer');
export const consumerSettingRules = rulesOf('Consumer');

/** Description of a `config` field: every setting with its default. */
export function describeSettings(role: Role): string {
  const each = Object.entries(SETTINGS[role])
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, setting]) => (setting.default === undefined ? name : `${name} (${setting.default})`));
  const changes = role === 'Producer' ? 'Immutable.' : 'A change restarts the consumers.';
  return sentences(
    `${role} settings under the names of Kafka’s documentation, e.g. ${role === 'Producer' ? 'linger.ms: 20' : 'max.poll.records: 100'}. Values are text, numbers, true or false.`,
    'Default: Kafka’s own defaults, in brackets.',
    `Settings: ${each.join(', ')}.`,
    changes,
  );
}
