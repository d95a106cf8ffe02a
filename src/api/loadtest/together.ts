/** Rules between the settings of topic, producers and consumers: what cannot work together, though each alone can. */
import { celFormat, type Rule } from '../schema/schema.ts';
import type { Config } from '../settings/values.ts';

interface Parts {
  kafka?: { bootstrapServers?: string | undefined } | undefined;
  topic: { config: Config };
  producers?: { client: string; config: Config; record: { key: { mode: string } } } | undefined;
  consumers?: { client: string } | undefined;
}

const KAFKAJS_READS_NOT = ['snappy', 'lz4', 'zstd'];

/** The broker stores batches with the topic's codec, or with the producers' if that is `producer` or not set. */
const storedCodec = ({ topic, producers }: Parts): string => {
  const own = topic.config['compression.type'];
  return String((own === 'producer' ? undefined : own) ?? producers?.config['compression.type'] ?? 'none');
};
const CEL_OWN =
  "'compression.type' in self.topic.config && string(self.topic.config['compression.type']) != 'producer'";
const CEL_CODEC = `(${CEL_OWN} ? string(self.topic.config['compression.type']) : has(self.producers) && 'compression.type' in self.producers.config ? string(self.producers.config['compression.type']) : 'none')`;

const codecSentence = (codec: string, where: string): string =>
  `client: kafkajs of the consumers cannot read the ${codec} records that compression.type in ${where} makes, since it has no codec besides gzip; write compression.type: gzip there, or consumers.client: librdkafka`;

const isOwn = ({ topic }: Parts): boolean =>
  ![undefined, 'producer'].includes(topic.config['compression.type'] as string);

export const togetherRules: Rule<Parts>[] = [
  {
    cel: `!has(self.consumers) || self.consumers.client != 'kafkajs' || !(${CEL_CODEC} in ['snappy', 'lz4', 'zstd'])`,
    message: codecSentence('compressed', 'topic.config or producers.config'),
    messageCel: celFormat(codecSentence('%s', '%s'), CEL_CODEC, `${CEL_OWN} ? 'topic.config' : 'producers.config'`),
    holds: (it) => it.consumers?.client !== 'kafkajs' || !KAFKAJS_READS_NOT.includes(storedCodec(it)),
    says: (it) => codecSentence(storedCodec(it), isOwn(it) ? 'topic.config' : 'producers.config'),
    untyped: true,
  },
  {
    cel: "!has(self.producers) || self.producers.record.key.mode != 'None' || !('cleanup.policy' in self.topic.config) || !string(self.topic.config['cleanup.policy']).matches('(^|,) *compact *(,|$)')",
    message:
      'a topic with cleanup.policy: compact refuses records without a key; write producers.record.key: {mode: Sequence, cardinality: 100}, or cleanup.policy: delete',
    holds: (it) =>
      it.producers?.record.key.mode !== 'None' ||
      !/(^|,) *compact *(,|$)/.test(String(it.topic.config['cleanup.policy'])),
    untyped: true,
  },
  {
    cel: "!has(self.kafka) || !has(self.kafka.bootstrapServers) || !self.kafka.bootstrapServers.contains('[') || !((has(self.producers) && self.producers.client == 'kafkajs') || (has(self.consumers) && self.consumers.client == 'kafkajs'))",
    message:
      'client: kafkajs takes no IPv6 address in kafka.bootstrapServers; write a host name instead, or client: librdkafka',
    holds: ({ kafka, producers, consumers }) =>
      !kafka?.bootstrapServers?.includes('[') || ![producers?.client, consumers?.client].includes('kafkajs'),
    untyped: true,
  },
];
