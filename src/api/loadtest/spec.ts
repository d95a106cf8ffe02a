/** spec of a LoadTest, with the rules over its parts. */
import { z } from 'zod';
import { celFormat, count, duration, field, LONGER_THAN_ZERO, type Rule, unchanged } from '../schema/schema.ts';
import { kafka } from '../shared.ts';
import { consumers } from './consumers.ts';
import { producers } from './producers.ts';
import { topic } from './topic.ts';

const ONE_SET =
  'can’t be changed: the figures of a run belong to one set of settings. Create another LoadTest (under another name) for other settings';

export const spec = field(
  z.strictObject({
    kafka: kafka.exactOptional(),
    topic,
    producers: producers.exactOptional(),
    consumers: consumers.exactOptional(),
    duration: duration(
      'How long the run takes, from the time when everything that was asked for is ready. Time that it is suspended, until everything is back, does not count. Default: until the messages are done, or for ever.',
      LONGER_THAN_ZERO,
    ).exactOptional(),
    lagThreshold: field(
      count(1, Number.MAX_SAFE_INTEGER),
      'Records of lag over which the condition LagHigh is True and a Warning event is written. Default: none.',
    ).exactOptional(),
    suspend: field(
      z.boolean().default(false),
      'true: producers and consumers are taken away until it is false again; figures are kept. Default false.',
    ),
  }),
  'What to run.',
  {
    cel: 'has(self.producers) || has(self.consumers)',
    message: 'has nobody to run: write producers: {replicas: 1} or consumers: {group: my-group} or both',
    holds: (it) => it.producers !== undefined || it.consumers !== undefined,
  },
  {
    cel: "!has(self.consumers) || self.consumers.start == 'Together' || (has(self.producers) && has(self.producers.messages))",
    message:
      'start: AfterProducers waits for producers that end: write producers.messages (how many to send), or start: Together',
    holds: (it) => it.consumers?.start !== 'AfterProducers' || it.producers?.messages !== undefined,
  },
  {
    cel: '!has(self.lagThreshold) || has(self.consumers)',
    message:
      'lagThreshold needs consumers to have a lag: write consumers: {group: my-group}, or leave lagThreshold out',
    holds: (it) => it.lagThreshold === undefined || it.consumers !== undefined,
  },
  {
    cel: '!has(self.producers) || !has(self.producers.partitioner.partition) || self.producers.partitioner.partition < self.topic.partitions',
    message: 'producers.partitioner.partition is counted from 0 and has to be less than topic.partitions',
    messageCel: celFormat(
      'producers.partitioner.partition %d is none of a topic of %d partitions, which are counted from 0: write topic.partitions: %d or more, or partition: %d or less',
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
      'management: Strimzi has to know the Kafka resource, and bootstrapServers do not tell it: write kafka: {strimzi: {cluster: my-cluster}}, or management: Admin',
    holds: (it) => it.topic.management !== 'Strimzi' || it.kafka === undefined || it.kafka.strimzi !== undefined,
  },
  unchanged(['kafka'], ONE_SET),
  unchanged(
    ['name', 'replicas', 'config', 'management'].map((name) => `topic.${name}`),
    ONE_SET,
  ),
  {
    cel: 'self.topic.partitions >= oldSelf.topic.partitions',
    message: 'Kafka can’t take partitions away',
    messageCel: celFormat(
      'Kafka can’t take partitions away: topic.partitions was %d, write that or more, or create another LoadTest with a topic of its own',
      'oldSelf.topic.partitions',
    ),
    reason: 'FieldValueForbidden',
  },
  {
    cel: 'has(self.producers) == has(oldSelf.producers) && has(self.consumers) == has(oldSelf.consumers)',
    message:
      'producers and consumers can’t be added or taken away later: write replicas: 0 to stop them, or create another LoadTest',
    reason: 'FieldValueForbidden',
  },
  whenBoth(
    'producers',
    unchanged(
      ['clientsPerPod', 'messagesPerSecond', 'messages', 'record', 'partitioner', 'client', 'config'].map(
        (name) => `producers.${name}`,
      ),
      ONE_SET,
    ),
  ),
  whenBoth(
    'consumers',
    unchanged(
      ['group', 'clientsPerPod', 'identity', 'start', 'messages', 'client'].map((name) => `consumers.${name}`),
      ONE_SET,
    ),
  ),
  whenBoth('producers', {
    cel: '!has(self.producers.messages) || self.producers.replicas == oldSelf.producers.replicas',
    message:
      'producers.replicas can’t be changed while producers.messages is set: each producer already has its share. Create another LoadTest',
    reason: 'FieldValueForbidden',
  }),
);

/** The rule judges only while the optional part is in the old and in the new object. */
function whenBoth(part: string, rule: Rule<unknown>): Rule<unknown> {
  return { ...rule, cel: `!has(self.${part}) || !has(oldSelf.${part}) || (${rule.cel})` };
}

/** What people write: defaults may be left out. */
export type LoadTestInput = z.input<typeof spec>;
/** What the API server returns: defaults filled in. */
export type LoadTestSpec = z.output<typeof spec>;
