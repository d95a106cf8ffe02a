/** spec.consumers of a LoadTest. */
import { z } from 'zod';
import { count, duration, field, LONGER_THAN_ZERO } from '../schema/schema.ts';
import { consumerSettingRules, describeSettings } from '../settings/kafka.ts';
import { CLIENTS, describeClient, kafkajsRules } from '../settings/kafkajs.ts';
import { groupName } from '../shared.ts';
import { clientsPerPod, MAX_CLIENTS, settings, wholePods } from './clients.ts';

const commit = field(
  z
    .strictObject({
      mode: field(
        z.enum(['Auto', 'Record', 'Every', 'Poll', 'Never']).default('Auto'),
        'Auto: in the background each auto.commit.interval.ms, as Kafka’s enable.auto.commit=true. Record: after each record. Every: after each `records` records. Poll: after all records of a poll. Never: not at all. Default Auto (Kafka’s default).',
      ),
      records: field(count(1, 1_000_000), 'Records between two commits, for mode: Every.').exactOptional(),
    })
    .prefault({ mode: 'Auto' }),
  'When offsets are committed.',
  {
    cel: "has(self.records) == (self.mode == 'Every')",
    message: 'records belong to mode: Every, which needs them: write {mode: Every, records: 10}',
    holds: (it) => (it.records !== undefined) === (it.mode === 'Every'),
  },
);

export const consumers = field(
  z.strictObject({
    replicas: field(
      count(0, MAX_CLIENTS).default(1),
      'Number of consumers (clients, not pods). Default 1. Can be changed while the test runs: by kubectl scale, a ConsumerScale, a HorizontalPodAutoscaler.',
    ),
    clientsPerPod: clientsPerPod('Consumers'),
    group: groupName('Consumer group. Source: Kafka’s group.id. Can’t be changed.'),
    identity: field(
      z.enum(['Dynamic', 'Static']).default('Dynamic'),
      'Dynamic: a client is a new member each time it starts. Static: each client has a group.instance.id (namespace.pod) that outlives restarts of its pod. A static member that stops, cleanly or not, does not leave: its partitions stand still until it is back (the others notice nothing) or until its session ends and others get them; session.timeout.ms, under group.protocol: "consumer" the group’s consumer.session.timeout.ms. So consumers that a scale-down takes away hold their partitions that long. Under group.protocol: "consumer" the broker refuses the id of a member that was killed until its session has ended: its container is restarted until then. Default Dynamic. Can’t be changed.',
    ),
    processing: field(
      z
        .strictObject({
          perRecord: duration('Time spent on each record. Default 0ms.').default('0ms'),
          slowMember: field(
            z.strictObject({
              perPoll: duration(
                'Time that the slow member spends after the records of each poll that returned some, besides perRecord. It counts as processing of the last of these records, so for that record’s partition it is no pause; for the member’s other partitions it is time without a record, as perRecord is.',
                LONGER_THAN_ZERO,
              ),
            }),
            'One slow member: the first consumer (number 0) is slower than the others. Default: none.',
          ).exactOptional(),
        })
        .prefault({}),
      'What consumers do with a record: wait.',
    ),
    commit,
    start: field(
      z.enum(['Together', 'AfterProducers']).default('Together'),
      'When consumers start. Together: with the producers. AfterProducers: when the producers have sent all their messages. Default Together. Can’t be changed.',
    ),
    messages: field(
      count(1, 1_000_000_000_000),
      'The run ends when so many records have been consumed, by all consumers together. Default: until stopped. Can’t be changed.',
    ).exactOptional(),
    client: field(z.enum(CLIENTS).default('librdkafka'), describeClient('Consumer')),
    config: field(settings(), describeSettings('Consumer'), ...consumerSettingRules),
  }),
  'Who consumes. Default: nobody.',
  wholePods,
  ...kafkajsRules('Consumer'),
  {
    cel: "self.client != 'kafkajs' || self.identity == 'Dynamic'",
    message:
      'identity: Static can’t be honoured by client: kafkajs, which has no group.instance.id: leave identity out, or write client: librdkafka',
    holds: (it) => it.client !== 'kafkajs' || it.identity === 'Dynamic',
  },
  {
    cel: "self.commit.mode == 'Auto' || !('auto.commit.interval.ms' in self.config)",
    message:
      'auto.commit.interval.ms has no effect unless commit.mode is Auto: leave it out, or write commit: {mode: Auto}',
    holds: (it) => it.commit.mode === 'Auto' || it.config['auto.commit.interval.ms'] === undefined,
  },
);
