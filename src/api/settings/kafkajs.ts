/**
 * What `client: kafkajs` takes of the settings in kafkaSettings.ts, and for the others the sentence that says why not.
 * What each becomes for kafkajs is in domain/kafkajsSettings.ts. Source: kafkajs 2.2.4.
 */

import { celFormat, celList, celText, type Rule } from '../schema/schema.ts';
import { ASSIGNORS, type Role } from './kafka.ts';

export const CLIENTS = ['librdkafka', 'kafkajs'] as const;
export type ClientName = (typeof CLIENTS)[number];

const OR_THE_OTHER = 'leave it out, or write client: librdkafka';
const cannot = (because: string, instead = OR_THE_OTHER): string =>
  `can’t be honoured by client: kafkajs, ${because}: ${instead}`;

const REFUSED_IN_BOTH: Record<string, string> = {
  'client.dns.lookup': cannot('which connects to the first address of a name'),
  'connections.max.idle.ms': cannot('which keeps idle connections'),
  'enable.metrics.push': cannot('which pushes no metrics'),
  'metadata.recovery.rebootstrap.trigger.ms': cannot('which has its own way to find the brokers again'),
  'metadata.recovery.strategy': cannot('which has its own way to find the brokers again'),
  'receive.buffer.bytes': cannot('which leaves the buffers of its sockets to the operating system'),
  'reconnect.backoff.max.ms': cannot(
    'which has one backoff for everything',
    'write retry.backoff.max.ms, or client: librdkafka',
  ),
  'reconnect.backoff.ms': cannot(
    'which has one backoff for everything',
    'write retry.backoff.ms, or client: librdkafka',
  ),
  'send.buffer.bytes': cannot('which leaves the buffers of its sockets to the operating system'),
};

/** By role: name → sentence that follows the name. */
export const KAFKAJS_REFUSED: Readonly<Record<Role, Readonly<Record<string, string>>>> = {
  Producer: {
    ...REFUSED_IN_BOTH,
    'batch.size': cannot('which sends what it is given and gathers no batches'),
    'buffer.memory': cannot('which has no buffer'),
    'delivery.timeout.ms': cannot('which counts attempts and not time', 'write retries, or client: librdkafka'),
    'linger.ms': cannot('which sends at once'),
    'max.request.size': cannot('which leaves that to the broker (message.max.bytes)'),
  },
  Consumer: {
    ...REFUSED_IN_BOTH,
    'check.crcs': cannot('which checks none'),
    'group.remote.assignor': cannot('which has no group.protocol: "consumer" (KIP-848)'),
    'max.poll.interval.ms': cannot(
      'which does not poll: it sends heartbeats between records, so that a record that takes longer than session.timeout.ms ends the membership',
      'write session.timeout.ms, or client: librdkafka',
    ),
    'max.poll.records': cannot('which hands over what it fetched of one partition (max.partition.fetch.bytes)'),
  },
};

interface Choice {
  oneOf: readonly string[];
  /** What kafkajs has, for the sentence. */
  has: string;
}

/** By role: settings of which it takes some values only. */
export const KAFKAJS_VALUES: Readonly<Record<Role, Readonly<Record<string, Choice>>>> = {
  Producer: {
    'compression.type': { oneOf: ['none', 'gzip'], has: 'which brings no other codec than gzip' },
  },
  Consumer: {
    'auto.offset.reset': { oneOf: ['earliest', 'latest'], has: 'which always goes on somewhere' },
    'group.protocol': { oneOf: ['classic'], has: 'which knows no KIP-848' },
    'partition.assignment.strategy': {
      oneOf: Object.keys(ASSIGNORS).filter((name) => ASSIGNORS[name] === 'roundrobin'),
      has: 'which has no other assignor than its own round robin',
    },
  },
};

/** Why kafkajs can't honour the setting, as the end of a sentence that begins with its name; undefined: it can. */
export function whyNotKafkajs(role: Role, name: string, value: string): string | undefined {
  if (Object.hasOwn(KAFKAJS_REFUSED[role], name)) return KAFKAJS_REFUSED[role][name];
  const choice = Object.hasOwn(KAFKAJS_VALUES[role], name) ? KAFKAJS_VALUES[role][name] : undefined;
  return choice === undefined || choice.oneOf.includes(value) ? undefined : `can’t be "${value}" ${butWrite(choice)}`;
}

const butWrite = ({ oneOf, has }: Choice): string =>
  `with client: kafkajs, ${has}: write ${oneOf.join(' or ')}, or client: librdkafka`;

interface Part {
  client: ClientName;
  config: Readonly<Record<string, string>>;
}

/** For the object that holds `client` and `config`. */
export function kafkajsRules(role: Role): Rule<Part>[] {
  const refused = Object.entries(KAFKAJS_REFUSED[role]);
  const sentences = `{${refused.map(([name, sentence]) => `${celText(name)}: ${celText(sentence)}`).join(', ')}}`;
  const choices = Object.entries(KAFKAJS_VALUES[role]);
  const allowed = `{${choices.map(([name, { oneOf }]) => `${celText(name)}: ${celList(oneOf)}`).join(', ')}}`;
  const instead = `{${choices.map(([name, choice]) => `${celText(name)}: ${celText(butWrite(choice))}`).join(', ')}}`;
  const names = celList(refused.map(([name]) => name));
  const wrong = `name in ${allowed} && !(self.config[name] in ${allowed}[name])`;
  return [
    {
      cel: `self.client != 'kafkajs' || !self.config.exists(name, name in ${names})`,
      message: 'has a setting that client: kafkajs can’t honour: leave it out, or write client: librdkafka',
      messageCel: `self.config.filter(name, name in ${names}).map(name, name + ' ' + ${sentences}[name])[0]`,
      holds: ({ client, config }) =>
        client !== 'kafkajs' || Object.keys(config).every((name) => !Object.hasOwn(KAFKAJS_REFUSED[role], name)),
    },
    {
      cel: `self.client != 'kafkajs' || !self.config.exists(name, ${wrong})`,
      message: 'has a setting whose value client: kafkajs can’t honour: write another, or client: librdkafka',
      messageCel: `self.config.filter(name, ${wrong}).map(name, ${celFormat(
        '%s can’t be "%s" %s',
        'name',
        'self.config[name]',
        `${instead}[name]`,
      )})[0]`,
      holds: ({ client, config }) =>
        client !== 'kafkajs' ||
        Object.entries(config).every(([name, value]) => {
          const choice = Object.hasOwn(KAFKAJS_VALUES[role], name) ? KAFKAJS_VALUES[role][name] : undefined;
          return choice === undefined || choice.oneOf.includes(value);
        }),
    },
  ];
}

const PECULIAR: Readonly<Record<Role, string>> = {
  Producer:
    'kafkajs sends at once, records of one turn of its event loop in one request with one result; without a key it goes round the partitions; enable.idempotence is off unless written; retries have no end in time.',
  Consumer:
    'With kafkajs the group is classic and eager (its own round robin); a poll is what it fetched of one partition; heartbeats go out between records only, so a record that takes longer than session.timeout.ms ends the membership; commit mode Auto commits after each poll too; a member has 60 s to rejoin.',
};

/** For `kubectl explain`: what the choice changes. */
export function describeClient(role: Role): string {
  const values = Object.entries(KAFKAJS_VALUES[role]).map(([name, { oneOf }]) => `${name} (only ${oneOf.join(', ')})`);
  return `Client library of the ${role.toLowerCase()}s: librdkafka (@confluentinc/kafka-javascript) or kafkajs. ${
    PECULIAR[role]
  } kafkajs takes of some settings a part: ${values.join('; ')}; and refuses ${Object.keys(KAFKAJS_REFUSED[role])
    .toSorted()
    .join(', ')}. Default librdkafka. Can’t be changed.`;
}
