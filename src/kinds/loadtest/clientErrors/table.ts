/**
 * Errors of brokers and client libraries that keep clients from their work: what each means, what to write instead, and
 * whether time alone can cure it. Codes are Kafka's error names. Where a library has its own name, that is listed too:
 * librdkafka's without ERR_, kafkajs' class names without KafkaJS and Error.
 */
import type { Role } from '../../../api/settings/kafka.ts';
import type { ConfigNames } from '../../../contract/needs.ts';
import { type ClientErrorContext, settingOf } from './context.ts';
import { recordTooLarge, sessionTimeoutRefused } from './limits.ts';

interface Meaning {
  codes: readonly string[];
  /** Only errors whose message matches. Absent: all. */
  says?: RegExp;
  /** Reason of the condition. */
  reason: string;
  /** Time alone cannot cure it. */
  forGood: boolean;
  /** A consumer leaves its group with this error, or cannot join it. */
  leavesGroup?: true;
  /** Settings of Kafka that the sentence names. */
  configs?: ConfigNames;
  /** What is wrong, and what to write instead. */
  sentence(context: ClientErrorContext): string;
}

const configOf = (role: Role): string => (role === 'Consumer' ? 'spec.consumers.config' : 'spec.producers.config');
const clientsOf = (role: Role): string => (role === 'Consumer' ? 'consumers' : 'producers');

const MEANINGS: readonly Meaning[] = [
  {
    codes: ['INVALID_SESSION_TIMEOUT'],
    reason: 'SessionTimeoutRefused',
    forGood: true,
    leavesGroup: true,
    configs: { broker: ['group.min.session.timeout.ms', 'group.max.session.timeout.ms'] },
    sentence: sessionTimeoutRefused,
  },
  {
    codes: ['INCONSISTENT_GROUP_PROTOCOL'],
    reason: 'NoCommonAssignor',
    forGood: true,
    leavesGroup: true,
    sentence: ({ loadTest, role }) =>
      `the brokers refuse the consumers as members, because group ${loadTest.spec.consumers?.group} has members without a common assignor: set partition.assignment.strategy in spec.consumers.config (now ${settingOf(loadTest, role, 'partition.assignment.strategy')}) to one that all members of the group have, or use another spec.consumers.group`,
  },
  {
    codes: ['NotImplemented', 'NOT_IMPLEMENTED', 'BAD_COMPRESSION', 'UNSUPPORTED_COMPRESSION_TYPE'],
    reason: 'UnreadableCompression',
    forGood: true,
    leavesGroup: true,
    sentence: ({ role, message }) =>
      role === 'Consumer'
        ? `the consumers cannot read the compression of the records (${message}): set client: librdkafka in spec.consumers, or have the records written with compression.type none or gzip`
        : `the producers cannot write with this compression (${message}): set compression.type: none or gzip in spec.producers.config, or client: librdkafka`,
  },
  {
    codes: ['MSG_SIZE_TOO_LARGE', 'MESSAGE_TOO_LARGE', 'RECORD_LIST_TOO_LARGE'],
    reason: 'RecordTooLarge',
    forGood: true,
    configs: { topic: ['max.message.bytes'] },
    sentence: recordTooLarge,
  },
  {
    codes: ['INVALID_RECORD'],
    reason: 'RecordRefused',
    forGood: true,
    sentence: ({ loadTest: { spec } }) =>
      `topic ${spec.topic.name} refuses the records: a topic with cleanup.policy: compact takes only records with a key. Give them one (spec.producers.record.key), or write cleanup.policy: delete`,
  },
  {
    codes: ['TOPIC_AUTHORIZATION_FAILED'],
    reason: 'NotAuthorized',
    forGood: true,
    leavesGroup: true,
    sentence: ({ loadTest: { spec }, role }) =>
      `the brokers do not allow the ${clientsOf(role)} to ${role === 'Consumer' ? 'read' : 'write'} topic ${spec.topic.name}: grant their user ${role === 'Consumer' ? 'Read' : 'Write'} and Describe on the topic`,
  },
  {
    codes: ['GROUP_AUTHORIZATION_FAILED'],
    reason: 'NotAuthorized',
    forGood: true,
    leavesGroup: true,
    sentence: ({ loadTest: { spec } }) =>
      `the brokers do not allow the consumers to join group ${spec.consumers?.group}: grant their user Read on the group`,
  },
  {
    codes: ['CLUSTER_AUTHORIZATION_FAILED'],
    reason: 'NotAuthorized',
    forGood: true,
    leavesGroup: true,
    sentence: ({ role }) =>
      `the brokers do not allow the ${clientsOf(role)} what they need of the cluster: grant their user IdempotentWrite on the cluster, or set enable.idempotence: "false" in ${configOf(role)}`,
  },
  {
    codes: ['TRANSACTIONAL_ID_AUTHORIZATION_FAILED'],
    reason: 'NotAuthorized',
    forGood: true,
    leavesGroup: true,
    sentence: () =>
      'the brokers do not allow the producers to use their transactional.id: grant their user Write and Describe on it',
  },
  {
    codes: ['SASL_AUTHENTICATION_FAILED', 'AUTHENTICATION', 'SASLAuthentication'],
    reason: 'NotAuthenticated',
    forGood: true,
    leavesGroup: true,
    sentence: ({ role, message }) =>
      `the brokers do not accept the user of the ${clientsOf(role)} (${message}): connect them to a listener that needs no authentication`,
  },
  {
    codes: ['NOT_ENOUGH_REPLICAS', 'NOT_ENOUGH_REPLICAS_AFTER_APPEND'],
    reason: 'NotEnoughReplicas',
    forGood: false,
    sentence: ({ loadTest: { spec } }) =>
      `topic ${spec.topic.name} has fewer replicas in sync than min.insync.replicas, so the brokers refuse records with acks: all: bring the missing brokers back, or lower min.insync.replicas of the topic`,
  },
  {
    codes: ['UNSUPPORTED_VERSION', 'UNSUPPORTED_FEATURE'],
    says: /ConsumerGroupHeartbeat|group\.protocol|KIP-848/i,
    reason: 'GroupProtocolUnsupported',
    forGood: true,
    sentence: () =>
      'the brokers do not know group.protocol: consumer, which needs Kafka 4.0: write group.protocol: classic in spec.consumers.config, or use newer brokers',
  },
  {
    codes: ['FENCED_INSTANCE_ID', 'UNRELEASED_INSTANCE_ID'],
    reason: 'InstanceIdTaken',
    forGood: false,
    leavesGroup: true,
    sentence: () =>
      'another member of the group has the group.instance.id of a consumer: give every member its own, or use another spec.consumers.group',
  },
  {
    codes: ['UNKNOWN_TOPIC_OR_PART', 'UNKNOWN_TOPIC_OR_PARTITION', 'UNKNOWN_TOPIC', 'UNKNOWN_PARTITION'],
    reason: 'TopicUnknown',
    forGood: false,
    sentence: ({ loadTest: { spec } }) =>
      `the brokers do not know topic ${spec.topic.name} or the partition yet; if this lasts, check that the topic exists and that partitioner.partition is less than its number of partitions`,
  },
];

/** A known error and what to do about it. */
export interface ClientErrorMeaning {
  reason: string;
  forGood: boolean;
  leavesGroup: boolean;
  configs: ConfigNames | undefined;
  sentence: string;
}

/** undefined: the table does not have the error. */
export function meaningOf(context: ClientErrorContext): ClientErrorMeaning | undefined {
  const found = MEANINGS.find(
    ({ codes, says }) => codes.includes(context.code) && (says === undefined || says.test(context.message)),
  );
  if (found === undefined) return undefined;
  const { reason, forGood, leavesGroup = false, configs } = found;
  return { reason, forGood, leavesGroup, configs, sentence: `${found.sentence(context)} (${context.code})` };
}

/** Settings of Kafka that the sentences about these errors name. undefined: none. */
export function configsOf(errors: readonly { code: string }[]): ConfigNames | undefined {
  const codes = new Set(errors.map(({ code }) => code));
  const asked = MEANINGS.filter((it) => it.configs !== undefined && it.codes.some((code) => codes.has(code)));
  return asked.length === 0 ? undefined : Object.assign({}, ...asked.map(({ configs }) => configs));
}
