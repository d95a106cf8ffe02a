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
  text,
  unchanged,
} from '../schema/schema.ts';
import { groupName, kafka, topicName } from '../shared.ts';
import { GROUP_VERSION } from '../sharedStatus.ts';

const CREATE_ANOTHER =
  'can’t be changed once the schedule has been created: its figures belong to one schedule. Create another ConsumerScale';

const APPS = 'apps/v1';
/** With a scale subresource that the operator may write. */
const WORKLOADS: readonly string[] = ['Deployment', 'StatefulSet'];
const POSSIBLE_TARGETS = `write apiVersion: ${GROUP_VERSION}, kind: LoadTest, or apiVersion: ${APPS}, kind: ${WORKLOADS.join(' or ')}`;

const scaleTargetRef = field(
  z.strictObject({
    apiVersion: field(text(100), `${GROUP_VERSION} for a LoadTest, apps/v1 for a Deployment or StatefulSet.`),
    kind: field(text(63), 'LoadTest, Deployment or StatefulSet.'),
    name: field(text(253), 'Name of the target, in the same namespace.', {
      cel: 'self.size() > 0',
      message: 'write the name of a LoadTest, Deployment or StatefulSet in the same namespace',
      holds: (value) => value.length > 0,
    }),
  }),
  'What is scaled, as in a HorizontalPodAutoscaler. Can’t be changed.',
  {
    cel: `(self.apiVersion == '${GROUP_VERSION}' && self.kind == 'LoadTest') || (self.apiVersion == '${APPS}' && self.kind in ${celList(WORKLOADS)})`,
    message: `this can’t be the target: ${POSSIBLE_TARGETS}`,
    messageCel: celFormat(`a %s of %s can’t be the target: ${POSSIBLE_TARGETS}`, 'self.kind', 'self.apiVersion'),
    holds: (it) =>
      (it.apiVersion === GROUP_VERSION && it.kind === 'LoadTest') ||
      (it.apiVersion === APPS && WORKLOADS.includes(it.kind)),
  },
);

const theirs = field(
  z.strictObject({
    group: groupName(
      'Consumer group of the target’s pods; each replica has to be one member of it, beside others. Source: Kafka’s group.id.',
    ),
    topic: topicName(
      'The topic that they read. Steps with partitions raise it through the KafkaTopic that stands for it, where the Kafka resource is known (kafka.strimzi, or an operator with STRIMZI_CLUSTER) and has one; else by Kafka’s Admin API.',
    ),
    others: field(
      count(0, 10_000),
      'Members of the group that are not the target’s, e.g. consumers of a LoadTest: a step has settled when the group has so many more than the step asks for. Default 0.',
    ).default(0),
    kafka: kafka.exactOptional(),
  }),
  'Whose rebalances and lag are looked at, where the target is a Deployment or StatefulSet; a LoadTest names its own. Can’t be changed.',
);

export const consumers = field(
  z.union([z.int(), text(16)]).meta({ 'x-kubernetes-int-or-string': true, maxLength: 16 }),
  'Consumers from this step on: a whole number, or Partitions = as many as the topic has partitions when the step begins. Default: as they are.',
  {
    cel: "type(self) == int ? (self >= 0 && self <= 10000) : self in ['Partitions']",
    message: 'write a whole number from 0 to 10000, or Partitions (as many as the topic has partitions)',
    messageCel: celFormat(
      '"%s" is no number of consumers: write a whole number from 0 to 10000 (without quotes), or Partitions (as many as the topic has partitions)',
      'self',
    ),
    holds: (value) =>
      typeof value === 'number' ? Number.isInteger(value) && value >= 0 && value <= 10_000 : value === 'Partitions',
  },
);

const until = field(
  z.strictObject({
    lagBelow: field(
      count(1, Number.MAX_SAFE_INTEGER),
      'The step ends when the group’s lag (committed, summed over the partitions, in records) is under this number.',
    ),
    for: duration(
      'How long it has to stay under it without a break, from look to look at lag. Default 0s: one look is enough.',
    ).default('0s'),
    timeout: duration(
      'After this time the step ends as TimedOut and the schedule goes on, as soon as the looks at lag up to then have been read, or 30 s later. Default 5m.',
      LONGER_THAN_ZERO,
    ).default('5m'),
  }),
  'The step ends when this holds.',
  {
    cel: celLonger('self.timeout', 'self.__for__') /* `for` is a word of CEL */,
    message: 'timeout has to be longer than for, or the step can only time out: write e.g. {for: 5s, timeout: 5m}',
    holds: (it) => isLonger(it.timeout, it.for),
  },
);

export const step = field(
  z.strictObject({
    consumers: consumers.exactOptional(),
    partitions: field(
      count(1, 10_000),
      'Partitions from this step on; Kafka can only add. Default: as they are.',
    ).exactOptional(),
    hold: duration('The step ends after this time.', LONGER_THAN_ZERO).exactOptional(),
    until: until.exactOptional(),
    stop: field(
      z.enum(['Graceful', 'Kill']).default('Graceful'),
      'How the consumers end that the step takes away. Graceful: by SIGTERM; they commit and leave the group. Kill: at once and without a goodbye, as after SIGKILL or the loss of a node, so that the group waits for session.timeout.ms. Only for a LoadTest. Default Graceful.',
    ),
  }),
  'One step: what to change, and when the next one follows.',
  {
    cel: 'has(self.consumers) || has(self.partitions)',
    message: 'the step changes nothing: write consumers: 9 or partitions: 12 or both',
    holds: (it) => it.consumers !== undefined || it.partitions !== undefined,
  },
  {
    cel: "!has(self.stop) || self.stop == 'Graceful' || has(self.consumers)",
    message:
      'stop: Kill is for the consumers that a step takes away, and this step takes none away: write consumers: 2 (fewer than before) beside it, or leave stop out',
    holds: (it) => it.stop === 'Graceful' || it.consumers !== undefined,
  },
  {
    cel: 'has(self.hold) != has(self.until)',
    message:
      'the step needs exactly one end: write hold: 60s (after a time) or until: {lagBelow: 100} (when lag has fallen)',
    holds: (it) => (it.hold !== undefined) !== (it.until !== undefined),
  },
);

export const spec = field(
  z.strictObject({
    scaleTargetRef,
    consumers: theirs.exactOptional(),
    steps: field(z.array(step).min(1).max(100), 'The schedule, in order. Can’t be changed.', {
      cel: 'self.filter(s, has(s.partitions)).map(s, s.partitions).isSorted()',
      message: 'Kafka can’t take partitions away: write steps whose partitions never get fewer',
      holds: (steps) => {
        const asked = steps.flatMap((it) => it.partitions ?? []);
        return asked.every((it, i) => i === 0 || it >= (asked[i - 1] ?? 0));
      },
    }),
    allowIdleConsumers: field(
      z.boolean().default(false),
      'true: a step may have more consumers than partitions, so that some are idle. false: such a step is refused with the reason. Default false.',
    ),
    afterwards: field(
      z.enum(['Keep', 'Restore']).default('Keep'),
      'What becomes of the number of consumers when the schedule has ended or is deleted. Keep: as the last step left it. Restore: as it was found at the start. Default Keep.',
    ),
  }),
  'What to change, and when.',
  {
    cel: 'self.allowIdleConsumers || self.steps.all(s, !has(s.consumers) || !has(s.partitions) || type(s.consumers) != int || s.consumers <= s.partitions)',
    message:
      'a step has more consumers than partitions, so some would be idle: write no more consumers than partitions, or allowIdleConsumers: true to see that',
    holds: (it) =>
      it.allowIdleConsumers ||
      it.steps.every(
        ({ consumers, partitions }) =>
          typeof consumers !== 'number' || partitions === undefined || consumers <= partitions,
      ),
  },
  {
    cel: "self.scaleTargetRef.kind == 'LoadTest' || has(self.consumers)",
    message:
      'the target does not say whose rebalances and lag are meant: write consumers: {group: my-group, topic: my-topic}',
    messageCel: celFormat(
      'a %s does not say whose rebalances and lag are meant: write consumers: {group: my-group, topic: my-topic}',
      'self.scaleTargetRef.kind',
    ),
    holds: (it) => it.scaleTargetRef.kind === 'LoadTest' || it.consumers !== undefined,
  },
  {
    cel: "self.scaleTargetRef.kind != 'LoadTest' || !has(self.consumers)",
    message: 'a LoadTest names its own group, topic and Kafka: leave consumers out',
    holds: (it) => it.scaleTargetRef.kind !== 'LoadTest' || it.consumers === undefined,
  },
  {
    cel: "self.scaleTargetRef.kind == 'LoadTest' || self.steps.all(s, !has(s.stop) || s.stop == 'Graceful')",
    message:
      'stop: Kill needs consumers that this operator can tell to crash, and Kubernetes sends SIGTERM to all others: leave stop out, or name a LoadTest as the target',
    holds: (it) => it.scaleTargetRef.kind === 'LoadTest' || it.steps.every(({ stop }) => stop === 'Graceful'),
  },
  unchanged(['scaleTargetRef', 'consumers', 'steps'], CREATE_ANOTHER),
);

/** What people write: defaults may be left out. */
export type ConsumerScaleInput = z.input<typeof spec>;
/** What the API server returns: defaults filled in. */
export type ConsumerScaleSpec = z.output<typeof spec>;
export type ConsumerScaleStep = ConsumerScaleSpec['steps'][number];
