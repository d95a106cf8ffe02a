/** LoadTest: a topic, N producers, M consumers, for a time or a number of messages. */
import { z } from 'zod';
import { CLIENTS, describeClient, kafkajsRules } from './kafkajsSettings.ts';
import { consumerSettingRules, describeSettings, producerSettingRules } from './kafkaSettings.ts';
import type { Resource } from './kind.ts';
import * as shared from './runStatus.ts';
import { at, ms, total } from './runStatus.ts';
import { celFormat, count, duration, field, figure, LONGER_THAN_ZERO, type Rule, text, unchanged } from './schema.ts';

const ONE_SET =
  'can’t be changed: the figures of a run belong to one set of settings. Create another LoadTest (under another name) for other settings';

const MAX_CLIENTS = 10_000;

const bootstrapServers = field(
  text(2_000),
  'Addresses of the Kafka cluster, host:port, several separated by commas. Source: Kafka’s bootstrap.servers.',
  {
    cel: "self.matches('^[^\\\\s:,]+:[0-9]{1,5}(,[^\\\\s:,]+:[0-9]{1,5})*$')",
    message:
      'write host:port, several separated by commas without spaces, e.g. my-cluster-kafka-bootstrap.kafka.svc:9092',
    holds: (value) => /^[^\s:,]+:[0-9]{1,5}(,[^\s:,]+:[0-9]{1,5})*$/.test(value),
  },
);

const DNS_LABEL = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/;
const nameOf = (what: string, example: string): Rule<string> => ({
  cel: `self.matches('${DNS_LABEL.source}')`,
  message: `write the name of ${what}: at most 63 small letters, digits and hyphens, e.g. ${example}`,
  holds: (value) => DNS_LABEL.test(value),
});

const strimzi = field(
  z.strictObject({
    cluster: field(
      text(63),
      'Name of the Kafka resource (kafka.strimzi.io), as in the label strimzi.io/cluster.',
      nameOf('the Kafka resource', 'my-cluster'),
    ),
    namespace: field(
      text(63),
      'Namespace of the Kafka resource and of its KafkaTopics. Default: this resource’s own.',
      nameOf('a namespace', 'kafka'),
    ).exactOptional(),
    listener: field(
      text(63),
      'Listener of the Kafka resource, without TLS and authentication. Default: the first internal one without them.',
      nameOf('a listener', 'plain'),
    ).exactOptional(),
  }),
  'A Kafka cluster of Strimzi: its addresses are read from status.listeners of the Kafka resource when the run begins.',
);

export const kafka = field(
  z.strictObject({ bootstrapServers: bootstrapServers.exactOptional(), strimzi: strimzi.exactOptional() }),
  'Which Kafka cluster. Default: the operator’s own (its setting BOOTSTRAP_SERVERS).',
  {
    cel: 'has(self.bootstrapServers) != has(self.strimzi)',
    message:
      'the Kafka cluster has to be named in exactly one way: write bootstrapServers: my-kafka:9092, or strimzi: {cluster: my-cluster}, or leave kafka out for the operator’s own',
    holds: (it) => (it.bootstrapServers === undefined) !== (it.strimzi === undefined),
  },
);
/** As people write it, in a LoadTest or for anyone's consumers. */
export type KafkaConnection = z.output<typeof kafka>;

const TOPIC_NAME = /^[a-zA-Z0-9._-]+$/;
export const topicName = (description: string) =>
  field(
    text(249),
    description,
    {
      cel: `self.matches('${TOPIC_NAME.source}') && self != '.' && self != '..'`,
      message: 'write a topic name of letters, digits, dots, underscores and hyphens, e.g. my-topic',
      holds: (value) => TOPIC_NAME.test(value) && value !== '.' && value !== '..',
    },
    {
      cel: "!self.startsWith('__') && self != 'kafkalab-evidence'",
      message: 'is a topic of Kafka or of this operator: write the name of a topic of your own, e.g. my-topic',
      holds: (value) => !value.startsWith('__') && value !== 'kafkalab-evidence',
    },
  );

const GROUP_NAME = /^[^\s\p{Cc}]+$/u;
export const groupName = (description: string) =>
  field(text(255), description, {
    cel: "self.matches('^[^\\\\s[:cntrl:]]+$')",
    message: 'write the name of a consumer group without spaces, e.g. my-group',
    holds: (value) => GROUP_NAME.test(value),
  });

const topic = field(
  z.strictObject({
    name: topicName('Name of the topic. Can’t be changed.'),
    partitions: field(
      count(1, 10_000).default(1),
      'Partitions of the topic; may be raised while the test runs. Default 1 (Kafka’s num.partitions). Under management: Existing, the fewest that the topic has to have.',
    ),
    replicas: field(
      count(1, 100).default(1),
      'Replication factor; at most the number of brokers. Default 1 (Kafka’s default.replication.factor). Can’t be changed.',
    ),
    config: field(
      z.record(z.string(), text(1_000)).default({}).meta({ maxProperties: 50 }),
      'Topic settings under Kafka’s names, values as text, e.g. retention.ms: "7200000". Default: the brokers’ settings. Source: Kafka’s topic configs; a name or value that Kafka refuses stalls the test with Kafka’s own sentence. Can’t be changed.',
      {
        cel: "self.all(name, name.matches('^[a-z]+([.][a-z]+)+$'))",
        message: 'write topic settings under Kafka’s names, e.g. retention.ms, cleanup.policy, min.insync.replicas',
        messageCel:
          "'\"' + self.filter(name, !name.matches('^[a-z]+([.][a-z]+)+$'))[0] + '\" is no topic setting of Kafka: write Kafka’s name, e.g. retention.ms, cleanup.policy, min.insync.replicas'",
        holds: (config) => Object.keys(config).every((name) => /^[a-z]+([.][a-z]+)+$/.test(name)),
      },
    ),
    management: field(
      z.enum(['Auto', 'Strimzi', 'Admin', 'Existing']).default('Auto'),
      'Who makes the topic. Strimzi: its Topic Operator, by a KafkaTopic that this operator writes into the namespace of the Kafka resource; needs kafka.strimzi, or an operator with STRIMZI_CLUSTER. Admin: this operator, through Kafka’s Admin API. Existing: nobody, it has to be there and is never changed or deleted. Auto: used as it is where it exists, else made as Strimzi does where the Kafka resource is known and the API server has KafkaTopics, else as Admin does. Default Auto.',
    ),
    deletionPolicy: field(
      z.enum(['Delete', 'Retain']).default('Delete'),
      'What becomes of the topic when this LoadTest is deleted. Delete: it is deleted, if this LoadTest made it. Retain: it stays. Default Delete.',
    ),
  }),
  'The topic that is produced to and consumed from.',
);

interface Clients {
  replicas: number;
  clientsPerPod: number;
}
/** A multiple below and one above: what would do instead. */
const wholePods: Rule<Clients> = {
  cel: 'self.replicas % self.clientsPerPod == 0',
  message: 'replicas has to be a multiple of clientsPerPod (every pod runs the same number of clients)',
  messageCel: `self.replicas < self.clientsPerPod ? ${celFormat(
    'replicas %d is no multiple of clientsPerPod %d: write replicas: %d, or clientsPerPod: 1',
    'self.replicas',
    'self.clientsPerPod',
    'self.clientsPerPod',
  )} : ${celFormat(
    'replicas %d is no multiple of clientsPerPod %d: write replicas: %d or %d, or clientsPerPod: 1',
    'self.replicas',
    'self.clientsPerPod',
    'self.replicas - self.replicas % self.clientsPerPod',
    'self.replicas - self.replicas % self.clientsPerPod + self.clientsPerPod',
  )}`,
  holds: ({ replicas, clientsPerPod }) => replicas % clientsPerPod === 0,
};
const clientsPerPod = (what: string) =>
  field(
    count(1, 200).default(1),
    `${what} that run in one pod; replicas has to be a multiple of it. 1 = a pod each; 50 = fewer pods, so less memory. Default 1. Can’t be changed.`,
  );

// A default has to keep the rules before the defaults within it are filled in.
const key = field(
  z
    .strictObject({
      mode: field(
        z.enum(['None', 'Fixed', 'Sequence', 'Random']).default('None'),
        'None: no key. Fixed: the given values in turn. Sequence: key0, key1, … up to cardinality, then again. Random: one of these by chance. Default None.',
      ),
      values: field(z.array(text(249)).min(1).max(1_000), 'Keys for mode: Fixed, used in turn.').exactOptional(),
      cardinality: field(
        count(1, 1_000_000),
        'Number of different keys for mode: Sequence and Random.',
      ).exactOptional(),
    })
    .prefault({ mode: 'None' }),
  'Key of the records. Default: none.',
  {
    cel: "has(self.values) == (self.mode == 'Fixed')",
    message: 'values belong to mode: Fixed, which needs them: write {mode: Fixed, values: [key1, key2]}',
    holds: (it) => (it.values !== undefined) === (it.mode === 'Fixed'),
  },
  {
    cel: "has(self.cardinality) == (self.mode in ['Sequence', 'Random'])",
    message:
      'cardinality belongs to mode: Sequence and mode: Random, which need it: write {mode: Random, cardinality: 100}',
    holds: (it) => (it.cardinality !== undefined) === (it.mode === 'Sequence' || it.mode === 'Random'),
  },
);

const record = field(
  z
    .strictObject({
      sizeBytes: field(
        count(32, 10_000_000),
        'Size of the value in bytes: it is padded up to it. Default: as short as the value is.',
      ).exactOptional(),
      value: field(
        z.enum(['Json']).default('Json'),
        'What the value is. Json: {"cnt": n}, n counting from 0 in every client. Default Json.',
      ),
      key,
    })
    .prefault({}),
  'What is sent. Can’t be changed.',
);

const partitioner = field(
  z
    .strictObject({
      mode: field(
        z.enum(['Default', 'RoundRobin', 'Sticky', 'Explicit']).default('Default'),
        'Default: as Kafka’s Java client, by the hash of the key’s bytes (murmur2), an empty key included; a record without a key as the client does: librdkafka stays with one partition for twice linger.ms (linger.ms: "0": a partition by chance for each record), kafkajs goes round the partitions. RoundRobin: each record to the next partition, with a key or not, as Kafka’s RoundRobinPartitioner. Sticky: batch.size bytes of keys and values to one partition, with a key or not, then to one by chance (Kafka’s partitioner.ignore.keys=true; with kafkajs 16384 bytes). Explicit: all to `partition`. Each producer goes its own way, RoundRobin from the first partition. Partitions that are added are found within metadata.max.age.ms. Default Default.',
      ),
      partition: field(
        count(0, 999_999),
        'The partition for mode: Explicit, counted from 0; less than spec.topic.partitions.',
      ).exactOptional(),
    })
    .prefault({ mode: 'Default' }),
  'Which partition a record goes to. Default: the one of its key. Can’t be changed.',
  {
    cel: "has(self.partition) == (self.mode == 'Explicit')",
    message: 'partition belongs to mode: Explicit, which needs it: write {mode: Explicit, partition: 0}',
    holds: (it) => (it.partition !== undefined) === (it.mode === 'Explicit'),
  },
);

/** At most the settings there are, with room. */
const settings = () => z.record(z.string(), text(256)).default({}).meta({ maxProperties: 64 });

const producers = field(
  z.strictObject({
    replicas: field(
      count(0, MAX_CLIENTS).default(1),
      'Number of producers (clients, not pods). Default 1. Can be changed while the test runs, unless messages is set.',
    ),
    clientsPerPod: clientsPerPod('Producers'),
    messagesPerSecond: field(
      z.number().max(1_000_000),
      'Records a second that each producer sends, at least 0.001. Default: as fast as it can. Can’t be changed.',
      {
        cel: 'self >= 0.001',
        message:
          'is too slow: write 0.001 or more, leave it out for as fast as it can, or write replicas: 0 to send nothing',
        holds: (value) => value >= 0.001,
      },
    ).exactOptional(),
    messages: field(
      count(1, 1_000_000_000_000),
      'Records in all, shared out over the producers. Default: until stopped. Can’t be changed.',
    ).exactOptional(),
    record,
    partitioner,
    client: field(z.enum(CLIENTS).default('librdkafka'), describeClient('Producer')),
    config: field(settings(), describeSettings('Producer'), ...producerSettingRules),
  }),
  'Who sends. Default: nobody.',
  wholePods,
  ...kafkajsRules('Producer'),
  {
    cel: '!has(self.messages) || self.replicas > 0',
    message: 'replicas: 0 never sends the messages asked for: write replicas: 1 or more, or leave messages out',
    holds: (it) => it.messages === undefined || it.replicas > 0,
  },
  {
    cel: '!has(self.messages) || self.messages >= self.replicas',
    message: 'messages are shared out over the producers: there have to be at least as many as replicas',
    messageCel: celFormat(
      'messages %d can’t be shared out over %d producers: write messages: %d or more, or replicas: %d or fewer',
      'self.messages',
      'self.replicas',
      'self.replicas',
      'self.messages',
    ),
    holds: (it) => it.messages === undefined || it.messages >= it.replicas,
  },
);

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

const consumers = field(
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

const spec = field(
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

export const LOAD_TEST_PHASES = ['Pending', 'Preparing', 'Running', 'Completed', 'Failed', 'Suspended'] as const;

const recordPlace = (description: string) =>
  field(z.strictObject({ partition: count(0, 1_000_000), offset: total('Its offset there.') }), description);

const errors = field(
  z
    .array(
      z.strictObject({
        code: field(text(256), 'Kafka’s or the client’s name of the error.'),
        message: field(text(1024), 'What the client said.').exactOptional(),
        count: total('How often.').exactOptional(),
        at: at('When it was last seen.').exactOptional(),
      }),
    )
    .max(20),
  'Errors that the clients saw. Absent: none.',
);

const status = field(
  z.strictObject({
    phase: shared.phase(
      LOAD_TEST_PHASES,
      'Pending: not begun. Preparing: topic and clients are being made. Running. Completed: all messages done or duration over. Failed: can’t go on. Suspended: spec.suspend is true.',
    ),
    observedGeneration: shared.observedGeneration,
    conditions: shared.conditions,
    startedAt: at('Preparing began.').exactOptional(),
    preparedAt: at('Everything asked for was ready; spec.duration counts from here.').exactOptional(),
    suspendedAt: at(
      'The run was suspended; spec.duration stands still from here until everything asked for is ready again.',
    ).exactOptional(),
    suspendedMs: ms('Time that spec.duration stood still, before suspendedAt.').exactOptional(),
    finishedAt: at('The run ended.').exactOptional(),
    stoppedAt: at('All clients had ended; from then on only their last reports were waited for.').exactOptional(),
    evidence: shared.evidence.exactOptional(),
    kafka: shared.kafkaFound.exactOptional(),
    topic: field(
      z.strictObject({
        partitions: total('As Kafka says, live.'),
        replicas: total('As Kafka says, of partition 0.'),
        managedBy: field(
          z.enum(['Strimzi', 'Admin', 'Existing']),
          'Strimzi: by a KafkaTopic that this LoadTest made. Admin: made by this LoadTest through Kafka’s Admin API. Existing: was there before.',
        ),
        created: field(
          z.boolean(),
          'true: this LoadTest made the topic, so it deletes it under deletionPolicy: Delete.',
        ),
        waitingSince: at('Since when the Topic Operator is waited for; absent: it is not.').exactOptional(),
        kafkaTopic: field(
          z.strictObject({
            cluster: field(text(63), 'Name of the Kafka resource that it belongs to.'),
            namespace: field(text(63), 'Its namespace.'),
            name: field(text(253), 'Its metadata.name.'),
          }),
          'The KafkaTopic (kafka.strimzi.io) that stands for the topic; it is gone by from then on, whatever the operator’s STRIMZI_CLUSTER is. Absent: none is known.',
        ).exactOptional(),
      }),
      'The topic as it is.',
    ).exactOptional(),
    producers: field(
      z.strictObject({
        desired: total('Producers asked for.'),
        ready: total('Producers that are connected and have had a record acknowledged.'),
        attempted: total('Records handed to the clients.'),
        acknowledged: total('Records that the brokers acknowledged.'),
        failed: total('Records that the clients gave up.'),
        found: total(
          'Records that are in the log since this run began: the end offsets of the topic, summed, as the brokers told them at the last look (about a second ago; once the run is over, after its last client had ended), less writtenBefore. It counts what anybody wrote: records of other producers too, those that a client gave up though the broker had them, and those that it wrote twice (no idempotence, or a producer that was started again), and under a transactional producer its markers. So it tells what acknowledged can’t with acks: "0". Absent: not looked at yet.',
        ).exactOptional(),
        writtenBefore: total(
          'Records written to the topic before this run: its end offsets, summed, before the first client was started; 0 for a topic that this LoadTest made.',
        ).exactOptional(),
        bytes: total('Bytes of key and value, acknowledged.'),
        messagesPerSecond: field(
          figure(),
          'Acknowledged a second: over the last 5 s while running, over the whole run when it is done.',
        ),
        bytesPerSecond: field(figure(), 'Bytes of key and value acknowledged a second, over the same time.'),
        elapsedMs: ms('From the first record sent to the last one acknowledged, in ms.'),
        latencyMs: shared.latency('From sending to acknowledgement.').exactOptional(),
        done: total('Producers that are through with their share of spec.producers.messages.').exactOptional(),
        errors: errors.exactOptional(),
        partitions: field(
          z
            .array(
              z.strictObject({
                partition: count(0, 1_000_000),
                records: total('Records acknowledged in it.'),
              }),
            )
            .max(1_000),
          'How the acknowledged records are spread over the partitions: those that have got any, ascending.',
        ).exactOptional(),
      }),
      'What was sent.',
    ).exactOptional(),
    keys: field(
      z.strictObject({
        distinct: total('Different keys of acknowledged records; where `more` is true, at least so many and one.'),
        more: field(
          z.boolean(),
          'true: there are more keys than can be told one by one (1000 keys, or 4000 pairs of a key and a partition); distinct, spread and list are of those that come first in the order of their text, exactly.',
        ).exactOptional(),
        spread: total(
          'Keys whose records are in more than one partition: Kafka keeps order within a partition only, so the order of a key’s records is no longer kept. With the Default partitioner this comes of added partitions. Whether consumers met them out of order, outOfOrder says.',
        ),
        outOfOrder: total(
          'Keys whose records were processed out of order: order Broken. Absent: the consumers tell nothing of it. They do where producers.record.key has at most 1000 keys and the timestamps of records are the producers’ own (not message.timestamp.type: LogAppendTime in topic.config).',
        ).exactOptional(),
        list: field(
          z
            .array(
              z.strictObject({
                key: field(text(249), 'The key, as text.'),
                order: field(
                  z.enum(['Kept', 'Broken']),
                  'How the consumers met its records so far. Broken: one began to be processed after the processing of another one, of another partition, had ended that was written later; proven beyond what the clocks of producers and consumers may be off. Kept: nothing of the kind was seen; of each partition the first and the last record of each report (about 250 ms) are compared, so a disorder shorter than that may be missed. A record that is processed again is a duplicate, no disorder. Absent: no consumer tells of it.',
                ).exactOptional(),
                brokenBy: field(
                  z.strictObject({
                    earlier: recordPlace('The record that was written first, and processed after the other one.'),
                    later: recordPlace('The record that was written later, and processed before.'),
                    writtenMs: ms('How much later it was written, by the records’ timestamps, in ms.'),
                  }),
                  'The two records that prove order: Broken; of several such pairs the one furthest apart.',
                ).exactOptional(),
                partitions: field(
                  z
                    .array(
                      z.strictObject({
                        partition: count(0, 1_000_000),
                        records: total('Records of the key acknowledged in it.'),
                        firstOffset: total('Offset of the first of them; absent with acks: "0".').exactOptional(),
                        lastOffset: total('Offset of the last of them; absent with acks: "0".').exactOptional(),
                      }),
                    )
                    .max(100),
                  'Where its records are, ascending; at most 100.',
                ),
              }),
            )
            .max(100),
          'At most 100 keys by their text; where there are more, those in more than one partition first.',
        ),
      }),
      'Where the records of each key went. Absent: none with a key has been acknowledged.',
    ).exactOptional(),
    consumers: field(
      z.strictObject({
        desired: total('Consumers asked for.'),
        ready: total('Consumers in ready pods.'),
        selector: field(text(1024), 'Label selector of the pods, for the scale subresource.'),
        groupCreated: field(
          z.boolean(),
          'true: there was no such group before this LoadTest, so the group is deleted with it.',
        ).exactOptional(),
        members: field(
          z
            .array(
              z.strictObject({
                id: field(
                  text(253),
                  'Readable name of the client. Of a member that this LoadTest did not start: its group.instance.id, or its member id with its client.id in front.',
                ),
                client: field(text(253), 'Member id in the group (Kafka’s member.id).'),
                clientId: field(text(253), 'client.id of a member that this LoadTest did not start.').exactOptional(),
                host: field(text(253), 'Node or host.'),
                partitions: field(z.array(count(0, 1_000_000)).max(10_000), 'Partitions it owns.'),
                source: shared.source,
              }),
            )
            .max(1_000),
          'Live members of the group, also those that this LoadTest did not start (source Broker).',
        ),
        idle: field(z.array(text(253)).max(1_000), 'Ids of members that own no partition.'),
        consumed: total('Records processed, counted as often as they were.'),
        messagesPerSecond: field(
          figure(),
          'Processed a second: over the last 5 s while running, over the whole run when it is done.',
        ),
        elapsedMs: ms('From the first record processed to the last one, in ms.'),
        endToEndMs: shared.latency('From the record’s timestamp to the begin of its processing.').exactOptional(),
        polls: field(
          z.strictObject({
            count: total('Polls that returned records.'),
            recordsMax: total('Most records of one poll.'),
            recordsP50: field(figure(), 'Median of records per poll.'),
            longestIntervalMs: ms(
              'Longest time from one poll to the next of a consumer, in ms; it is put out of the group over max.poll.interval.ms.',
            ).exactOptional(),
          }),
          'How consumers fetched.',
        ).exactOptional(),
        errors: errors.exactOptional(),
      }),
      'What was consumed.',
    ).exactOptional(),
    delivery: field(
      z.strictObject({
        produced: total('Records acknowledged by the brokers.'),
        consumed: total('Records processed, counted as often as they were.'),
        duplicated: total('Of those, processed before. Exact, by offset.'),
        skipped: total(
          'Records between the first and the last one processed of each partition that were passed over by this LoadTest’s consumers: also those that foreign members of the group processed in between. Exact, by offset.',
        ),
      }),
      'Whether everything arrived once.',
    ).exactOptional(),
    lag: shared.lag.exactOptional(),
    rebalances: shared.rebalances.exactOptional(),
    truncated: shared.truncated.exactOptional(),
  }),
  'What happened.',
);
export type LoadTestStatus = z.output<typeof status>;
export type LoadTest = Resource<LoadTestSpec, LoadTestStatus>;

/** Characters of metadata.name: the names of its pods are made of it and have to stay DNS labels. */
export const LONGEST_NAME = 40;

export const LOAD_TEST_NAMES = {
  group: shared.GROUP,
  version: shared.VERSION,
  kind: 'LoadTest',
  plural: 'loadtests',
} as const;
export const loadTestSchema = { spec, status };
