/** A Lab from its first round to its grade: status, objects, actions and messages in each situation. */
import { describe, expect, test } from '@jest/globals';
import { BEGIN } from '../../../test/support/evidence.ts';
import {
  APPLY,
  lab,
  lagAt,
  ONE,
  planLab,
  ROUND,
  rebalanced,
  resource,
  resting,
  running,
  type Shown,
  summarised,
  toldOfLab,
} from '../../../test/support/labSeen.ts';
import { shown } from '../../../test/support/queries.ts';
import { at, message } from '../../../test/support/seen.ts';
import type { LabInput } from '../../api/lab/spec.ts';
import type { LabStatus, LabStepStatus } from '../../api/lab/status.ts';
import { GROUP_VERSION } from '../../api/sharedStatus.ts';
import type { Failure } from '../../contract/actions.ts';
import { epochMs } from '../../contract/time.ts';
import { labKind } from './plan.ts';

type Step = LabInput['steps'][number];
type Resources = NonNullable<LabInput['resources']>;

const OBSERVE: Step = { name: 'look', observe: {} };
const TWO: Step = { name: 'two', scale: { loadTest: 'round', consumers: 2 } };
const ALL_STOP: Step = { name: 'rest', stop: { loadTest: 'round', who: 'All' } };
const ALL_START: Step = { name: 'go on', start: { loadTest: 'round', who: 'All' } };
const withConsumers = (replicas: number) => ({ ...ROUND, consumers: { ...ROUND.consumers, replicas } });

const passed = (name: string, uid?: string): LabStepStatus => ({
  name,
  phase: 'Passed',
  startedAt: at(0),
  doneAt: at(1_000),
  finishedAt: at(1_000),
  ...(uid === undefined ? {} : { uid }),
});
const begun = (name: string, more: Partial<LabStepStatus> = {}): LabStepStatus => ({
  name,
  phase: 'Running',
  startedAt: at(2_000),
  ...more,
});
const APPLIED = passed('begin', 'uid-round');
const pending = (name: string, ...that: string[]): LabStepStatus => ({
  name,
  phase: 'Pending',
  ...(that.length === 0 ? {} : { expectations: that.map((text) => ({ that: text })) }),
});
const recorded = (steps: LabStepStatus[]): LabStatus => ({
  phase: 'Running',
  observedGeneration: 1,
  conditions: [],
  startedAt: at(0),
  steps,
});

/** One round of a Lab with these steps and these recorded ones. */
const round = (steps: Step[], before: LabStepStatus[] | undefined, shown: Shown = {}, resources: Resources = ONE) =>
  planLab(lab({ steps, resources }, before && recorded(before)), { now: 10_000, owned: [running()], ...shown });

describe('the first round', () => {
  test('starts the first step, and creates nothing before that is recorded', () => {
    const plan = round([APPLY, TWO], undefined, { owned: [] });
    expect(toldOfLab(plan)).toEqual({
      stands: 'Running, Reconciling Running',
      steps: ['Running', 'Pending'],
      applies: [],
      does: [],
      tells: ['StepStarted', 'Running'],
    });
    expect(plan.status).toMatchObject({ score: '0/0', step: '1/2', currentStep: 1, startedAt: at(10_000) });
  });

  test('the next round creates the objects of the recorded step', () => {
    expect(toldOfLab(round([APPLY, TWO], [begun('begin'), pending('two')], { owned: [] }))).toMatchObject({
      steps: ['Running', 'Pending'],
      applies: ['LoadTest round (1 consumers, 3 partitions, 1 producers)'],
    });
  });
});

describe('an invalid script is refused before anything is created', () => {
  const driven = [
    ...ONE,
    resource('ConsumerScale', 'up', {
      scaleTargetRef: { apiVersion: GROUP_VERSION, kind: 'LoadTest', name: 'round' },
      steps: [{ consumers: 1, hold: '1s' }],
    }),
  ];
  const quota = [resource('LoadTest', 'round', { ...ROUND, producers: { replicas: 1, messages: 10 } })];
  const first: Step = { name: 'send', produce: { name: 'first', loadTest: 'round', messages: 10 } };
  const expecting = (that: string): Step => ({ ...OBSERVE, expect: [{ that }] });
  // biome-ignore format: one mistake a line
  test.each<[wrong: string, steps: Step[], says: string | RegExp, resources?: Resources]>([
    ['a resource with a wrong field', [APPLY], /resources: LoadTest round: spec: Unrecognized key: "topics"/, [resource('LoadTest', 'round', { ...ROUND, topics: 1 })]],
    ['a resource with a wrong value', [APPLY], /resources: LoadTest round: spec.topic.name: is not a topic name; write letters/, [resource('LoadTest', 'round', { ...ROUND, topic: { name: 'a b' } })]],
    ['a long name', [APPLY], 'metadata.name has 50 characters: write at most 40', [resource('LoadTest', 'a'.repeat(50), ROUND)]],
    ['a name that expectations cannot read', [APPLY], 'a LoadTest is named constructor, which expectations cannot read: give it another name, e.g. round', [...ONE, resource('LoadTest', 'constructor', ROUND)]],
    ['a LoadTest that is named as what every object inherits', [APPLY, { name: 'x', stop: { loadTest: 'constructor' } }], 'there is no LoadTest constructor in resources: write one of round'],
    ['a setting that is named as what every object inherits', [APPLY], 'producers.config', [resource('LoadTest', 'round', { ...ROUND, producers: { config: { constructor: '1' } } })]],
    ['an expression with a variable that every object inherits', [expecting('constructor == 1')], 'steps[0] (look).expect[0].that: there is no variable constructor: write one of', [...ONE, resource('LoadTest', 'other', ROUND)]],
    ['an expression with a field that every object inherits', [expecting('lag.toString == 1')], 'lag has no field toString: write one of'],
    ['two resources with one name', [APPLY], 'there is more than one LoadTest round', [...ONE, ...ONE]],
    ['replicas that a ConsumerScale sets', [APPLY], 'ConsumerScale up sets the number of consumers', [resource('LoadTest', 'round', withConsumers(3)), driven[1] as Resources[number]]],
    ['a missing resource', [{ name: 'x', apply: { kind: 'LoadTest', name: 'other' } }], 'there is no LoadTest other in resources: write one of LoadTest round'],
    ['a resource applied twice', [APPLY, APPLY], 'steps[1] (begin): an earlier step has applied LoadTest round'],
    ['a ConsumerScale before its target', [{ name: 'x', apply: { kind: 'ConsumerScale', name: 'up' } }], 'no step has applied LoadTest round yet', driven],
    ['a step before its LoadTest', [TWO, APPLY], 'steps[0] (two): no step has applied LoadTest round yet'],
    ['a step with a missing LoadTest', [APPLY, { name: 'x', stop: { loadTest: 'other' } }], 'there is no LoadTest other in resources: write one of round'],
    ['a scale step against a ConsumerScale', [APPLY, TWO], 'ConsumerScale up sets the number of consumers of LoadTest round', driven],
    ['producers that divide messages', [APPLY, { name: 'x', scale: { loadTest: 'round', producers: 2 } }], 'divides producers.messages among its producers', quota],
    ['no multiple of clientsPerPod', [APPLY, { name: 'x', scale: { loadTest: 'round', consumers: 3 } }], '3 is not a multiple of clientsPerPod: 2; write 2 or 4', [resource('LoadTest', 'round', { ...ROUND, consumers: { ...ROUND.consumers, replicas: 2, clientsPerPod: 2 } })]],
    ['a LoadTest without consumers', [APPLY, TWO], 'LoadTest round has no consumers', [resource('LoadTest', 'round', { topic: ROUND.topic, producers: {} })]],
    ['fewer partitions', [APPLY, { name: 'x', partitions: { loadTest: 'round', partitions: 3 } }], 'the topic has 3 partitions at this step: write 4 or more'],
    ['partitions of an existing topic', [APPLY, { name: 'x', partitions: { loadTest: 'round', partitions: 4 } }], 'management: Existing', [resource('LoadTest', 'round', { ...ROUND, topic: { ...ROUND.topic, management: 'Existing' } })]],
    ['a stop twice', [APPLY, { name: 'x', stop: { loadTest: 'round' } }, { name: 'y', stop: { loadTest: 'round' } }], 'steps[2] (y): an earlier step stopped the consumers of LoadTest round'],
    ['a start without a stop', [APPLY, { name: 'x', start: { loadTest: 'round' } }], 'write a stop step before'],
    ['a start of all without a stop of all', [APPLY, { name: 'x', start: { loadTest: 'round', who: 'All' } }], 'no earlier step stopped all of LoadTest round: write a stop step before this one'],
    ['a step after a stop of all', [APPLY, ALL_STOP, TWO], 'steps[2] (two): an earlier step stopped all of LoadTest round: write a step with start: {loadTest: round, who: All} before this one'],
    ['a kill after a stop of all', [APPLY, ALL_STOP, { name: 'x', kill: { loadTest: 'round', consumer: 0 } }], 'an earlier step stopped all of LoadTest round', driven],
    ['a start of producers that divide messages', [APPLY, ALL_STOP, ALL_START], 'divides producers.messages among its producers', quota],
    ['a kill of a missing pod', [APPLY, { name: 'x', kill: { loadTest: 'round', consumer: 1 } }], 'write a consumer from 0 to 0'],
    ['two produce steps with one name', [APPLY, first, first], 'there is more than one produce step first'],
    ['a produce step with a wrong setting', [APPLY, { name: 'x', produce: { name: 'first', loadTest: 'round', messages: 10, producers: { config: { 'linger.ms': '5ms' } } } }], 'producers.config: linger.ms cannot be "5ms"; write a whole number without a unit'],
    ['messages written twice', [APPLY, { name: 'x', produce: { name: 'first', loadTest: 'round', messages: 10, producers: { messages: 20 } } }], 'produce.messages (10) sets the number of messages: leave producers.messages out'],
    ['keys written twice', [APPLY, { name: 'x', produce: { name: 'first', loadTest: 'round', messages: 10, keys: ['a'], producers: { record: { key: { mode: 'Random', cardinality: 5 } } } } }], 'leave producers.record.key out, or keys'],
    ['a duration of more than a week', [APPLY], /resources: LoadTest round: spec.duration: is longer than a week/, [resource('LoadTest', 'round', { ...ROUND, duration: '169h' })]],
    ['a produce step with an unknown field', [APPLY, { name: 'x', produce: { name: 'first', loadTest: 'round', messages: 10, producers: { rate: 5 } } }], 'Unrecognized key: "rate"'],
    ['an expression with a wrong field', [APPLY, expecting('lag.tottal < 1')], 'steps[1] (look).expect[0].that: lag has no field tottal'],
    ['an expression that is not true or false', [expecting('lag.total')], 'it is of type int, not true or false'],
    ['an expression without its LoadTest', [expecting('lag.total < 1')], 'lag belongs to a LoadTest, and this Lab has 2 LoadTests: write loadTests["round"].lag', [...ONE, resource('LoadTest', 'other', ROUND)]],
    ['all of before', [expecting('before == before')], 'before as a whole can’t be kept'],
    ['too much of before', [{ ...OBSERVE, expect: [...Array(9).keys()].map((n) => ({ that: `before.rebalances.recent.size() + before.${['lag.total', 'lag.peak', 'lag.at.size()', 'delivery.produced', 'delivery.consumed', 'delivery.skipped', 'delivery.duplicated', 'topic.partitions', 'topic.replicas'][n]} >= 0` })) }], 'uses 10 different values of before: use at most 8'],
  ])('%s', (_, steps, says, ...[resources]) => {
    const plan = round(steps, undefined, { owned: [] }, resources);
    expect(toldOfLab(plan)).toEqual({
      stands: 'Pending, Stalled InvalidScript',
      steps: [],
      applies: [],
      does: [],
      tells: ['InvalidScript'],
    });
    if (typeof says === 'string') expect(message(plan)).toContain(says);
    else expect(message(plan)).toMatch(says);
  });

  test('each refusal has one Event, and the Lab starts once its spec is valid', () => {
    const wrong = lab({ steps: [APPLY, { ...OBSERVE, expect: [{ that: 'lag.tottal < 1' }] }] });
    const { status } = planLab(wrong);
    expect(planLab({ ...wrong, status }).events).toEqual([]);
    const right = lab({ steps: [APPLY] }, status, { generation: 2 });
    expect(toldOfLab(planLab(right, { now: 5_000 })).steps).toEqual(['Running']);
  });
});

describe('a resource that a step creates', () => {
  const stalled = summarised('Pending', 'no such topic', 'Stalled', 0);
  const refused: Failure = {
    action: {
      type: 'Apply',
      target: { apiVersion: GROUP_VERSION, kind: 'LoadTest', namespace: 'demo', name: 'round' },
    },
    reason: 'Refused',
    message: 'LoadTest demo/round exists already and was not made by this operator.',
  };
  // biome-ignore format: one situation a line
  test.each<[what: string, shown: Shown, step: string, says: string]>([
    ['does not exist yet', { owned: [] }, 'Running', 'creating LoadTest round'],
    ['is refused', { owned: [], failures: [refused] }, 'Failed', 'was not made by this operator'],
    ['was not created, and the operator retries', { owned: [], failures: [{ ...refused, reason: 'Unexpected', message: 'left over' }] }, 'Running', 'left over; the operator retries'],
    ['prepares', { owned: [running(undefined, summarised('Preparing', '0/1 producers ready', 'Reconciling'))] }, 'Running', '0/1 producers ready'],
    ['has just stalled', { owned: [running(undefined, stalled)], now: 5_000 }, 'Running', 'no such topic'],
    ['is stalled', { owned: [running(undefined, stalled)], now: 10_000 }, 'Failed', 'LoadTest round is stalled: no such topic'],
    ['failed', { owned: [running(undefined, summarised('Failed', '3 of 10 messages', 'Stalled'))] }, 'Failed', 'LoadTest round failed: 3 of 10 messages'],
    ['has a status of an older spec', { owned: [running(undefined, { observedGeneration: 0 })] }, 'Running', 'all ready'],
    ['does not exist within the timeout', { owned: [], now: 2_000 + 5 * 60_000 }, 'Failed', 'the step did not take effect within 5m: creating LoadTest round'],
    ['runs', {}, 'Passed', ''],
    ['has ended already', { owned: [running(undefined, summarised('Completed', 'done', 'Ready'))] }, 'Passed', ''],
  ])('%s', (_, shown, phase, says) => {
    const { status } = round([APPLY], [begun('begin')], shown);
    expect(status.steps?.[0]?.phase).toBe(phase);
    expect(status.steps?.[0]?.message ?? '').toContain(says);
  });

  test('until: Completed waits for its end', () => {
    const whole: Step = { name: 'all of it', apply: { kind: 'LoadTest', name: 'round', until: 'Completed' } };
    expect(toldOfLab(round([whole], [begun('all of it')])).steps).toEqual(['Running']);
    const ended = { owned: [running(undefined, summarised('Completed', 'done', 'Ready'))] };
    expect(toldOfLab(round([whole], [begun('all of it')], ended)).steps).toEqual(['Passed']);
  });

  test('is not created again after somebody deleted it, because it would be another run', () => {
    const before = [APPLIED, begun('look', { doneAt: at(3_000), expectations: [{ that: 'lag.total > 5' }] })];
    const steps = [APPLY, { ...OBSERVE, expect: [{ that: 'lag.total > 5' }] }, TWO];
    for (const owned of [[], [running(undefined, { uid: 'another' })]]) {
      const plan = round(steps, [...before, pending('two')], { owned });
      expect(toldOfLab(plan)).toMatchObject({
        stands: 'Failed, Stalled StepFailed',
        steps: ['Passed', 'Failed', 'NotRun'],
        applies: [],
        tells: ['StepFailed', 'StepFailed'],
      });
      expect(message(plan)).toContain('LoadTest round was deleted while the Lab ran');
    }
  });
});

describe('steps that change a LoadTest', () => {
  const three = [resource('LoadTest', 'round', withConsumers(3))];
  const stop: Step = { name: 'stop', stop: { loadTest: 'round' } };
  const kill: Step = { name: 'crash', stop: { loadTest: 'round', stop: 'Kill' } };
  const start: Step = { name: 'start', start: { loadTest: 'round' } };
  const grow: Step = { name: 'grow', partitions: { loadTest: 'round', partitions: 5 } };

  test('scale: done when both consumers are in a settled group', () => {
    const before = [APPLIED, begun('two')];
    const asked = round([APPLY, TWO], before);
    expect(toldOfLab(asked).applies).toEqual(['LoadTest round (2 consumers, 3 partitions, 1 producers)']);
    expect(toldOfLab(asked).steps).toEqual(['Passed', 'Running']);
    const two = (more: Parameters<typeof running>[1]) => ({
      owned: [running(withConsumers(2), { generation: 2, ...more })],
    });
    expect(toldOfLab(round([APPLY, TWO], before, two({ rebalances: rebalanced(1, false) }))).steps[1]).toBe('Running');
    expect(toldOfLab(round([APPLY, TWO], before, two({ observedGeneration: 1 }))).steps[1]).toBe('Running');
    expect(toldOfLab(round([APPLY, TWO], before, two({ rebalances: rebalanced(2) }))).steps[1]).toBe('Passed');
  });

  test('stop and start: none, and then the number from before', () => {
    const steps = [APPLY, stop, start];
    const stopping = round(
      steps,
      [APPLIED, begun('stop'), pending('start')],
      { owned: [running(withConsumers(3))] },
      three,
    );
    expect(toldOfLab(stopping)).toMatchObject({
      applies: ['LoadTest round (0 consumers, 3 partitions, 1 producers)'],
      does: [],
    });
    const stopped = { owned: [running(withConsumers(0))] };
    const starting = round(steps, [APPLIED, begun('stop'), pending('start')], stopped, three);
    expect(toldOfLab(starting)).toMatchObject({ steps: ['Passed', 'Passed', 'Running'] });
    const started = round(steps, [APPLIED, passed('stop'), begun('start')], stopped, three);
    expect(toldOfLab(started).applies).toEqual(['LoadTest round (3 consumers, 3 partitions, 1 producers)']);
  });

  test('stop and start of all: also under a ConsumerScale', () => {
    const steps = [APPLY, ALL_STOP, ALL_START];
    const before = [APPLIED, begun('rest'), pending('go on')];
    const up = resource('ConsumerScale', 'up', {
      scaleTargetRef: { apiVersion: GROUP_VERSION, kind: 'LoadTest', name: 'round' },
      steps: [{ consumers: 3, hold: '1s' }],
    });
    const stopping = round(steps, before, { owned: [running(withConsumers(3))] }, [...ONE, up]);
    expect(toldOfLab(stopping)).toMatchObject({
      steps: ['Passed', 'Running', 'Pending'],
      applies: ['LoadTest round (- consumers, 3 partitions, 1 producers, suspended)'],
      does: [],
    });
    const suspended = { ...withConsumers(3), suspend: true };
    const leaving = { owned: [running(suspended, summarised('Suspended', 'at rest', 'Ready'))] };
    expect(message(round(steps, before, leaving, [...ONE, up]))).toContain('4 clients left, 3 members in the group');
    const late = { owned: [resting(withConsumers(3), { observedGeneration: 0 })] };
    expect(toldOfLab(round(steps, before, late, [...ONE, up])).steps[1]).toBe('Running');
    const gone = { owned: [resting(withConsumers(3))] };
    expect(toldOfLab(round(steps, before, gone, [...ONE, up])).steps).toEqual(['Passed', 'Passed', 'Running']);

    const starting = [APPLIED, passed('rest'), begun('go on')];
    const started = round(steps, starting, gone, [...ONE, up]);
    expect(toldOfLab(started)).toMatchObject({
      steps: ['Passed', 'Passed', 'Running'],
      applies: ['LoadTest round (- consumers, 3 partitions, 1 producers)'],
    });
    const back = (more: Parameters<typeof running>[1]) => ({ owned: [running(withConsumers(3), more)] });
    const rebalancing = round(steps, starting, back({ rebalances: rebalanced(1, false) }), [...ONE, up]);
    expect(toldOfLab(rebalancing).steps[2]).toBe('Running');
    expect(toldOfLab(round(steps, starting, back({}), [...ONE, up])).steps).toEqual(['Passed', 'Passed', 'Passed']);
    const over = { owned: [running(withConsumers(3), summarised('Completed', 'done', 'Ready'))] };
    expect(message(round(steps, before, over))).toContain('LoadTest round completed before this step');
  });

  test('stop: Kill changes no object until the workers are armed and the LoadTest has been scaled', () => {
    const steps = [APPLY, kill];
    const before = [APPLIED, begun('crash')];
    expect(toldOfLab(round(steps, before, { owned: [running(withConsumers(3))] }, three))).toMatchObject({
      applies: ['LoadTest round (3 consumers, 3 partitions, 1 producers)'],
      does: ['SetStop Kill round-consumer-0, round-consumer-1, round-consumer-2', 'Scale LoadTest/round 0'],
    });
    expect(toldOfLab(round(steps, before, { owned: [running(withConsumers(0))] }, three))).toMatchObject({
      steps: ['Passed', 'Passed'],
      applies: ['LoadTest round (0 consumers, 3 partitions, 1 producers)'],
      does: [],
    });
  });

  test('partitions: done when Kafka has them; those that a ConsumerScale added stay', () => {
    const steps = [APPLY, grow];
    const before = [APPLIED, begun('grow')];
    expect(toldOfLab(round(steps, before))).toMatchObject({
      steps: ['Passed', 'Running'],
      applies: ['LoadTest round (1 consumers, 5 partitions, 1 producers)'],
    });
    const grown = running({ ...ROUND, topic: { ...ROUND.topic, partitions: 5 } }, { generation: 2 });
    expect(toldOfLab(round(steps, before, { owned: [grown] })).steps).toEqual(['Passed', 'Passed']);
    expect(toldOfLab(round([APPLY, OBSERVE], [APPLIED, begun('look')], { owned: [grown] })).applies).toEqual([
      'LoadTest round (1 consumers, 5 partitions, 1 producers)',
    ]);
  });

  test('a LoadTest that has ended cannot change', () => {
    const owned = [running(undefined, summarised('Completed', 'done', 'Ready'))];
    const kill: Step = { name: 'kill it', kill: { loadTest: 'round', consumer: 0 } };
    for (const step of [TWO, grow, stop, kill]) {
      const plan = round([APPLY, step], [APPLIED, begun(step.name)], { owned, answers: [shown(null)] });
      expect(message(plan)).toContain('LoadTest round completed before this step');
    }
  });

  test('under a ConsumerScale a LoadTest is applied without consumers.replicas', () => {
    const scale = resource('ConsumerScale', 'up', {
      scaleTargetRef: { apiVersion: GROUP_VERSION, kind: 'LoadTest', name: 'round' },
      steps: [{ consumers: 1, hold: '1s' }],
    });
    expect(toldOfLab(round([APPLY], [begun('begin')], {}, [...ONE, scale])).applies).toEqual([
      'LoadTest round (- consumers, 3 partitions, 1 producers)',
    ]);
  });
});

describe('a kill step', () => {
  const steps: Step[] = [APPLY, { name: 'kill it', kill: { loadTest: 'round', consumer: 0 } }];
  const pod = (uid: string, more = {}) => ({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'round-consumer-0', uid, ...more },
  });

  test('kills only the pod whose uid is recorded', () => {
    const first = round(steps, [APPLIED, begun('kill it')], { answers: [shown(pod('a'))] });
    expect(toldOfLab(first)).toMatchObject({ steps: ['Passed', 'Running'], does: [] });
    expect(first.status.steps?.[1]?.uid).toBe('a');
    const second = round(steps, [APPLIED, begun('kill it', { uid: 'a' })], { answers: [shown(pod('a'))] });
    expect(toldOfLab(second)).toMatchObject({ steps: ['Passed', 'Running'], does: ['Kill round-consumer-0 a'] });
    const [action] = second.actions;
    expect(action).toMatchObject({ run: 'uid-round' });
    for (const seen of [pod('b'), null]) {
      const third = round(steps, [APPLIED, begun('kill it', { uid: 'a' })], { answers: [shown(seen)] });
      expect(toldOfLab(third)).toMatchObject({ steps: ['Passed', 'Passed'], does: [] });
    }
  });

  test('waits for a pod that does not exist or is being deleted', () => {
    for (const seen of [null, pod('a', { deletionTimestamp: at(0) })]) {
      const plan = round(steps, [APPLIED, begun('kill it')], { answers: [shown(seen)] });
      expect(toldOfLab(plan)).toMatchObject({ steps: ['Passed', 'Running'], does: [] });
    }
  });

  test('queries the pod only while it runs', () => {
    const looked = (status?: LabStatus) => labKind().needs(lab({ steps }, status));
    expect(looked()).toEqual({});
    expect(looked(recorded([APPLIED, begun('kill it')])).queries).toEqual([
      { get: { apiVersion: 'v1', kind: 'Pod', namespace: 'demo', name: 'round-consumer-0' } },
    ]);
    expect(looked(recorded([APPLIED, passed('kill it')]))).toEqual({});
  });
});

describe('a produce step', () => {
  const steps: Step[] = [
    APPLY,
    {
      name: 'ten',
      produce: {
        name: 'first',
        loadTest: 'round',
        messages: 10,
        keys: ['key1'],
        producers: { config: { acks: 'all' } },
      },
    },
  ];
  const before = [APPLIED, begun('ten')];
  const child = (more: Parameters<typeof running>[1]) =>
    running(
      { topic: { name: 't', management: 'Existing' }, producers: { messages: 10 } },
      { name: 'grade-first', ...more },
    );

  test('creates a LoadTest with producers only, on the same topic', () => {
    const plan = round(steps, before);
    expect(plan.apply[1]).toEqual({
      apiVersion: GROUP_VERSION,
      kind: 'LoadTest',
      metadata: { name: 'grade-first' },
      spec: {
        topic: { name: 't', management: 'Existing' },
        producers: { messages: 10, config: { acks: 'all' }, record: { key: { mode: 'Fixed', values: ['key1'] } } },
      },
    });
    expect(toldOfLab(plan).steps).toEqual(['Passed', 'Running']);
  });

  test('is done when all messages are acknowledged, and is not repeated by another operator', () => {
    expect(toldOfLab(round(steps, before, { owned: [running(), child({})] })).steps).toEqual(['Passed', 'Running']);
    const all = child(summarised('Completed', 'sent', 'Ready'));
    expect(toldOfLab(round(steps, before, { owned: [running(), all] })).steps).toEqual(['Passed', 'Passed']);
    const lost = round(steps, [APPLIED, begun('ten', { uid: 'uid-grade-first' })]);
    expect(toldOfLab(lost).applies).toEqual(['LoadTest round (1 consumers, 3 partitions, 1 producers)']);
    expect(message(lost)).toContain('LoadTest grade-first was deleted');
  });

  test('fails with the message of its LoadTest', () => {
    const owned = [running(), child(summarised('Failed', '3 of 10 messages were not acknowledged', 'Stalled'))];
    expect(message(round(steps, before, { owned }))).toContain(
      'grade-first failed: 3 of 10 messages were not acknowledged',
    );
  });

  test('expectations may use its figures', () => {
    const graded = steps.with(1, {
      ...(steps[1] as Step),
      expect: [{ that: 'produced.first.producers.acknowledged == 0 && loadTests.round.phase == "Running"' }],
    });
    const all = child(summarised('Completed', 'sent', 'Ready'));
    expect(
      round(graded, [APPLIED, begun('ten', { expectations: [{ that: 'x' }] })], {
        owned: [running(undefined, { lag: lagAt(10_000, 0) }), all],
      }).status.phase,
    ).toBe('Passed');
  });
});

test('a wait is not limited by the timeout', () => {
  const steps: Step[] = [{ name: 'wait', wait: '10s', timeout: '1s' }];
  const waiting = (now: number) => toldOfLab(round(steps, [begun('wait')], { now, owned: [] })).steps;
  expect(waiting(11_999)).toEqual(['Running']);
  expect(waiting(12_000)).toEqual(['Passed']);
});

describe('expectations', () => {
  const LAG = 'lag.total > 5';
  const expecting = (...that: string[]): Step[] => [
    APPLY,
    { ...OBSERVE, expect: that.map((text) => ({ that: text, within: '10s' })) },
  ];
  const judging = (...that: string[]) => [
    APPLIED,
    begun('look', { doneAt: at(3_000), expectations: that.map((text) => ({ that: text })) }),
  ];
  const seen = (now: number, lag: ReturnType<typeof lagAt>, more = {}) => ({
    now,
    owned: [running(undefined, { lag, ...more })],
  });
  const grade = (plan: { status: LabStatus }) => plan.status.steps?.[1]?.expectations?.map(({ passed }) => passed);

  test('passes as soon as it holds, and records what was observed', () => {
    const plan = round(expecting(LAG), judging(LAG), seen(4_000, lagAt(3_500, 6)));
    expect(toldOfLab(plan)).toMatchObject({
      stands: 'Passed, Ready Passed',
      steps: ['Passed', 'Passed'],
      tells: ['StepPassed', 'Passed'],
    });
    expect(plan.status).toMatchObject({ score: '1/1', passed: 1, failed: 0, total: 1, finishedAt: at(4_000) });
    expect(plan.status.duration).toBe('4s');
    expect(plan.status.steps?.[1]?.expectations).toEqual([
      { that: LAG, passed: true, observed: 'lag.total = 6', at: at(4_000) },
    ]);
  });

  test('is judged by figures from after the step took effect, or after 30 s by older ones', () => {
    expect(grade(round(expecting(LAG), judging(LAG), seen(4_000, lagAt(2_999, 6))))).toEqual([undefined]);
    expect(grade(round(expecting(LAG), judging(LAG), seen(33_000, lagAt(2_999, 6))))).toEqual([true]);
  });

  test('fails at its end by figures from then, and the Lab continues', () => {
    const steps = [...expecting(LAG), TWO];
    const before = [...judging(LAG), pending('two')];
    const waiting = round(steps, before, seen(12_999, lagAt(12_900, 5)));
    expect(grade(waiting)).toEqual([undefined]);
    expect(waiting.status.steps?.[1]?.expectations?.[0]?.observed).toBe('lag.total = 5');
    expect(grade(round(steps, before, seen(13_500, lagAt(12_900, 5))))).toEqual([undefined]);
    const failed = round(steps, before, seen(13_500, lagAt(13_000, 5)));
    expect(grade(failed)).toEqual([false]);
    expect(toldOfLab(failed)).toMatchObject({
      stands: 'Running, Reconciling Running',
      steps: ['Passed', 'Failed', 'Running'],
      tells: ['StepFailed', 'StepStarted', 'Running'],
    });
    expect(failed.events[0]?.message).toBe('step 2 (look): expected lag.total > 5; observed: lag.total = 5');
    expect(grade(round(steps, before, seen(43_000, lagAt(12_900, 5))))).toEqual([false]);
  });

  test('the Lab fails if one of them fails', () => {
    const failed: LabStepStatus = {
      ...passed('look'),
      phase: 'Failed',
      expectations: [{ that: LAG, passed: false, observed: 'lag.total = 5' }],
    };
    const plan = round([...expecting(LAG), TWO], [APPLIED, failed, begun('two')], {
      owned: [running(withConsumers(2))],
    });
    expect(toldOfLab(plan)).toMatchObject({
      stands: 'Failed, Stalled NotAsExpected',
      steps: ['Passed', 'Failed', 'Passed'],
    });
    expect(message(plan)).toBe('0 of 1 expectations met; look: lag.total > 5 (lag.total = 5)');
    expect(plan.status).toMatchObject({ failed: 1 });
  });

  test('one that has passed stays passed while the step waits for another', () => {
    const other = 'lag.total > 50';
    const first = round(expecting(LAG, other), judging(LAG, other), seen(4_000, lagAt(3_500, 6)));
    expect(grade(first)).toEqual([true, undefined]);
    const second = round(expecting(LAG, other), first.status.steps, seen(14_000, lagAt(13_500, 2)));
    expect(grade(second)).toEqual([true, false]);
  });

  test('an unknown value fails', () => {
    const that = 'delivery.duplicated == 0';
    const plan = round(expecting(that), judging(that), seen(14_000, lagAt(13_500, 0)));
    expect(plan.status.steps?.[1]?.expectations).toEqual([
      { that, passed: false, observed: 'delivery.duplicated = not known', at: at(14_000) },
    ]);
  });

  /** A status whose lists have 50 × 40 × 25 = 50,000 elements. */
  const many = () => {
    const { recent, ...rest } = rebalanced(50);
    const kept = Array.from({ length: 25 }, (_, partition) => partition);
    const members = Array.from({ length: 40 }, (_, n) => ({ name: `m${n}`, kept, gained: [], lost: [] }));
    return { rebalances: { ...rest, recent: recent.map((one) => ({ ...one, members })) } };
  };
  const eachKept = (inner: string, [r, m, p]: readonly [string, string, string]) =>
    `rebalances.recent.all(${r}, ${r}.members.all(${m}, ${m}.kept.all(${p}, ${inner})))`;

  test('one that goes through too many elements is refused with their number', () => {
    const that = eachKept(eachKept('p != q || true', ['s', 'n', 'q']), ['r', 'm', 'p']);
    const other = 'lag.total > 5';
    const plan = round(expecting(that, other), judging(that, other), seen(4_000, lagAt(3_500, 6), many()));
    expect(grade(plan)).toEqual([undefined, true]);
    const observed =
      'it goes through 2,602,552,050 elements, and at most 1,000,000 are allowed: write it without a loop inside another, or loop over a shorter list, e.g. rebalancesOfStep';
    expect(plan.status.steps?.[1]?.expectations?.[0]).toEqual({ that, observed });
    const ended = round(expecting(that), judging(that), seen(14_000, lagAt(13_500, 6), many()));
    expect(message(ended)).toBe(`0 of 1 expectations met; look: ${that} (${observed})`);
  });

  test('those that do not fit into one round wait for the next in turn', () => {
    const words = ['a', 'b', 'c'].map((p) =>
      eachKept(Array.from({ length: 20 }, () => `${p}<0`).join('||'), ['r', 'm', p]),
    );
    const spec = expecting(...words);
    const status = (now: number) => seen(now, lagAt(now - 100, 6), many());
    const evaluated = (plan: { status: LabStatus }) =>
      plan.status.steps?.[1]?.expectations?.map(({ observed }) => observed !== undefined);
    const first = round(spec, judging(...words), status(4_000));
    expect(evaluated(first)).toEqual([true, true, false]);
    expect(first.status.steps?.[1]?.nextExpectation).toBe(3);
    // Two evaluations of almost a second are followed by a rest of four times as long.
    const after = (epochMs(first.status.steps?.[1]?.evaluateAfter) ?? 0) - BEGIN;
    expect(after - 4_000).toBeGreaterThan(6_000);
    expect(after - 4_000).toBeLessThanOrEqual(8_000);
    const waits = round(spec, first.status.steps, status(after - 1));
    expect(waits.status.steps).toEqual(first.status.steps);
    const second = round(spec, first.status.steps, status(after));
    expect(evaluated(second)).toEqual([true, true, true]);
    expect(second.status.steps?.[1]?.nextExpectation).toBe(2);
    const ended = round(
      expecting('lag.total > 5'),
      [APPLIED, begun('look', { doneAt: at(3_000), nextExpectation: 2, expectations: [{ that: 'lag.total > 5' }] })],
      seen(4_000, lagAt(3_500, 6)),
    );
    expect(ended.status.steps?.[1]).not.toHaveProperty('nextExpectation');
    expect(ended.status.steps?.[1]).not.toHaveProperty('evaluateAfter');
  });

  test('before has the values from the start of the step, and is dropped at its end', () => {
    const that = 'lag.total < before.lag.total && group.members == before.group.members';
    const steps = expecting(that);
    const began = round(
      steps,
      [begun('begin', { uid: 'uid-round' }), pending('look', that)],
      seen(9_000, lagAt(8_900, 40)),
    );
    const { before, rebalancesBefore } = began.status.steps?.[1] ?? {};
    expect(before).toEqual({
      '["lag","total"]': '40',
      '["group","members"]': expect.stringContaining('round-consumer-0'),
    });
    expect(rebalancesBefore).toEqual({ round: 0 });
    const steps2 = [began.status.steps?.[0], { ...began.status.steps?.[1], doneAt: at(9_500) }] as LabStepStatus[];
    expect(grade(round(steps, steps2, seen(10_000, lagAt(9_900, 40))))).toEqual([undefined]);
    const ended = round(steps, steps2, seen(11_000, lagAt(10_900, 39)));
    expect(grade(ended)).toEqual([true]);
    expect(ended.status.steps?.[1]).not.toHaveProperty('before');
    expect(ended.status.steps?.[1]).not.toHaveProperty('rebalancesBefore');
  });

  test('rebalancesOfStep has the rebalances since the start of the step', () => {
    const that =
      'rebalancesOfStep.size() == 2 && rebalancesOfStep[0].number == 61 && rebalancesOfStep.all(r, r.longestPauseMs > 140.0)';
    const before = [
      APPLIED,
      begun('look', { doneAt: at(3_000), rebalancesBefore: { round: 60 }, expectations: [{ that: 'x' }] }),
    ];
    const plan = round(expecting(that), before, seen(4_000, lagAt(3_500, 0), { rebalances: rebalanced(62) }));
    expect(grade(plan)).toEqual([true]);
  });
});

describe('messages of a waiting step', () => {
  const agreeing: Failure = {
    action: { type: 'SetStop', pods: [], port: 1, run: 'uid-round', stop: 'Kill' },
    reason: 'Unreachable',
    message: 'pod round-consumer-1 can’t be told stop: Kill',
  };
  const kill: Step = { name: 'crash', scale: { loadTest: 'round', consumers: 1, stop: 'Kill' } };
  const shown = (now: number): Shown => ({ now, owned: [running(withConsumers(2))], failures: [agreeing] });
  const two = [resource('LoadTest', 'round', withConsumers(2))];
  const before = [APPLIED, begun('crash')];

  test('name an action that failed', () => {
    const plan = round([APPLY, kill], before, shown(10_000), two);
    expect(message(plan)).toMatch(
      /: pod round-consumer-1 can’t be told stop: Kill; the operator retries$|can’t be told/,
    );
    const late = round([APPLY, kill], before, shown(2_000 + 5 * 60_000), two);
    expect(message(late)).toMatch(/did not take effect within 5m: .*; pod round-consumer-1 can’t be told stop: Kill/);
  });

  test('name it once', () => {
    const target = { apiVersion: GROUP_VERSION, kind: 'LoadTest', namespace: 'demo', name: 'round' };
    const failures: Failure[] = [{ action: { type: 'Apply', target }, reason: 'Unexpected', message: 'left over' }];
    const plan = round([APPLY], [begun('begin')], { owned: [], failures });
    expect(message(plan)).toBe('step 1 (begin): creating LoadTest round: left over; the operator retries');
  });

  test('say what to do about a suspended LoadTest', () => {
    const owned = [running(undefined, summarised('Suspended', 'suspended', 'Ready'))];
    const plan = round([APPLY, TWO], [APPLIED, begun('two')], { owned });
    expect(message(plan)).toContain(
      'LoadTest round is suspended, so none of its clients run: remove spec.suspend from it',
    );
  });
});

test('a null field counts as left out, as for the API server', () => {
  const spec = { ...ROUND, topic: { ...ROUND.topic, config: null }, kafka: null, consumers: null };
  const send: Step = {
    name: 'send',
    produce: { name: 'first', loadTest: 'round', messages: 10, producers: { config: null } },
  };
  const resources = [resource('LoadTest', 'round', spec)];
  expect(toldOfLab(round([APPLY, send], undefined, { owned: [] }, resources)).stands).toBe(
    'Running, Reconciling Running',
  );
  const plan = round([APPLY, send], [APPLIED, begun('send')], {}, resources);
  expect(plan.apply.map((object) => object.spec)).toEqual([
    { topic: ROUND.topic, producers: ROUND.producers },
    { topic: { name: 't', management: 'Existing' }, producers: { messages: 10 } },
  ]);
});

test('the status can be written with any number of wrong fields', () => {
  const wrong = Object.fromEntries(Array.from({ length: 3_000 }, (_, n) => [`a-field-that-there-is-not-${n}`, n]));
  const resources = Array.from({ length: 12 }, (_, n) => resource('LoadTest', `l${n}`, { ...ROUND, ...wrong }));
  const plan = round([OBSERVE], undefined, { owned: [] }, resources);
  expect(message(plan).length).toBeLessThan(32_768);
  expect(message(plan)).toMatch(/Unrecognized keys: "a-field-that-there-is-not-0".*…; .*and 2 more$/);
});

describe('a spec that was changed while its start was being recorded', () => {
  const first = { ...recorded([begun('begin')]), observedGeneration: 1 };
  const changed = (steps: Step[], status: LabStatus) =>
    planLab(lab({ steps }, status, { generation: 2 }), { now: 10_000 });

  test('is checked again, and starts from the beginning', () => {
    const wrong = changed([TWO], first);
    expect(toldOfLab(wrong)).toMatchObject({ stands: 'Pending, Stalled InvalidScript', applies: [] });
    expect(wrong.status.startedAt).toBeUndefined();
    const right = changed([OBSERVE, APPLY], first);
    expect(toldOfLab(right)).toMatchObject({ steps: ['Running', 'Pending'], applies: [] });
    expect(right.status.steps?.[0]?.name).toBe('look');
  });

  test('continues if something has been created, because then only the title can differ', () => {
    const later = { ...recorded([begun('begin', { uid: 'uid-round' })]), observedGeneration: 1 };
    const plan = planLab(lab({ steps: [APPLY], title: 'new' }, later, { generation: 2 }), { owned: [running()] });
    expect(toldOfLab(plan)).toMatchObject({ steps: ['Passed'] });
  });
});

describe('a finished Lab', () => {
  const over = (afterwards: 'Suspend' | 'Keep', phase: 'Passed' | 'Failed' = 'Passed') =>
    planLab(lab({ steps: [APPLY, TWO], afterwards }, { ...recorded([APPLIED, passed('two')]), phase }), {
      now: 99_000,
      owned: [running(withConsumers(2))],
    });

  test('keeps and suspends its resources', () => {
    expect(toldOfLab(over('Suspend')).applies).toEqual([
      'LoadTest round (2 consumers, 3 partitions, 1 producers, suspended)',
    ]);
    expect(toldOfLab(over('Suspend', 'Failed')).applies).toEqual(toldOfLab(over('Suspend')).applies);
    expect(over('Suspend').lookAgainInMs).toBeUndefined();
  });

  test('creates nothing, neither refused nor deleted objects', () => {
    const refused: LabStepStatus = {
      ...begun('begin'),
      phase: 'Failed',
      finishedAt: at(3_000),
      message: 'exists already',
    };
    for (const afterwards of ['Suspend', 'Keep'] as const) {
      const status: LabStatus = { ...recorded([refused]), phase: 'Failed' };
      expect(planLab(lab({ steps: [APPLY], afterwards }, status), { now: 99_000 }).apply).toEqual([]);
    }
  });

  test('suspends a producer that was still sending', () => {
    const send: Step = { name: 'send', produce: { name: 'first', loadTest: 'round', messages: 10 } };
    const broken: LabStepStatus = {
      ...begun('send', { uid: 'uid-grade-first' }),
      phase: 'Failed',
      finishedAt: at(3_000),
    };
    const sender = running(
      { topic: { name: 't', management: 'Existing' }, producers: { messages: 10 } },
      { name: 'grade-first' },
    );
    const plan = planLab(lab({ steps: [APPLY, send] }, { ...recorded([APPLIED, broken]), phase: 'Failed' }), {
      now: 99_000,
      owned: [running(), sender],
    });
    expect(toldOfLab(plan).applies).toEqual([
      'LoadTest round (1 consumers, 3 partitions, 1 producers, suspended)',
      'LoadTest grade-first (10 messages, suspended)',
    ]);
  });

  test('afterwards: Keep lets them run', () => {
    expect(toldOfLab(over('Keep')).applies).toEqual(['LoadTest round (2 consumers, 3 partitions, 1 producers)']);
  });
});

test('a deleted Lab waits until its resources are gone', () => {
  const gone = lab({ steps: [APPLY] }, recorded([APPLIED]), { deletionTimestamp: at(0) });
  const waiting = planLab(gone, { owned: [running()] });
  expect(waiting.apply).toEqual([]);
  expect(waiting.finished).toBeUndefined();
  expect(message(waiting)).toBe('waiting for the deletion of LoadTest round');
  expect(planLab(gone).finished).toBe(true);
});
