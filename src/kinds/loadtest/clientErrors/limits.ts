/** Sentences about limits of Kafka that clients exceed: they name the limit, if Kafka shows it to the operator. */
import { batchBytes, isCompressed, largestValue } from '../../../api/loadtest/recordSize.ts';
import type { ConfigView } from '../../../contract/kafkaView.ts';
import { type ClientErrorContext, settingOf } from './context.ts';

const UNKNOWN: ConfigView = { unavailable: 'Kafka has not answered' };

/** undefined: unknown. */
const limitIn = (view: ConfigView, name: string): number | undefined => {
  const value = 'known' in view ? Number(view.known[name] ?? Number.NaN) : Number.NaN;
  return Number.isFinite(value) ? value : undefined;
};

/** Why the operator does not know settings of a topic or broker, and how to look them up. */
function unknown(view: ConfigView, entity: string): string {
  const why = 'unavailable' in view ? view.unavailable : 'Kafka does not show it';
  const grant = why.includes('AUTHORIZATION') ? 'grant its user DescribeConfigs, or ' : '';
  return `the operator does not know the value here (${why}): ${grant}look it up with kafka-configs.sh --describe --all --entity-type ${entity}`;
}

/** Smallest spec.producers.record.sizeBytes. */
const LEAST_VALUE = 32;

export function recordTooLarge({ loadTest: { spec }, configs }: ClientErrorContext): string {
  const name = spec.topic.name;
  const record = batchBytes(spec);
  const view = configs?.topic ?? UNKNOWN;
  const limit = limitIn(view, 'max.message.bytes');
  const compressed = isCompressed(spec) ? ' before compression' : '';
  const batch =
    record === undefined ? '' : `a record of the producers has about ${record.least} bytes as a batch${compressed}; `;
  if (limit === undefined) {
    return `${batch}topic ${name} takes fewer bytes as a batch. Its limit is max.message.bytes; ${unknown(view, `topics --entity-name ${name}`)}. Create another LoadTest with a smaller spec.producers.record or batch.size, or raise max.message.bytes of the topic`;
  }
  const takes = `topic ${name} takes at most ${limit} (max.message.bytes)`;
  if (record === undefined || record.least <= limit) {
    const ofSeveral = `the producers send batches of several records that have more bytes; ${takes}`;
    const smaller =
      spec.producers?.client === 'kafkajs'
        ? 'spec.producers.client: librdkafka, which has batch.size'
        : `batch.size: ${limit} or less in spec.producers.config`;
    return `${batch}${ofSeveral}: create another LoadTest with ${smaller}, or raise max.message.bytes of the topic`;
  }
  const fits = largestValue(spec, limit);
  const smaller =
    fits >= LEAST_VALUE ? `create another LoadTest with spec.producers.record.sizeBytes: ${fits} or less, or ` : '';
  return `${batch}${takes}: ${smaller}raise max.message.bytes of the topic to ${record.most} or more`;
}

const SESSION_BOUNDS = ['group.min.session.timeout.ms', 'group.max.session.timeout.ms'] as const;

export function sessionTimeoutRefused({ loadTest, configs }: ClientErrorContext): string {
  const view = configs?.broker ?? UNKNOWN;
  const [least, most] = SESSION_BOUNDS.map((name) => limitIn(view, name));
  const session = settingOf(loadTest, 'Consumer', 'session.timeout.ms');
  const refused = 'the brokers refuse the consumers as members, because session.timeout.ms';
  return least === undefined || most === undefined
    ? `${refused} (${session}) is outside of the brokers' bounds group.min.session.timeout.ms and group.max.session.timeout.ms: set session.timeout.ms in spec.consumers.config to a value within them. Kafka's defaults are 6000 and 1800000; ${unknown(view, 'brokers --entity-name 0')}`
    : `${refused} (${session}) is not from ${least} (group.min.session.timeout.ms) to ${most} (group.max.session.timeout.ms): set session.timeout.ms in spec.consumers.config to a value from ${least} to ${most}`;
}
