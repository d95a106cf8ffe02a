/** Lab: a script of steps over LoadTests and ConsumerScales, each with expectations that are graded. */
import { z } from 'zod';
import type { Resource } from './kind.ts';
import { topicName } from './loadTest.ts';
import * as shared from './runStatus.ts';
import { at, GROUP_VERSION, total } from './runStatus.ts';
import { celFormat, celText, count, duration, field, LONGER_THAN_ZERO, type Rule, text } from './schema.ts';

/** Bounds that keep the status, which tells each expectation with what was seen, under its limit. */
const MOST_STEPS = 50;
const MOST_EXPECTATIONS = 100;
const MOST_PER_STEP = 20;
export const MOST_BEFORE = 8;
/** Of one value of `before`, as JSON, in bytes. */
export const LONGEST_BEFORE = 8_192;
export const LONGEST_THAT = 1_000;
/** In the status. */
export const SHORT_THAT = 200;
export const LONGEST_OBSERVED = 500;

const resourceName = (description: string) =>
  field(text(63), description, {
    cel: "self.matches('^[a-z]([-a-z0-9]*[a-z0-9])?$')",
    message: 'write a name of small letters, digits and hyphens that begins with a letter, e.g. round',
    holds: (value) => /^[a-z]([-a-z0-9]*[a-z0-9])?$/.test(value),
  });

/** Of another kind: its own schema judges it, when the lab is first looked at. */
const embedded = (description: string) =>
  field(z.record(z.string(), z.unknown()).meta({ 'x-kubernetes-preserve-unknown-fields': true }), description);

const NOTE_NAME =
  /^([a-z0-9]([-a-z0-9]*[a-z0-9])?([.][a-z0-9]([-a-z0-9]*[a-z0-9])?)*[/])?[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$/;
const LABEL_VALUE = /^([A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)?$/;

/** As Kubernetes has labels and annotations: what it would refuse when the step applies the resource is refused now. */
const notes = (description: string, longest: number, ...rules: Rule<Record<string, string>>[]) =>
  field(
    z.record(z.string(), text(longest)).meta({ maxProperties: 50 }),
    description,
    {
      cel: `self.all(name, name.matches(${celText(NOTE_NAME.source)}))`,
      message: 'write names as Kubernetes has them, e.g. team or example.com/team',
      holds: (value) => Object.keys(value).every((name) => NOTE_NAME.test(name)),
    },
    ...rules,
  );

const LAB_RESOURCES = ['LoadTest', 'ConsumerScale'] as const;

const resource = field(
  z.strictObject({
    apiVersion: field(z.enum([GROUP_VERSION]), `${GROUP_VERSION}.`),
    kind: field(z.enum(LAB_RESOURCES), 'LoadTest or ConsumerScale.'),
    metadata: field(
      z.strictObject({
        name: resourceName('Name that the steps use, and that it has in the cluster.'),
        labels: notes('Labels, besides those that name the Lab.', 63, {
          cel: `self.all(name, self[name].matches(${celText(LABEL_VALUE.source)}))`,
          message: 'write values of at most 63 letters, digits, hyphens, underscores and dots, e.g. blue-team',
          holds: (value) => Object.values(value).every((one) => LABEL_VALUE.test(one)),
        }).exactOptional(),
        annotations: notes('Annotations.', 1_000).exactOptional(),
      }),
      'Name, labels and annotations; the namespace is the Lab’s.',
    ),
    spec: embedded(
      'As in a manifest of that kind: kubectl explain loadtest.spec, kubectl explain consumerscale.spec. The consumers.replicas of a LoadTest that a ConsumerScale of this Lab scales are left out: it begins with 1.',
    ),
  }),
  'One LoadTest or ConsumerScale, made when a step applies it and deleted with the Lab.',
);

// ---- steps ----------------------------------------------------------------------------------

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

const one: Rule<Record<string, unknown>> = {
  cel: `[${STEP_ACTIONS.map((name) => `has(self.${name})`).join(', ')}].exists_one(it, it)`,
  message: `a step does exactly one thing: write one of ${STEP_ACTIONS.join(', ')} (observe: {} for nothing but expectations)`,
  holds: (it) => STEP_ACTIONS.filter((name) => it[name] !== undefined).length === 1,
};

const step = field(
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

const spec = field(
  z.strictObject({
    title: field(text(200), 'What the lab is called.').exactOptional(),
    description: field(text(10_000), 'What is to be learned, for people.').exactOptional(),
    resources: field(
      z.array(resource).max(50).default([]),
      'LoadTests and ConsumerScales that steps apply. Can’t be changed once the Lab has begun.',
    ),
    steps: field(
      z.array(step).min(1).max(MOST_STEPS),
      'What happens, in order. Can’t be changed once the Lab has begun.',
      {
        cel: `self.map(it, has(it.expect) ? it.expect.size() : 0).sum() <= ${MOST_EXPECTATIONS}`,
        message: `there are more expectations than ${MOST_EXPECTATIONS}: write fewer, or several Labs`,
        messageCel: celFormat(
          `there are %d expectations: write at most ${MOST_EXPECTATIONS}, or several Labs`,
          'self.map(it, has(it.expect) ? it.expect.size() : 0).sum()',
        ),
        holds: (steps) => steps.reduce((sum, it) => sum + it.expect.length, 0) <= MOST_EXPECTATIONS,
      },
    ),
    afterwards: field(
      z.enum(['Suspend', 'Keep']).default('Suspend'),
      'What becomes of LoadTests that still run when the Lab has ended. Suspend: their clients are taken away; topics and figures stay until the Lab is deleted. Keep: they go on. Default Suspend.',
    ),
  }),
  'The script.',
);

/** What people write: defaults may be left out. */
export type LabInput = z.input<typeof spec>;
/** What the API server returns: defaults filled in. */
export type LabSpec = z.output<typeof spec>;
export type LabStep = z.output<typeof step>;
export type LabResource = z.output<typeof resource>;

export const LAB_PHASES = ['Pending', 'Running', 'Passed', 'Failed'] as const;
const STEP_PHASES = ['Pending', 'Running', 'Passed', 'Failed', 'NotRun'] as const;

const expectationStatus = field(
  z.strictObject({
    that: field(text(SHORT_THAT), 'As in the spec; cut when long.'),
    passed: field(z.boolean(), 'Absent: not decided yet.').exactOptional(),
    observed: field(text(LONGEST_OBSERVED), 'What was seen: the values that the expression names.').exactOptional(),
    at: at('When it was decided.').exactOptional(),
  }),
  'One expectation.',
);

const stepStatus = field(
  z.strictObject({
    name: field(text(100), 'As in the spec.'),
    phase: shared.phase(
      STEP_PHASES,
      'Pending. Running. Passed: it has taken place and all was as expected. Failed: it could not be carried out, or something was not as expected. NotRun: an earlier step could not be carried out.',
    ),
    message: field(text(1_024), 'What the step waits for, or why it could not be carried out.').exactOptional(),
    startedAt: at('It was begun.').exactOptional(),
    doneAt: at('It had taken place; expectations count from here.').exactOptional(),
    finishedAt: at('All its expectations were decided, or it failed.').exactOptional(),
    uid: field(text(64), 'metadata.uid of the resource that it made, or of the pod that it kills.').exactOptional(),
    before: field(
      z.record(z.string(), text(LONGEST_BEFORE)).meta({ maxProperties: MOST_BEFORE }),
      'While it runs: the values of `before` that its expectations name, as JSON.',
    ).exactOptional(),
    rebalancesBefore: field(
      z.record(z.string(), count(0, Number.MAX_SAFE_INTEGER)).meta({ maxProperties: 100 }),
      'While it runs: rebalances of each LoadTest when it began.',
    ).exactOptional(),
    expectations: field(z.array(expectationStatus).max(MOST_PER_STEP), 'In the order of the spec.').exactOptional(),
  }),
  'One step of the script.',
);

const status = field(
  z.strictObject({
    phase: shared.phase(
      LAB_PHASES,
      'Pending: not begun; its spec may have to be corrected, see conditions. Running. Passed: every step and expectation. Failed: one of them did not.',
    ),
    observedGeneration: shared.observedGeneration,
    conditions: shared.conditions,
    passed: total('Expectations that have passed.').exactOptional(),
    failed: total('Expectations that have failed, and steps that could not be carried out.').exactOptional(),
    total: total('Expectations in all.').exactOptional(),
    score: field(text(16), 'Expectations passed of all, as text: 3/7.').exactOptional(),
    currentStep: total('Number of the step that runs, from 1.').exactOptional(),
    step: field(text(16), 'Steps begun of all, as text: 2/5.').exactOptional(),
    startedAt: at('The first step began.').exactOptional(),
    finishedAt: at('The last step ended.').exactOptional(),
    duration: field(text(16), 'From the first step’s begin to the last one’s end, to a second: 4m10s.').exactOptional(),
    steps: field(z.array(stepStatus).max(MOST_STEPS), 'Per step of spec.steps, in that order.').exactOptional(),
  }),
  'What happened.',
);
export type LabStatus = z.output<typeof status>;
export type LabStepStatus = z.output<typeof stepStatus>;
export type ExpectationStatus = z.output<typeof expectationStatus>;
export type Lab = Resource<LabSpec, LabStatus>;

export const LAB_NAMES = {
  group: shared.GROUP,
  version: shared.VERSION,
  kind: 'Lab',
  plural: 'labs',
} as const;
export const labSchema = { spec, status };
