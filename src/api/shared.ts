/** Parts of a spec that several kinds share: the Kafka cluster, names of topics and groups. */
import { z } from 'zod';
import { field, type Rule, sentences, text } from './schema/schema.ts';
import { addressesRule } from './settings/addresses.ts';

const bootstrapServers = field(
  text(2_000),
  'Addresses of the Kafka cluster, as host:port separated by commas. Source: Kafka’s bootstrap.servers.',
  addressesRule,
);

const DNS_LABEL = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/;
const nameOf = (what: string, example: string): Rule<string> => ({
  cel: `self.matches('${DNS_LABEL.source}')`,
  message: `is not the name of ${what}; write at most 63 lower-case letters, digits and hyphens, e.g. ${example}`,
  holds: (value) => DNS_LABEL.test(value),
});

export const strimzi = field(
  z.strictObject({
    cluster: field(
      text(63),
      'Name of the Kafka resource (kafka.strimzi.io), as in the label strimzi.io/cluster.',
      nameOf('a Kafka resource', 'my-cluster'),
    ),
    namespace: field(
      text(63),
      'Namespace of the Kafka resource and of its KafkaTopics. Default: the namespace of this resource.',
      nameOf('a namespace', 'kafka'),
    ).exactOptional(),
    listener: field(
      text(63),
      'Listener of the Kafka resource, without TLS and authentication. Default: the first internal one without them.',
      nameOf('a listener', 'plain'),
    ).exactOptional(),
  }),
  sentences(
    'Kafka cluster of Strimzi.',
    'Its addresses are read from status.listeners of the Kafka resource when the run starts.',
  ),
);

export const kafka = field(
  z.strictObject({ bootstrapServers: bootstrapServers.exactOptional(), strimzi: strimzi.exactOptional() }),
  'Kafka cluster. Default: the cluster of the operator (its setting BOOTSTRAP_SERVERS).',
  {
    cel: 'has(self.bootstrapServers) != has(self.strimzi)',
    message:
      'must name the Kafka cluster in exactly one way; write bootstrapServers: my-kafka:9092, or strimzi: {cluster: my-cluster}, or omit kafka to use the cluster of the operator',
    holds: (it) => (it.bootstrapServers === undefined) !== (it.strimzi === undefined),
  },
);

/** The Kafka cluster as the spec of a LoadTest or ConsumerScale names it. */
export type KafkaConnection = z.output<typeof kafka>;

const TOPIC_NAME = /^[a-zA-Z0-9._-]+$/;
export const topicName = (description: string) =>
  field(
    text(249),
    description,
    {
      cel: `self.matches('${TOPIC_NAME.source}') && self != '.' && self != '..'`,
      message: 'is not a topic name; write letters, digits, dots, underscores and hyphens, e.g. my-topic',
      holds: (value) => TOPIC_NAME.test(value) && value !== '.' && value !== '..',
    },
    {
      cel: "!self.startsWith('__') && self != 'kafkalab-evidence'",
      message: 'is a topic of Kafka or of this operator; write the name of your own topic, e.g. my-topic',
      holds: (value) => !value.startsWith('__') && value !== 'kafkalab-evidence',
    },
  );

const GROUP_NAME = /^[^\s\p{Cc}]+$/u;
export const groupName = (description: string) =>
  field(text(255), description, {
    cel: "self.matches('^[^\\\\s[:cntrl:]]+$')",
    message: 'is not the name of a consumer group; write a name without spaces, e.g. my-group',
    holds: (value) => GROUP_NAME.test(value),
  });
