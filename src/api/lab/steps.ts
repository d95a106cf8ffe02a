/** spec.steps of a Lab: actions and expectations. */
import { z } from 'zod';
import { count, duration, field, LONGER_THAN_ZERO, type Rule, sentences, text } from '../schema/schema.ts';
import { topicName } from '../shared.ts';
import { embedded, LAB_RESOURCES, resourceName } from './resources.ts';

export const MOST_PER_STEP = 20;

export const LONGEST_THAT = 1_000;

const loadTest = () => resourceName('Name of a LoadTest in spec.resources that an earlier step has applied.');

const STOP = sentences(
  'How removed consumers stop.',
  'Graceful: on SIGTERM they commit and leave the group.',
  'Kill: they end at once without leaving the group, as after SIGKILL, and the group waits for session.timeout.ms.',
  'Default Graceful.',
);

const stopMode = field(z.enum(['Graceful', 'Kill']).default('Graceful'), STOP);

const WHO = ['Consumers', 'Producers', 'All'] as const;

const UNTIL = sentences(
  'State of the resource in which the step is done.',
  'Ready: a LoadTest runs with all its clients (or has completed); a ConsumerScale has started its first step.',
  'Completed: it has ended.',
  'Default Ready.',
);

const apply = field(
  z.strictObject({
    kind: field(z.enum(LAB_RESOURCES), 'Kind of the resource.'),
    name: resourceName('metadata.name of the resource.'),
    until: field(z.enum(['Ready', 'Completed']).default('Ready'), UNTIL),
  }),
  'Creates a resource of spec.resources.',
);

const scale = field(
  z.strictObject({
    loadTest: loadTest(),
    consumers: field(count(0, 10_000), 'New number of consumers. Omit to keep the current number.').exactOptional(),
    producers: field(count(0, 10_000), 'New number of producers. Omit to keep the current number.').exactOptional(),
    stop: stopMode,
  }),
  'Changes the number of consumers or producers. Done when the new number runs and the group has settled.',
  {
    cel: 'has(self.consumers) || has(self.producers)',
    message: 'the step changes nothing; write consumers: 2 or producers: 2 or both',
    holds: (it) => it.consumers !== undefined || it.producers !== undefined,
  },
  {
    cel: "self.stop == 'Graceful' || has(self.consumers)",
    message: 'stop: Kill needs consumers that the step removes; write consumers: 1 as well, or omit stop',
    holds: (it) => it.stop === 'Graceful' || it.consumers !== undefined,
  },
);

const WHO_STOPS = sentences(
  'Clients to stop.',
  'Consumers or Producers: all of them.',
  'All: both, through spec.suspend, even if a ConsumerScale controls the number of consumers.',
  'Default Consumers.',
);

const stop = field(
  z.strictObject({
    loadTest: loadTest(),
    who: field(z.enum(WHO).default('Consumers'), WHO_STOPS),
    stop: stopMode,
  }),
  'Removes all consumers, all producers or both until a start step. Done when the last client has gone.',
  {
    cel: "self.stop == 'Graceful' || self.who == 'Consumers'",
    message: 'producers cannot be killed; omit stop, or write who: Consumers',
    holds: (it) => it.stop === 'Graceful' || it.who === 'Consumers',
  },
);

const start = field(
  z.strictObject({
    loadTest: loadTest(),
    who: field(
      z.enum(WHO).default('Consumers'),
      'Clients to start: Consumers, Producers or All, as in the stop step. Default Consumers.',
    ),
  }),
  'Restores the clients that a stop step removed. Done when as many run as before and the group has settled.',
);

const RECORDS_NAME = sentences(
  'Name of these records in expectations: produced.<name>.',
  'Lower-case letters and digits, unique among the produce steps of the Lab.',
);

const PRODUCER = sentences(
  'Settings of the producer, as in a LoadTest: messagesPerSecond, record, client, config and others',
  '(kubectl explain loadtest.spec.producers).',
  'Default: one producer that sends as fast as possible.',
);

const PRODUCE = sentences(
  'Sends a number of records once.',
  'Done when all are acknowledged.',
  'A LoadTest named <Lab>-<name>, which has only producers, sends them and continues if the operator restarts.',
  'If a producer pod is killed, records that it had not yet recorded as acknowledged may be sent again:',
  'produced.<name>.producers.acknowledged is then more than messages.',
);

const produce = field(
  z.strictObject({
    name: field(text(15), RECORDS_NAME, {
      cel: "self.matches('^[a-z][a-z0-9]*$')",
      message:
        'is not a name for expectations; write lower-case letters and digits, starting with a letter, e.g. first',
      holds: (value) => /^[a-z][a-z0-9]*$/.test(value),
    }),
    loadTest: loadTest().exactOptional(),
    topic: topicName('Topic to send to, instead of the topic of a LoadTest. It must exist.').exactOptional(),
    messages: field(count(1, 1_000_000_000), 'Number of records to send.'),
    keys: field(
      z.array(text(249)).min(1).max(1_000),
      'Keys of the records, used in turn. Default: producers.record.key, or no key.',
    ).exactOptional(),
    producers: embedded(PRODUCER).exactOptional(),
  }),
  PRODUCE,
  {
    cel: 'has(self.loadTest) != has(self.topic)',
    message: 'the step needs exactly one destination; write loadTest: round (its topic) or topic: my-topic',
    holds: (it) => (it.loadTest !== undefined) !== (it.topic !== undefined),
  },
);

const THAT = sentences(
  'CEL expression over the statuses of the resources of this Lab, true or false.',
  'loadTests.<name>: phase, conditions, topic, producers, keys, consumers, group {name, members, idle}, lag,',
  'delivery, rebalances and rebalancesOfStep (those since the step started); see kubectl explain loadtest.status.',
  'If the Lab has only one LoadTest, loadTests.<name> can be omitted: lag.total < 100.',
  'scales.<name>: the status of a ConsumerScale; see kubectl explain consumerscale.status.',
  'produced.<name>: as loadTests.<name>, for a produce step.',
  'before: all of these as they were when the step started, e.g. lag.total < before.lag.total;',
  'values of more than 8 KiB as JSON are not kept.',
  'A name with a hyphen is written loadTests["my-test"].',
  'An expectation is not met while a value that its expression needs is unknown,',
  'or while its loops would go through more than 1,000,000 elements of lists.',
  'Lists have size, all, exists, exists_one, filter and map; lists of numbers also have sum, min and max.',
);

const WITHIN = sentences(
  'Time, from when the step is done, within which the expression must become true.',
  'The expectation passes the first time it is true:',
  'put a wait step in front of an expectation that something stays as it is.',
  'Default 30s.',
);

const expectation = field(
  z.strictObject({
    that: field(text(LONGEST_THAT), THAT, {
      cel: 'self.size() > 0',
      message: 'is empty; write an expression that is true or false, e.g. group.members.size() == 2',
      holds: (value) => value.length > 0,
    }),
    within: duration(WITHIN, LONGER_THAN_ZERO).default('30s'),
    because: field(text(500), 'Reason for the expectation, for people.').exactOptional(),
  }),
  'One expectation.',
);

/** Actions, of which a step has exactly one. */
export const STEP_ACTIONS = [
  'apply',
  'scale',
  'produce',
  'partitions',
  'stop',
  'start',
  'kill',
  'wait',
  'observe',
] as const;

export const one: Rule<Record<string, unknown>> = {
  cel: `[${STEP_ACTIONS.map((name) => `has(self.${name})`).join(', ')}].exists_one(it, it)`,
  message: `a step needs exactly one action; write one of ${STEP_ACTIONS.join(', ')} (observe: {} only checks expectations)`,
  holds: (it) => STEP_ACTIONS.filter((name) => it[name] !== undefined).length === 1,
};

export const step = field(
  z.strictObject({
    name: field(text(100), 'Short description of the step.', {
      cel: 'self.size() > 0',
      message: 'is empty; write a few words, e.g. two share',
      holds: (value) => value.length > 0,
    }),
    apply: apply.exactOptional(),
    scale: scale.exactOptional(),
    produce: produce.exactOptional(),
    partitions: field(
      z.strictObject({
        loadTest: loadTest(),
        partitions: field(count(1, 10_000), 'New number of partitions. Kafka can only add partitions.'),
      }),
      'Adds partitions to the topic of a LoadTest. Done when Kafka has them; clients see them within metadata.max.age.ms.',
    ).exactOptional(),
    stop: stop.exactOptional(),
    start: start.exactOptional(),
    kill: field(
      z.strictObject({
        loadTest: loadTest(),
        consumer: field(count(0, 9_999), 'Number of the consumer pod: 0 is <LoadTest>-consumer-0.'),
      }),
      'Ends a consumer pod at once, as SIGKILL would, without leaving the group. Done when the pod has gone; Kubernetes starts another.',
    ).exactOptional(),
    wait: duration('Time to wait.', LONGER_THAN_ZERO).exactOptional(),
    observe: field(z.strictObject({}), 'Does nothing: write {}.').exactOptional(),
    timeout: duration(
      'Time within which the step must be done. Otherwise it fails and the rest of the Lab does not run. Default 5m.',
      LONGER_THAN_ZERO,
    ).default('5m'),
    expect: field(
      z.array(expectation).max(MOST_PER_STEP).default([]),
      'Expectations, checked once the step is done. The next step starts when each has passed or failed. Default: none.',
    ),
  }),
  `One step: exactly one of ${STEP_ACTIONS.join(', ')}, and its expectations.`,
  one,
);

export type LabStep = z.output<typeof step>;
