/**
 * Settings that `client: kafkajs` refuses, or of which it accepts only some values, and why. domain/settings/kafkajs.ts
 * translates the others. Source: kafkajs 2.2.4.
 */

import { celFormat, celList, celText, type Rule, sentences } from '../schema/schema.ts';
import { ASSIGNORS, type Role } from './kafka.ts';
import { asText, type Config } from './values.ts';

export const CLIENTS = ['librdkafka', 'kafkajs'] as const;
export type ClientName = (typeof CLIENTS)[number];

const OMIT = 'omit it, or write client: librdkafka';
const unsupported = (because: string, instead = OMIT): string =>
  `is not supported by client: kafkajs, ${because}; ${instead}`;

const REFUSED_IN_BOTH: Record<string, string> = {
  'client.dns.lookup': unsupported('which connects to the first address of a name'),
  'connections.max.idle.ms': unsupported('which keeps idle connections'),
  'enable.metrics.push': unsupported('which does not push metrics'),
  'metadata.recovery.rebootstrap.trigger.ms': unsupported('which finds the brokers again in its own way'),
  'metadata.recovery.strategy': unsupported('which finds the brokers again in its own way'),
  'receive.buffer.bytes': unsupported('which leaves socket buffers to the operating system'),
  'reconnect.backoff.max.ms': unsupported(
    'which has one backoff for everything',
    'write retry.backoff.max.ms, or client: librdkafka',
  ),
  'reconnect.backoff.ms': unsupported(
    'which has one backoff for everything',
    'write retry.backoff.ms, or client: librdkafka',
  ),
  'send.buffer.bytes': unsupported('which leaves socket buffers to the operating system'),
};

/** Refused settings by role: name → rest of the sentence that starts with the name. */
export const KAFKAJS_REFUSED: Readonly<Record<Role, Readonly<Record<string, string>>>> = {
  Producer: {
    ...REFUSED_IN_BOTH,
    'batch.size': unsupported('which does not collect batches'),
    'buffer.memory': unsupported('which has no buffer'),
    'delivery.timeout.ms': unsupported('which limits attempts, not time', 'write retries, or client: librdkafka'),
    'linger.ms': unsupported('which sends immediately'),
    'max.request.size': unsupported('which leaves the limit to the broker (message.max.bytes)'),
  },
  Consumer: {
    ...REFUSED_IN_BOTH,
    'check.crcs': unsupported('which does not check CRCs'),
    'group.remote.assignor': unsupported('which has no group.protocol: "consumer" (KIP-848)'),
    'max.poll.interval.ms': unsupported(
      'which does not poll and sends heartbeats between records, so that a record that takes longer than session.timeout.ms ends the membership',
      'write session.timeout.ms, or client: librdkafka',
    ),
    'max.poll.records': unsupported('which returns all that it fetched from one partition (max.partition.fetch.bytes)'),
  },
};

interface Choice {
  oneOf: readonly string[];
  /** Why kafkajs accepts only these, for the sentence. */
  because: string;
}

/** Settings of which kafkajs accepts only some values, by role. */
export const KAFKAJS_VALUES: Readonly<Record<Role, Readonly<Record<string, Choice>>>> = {
  Producer: {
    'compression.type': { oneOf: ['none', 'gzip'], because: 'which has no codec besides gzip' },
  },
  Consumer: {
    'auto.offset.reset': { oneOf: ['earliest', 'latest'], because: 'which always resets the offset' },
    'group.protocol': { oneOf: ['classic'], because: 'which does not support KIP-848' },
    'partition.assignment.strategy': {
      oneOf: Object.keys(ASSIGNORS).filter((name) => ASSIGNORS[name] === 'roundrobin'),
      because: 'whose only assignor is its own round robin',
    },
  },
};

/** Why kafkajs refuses the setting: the rest of a sentence that starts with its name. undefined: it is accepted. */
export function whyNotKafkajs(role: Role, name: string, value: string): string | undefined {
  if (Object.hasOwn(KAFKAJS_REFUSED[role], name)) return KAFKAJS_REFUSED[role][name];
  const choice = Object.hasOwn(KAFKAJS_VALUES[role], name) ? KAFKAJS_VALUES[role][name] : undefined;
  return choice === undefined || choice.oneOf.includes(value) ? undefined : `cannot be "${value}" ${butWrite(choice)}`;
}

const butWrite = ({ oneOf, because }: Choice): string =>
  `with client: kafkajs, ${because}; write ${oneOf.join(' or ')}, or client: librdkafka`;

interface Part {
  client: ClientName;
  config: Config;
}

/** Rules on the object with `client` and `config`. */
export function kafkajsRules(role: Role): Rule<Part>[] {
  const refused = Object.entries(KAFKAJS_REFUSED[role]);
  const sentences = `{${refused.map(([name, sentence]) => `${celText(name)}: ${celText(sentence)}`).join(', ')}}`;
  const choices = Object.entries(KAFKAJS_VALUES[role]);
  const allowed = `{${choices.map(([name, { oneOf }]) => `${celText(name)}: ${celList(oneOf)}`).join(', ')}}`;
  const instead = `{${choices.map(([name, choice]) => `${celText(name)}: ${celText(butWrite(choice))}`).join(', ')}}`;
  const names = celList(refused.map(([name]) => name));
  const wrong = `name in ${allowed} && !(string(self.config[name]) in ${allowed}[name])`;
  const refusedIn = (config: Config) =>
    Object.keys(config).filter((name) => Object.hasOwn(KAFKAJS_REFUSED[role], name));
  const wrongIn = (config: Config) =>
    Object.entries(asText(config))
      .filter(([name]) => Object.hasOwn(KAFKAJS_VALUES[role], name))
      .flatMap(([name, value]) => {
        const why = whyNotKafkajs(role, name, value);
        return why === undefined ? [] : [`${name} ${why}`];
      });
  return [
    {
      cel: `self.client != 'kafkajs' || !self.config.exists(name, name in ${names})`,
      message: 'has a setting that client: kafkajs does not support; omit it, or write client: librdkafka',
      messageCel: `self.config.filter(name, name in ${names}).map(name, name + ' ' + ${sentences}[name]).join('; ')`,
      holds: ({ client, config }) => client !== 'kafkajs' || refusedIn(config).length === 0,
      says: ({ config }) =>
        refusedIn(config)
          .map((name) => `${name} ${KAFKAJS_REFUSED[role][name]}`)
          .join('; '),
      untyped: true,
    },
    {
      cel: `self.client != 'kafkajs' || !self.config.exists(name, ${wrong})`,
      message: 'has a setting whose value client: kafkajs does not support; write another value, or client: librdkafka',
      messageCel: `self.config.filter(name, ${wrong}).map(name, ${celFormat(
        '%s cannot be "%s" %s',
        'name',
        'string(self.config[name])',
        `${instead}[name]`,
      )}).join('; ')`,
      holds: ({ client, config }) => client !== 'kafkajs' || wrongIn(config).length === 0,
      says: ({ config }) => wrongIn(config).join('; '),
      untyped: true,
    },
  ];
}

const PECULIARITIES: Readonly<Record<Role, string>> = {
  Producer: sentences(
    'kafkajs sends immediately, with the records of one turn of its event loop in one request.',
    'Without a key it takes the partitions in turn.',
    'enable.idempotence is off unless it is set, and retries are not limited in time.',
  ),
  Consumer: sentences(
    'With kafkajs the group is classic and eager, with its own round robin assignor.',
    'A poll returns what was fetched from one partition, and commit.mode: Auto also commits after each poll.',
    'Heartbeats are sent between records only: a record that takes longer than session.timeout.ms ends the membership.',
    'A member has 60 s to rejoin.',
  ),
};

/** Description of a `client` field: what the choice changes. */
export function describeClient(role: Role): string {
  const values = Object.entries(KAFKAJS_VALUES[role]).map(([name, { oneOf }]) => `${name} (only ${oneOf.join(', ')})`);
  const refused = Object.keys(KAFKAJS_REFUSED[role]).toSorted();
  return sentences(
    `Client library of the ${role.toLowerCase()}s: librdkafka (@confluentinc/kafka-javascript) or kafkajs.`,
    'Default librdkafka. Immutable.',
    PECULIARITIES[role],
    `kafkajs accepts only some values of ${values.join(', ')}.`,
    `It refuses ${refused.join(', ')}.`,
  );
}
