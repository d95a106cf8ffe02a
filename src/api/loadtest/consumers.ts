/** spec.consumers of a LoadTest. */
import { z } from 'zod';
import { count, duration, field, LONGER_THAN_ZERO, type Rule, sentences } from '../schema/schema.ts';
import { consumerSettingRules, describeSettings, LONGEST_SETTING } from '../settings/kafka.ts';
import { CLIENTS, type ClientName, describeClient, kafkajsRules } from '../settings/kafkajs.ts';
import { type Config, settings } from '../settings/values.ts';
import { groupName } from '../shared.ts';
import { clientsPerPod, MAX_CLIENTS, wholePods } from './clients.ts';

const COMMIT_MODE = sentences(
  'When a consumer commits offsets.',
  'Auto: in the background, every auto.commit.interval.ms, as with Kafka’s enable.auto.commit=true.',
  'Record: after each record.',
  'Every: each time it has processed `records` records.',
  'Poll: after all records of a poll.',
  'Never: not at all.',
  'Default Auto (Kafka’s default).',
);

const commit = field(
  z
    .strictObject({
      mode: field(z.enum(['Auto', 'Record', 'Every', 'Poll', 'Never']).default('Auto'), COMMIT_MODE),
      records: field(
        count(1, 1_000_000),
        'Number of records between two commits. Required for mode: Every, not allowed otherwise.',
      ).exactOptional(),
    })
    .prefault({ mode: 'Auto' }),
  'When offsets are committed.',
  {
    cel: "has(self.records) == (self.mode == 'Every')",
    message: 'mode: Every needs records, and no other mode takes it; write {mode: Every, records: 10}',
    holds: (it) => (it.records !== undefined) === (it.mode === 'Every'),
  },
);

const REPLICAS = sentences(
  'Number of consumers (clients, not pods).',
  'Default 1.',
  'Can be changed while the test runs: by kubectl scale, a ConsumerScale or a HorizontalPodAutoscaler.',
);

const IDENTITY = sentences(
  'Kind of group membership.',
  'Dynamic: a consumer joins as a new member each time it starts.',
  'Static: a consumer has a group.instance.id (namespace.pod) and stays the same member when its pod restarts (KIP-345).',
  'A static member that stops stays in the group, even after a clean stop or a scale-down:',
  'its partitions have no consumer until it returns or its session ends.',
  'The session lasts session.timeout.ms, or consumer.session.timeout.ms of the group with group.protocol: "consumer".',
  'With that protocol the broker refuses the id of a killed member until its session ends; the container restarts meanwhile.',
  'Default Dynamic. Immutable.',
);

const PER_POLL = sentences(
  'Time that the slow member waits after the records of each poll that returned some, in addition to perRecord.',
  'It counts as processing of the last of these records, not as a pause of the partition of that record.',
  'For the other partitions of the member it is time without a record, as perRecord is.',
);

const processing = field(
  z
    .strictObject({
      perRecord: duration('Time that a consumer waits for each record. Default 0ms.').default('0ms'),
      slowMember: field(
        z.strictObject({ perPoll: duration(PER_POLL, LONGER_THAN_ZERO) }),
        'Makes the first consumer (number 0) slower than the others. Default: none is slower.',
      ).exactOptional(),
    })
    .prefault({}),
  'Work on records, which consumers simulate by waiting.',
);

const START = sentences(
  'When consumers start.',
  'Together: with the producers.',
  'AfterProducers: once the producers have sent all their messages.',
  'Default Together. Immutable.',
);

/** Rules of spec.consumers that read its settings. */
export const consumerClientRules: Rule<{ client: ClientName; config: Config; commit: { mode: string } }>[] = [
  ...kafkajsRules('Consumer'),
  {
    cel: "self.commit.mode == 'Auto' || !('auto.commit.interval.ms' in self.config)",
    message:
      'auto.commit.interval.ms has an effect only with commit.mode: Auto; omit it, or write commit: {mode: Auto}',
    holds: (it) => it.commit.mode === 'Auto' || it.config['auto.commit.interval.ms'] === undefined,
    untyped: true,
  },
];

export const consumers = field(
  z.strictObject({
    replicas: field(count(0, MAX_CLIENTS).default(1), REPLICAS),
    clientsPerPod: clientsPerPod('consumers'),
    group: groupName('Consumer group. Source: Kafka’s group.id. Immutable.'),
    identity: field(z.enum(['Dynamic', 'Static']).default('Dynamic'), IDENTITY),
    processing,
    commit,
    start: field(z.enum(['Together', 'AfterProducers']).default('Together'), START),
    messages: field(
      count(1, 1_000_000_000_000),
      'Number of records consumed by all consumers together, after which the run ends. Default: no limit. Immutable.',
    ).exactOptional(),
    client: field(z.enum(CLIENTS).default('librdkafka'), describeClient('Consumer')),
    config: field(settings(LONGEST_SETTING), describeSettings('Consumer'), ...consumerSettingRules),
  }),
  'Consumers. Default: none.',
  wholePods,
  ...consumerClientRules,
  {
    cel: "self.client != 'kafkajs' || self.identity == 'Dynamic'",
    message:
      'identity: Static is not supported by client: kafkajs, which has no group.instance.id; omit identity, or write client: librdkafka',
    holds: (it) => it.client !== 'kafkajs' || it.identity === 'Dynamic',
  },
);
