/**
 * The producer and consumer settings of Kafka's documentation (4.x) that `config` takes, with Kafka's own defaults,
 * and for those that it does not take the sentence that says what to do instead.
 * What each becomes for the client library is in domain/kafkaSettings.ts.
 */
import { celFormat, celList, celText, type Rule } from '../schema/schema.ts';

export type Role = 'Producer' | 'Consumer';

/** Which values a setting takes; numbers with their bounds (those of Kafka and of the client, the narrower one). */
export type Values =
  | { readonly number: readonly [min: number, max: number] }
  | { readonly oneOf: readonly string[] }
  | { readonly pattern: string; readonly say: string };

export interface Setting {
  readonly values: Values;
  /** Kafka's default; absent: none. */
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

/** Assignors by the name of the client and by the class name of Kafka's Java client. */
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

/** What `config` takes, by role. */
export const SETTINGS: Readonly<Record<Role, Readonly<Record<string, Setting>>>> = {
  Producer: PRODUCER,
  Consumer: CONSUMER,
};

const SET_BY_OPERATOR = 'is set by the operator';
const NO_SECURITY = 'is not supported by this version, which connects without encryption and passwords: leave it out';
const REFUSED_IN_BOTH: Record<string, string> = {
  'bootstrap.servers': `${SET_BY_OPERATOR}: write spec.kafka.bootstrapServers instead`,
  'client.id': `${SET_BY_OPERATOR} (the name of the pod): leave it out`,
  'interceptor.classes': 'names Java classes, which this client can’t load: leave it out',
  'metric.reporters': 'names Java classes, which this client can’t load: leave it out',
  'metrics.num.samples': 'belongs to the Java client’s own metrics: leave it out',
  'metrics.recording.level': 'belongs to the Java client’s own metrics: leave it out',
  'metrics.sample.window.ms': 'belongs to the Java client’s own metrics: leave it out',
  'security.protocol': NO_SECURITY,
  'security.providers': NO_SECURITY,
  'socket.connection.setup.timeout.max.ms':
    'can’t be honoured by this client, which has one time for each attempt: write socket.connection.setup.timeout.ms',
  // Names of the client library, as people know them from other programs.
  'socket.send.buffer.bytes': 'is the client library’s name: write Kafka’s, send.buffer.bytes',
  'socket.receive.buffer.bytes': 'is the client library’s name: write Kafka’s, receive.buffer.bytes',
  'topic.metadata.refresh.interval.ms': 'is the client library’s name: write Kafka’s, metadata.max.age.ms',
  'metadata.broker.list': 'is the client library’s name: write spec.kafka.bootstrapServers',
};

/** Refused settings by role: name → sentence that follows the name. */
export const REFUSED: Readonly<Record<Role, Readonly<Record<string, string>>>> = {
  Producer: {
    ...REFUSED_IN_BOTH,
    'key.serializer': `${SET_BY_OPERATOR}: write producers.record.key instead`,
    'value.serializer': `${SET_BY_OPERATOR}: write producers.record.value instead`,
    'compression.gzip.level': 'can’t be honoured by this client: leave it out',
    'compression.lz4.level': 'can’t be honoured by this client: leave it out',
    'compression.zstd.level': 'can’t be honoured by this client: leave it out',
    'max.block.ms':
      'can’t be honoured by this client: a producer waits as long as its buffer is full; leave it out, buffer.memory sets the size',
    'metadata.max.idle.ms': 'can’t be honoured by this client: leave it out, metadata.max.age.ms is near it',
    'partitioner.class':
      'names a Java class, which this client can’t load: write producers.partitioner instead, e.g. {mode: RoundRobin} (without it keys are spread as Java does)',
    'partitioner.adaptive.partitioning.enable': 'can’t be honoured by this client: leave it out',
    'partitioner.availability.timeout.ms': 'can’t be honoured by this client: leave it out',
    'partitioner.ignore.keys': `${SET_BY_OPERATOR}: write producers.partitioner: {mode: Sticky} instead`,
    'transactional.id': 'is not supported: the producers of a LoadTest make no transactions; leave it out',
    'transaction.timeout.ms': 'is not supported: the producers of a LoadTest make no transactions; leave it out',
    'transaction.two.phase.commit.enable':
      'is not supported: the producers of a LoadTest make no transactions; leave it out',
    'queue.buffering.max.ms': 'is the client library’s name: write Kafka’s, linger.ms',
    'queue.buffering.max.kbytes': 'is the client library’s name: write Kafka’s, buffer.memory (in bytes)',
    'message.timeout.ms': 'is the client library’s name: write Kafka’s, delivery.timeout.ms',
    'message.max.bytes': 'is the client library’s name: write Kafka’s, max.request.size',
    'message.send.max.retries': 'is the client library’s name: write Kafka’s, retries',
    'compression.codec': 'is the client library’s name: write Kafka’s, compression.type',
    'request.required.acks': 'is the client library’s name: write Kafka’s, acks',
    'max.in.flight': 'is the client library’s name: write Kafka’s, max.in.flight.requests.per.connection',
  },
  Consumer: {
    ...REFUSED_IN_BOTH,
    'group.id': `${SET_BY_OPERATOR}: write consumers.group instead`,
    'group.instance.id': `${SET_BY_OPERATOR}, since no two clients may share one: write consumers.identity: Static instead, which gives each client its own`,
    'key.deserializer': `${SET_BY_OPERATOR}: leave it out`,
    'value.deserializer': `${SET_BY_OPERATOR}: leave it out`,
    'enable.auto.commit': `${SET_BY_OPERATOR}: write consumers.commit.mode instead (Auto for true; Record, Every, Poll or Never for false)`,
    'default.api.timeout.ms': 'can’t be honoured by this client: leave it out, request.timeout.ms is near it',
    'exclude.internal.topics': 'is for subscriptions by pattern; consumers of a LoadTest read one topic: leave it out',
    'fetch.wait.max.ms': 'is the client library’s name: write Kafka’s, fetch.max.wait.ms',
    'fetch.message.max.bytes': 'is the client library’s name: write Kafka’s, max.partition.fetch.bytes',
    'enable.auto.offset.store': `${SET_BY_OPERATOR}: write consumers.commit.mode instead`,
  },
};
const REFUSED_PREFIXES = ['ssl.', 'sasl.'] as const;

/** Why the setting can't be taken, as the end of a sentence that begins with its name; undefined: it can. */
export function whyRefused(role: Role, name: string): string | undefined {
  if (Object.hasOwn(SETTINGS[role], name)) return undefined;
  const sentence = REFUSED[role][name];
  if (sentence !== undefined) return sentence;
  if (REFUSED_PREFIXES.some((prefix) => name.startsWith(prefix))) return NO_SECURITY;
  const other: Role = role === 'Producer' ? 'Consumer' : 'Producer';
  if (Object.hasOwn(SETTINGS[other], name)) {
    return `is a setting of ${other.toLowerCase()}s: write it under ${other.toLowerCase()}s.config`;
  }
  return `is no ${role.toLowerCase()} setting of Kafka: write one of ${Object.keys(SETTINGS[role]).toSorted().join(', ')}`;
}

/** Why the value can't be taken, as the end of a sentence that begins with the setting's name; undefined: it can. */
export function whyWrong(values: Values, value: string): string | undefined {
  if ('oneOf' in values) return values.oneOf.includes(value) ? undefined : `write one of ${values.oneOf.join(', ')}`;
  if ('pattern' in values) return new RegExp(values.pattern, 's').test(value) ? undefined : values.say;
  const [min, max] = values.number;
  if (!/^-?[0-9]{1,15}$/.test(value)) return `write a whole number without a unit, from ${min} to ${max}`;
  return Number(value) >= min && Number(value) <= max ? undefined : `write a whole number from ${min} to ${max}`;
}

type Config = Readonly<Record<string, string>>;

const CONSUMER_PROTOCOL_EXCLUDES = ['session.timeout.ms', 'heartbeat.interval.ms', 'partition.assignment.strategy'];

type Named = readonly [role: Role, name: string];
const whole = (config: Config, [role, name]: Named): number => Number(config[name] ?? SETTINGS[role][name]?.default);
const celWhole = ([role, name]: Named): string =>
  `(${celText(name)} in self ? int(self[${celText(name)}]) : ${SETTINGS[role][name]?.default})`;
/** CEL: those of the settings that are there are numbers (else another rule speaks). */
const celNumbers = (...names: Named[]): string =>
  names
    .map(([, name]) => `(!(${celText(name)} in self) || self[${celText(name)}].matches('^[0-9]{1,15}$'))`)
    .join(' && ');
const areNumbers = (config: Config, ...names: Named[]): boolean =>
  names.every(([, name]) => /^[0-9]{1,15}$/.test(config[name] ?? '0'));

const DELIVERY: Named = ['Producer', 'delivery.timeout.ms'];
const LINGER: Named = ['Producer', 'linger.ms'];
const REQUEST: Named = ['Producer', 'request.timeout.ms'];
const POLL_INTERVAL: Named = ['Consumer', 'max.poll.interval.ms'];
const SESSION: Named = ['Consumer', 'session.timeout.ms'];
const HEARTBEAT: Named = ['Consumer', 'heartbeat.interval.ms'];
const classic = (config: Config): boolean => config['group.protocol'] !== 'consumer';
const CEL_CLASSIC = "(!('group.protocol' in self) || self['group.protocol'] != 'consumer')";

function backoffs(role: Role): Rule<Config>[] {
  return (['reconnect', 'retry'] as const).map((what) => {
    const first: Named = [role, `${what}.backoff.ms`];
    const most: Named = [role, `${what}.backoff.max.ms`];
    return {
      cel: `!(${celText(most[1])} in self) || !(${celNumbers(first, most)}) || ${celWhole(most)} >= ${celWhole(first)}`,
      message: `${most[1]} has to be at least ${first[1]} (${SETTINGS[role][first[1]]?.default} unless set): write a smaller ${first[1]} or a larger ${most[1]}`,
      holds: (config) =>
        config[most[1]] === undefined ||
        !areNumbers(config, first, most) ||
        whole(config, most) >= whole(config, first),
    };
  });
}

/** What only a combination of settings shows. */
export const COMBINATIONS: Readonly<Record<Role, readonly Rule<Config>[]>> = {
  Producer: [
    ...backoffs('Producer'),
    {
      cel: `!('delivery.timeout.ms' in self) || !(${celNumbers(DELIVERY, LINGER, REQUEST)}) || ${celWhole(DELIVERY)} >= ${celWhole(LINGER)} + ${celWhole(REQUEST)}`,
      message:
        'delivery.timeout.ms has to be at least linger.ms + request.timeout.ms (5 and 30000 unless set): write a smaller request.timeout.ms as well, e.g. request.timeout.ms: "1000"',
      holds: (config) =>
        config['delivery.timeout.ms'] === undefined ||
        !areNumbers(config, DELIVERY, LINGER, REQUEST) ||
        whole(config, DELIVERY) >= whole(config, LINGER) + whole(config, REQUEST),
    },
    {
      cel: "!('enable.idempotence' in self) || self['enable.idempotence'] != 'true' || !('acks' in self) || self['acks'] in ['all', '-1']",
      message: 'enable.idempotence: "true" needs acks: "all": write acks: "all", or leave enable.idempotence out',
      holds: (config) => config['enable.idempotence'] !== 'true' || ['all', '-1', undefined].includes(config.acks),
    },
    {
      cel: `!('enable.idempotence' in self) || self['enable.idempotence'] != 'true' || !('max.in.flight.requests.per.connection' in self) || self['max.in.flight.requests.per.connection'] in ['1', '2', '3', '4', '5']`,
      message:
        'enable.idempotence: "true" needs max.in.flight.requests.per.connection of 5 or less: write "5", or leave enable.idempotence out',
      holds: (config) =>
        config['enable.idempotence'] !== 'true' ||
        ['1', '2', '3', '4', '5', undefined].includes(config['max.in.flight.requests.per.connection']),
    },
    {
      cel: "!('enable.idempotence' in self) || self['enable.idempotence'] != 'true' || !('retries' in self) || self['retries'] != '0'",
      message: 'enable.idempotence: "true" needs retries: write retries: "1" or more, or leave one of the two out',
      holds: (config) => config['enable.idempotence'] !== 'true' || config.retries !== '0',
    },
  ],
  Consumer: [
    ...backoffs('Consumer'),
    {
      cel: `!${CEL_CLASSIC} || !(${celNumbers(POLL_INTERVAL, SESSION)}) || ${celWhole(POLL_INTERVAL)} >= ${celWhole(SESSION)}`,
      message:
        'max.poll.interval.ms has to be at least session.timeout.ms (45000 unless set): write a smaller session.timeout.ms as well, e.g. session.timeout.ms: "6000"',
      holds: (config) =>
        !classic(config) ||
        !areNumbers(config, POLL_INTERVAL, SESSION) ||
        whole(config, POLL_INTERVAL) >= whole(config, SESSION),
    },
    {
      cel: `!${CEL_CLASSIC} || !(${celNumbers(HEARTBEAT, SESSION)}) || ${celWhole(HEARTBEAT)} < ${celWhole(SESSION)}`,
      message:
        'heartbeat.interval.ms (3000 unless set) has to be smaller than session.timeout.ms: write at most a third of it, e.g. heartbeat.interval.ms: "500"',
      holds: (config) =>
        !classic(config) ||
        !areNumbers(config, HEARTBEAT, SESSION) ||
        whole(config, HEARTBEAT) < whole(config, SESSION),
    },
    {
      cel: `${CEL_CLASSIC} || !self.exists(name, name in ${celList(CONSUMER_PROTOCOL_EXCLUDES)})`,
      message:
        'under group.protocol: "consumer" the broker decides session.timeout.ms, heartbeat.interval.ms and partition.assignment.strategy: leave them out (group.remote.assignor chooses the assignor)',
      holds: (config) => classic(config) || CONSUMER_PROTOCOL_EXCLUDES.every((name) => config[name] === undefined),
    },
    {
      cel: `!('group.remote.assignor' in self) || !${CEL_CLASSIC}`,
      message:
        'group.remote.assignor belongs to group.protocol: "consumer": write that too, or partition.assignment.strategy',
      holds: (config) => config['group.remote.assignor'] === undefined || !classic(config),
    },
  ],
};

function ruleOfNames(role: Role): Rule<Config>[] {
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
      message: `has a setting that can’t be taken: write settings of Kafka’s documentation for ${role.toLowerCase()}s, as listed by kubectl explain loadtest.spec.${role.toLowerCase()}s.config`,
      messageCel:
        `self.filter(name, !(name in ${known})).map(name, name + ' ' + (name in ${refused} ? ${refused}[name] : ` +
        `${REFUSED_PREFIXES.map((prefix) => `name.startsWith('${prefix}')`).join(' || ')} ? ${celText(NO_SECURITY)} : ` +
        `name in ${others} ? ${celText(`is a setting of ${plural}: write it under ${plural}.config`)} : ` +
        `${celText(`is no ${role.toLowerCase()} setting of Kafka: write one of ${Object.keys(SETTINGS[role]).toSorted().join(', ')}`)}))[0]`,
      holds: (config) => Object.keys(config).every((name) => whyRefused(role, name) === undefined),
    },
  ];
}

function rulesOfValues(role: Role): Rule<Config>[] {
  const settings = Object.entries(SETTINGS[role]);
  const numbers = settings.flatMap(([name, { values }]) =>
    'number' in values ? [[name, values.number] as const] : [],
  );
  const choices = settings.flatMap(([name, { values }]) => ('oneOf' in values ? [[name, values.oneOf] as const] : []));
  const bounds = `{${numbers.map(([name, [min, max]]) => `${celText(name)}: [${min}, ${max}]`).join(', ')}}`;
  const allowed = `{${choices.map(([name, values]) => `${celText(name)}: ${celList(values)}`).join(', ')}}`;
  const shown = `{${choices.map(([name, values]) => `${celText(name)}: ${celText(values.join(', '))}`).join(', ')}}`;
  const digits = "matches('^-?[0-9]{1,15}$')";
  const badNumber = `name in ${bounds} && (!self[name].${digits} || int(self[name]) < ${bounds}[name][0] || int(self[name]) > ${bounds}[name][1])`;
  const badChoice = `name in ${allowed} && !(self[name] in ${allowed}[name])`;
  const right = (kind: 'number' | 'oneOf') => (config: Config) =>
    Object.entries(config).every(([name, value]) => {
      const values = SETTINGS[role][name]?.values;
      return values === undefined || !(kind in values) || whyWrong(values, value) === undefined;
    });
  return [
    {
      cel: `!self.exists(name, ${badNumber})`,
      message: 'has a setting whose value has to be a whole number, as text and without a unit, e.g. linger.ms: "20"',
      messageCel: `self.filter(name, ${badNumber}).map(name, ${celFormat(
        '%s can’t be "%s": write a whole number without a unit, from %d to %d%s',
        'name',
        'self[name]',
        `${bounds}[name][0]`,
        `${bounds}[name][1]`,
        `self[name].matches('^[0-9]+[a-zA-Z ]+$') ? ', e.g. "' + self[name].find('^[0-9]+') + '"' : ''`,
      )})[0]`,
      holds: right('number'),
    },
    {
      cel: `!self.exists(name, ${badChoice})`,
      message: 'has a setting whose value is not one of those that Kafka takes',
      messageCel: `self.filter(name, ${badChoice}).map(name, name + ' can’t be "' + self[name] + '": write one of ' + ${shown}[name])[0]`,
      holds: right('oneOf'),
    },
  ];
}

const rulesOf = (role: Role): Rule<Config>[] => [...ruleOfNames(role), ...rulesOfValues(role), ...COMBINATIONS[role]];
export const producerSettingRules = rulesOf('Producer');
export const consumerSettingRules = rulesOf('Consumer');

/** The text of `kubectl explain` for a config field: every setting with its default. */
export function describeSettings(role: Role): string {
  const each = Object.entries(SETTINGS[role])
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, setting]) => (setting.default === undefined ? name : `${name} (${setting.default})`));
  const changes = role === 'Producer' ? 'Can’t be changed.' : 'A change restarts the consumers.';
  return `${role} settings under the names of Kafka’s documentation, values as text, e.g. ${
    role === 'Producer' ? 'linger.ms: "20"' : 'max.poll.records: "100"'
  }. Default: Kafka’s own defaults, in brackets. Settings: ${each.join(', ')}. ${changes}`;
}
