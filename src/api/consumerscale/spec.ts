/** spec of a ConsumerScale. */
import { z } from 'zod';
import {
  celFormat,
  celList,
  celLonger,
  count,
  duration,
  field,
  isLonger,
  LONGER_THAN_ZERO,
  sentences,
  text,
  unchanged,
} from '../schema/schema.ts';
import { groupName, kafka, topicName } from '../shared.ts';
import { GROUP_VERSION } from '../sharedStatus.ts';

const ONE_SCHEDULE =
  'is immutable, since the figures of a ConsumerScale belong to one schedule. Create another ConsumerScale';

const APPS = 'apps/v1';
/** Kinds of apps/v1 whose scale subresource the operator may write. */
const WORKLOADS: readonly string[] = ['Deployment', 'StatefulSet'];
const WRITE_A_TARGET = `write apiVersion: ${GROUP_VERSION}, kind: LoadTest, or apiVersion: ${APPS}, kind: ${WORKLOADS.join(' or ')}`;

const scaleTargetRef = field(
  z.strictObject({
    apiVersion: field(
      text(100),
      `API version of the target: ${GROUP_VERSION} for a LoadTest, ${APPS} for a Deployment or StatefulSet.`,
    ),
    kind: field(text(63), 'Kind of the target: LoadTest, Deployment or StatefulSet.'),
    name: field(text(253), 'Name of the target, in the same namespace.', {
      cel: 'self.size() > 0',
      message: 'is empty; write the name of a LoadTest, Deployment or StatefulSet in the same namespace',
      holds: (value) => value.length > 0,
    }),
  }),
  'Target to scale, as in a HorizontalPodAutoscaler. Nothing else may scale it during the schedule. Immutable.',
  {
    cel: `(self.apiVersion == '${GROUP_VERSION}' && self.kind == 'LoadTest') || (self.apiVersion == '${APPS}' && self.kind in ${celList(WORKLOADS)})`,
    message: `cannot be scaled; ${WRITE_A_TARGET}`,
    messageCel: celFormat(
      `kind: %s of apiVersion: %s cannot be scaled; ${WRITE_A_TARGET}`,
      'self.kind',
      'self.apiVersion',
    ),
    holds: (it) =>
      (it.apiVersion === GROUP_VERSION && it.kind === 'LoadTest') ||
      (it.apiVersion === APPS && WORKLOADS.includes(it.kind)),
  },
);

const TOPIC = sentences(
  'Topic that the group reads.',
  'Steps with partitions add partitions to it: through its KafkaTopic, if it has one and the Kafka resource is known',
  '(kafka.strimzi, or the operator’s setting STRIMZI_CLUSTER); otherwise through Kafka’s Admin API.',
);

const OTHERS = sentences(
  'Number of members of the group that are not replicas of the target, e.g. consumers of a LoadTest.',
  'A step settles when the group has that many members in addition to its consumers.',
  'Default 0.',
);

const OFFSET_RESET = sentences(
  'Kafka’s auto.offset.reset of these consumers: where they begin in a partition without a committed offset.',
  'Without it the lag of such a partition is unknown, and until.lagBelow waits for the first commit.',
);

const ISOLATION_LEVEL = sentences(
  'Kafka’s isolation.level of these consumers: up to where lag is counted.',
  'read_uncommitted: up to the end of the log.',
  'read_committed: up to the last stable offset, where the first open transaction begins.',
  'Default read_uncommitted, as in Kafka’s Java client; librdkafka’s own default is read_committed.',
);

const MEMBERS_PER_REPLICA = sentences(
  'Number of members of the group in each replica of the target, e.g. 3 for pods with three consumer threads.',
  'Default: learnt from the group when it is first settled and all replicas are ready;',
  'status.membersPerReplica has it.',
);

const externalConsumers = field(
  z.strictObject({
    group: groupName(
      'Consumer group of the target. Each replica must have the same number of members in it. Source: Kafka’s group.id.',
    ),
    topic: topicName(TOPIC),
    others: field(count(0, 10_000), OTHERS).default(0),
    autoOffsetReset: field(z.enum(['earliest', 'latest']), OFFSET_RESET).exactOptional(),
    isolationLevel: field(z.enum(['read_uncommitted', 'read_committed']), ISOLATION_LEVEL).default('read_uncommitted'),
    membersPerReplica: field(count(1, 1_000), MEMBERS_PER_REPLICA).exactOptional(),
    kafka: kafka.exactOptional(),
  }),
  sentences(
    'Group and topic of a Deployment or StatefulSet, whose rebalances and lag are recorded.',
    'Omit it for a LoadTest, which has its own.',
    'Immutable.',
  ),
);

const CONSUMERS = sentences(
  'Number of consumers from this step on: a whole number from 0 to 10000,',
  'or Partitions (as many as the topic has partitions when the step starts).',
  'Default: unchanged.',
);

export const consumers = field(
  z.union([z.int(), text(16)]).meta({ 'x-kubernetes-int-or-string': true, maxLength: 16 }),
  CONSUMERS,
  {
    cel: "type(self) == int ? (self >= 0 && self <= 10000) : self in ['Partitions']",
    message:
      'is not a number of consumers; write a whole number from 0 to 10000, or Partitions (as many as the topic has partitions)',
    messageCel: celFormat(
      '"%s" is not a number of consumers; write a whole number from 0 to 10000 (without quotes), or Partitions (as many as the topic has partitions)',
      'self',
    ),
    holds: (value) =>
      typeof value === 'number' ? Number.isInteger(value) && value >= 0 && value <= 10_000 : value === 'Partitions',
  },
);

const TIMEOUT = sentences(
  'Time after which the step ends as TimedOut and the schedule continues.',
  'The step then waits, for at most 30 s, until lag up to that time has been read.',
  'Default 5m.',
);

const until = field(
  z.strictObject({
    lagBelow: field(
      count(1, Number.MAX_SAFE_INTEGER),
      'Lag below which the step ends, in records: the committed lag of the group, summed over the partitions.',
    ),
    for: duration(
      'Time for which every reading of lag must be below lagBelow. Default 0s: one reading is enough.',
    ).default('0s'),
    timeout: duration(TIMEOUT, LONGER_THAN_ZERO).default('5m'),
  }),
  'Condition that ends the step.',
  {
    cel: celLonger('self.timeout', 'self.__for__') /* `for` is reserved in CEL */,
    message: 'timeout must be longer than for, otherwise the step can only time out; write e.g. {for: 5s, timeout: 5m}',
    holds: (it) => isLonger(it.timeout, it.for),
  },
);

const STOP = sentences(
  'How removed consumers stop.',
  'Graceful: on SIGTERM they commit and leave the group.',
  'Kill: they end at once without leaving the group, as after SIGKILL or the loss of a node,',
  'and the group waits for session.timeout.ms.',
  'Default Graceful. Kill is possible only for a LoadTest.',
);

export const step = field(
  z.strictObject({
    consumers: consumers.exactOptional(),
    partitions: field(
      count(1, 10_000),
      'Number of partitions from this step on. Default: unchanged. Kafka can only add partitions.',
    ).exactOptional(),
    hold: duration('Time after which the step ends.', LONGER_THAN_ZERO).exactOptional(),
    until: until.exactOptional(),
    stop: field(z.enum(['Graceful', 'Kill']).default('Graceful'), STOP),
  }),
  'One step: what it changes, and when the next step starts.',
  {
    cel: 'has(self.consumers) || has(self.partitions)',
    message: 'the step changes nothing; write consumers: 9 or partitions: 12 or both',
    holds: (it) => it.consumers !== undefined || it.partitions !== undefined,
  },
  {
    cel: "!has(self.stop) || self.stop == 'Graceful' || has(self.consumers)",
    message:
      'stop: Kill needs consumers that the step removes, and this step removes none; write consumers: 2 (fewer than before) as well, or omit stop',
    holds: (it) => it.stop === 'Graceful' || it.consumers !== undefined,
  },
  {
    cel: 'has(self.hold) != has(self.until)',
    message:
      'the step needs exactly one end; write hold: 60s (after a time) or until: {lagBelow: 100} (when lag has fallen)',
    holds: (it) => (it.hold !== undefined) !== (it.until !== undefined),
  },
);

const AFTERWARDS = sentences(
  'Number of consumers once the schedule has ended or is deleted.',
  'Keep: as the last step left it.',
  'Restore: as it was before the first step, unless others have changed it since.',
  'Default Keep.',
);

export const spec = field(
  z.strictObject({
    scaleTargetRef,
    consumers: externalConsumers.exactOptional(),
    steps: field(z.array(step).min(1).max(100), 'Steps of the schedule, in order. Immutable.', {
      cel: 'self.filter(s, has(s.partitions)).map(s, s.partitions).isSorted()',
      message: 'Kafka cannot remove partitions; write steps whose partitions never decrease',
      holds: (steps) => {
        const asked = steps.flatMap((it) => it.partitions ?? []);
        return asked.every((it, i) => i === 0 || it >= (asked[i - 1] ?? 0));
      },
    }),
    allowIdleConsumers: field(
      z.boolean().default(false),
      'Whether a step may have more consumers than partitions, so that some are idle. Default false: it is refused.',
    ),
    afterwards: field(z.enum(['Keep', 'Restore']).default('Keep'), AFTERWARDS),
  }),
  'Target and schedule.',
  {
    cel: 'self.allowIdleConsumers || self.steps.all(s, !has(s.consumers) || !has(s.partitions) || type(s.consumers) != int || s.consumers <= s.partitions)',
    message:
      'a step has more consumers than partitions, so some would be idle; write at most as many consumers as partitions, or allowIdleConsumers: true',
    holds: (it) =>
      it.allowIdleConsumers ||
      it.steps.every(
        ({ consumers, partitions }) =>
          typeof consumers !== 'number' || partitions === undefined || consumers <= partitions,
      ),
  },
  {
    cel: "self.scaleTargetRef.kind == 'LoadTest' || has(self.consumers)",
    message: 'the target does not name its group and topic; write consumers: {group: my-group, topic: my-topic}',
    messageCel: celFormat(
      'a %s does not name its group and topic; write consumers: {group: my-group, topic: my-topic}',
      'self.scaleTargetRef.kind',
    ),
    holds: (it) => it.scaleTargetRef.kind === 'LoadTest' || it.consumers !== undefined,
  },
  {
    cel: "self.scaleTargetRef.kind != 'LoadTest' || !has(self.consumers)",
    message: 'a LoadTest has its own group, topic and Kafka cluster; omit consumers',
    holds: (it) => it.scaleTargetRef.kind !== 'LoadTest' || it.consumers === undefined,
  },
  {
    cel: "self.scaleTargetRef.kind == 'LoadTest' || self.steps.all(s, !has(s.stop) || s.stop == 'Graceful')",
    message:
      'stop: Kill needs consumers of this operator, since Kubernetes sends SIGTERM to all others; omit stop, or write a LoadTest as the target',
    holds: (it) => it.scaleTargetRef.kind === 'LoadTest' || it.steps.every(({ stop }) => stop === 'Graceful'),
  },
  unchanged(['scaleTargetRef', 'consumers', 'steps'], ONE_SCHEDULE),
);

/** The spec as people write it: fields with a default are optional. */
export type ConsumerScaleInput = z.input<typeof spec>;
/** The spec as the API server returns it, with defaults. */
export type ConsumerScaleSpec = z.output<typeof spec>;
export type ConsumerScaleStep = ConsumerScaleSpec['steps'][number];
