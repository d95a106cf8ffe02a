/** Topic settings of Kafka's documentation (4.3), and the rules for those that people write. */
import { celList, type Rule, sentences } from '../schema/schema.ts';
import { type Config, valueRules } from './values.ts';

/** Topic settings without the internal ones. */
export const TOPIC_SETTINGS = [
  'cleanup.policy',
  'compression.gzip.level',
  'compression.lz4.level',
  'compression.type',
  'compression.zstd.level',
  'delete.retention.ms',
  'file.delete.delay.ms',
  'flush.messages',
  'flush.ms',
  'follower.replication.throttled.replicas',
  'index.interval.bytes',
  'leader.replication.throttled.replicas',
  'local.retention.bytes',
  'local.retention.ms',
  'max.compaction.lag.ms',
  'max.message.bytes',
  'message.timestamp.after.max.ms',
  'message.timestamp.before.max.ms',
  'message.timestamp.type',
  'min.cleanable.dirty.ratio',
  'min.compaction.lag.ms',
  'min.insync.replicas',
  'preallocate',
  'remote.log.copy.disable',
  'remote.log.delete.on.disable',
  'remote.storage.enable',
  'retention.bytes',
  'retention.ms',
  'segment.bytes',
  'segment.index.bytes',
  'segment.jitter.ms',
  'segment.ms',
  'unclean.leader.election.enable',
] as const;

/** Characters of a setting's value: lists of throttled replicas are long. */
export const LONGEST_TOPIC_SETTING = 1_000;

/** Names that Kafka may have: those above, and those of other versions. Kafka itself decides about the latter. */
const NAME = /^[a-z0-9]+([._-][a-z0-9]+)+$/;
const isName = (name: string): boolean => NAME.test(name) || name === 'preallocate';
const NOT_A_NAME =
  'is not a topic setting of Kafka; write Kafka’s name, e.g. retention.ms, cleanup.policy, min.insync.replicas';
const CEL_NAME = `name.matches('${NAME.source}') || name in ${celList(['preallocate'])}`;

export const topicSettingRules: Rule<Config>[] = [
  ...valueRules(LONGEST_TOPIC_SETTING),
  {
    cel: `self.all(name, ${CEL_NAME})`,
    message: `has a name that ${NOT_A_NAME}`,
    messageCel: `self.filter(name, !(${CEL_NAME})).map(name, '"' + name + '" ${NOT_A_NAME}').join('; ')`,
    holds: (config) => Object.keys(config).every(isName),
    says: (config) =>
      Object.keys(config)
        .filter((name) => !isName(name))
        .map((name) => `"${name}" ${NOT_A_NAME}`)
        .join('; '),
    untyped: true,
  },
];

export const describeTopicSettings = (): string =>
  sentences(
    'Topic settings under Kafka’s names, e.g. retention.ms: 7200000. Values are text, numbers, true or false, as in a KafkaTopic.',
    'Default: the settings of the brokers.',
    `Settings: ${TOPIC_SETTINGS.join(', ')}.`,
    'If Kafka refuses a name or a value, the test stalls with the message of Kafka.',
    'Immutable.',
  );
