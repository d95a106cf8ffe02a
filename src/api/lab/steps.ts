/** spec.steps of a Lab: what each does, and what is expected then. */
import { z } from 'zod';
import { count, duration, field, LONGER_THAN_ZERO, type Rule, text } from '../schema/schema.ts';
import { topicName } from '../shared.ts';
import { embedded, LAB_RESOURCES, resourceName } from './resources.ts';

export const MOST_PER_STEP = 20;

export const LONGEST_THAT = 1_000;

const loadTest = () => resourceName('Name of a LoadTest of spec.resources that an earlier step has applied.');

const howTheyEnd = field(
  z.enum(['Graceful', 'Kill']).default('Graceful'),
  'How the consumers end that the step takes away. Graceful: by SIGTERM; they commit and leave the group. Kill: at once and without a goodbye, as after SIGKILL, so that the group waits for session.timeout.ms. Default Graceful.',
);

const WHO = ['Consumers', 'Producers', 'All'] as const;

const apply = field(
  z.strictObject({
    kind: field(z.enum(LAB_RESOURCES), 'Kind of the resource.'),
    name: resourceName('metadata.name of the resource.'),
    until: field(
      z.enum(['Ready', 'Completed']).default('Ready'),
      'When the step has taken place. Ready: a LoadTest runs with all its clients (or is complete already), a ConsumerScale has begun its first step. Completed: it has ended. Default Ready.',
    ),
  }),
  'Makes a resource of spec.resources.',
);

const scale = field(
  z.strictObject({
    loadTest: loadTest(),
    consumers: field(count(0, 10_000), 'Consumers from now on. Default: as they are.').exactOptional(),
    producers: field(count(0, 10_000), 'Producers from now on. Default: as they are.').exactOptional(),
    stop: howTheyEnd,
  }),
  'Changes the number of consumers or producers. It has taken place when they are as asked, and the group has settled.',
  {
    cel: 'has(self.consumers) || has(self.producers)',
    message: 'the step changes nothing: write consumers: 2 or producers: 2 or both',
    holds: (it) => it.consumers !== undefined || it.producers !== undefined,
  },
  {
    cel: "self.stop == 'Graceful' || has(self.consumers)",
    message: 'stop: Kill is for consumers that the step takes away: write consumers: 1 beside it, or leave stop out',
    holds: (it) => it.stop === 'Graceful' || it.consumers !== undefined,
  },
);

const stop = field(
  z.strictObject({
    loadTest: loadTest(),
    who: field(
      z.enum(WHO).default('Consumers'),
      'Consumers or Producers: all of them. All: both, by spec.suspend, also where a ConsumerScale decides how many consumers there are. Default Consumers.',
    ),
    stop: howTheyEnd,
  }),
  'Takes all consumers (or producers, or both) away until a start step. It has taken place when the last one has gone.',
  {
    cel: "self.stop == 'Graceful' || self.who == 'Consumers'",
    message: 'producers can’t be killed: leave stop out, or write who: Consumers',
    holds: (it) => it.stop === 'Graceful' || it.who === 'Consumers',
  },
);

const start = field(
  z.strictObject({
    loadTest: loadTest(),
    who: field(
      z.enum(WHO).default('Consumers'),
      'Consumers, Producers or All, as in the stop step. Default Consumers.',
    ),
  }),
  'Brings back those that a stop step took away. It has taken place when they are as many as before, and the group has settled.',
);

const produce = field(
  z.strictObject({
    name: field(
      text(15),
      'Names these records in expectations: produced.<name>. Small letters and digits, other than those of the Lab’s other produce steps.',
      {
        cel: "self.matches('^[a-z][a-z0-9]*$')",
        message: 'write a name of small letters and digits that begins with a letter, e.g. first',
        holds: (value) => /^[a-z][a-z0-9]*$/.test(value),
      },
    ),
    loadTest: loadTest().exactOptional(),
    topic: topicName('Topic to send to, instead of a LoadTest’s; it has to be there.').exactOptional(),
    messages: field(count(1, 1_000_000_000), 'Records to send, in all.'),
    keys: field(
      z.array(text(249)).min(1).max(1_000),
      'Their keys, used in turn. Default: no key, or as producers.record.key says.',
    ).exactOptional(),
    producers: embedded(
      'What else is said of the producer, as in a LoadTest: kubectl explain loadtest.spec.producers (messagesPerSecond, record, client, config, …). Default: one producer that sends as fast as it can.',
    ).exactOptional(),
  }),
  'Sends records, once: by a LoadTest of its own, <Lab>-<name>, with producers only, which knows what it has sent over restarts of the operator. A producer whose pod is killed meanwhile may send the records again whose acknowledgement it had not recorded; produced.<name>.producers.acknowledged is then more than was asked for. It has taken place when all are acknowledged.',
  {
    cel: 'has(self.loadTest) != has(self.topic)',
    message: 'write where to send to: either loadTest: round (its topic) or topic: my-topic',
    holds: (it) => (it.loadTest !== undefined) !== (it.topic !== undefined),
  },
);

const VARIABLES =
  'CEL over what the statuses say (kubectl explain loadtest.status, consumerscale.status), true or false. loadTests.<name>: phase, conditions, topic, producers, consumers, group {name, members, idle}, lag, delivery, rebalances, rebalancesOfStep (those since the step began) and, where told, keys. In a Lab with one LoadTest these are there without loadTests.<name> as well: lag.total < 100. scales.<name>: a ConsumerScale’s status. produced.<name>: as loadTests, of a produce step. before: all of these as they were when the step began, e.g. lag.total < before.lag.total (of a value that is longer than 8 KiB as JSON nothing is kept). A name with a hyphen is written loadTests["my-test"]. What is not known (yet) does not hold. Lists have size, all, exists, exists_one, filter, map, and of numbers sum, min, max.';

const expectation = field(
  z.strictObject({
    that: field(text(LONGEST_THAT), VARIABLES, {
      cel: 'self.size() > 0',
      message: 'write an expression that is true or false, e.g. group.members.size() == 2',
      holds: (value) => value.length > 0,
    }),
    within: duration(
      'It has to hold once within this time from when the step has taken place; it passes as soon as it does. So let a wait step go before what has to stay as it is. Default 30s.',
      LONGER_THAN_ZERO,
    ).default('30s'),
    because: field(text(500), 'Why it is expected, for the reader.').exactOptional(),
  }),
  'One thing that has to be seen.',
);

/** What a step does: exactly one of these. */
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
  message: `a step does exactly one thing: write one of ${STEP_ACTIONS.join(', ')} (observe: {} for nothing but expectations)`,
  holds: (it) => STEP_ACTIONS.filter((name) => it[name] !== undefined).length === 1,
};

export const step = field(
  z.strictObject({
    name: field(text(100), 'What happens, in a few words.', {
      cel: 'self.size() > 0',
      message: 'write in a few words what happens, e.g. two share',
      holds: (value) => value.length > 0,
    }),
    apply: apply.exactOptional(),
    scale: scale.exactOptional(),
    produce: produce.exactOptional(),
    partitions: field(
      z.strictObject({
        loadTest: loadTest(),
        partitions: field(count(1, 10_000), 'Partitions from now on; Kafka can only add.'),
      }),
      'Adds partitions to the topic of a LoadTest. It has taken place when Kafka has them; clients hear of them later (metadata.max.age.ms).',
    ).exactOptional(),
    stop: stop.exactOptional(),
    start: start.exactOptional(),
    kill: field(
      z.strictObject({
        loadTest: loadTest(),
        consumer: field(count(0, 9_999), 'Number of its pod: 0 is <LoadTest>-consumer-0.'),
      }),
      'Ends one pod of consumers at once and without a goodbye, as SIGKILL would; Kubernetes starts another. It has taken place when the pod has gone.',
    ).exactOptional(),
    wait: duration('Nothing but time passes.', LONGER_THAN_ZERO).exactOptional(),
    observe: field(z.strictObject({}), 'Nothing is done: {}.').exactOptional(),
    timeout: duration(
      'The step fails, and the rest of the Lab is not run, when it has not taken place within this time. Default 5m.',
      LONGER_THAN_ZERO,
    ).default('5m'),
    expect: field(
      z.array(expectation).max(MOST_PER_STEP).default([]),
      'What has to be seen once the step has taken place. The next step begins when each has passed or failed. Default: nothing.',
    ),
  }),
  'One step: exactly one of apply, scale, produce, partitions, stop, start, kill, wait, observe, and what is expected then.',
  one,
);

export type LabStep = z.output<typeof step>;
