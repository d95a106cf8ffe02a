/** Parts of a status that several kinds share. Fields whose names end in Ms are in milliseconds. */
import { z } from 'zod';
import { count, field, figure, sentences, text, timestamp } from './schema/schema.ts';

export const GROUP = 'kafkalab.dev';
export const VERSION = 'v1alpha1';
export const GROUP_VERSION = `${GROUP}/${VERSION}`;

const MANY = Number.MAX_SAFE_INTEGER;
const partition = () => count(0, 1_000_000);
const partitions = (description: string) => field(z.array(partition()).max(10_000), description);
export const total = (description: string) => field(count(0, MANY), description);
export const ms = (description: string) => field(figure(), description);
export const at = (description: string) => field(timestamp(), description);

// ---- state ----------------------------------------------------------------------------------

const CONDITION_TYPE = sentences(
  'Type of the condition.',
  'Ready, Reconciling and Stalled have the meaning that kstatus gives them.',
  'LagHigh: lag exceeds spec.lagThreshold, for the time that it names.',
  'RebalanceStorm: the group keeps rebalancing although nobody changed it; the message names the setting to change.',
  'IdleConsumers: members own no partition.',
  'EvidenceIncomplete: evidence was deleted before it was read, so the figures lack it; the message names what to change.',
  'Deleting: what this resource created is being removed.',
);

const condition = z.strictObject({
  type: field(text(316), CONDITION_TYPE),
  status: field(z.enum(['True', 'False', 'Unknown']), 'Status of the condition: True, False or Unknown.'),
  reason: field(text(1024), 'Reason for the status, one CamelCase word for programs.'),
  message: field(text(32768), 'Explanation of the status for people, and what to do about it.'),
  observedGeneration: total('metadata.generation for which the condition was set.').exactOptional(),
  lastTransitionTime: at('Time of the last change of status.'),
});

export const conditions = field(
  z
    .array(condition)
    .max(16)
    .meta({ 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['type'] }),
  sentences(
    'Conditions: Ready, Reconciling, Stalled, LagHigh, RebalanceStorm, IdleConsumers, EvidenceIncomplete, Deleting.',
    'Stalled means that the user must change something, which its message names.',
  ),
);

export const phase = <const T extends readonly [string, ...string[]]>(phases: T, description: string) =>
  field(z.enum(phases), description);

export const observedGeneration = total('metadata.generation for which this status was written.');

export const truncated = field(
  z.array(text(256)).max(16),
  sentences(
    'Lists that were shortened to keep this object small, one sentence each.',
    'The evidence topic has all of them in full.',
    'Absent: nothing was shortened.',
  ),
);

// ---- where the figures come from ------------------------------------------------------------

export const evidence = field(
  z.strictObject({
    topic: field(text(249), 'Name of the evidence topic.'),
    partition: field(partition(), 'Partition with all evidence of this run.'),
    offset: total('Offset at which the evidence of this run starts.'),
  }),
  'Records in Kafka from which the figures are computed.',
);

export const kafkaFound = field(
  z.strictObject({
    bootstrapServers: field(text(2_000), 'Addresses of Kafka, as host:port separated by commas.'),
    topicNamespace: field(
      text(63),
      sentences(
        'Namespace of the KafkaTopics: spec.entityOperator.topicOperator.watchedNamespace of the Kafka resource.',
        'Absent: the namespace of the Kafka resource.',
      ),
    ).exactOptional(),
  }),
  sentences(
    'Kafka cluster of the run, recorded when the run started:',
    'as read from the Kafka resource with kafka.strimzi, or the default Kafka of the operator without spec.kafka.',
    'Absent with kafka.bootstrapServers.',
  ),
);

export const source = field(
  z.enum(['Clients', 'Broker']),
  sentences(
    'Origin of this entry.',
    'Clients: rebalance callbacks of the clients that this operator started.',
    'Broker: descriptions of the group by the broker, which are read about once a second and are less precise.',
  ),
);

export const latency = (description: string) =>
  field(
    z.strictObject({
      p50: ms('Median, in ms.'),
      p95: ms('95th percentile, in ms.'),
      p99: ms('99th percentile, in ms.'),
      max: ms('Maximum, in ms.'),
    }),
    `${description} Percentiles over all clients, in ms.`,
  );

// ---- rebalances -----------------------------------------------------------------------------

const PROTOCOL = sentences(
  'How partitions are handed over.',
  'Eager: every member revokes all its partitions.',
  'Cooperative: members revoke only the partitions that move.',
  'Consumer: the broker assigns (KIP-848).',
  'None: not known.',
);

const ERROR_BOUND_MS = sentences(
  'Maximum error of a pause, in ms.',
  'Two processes time the two ends of a pause, and their clocks are aligned only to this accuracy.',
  'After a crash the bound is 750 ms wider if the last evidence in the pod could not be read within 10 s.',
  '0.5 (rounding): one process timed both ends of every pause.',
);

const PAUSES = sentences(
  'Pauses per partition.',
  'A pause lasts from the end of processing of the last record before the rebalance',
  'to the start of processing of the first record after it,',
  'but at most as long as that record had been waiting in the log.',
);

const memberChange = z.strictObject({
  name: field(text(253), 'Name of the member, as in status.consumers.members.'),
  gained: partitions('Partitions that the member gained.'),
  lost: partitions('Partitions that the member revoked or lost.'),
  kept: partitions('Partitions that the member owned before and after the rebalance.'),
});

const PENDING = sentences(
  'Partitions without a record since the rebalance: their pause is not known yet.',
  'If many rebalances wait for many partitions, the pauses of the oldest stay unknown.',
);

const rebalance = z.strictObject({
  number: total('Number of the rebalance within the run, from 1. It never changes.'),
  at: at('Time of the first callback. With source: Broker, time of the first description that shows the change.'),
  settledAt: at('Time of the last callback. With source: Broker, time of the description that shows the result.'),
  trigger: field(
    z.enum([
      'ScaleUp',
      'ScaleDown',
      'MemberJoined',
      'MemberLeft',
      'SessionExpired',
      'PollIntervalExceeded',
      'PartitionsAdded',
      'Restart',
      'Unknown',
    ]),
    'Cause of the rebalance.',
  ),
  reason: field(text(1024), 'Explanation of the trigger, as a sentence.'),
  protocol: field(z.enum(['Eager', 'Cooperative', 'Consumer', 'None']), PROTOCOL),
  source,
  resolutionMs: ms(
    sentences(
      'Length of the interval up to settledAt in which the change happened, in ms:',
      'the time between two descriptions of the group.',
      'Only with source: Broker, where pauses are unknown.',
    ),
  ).exactOptional(),
  membersBefore: total('Number of members before the rebalance.'),
  membersAfter: total('Number of members after the rebalance.'),
  partitionsMoved: total('Number of partitions whose owner changed.'),
  stopTheWorldMs: ms('Time during which all partitions with waiting records were paused at once, in ms.'),
  longestPauseMs: ms('Longest pause of one partition, in ms.'),
  errorBoundMs: ms(ERROR_BOUND_MS).exactOptional(),
  pauses: field(
    z.array(z.strictObject({ partition: partition(), ms: ms('Length of the pause, in ms.') })).max(1_000),
    PAUSES,
  ),
  pending: partitions(PENDING).exactOptional(),
  members: field(z.array(memberChange).max(1_000), 'Partitions that each member gained, lost and kept.'),
});

export const rebalances = field(
  z.strictObject({
    count: total('Number of completed changes of assignment since the run started, including the first assignment.'),
    settled: field(z.boolean(), 'true: no rebalance is in progress.').exactOptional(),
    partitionsMoved: total('Sum of partitionsMoved over all rebalances.').exactOptional(),
    longestPauseMs: ms('Longest pause of one partition in any rebalance, in ms.'),
    longestStopTheWorldMs: ms('Largest stopTheWorldMs of all rebalances.'),
    recent: field(z.array(rebalance).max(50), 'Last 50 rebalances, oldest first.'),
  }),
  'Rebalances of the consumer group.',
);

// ---- lag ------------------------------------------------------------------------------------

const LAST_STABLE_OFFSET = sentences(
  'Last stable offset: where the first open transaction begins, or the log end offset without one.',
  'A group with isolation.level: read_committed is given no record beyond it, so its lag is counted to this offset.',
  'Absent: the group reads uncommitted records, and its lag is counted to endOffset.',
);

const partitionLag = z.strictObject({
  partition: partition(),
  endOffset: total('Log end offset: offset of the next record to be written.'),
  lastStableOffset: total(LAST_STABLE_OFFSET).exactOptional(),
  committedOffset: total('Committed offset of the group. Absent: the group has committed none.').exactOptional(),
  lag: total('Lag of the partition, in records. Absent: unknown.').exactOptional(),
});

const lagPoint = z.strictObject({
  at: at('Start of the interval.'),
  total: total('Highest total within the interval, in records.'),
});

export const lag = field(
  z.strictObject({
    total: total(
      sentences(
        'Lag summed over the partitions whose lag is known, in records.',
        'Lag of a partition: log end offset (with isolation.level: read_committed the last stable offset)',
        'minus the group’s position.',
        'The position is the committed offset, or where that is missing or deleted, where auto.offset.reset puts the group.',
        'Absent: it is unknown for every partition.',
      ),
    ).exactOptional(),
    unknownPartitions: total(
      'Number of partitions whose lag is unknown: the group has committed no offset there. Absent: none.',
    ).exactOptional(),
    peak: total('Highest total of the run, in records.'),
    peakAt: at('Time of the peak.').exactOptional(),
    at: at('Time at which the committed offsets were read.'),
    aboveThresholdSince: at(
      'Time since which each total has been above spec.lagThreshold. Absent: the last one is not.',
    ).exactOptional(),
    errorBound: field(
      figure(),
      sentences(
        'Maximum error of total, in records:',
        'the time between reading committed offsets and reading end offsets, times the growth rate of the log.',
      ),
    ),
    partitions: field(z.array(partitionLag).max(1_000), 'Lag per partition.'),
    history: field(z.array(lagPoint).max(120), 'Lag over the whole run in at most 120 points, oldest first.'),
  }),
  'Lag of the consumer group.',
);
