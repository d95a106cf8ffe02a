/** spec of a LoadTest, and the rules between its parts. */
import { z } from 'zod';
import { celFormat, duration, field, LONGER_THAN_ZERO, type Rule, sentences, unchanged } from '../schema/schema.ts';
import { kafka } from '../shared.ts';
import { consumers } from './consumers.ts';
import { lagThreshold, lagThresholdRules } from './lagThreshold.ts';
import { producers } from './producers.ts';
import { recordSizeRules } from './recordSize.ts';
import { togetherRules } from './together.ts';
import { topic } from './topic.ts';

export const ONE_SET_OF_SETTINGS =
  'is immutable, since the figures of a run belong to one set of settings. Create another LoadTest (with another name) for other settings';

const DURATION = sentences(
  'Length of the run, from when all clients are ready.',
  'Time in suspension, until all clients are ready again, does not count.',
  'Default: until all messages are done, or no limit.',
);

export const spec = field(
  z.strictObject({
    kafka: kafka.exactOptional(),
    topic,
    producers: producers.exactOptional(),
    consumers: consumers.exactOptional(),
    duration: duration(DURATION, LONGER_THAN_ZERO).exactOptional(),
    lagThreshold: lagThreshold.exactOptional(),
    suspend: field(
      z.boolean().default(false),
      'Whether the run is suspended: producers and consumers are removed, and figures are kept. Default false.',
    ),
  }),
  'Topic and clients of the run.',
  {
    cel: 'has(self.producers) || has(self.consumers)',
    message:
      'has neither producers nor consumers; write producers: {replicas: 1} or consumers: {group: my-group} or both',
    holds: (it) => it.producers !== undefined || it.consumers !== undefined,
  },
  {
    cel: "!has(self.consumers) || self.consumers.start == 'Together' || (has(self.producers) && has(self.producers.messages))",
    message:
      'consumers.start: AfterProducers needs producers that end; write producers.messages (how many to send), or start: Together',
    holds: (it) => it.consumers?.start !== 'AfterProducers' || it.producers?.messages !== undefined,
  },
  ...lagThresholdRules,
  ...togetherRules,
  ...recordSizeRules,
  {
    cel: '!has(self.producers) || !has(self.producers.partitioner.partition) || self.producers.partitioner.partition < self.topic.partitions',
    message:
      'producers.partitioner.partition counts from 0 and must be less than topic.partitions; write a smaller partition',
    messageCel: celFormat(
      'producers.partitioner.partition: %d does not exist with topic.partitions: %d, which count from 0; write topic.partitions: %d or more, or partition: %d or less',
      'self.producers.partitioner.partition',
      'self.topic.partitions',
      'self.producers.partitioner.partition + 1',
      'self.topic.partitions - 1',
    ),
    holds: ({ producers: it, topic: { partitions } }) => (it?.partitioner.partition ?? 0) < partitions,
  },
  {
    cel: "self.topic.management != 'Strimzi' || !has(self.kafka) || has(self.kafka.strimzi)",
    message:
      'topic.management: Strimzi needs the Kafka resource, which kafka.bootstrapServers does not name; write kafka: {strimzi: {cluster: my-cluster}}, or management: Admin',
    holds: (it) => it.topic.management !== 'Strimzi' || it.kafka === undefined || it.kafka.strimzi !== undefined,
  },
  {
    cel: "!self.topic.raiseExisting || self.topic.management != 'Existing'",
    message:
      'topic.raiseExisting: true contradicts topic.management: Existing, which never changes the topic; write management: Auto, or omit raiseExisting',
    holds: (it) => !it.topic.raiseExisting || it.topic.management !== 'Existing',
  },
  unchanged(['kafka'], ONE_SET_OF_SETTINGS),
  unchanged(
    ['name', 'replicas', 'management'].map((name) => `topic.${name}`),
    ONE_SET_OF_SETTINGS,
  ),
  {
    cel: 'self.topic.partitions >= oldSelf.topic.partitions',
    message: 'Kafka cannot remove partitions; write topic.partitions as before or more',
    messageCel: celFormat(
      'Kafka cannot remove partitions, and topic.partitions was %d; write %d or more, or create another LoadTest with another topic',
      'oldSelf.topic.partitions',
      'oldSelf.topic.partitions',
    ),
    reason: 'FieldValueForbidden',
  },
  {
    cel: 'has(self.producers) == has(oldSelf.producers) && has(self.consumers) == has(oldSelf.consumers)',
    message:
      'producers and consumers cannot be added or removed later; write replicas: 0 to stop them, or create another LoadTest',
    reason: 'FieldValueForbidden',
  },
  whenBoth(
    'producers',
    unchanged(
      ['clientsPerPod', 'messagesPerSecond', 'messages', 'record', 'partitioner', 'client'].map(
        (name) => `producers.${name}`,
      ),
      ONE_SET_OF_SETTINGS,
    ),
  ),
  whenBoth(
    'consumers',
    unchanged(
      ['group', 'clientsPerPod', 'identity', 'start', 'messages', 'client'].map((name) => `consumers.${name}`),
      ONE_SET_OF_SETTINGS,
    ),
  ),
  whenBoth('producers', {
    cel: '!has(self.producers.messages) || self.producers.replicas == oldSelf.producers.replicas',
    message:
      'producers.replicas is immutable with producers.messages, since each producer already has its share. Create another LoadTest',
    reason: 'FieldValueForbidden',
  }),
);

/** The rule, for changes in which both the old and the new object have the optional part. */
function whenBoth(part: string, rule: Rule<unknown>): Rule<unknown> {
  return { ...rule, cel: `!has(self.${part}) || !has(oldSelf.${part}) || (${rule.cel})` };
}

/** The spec as people write it: fields with a default are optional. */
export type LoadTestInput = z.input<typeof spec>;
/** The spec as the API server returns it, with defaults. */
export type LoadTestSpec = z.output<typeof spec>;
