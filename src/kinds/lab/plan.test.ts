/** A lab from its first look to its grade: what is recorded, made, done and said in each situation. */
import { describe, expect, test } from '@jest/globals';
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
  standing,
  toldOfLab,
} from '../../../test/support/labSeen.ts';
import { at, message } from '../../../test/support/seen.ts';
import type { LabInput } from '../../api/lab/spec.ts';
import type { LabStatus, LabStepStatus } from '../../api/lab/status.ts';
import { GROUP_VERSION } from '../../api/sharedStatus.ts';
import type { Failure } from '../../contract/actions.ts';
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

/** One round of a lab with these steps, of which these are recorded. */
const round = (steps: Step[], before: LabStepStatus[] | undefined, shown: Shown = {}, resources: Resources = ONE) =>
  planLab(lab({ steps, resources }, before && recorded(before)), { now: 10_000, owned: [running()], ...shown });

describe('a first look', () => {
  test('begins the first step, and makes nothing before that is on record', () => {
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

  test('what is on record is made', () => {
    expect(toldOfLab(round([APPLY, TWO], [begun('begin'), pending('two')], { owned: [] }))).toMatchObject({
      steps: ['Running', 'Pending'],
      applies: ['LoadTest round (1 consumers, 3 partitions, 1 producers)'],
    });
  });
});

describe('a script that can’t be right is refused before anything is made', () => {
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
    ['two of one name', [APPLY], 'there is more than one LoadTest round', [...ONE, ...ONE]],
    ['consumers that a schedule decides', [APPLY], 'ConsumerScale up decides how many consumers there are', [resource('LoadTest', 'round', withConsumers(3)), driven[1] as Resources[number]]],
    ['a resource that there is not', [{ name: 'x', apply: { kind: 'LoadTest', name: 'other' } }], 'there is no LoadTest other in resources: write one of LoadTest round'],
    ['one applied twice', [APPLY, APPLY], 'steps[1] (begin): LoadTest round was applied by an earlier step'],
    ['a schedule before its target', [{ name: 'x', apply: { kind: 'ConsumerScale', name: 'up' } }], 'LoadTest round is not there yet', driven],
    ['a step over what is not there yet', [TWO, APPLY], 'steps[0] (two): LoadTest round is not there yet'],
    ['a step over what there is not', [APPLY, { name: 'x', stop: { loadTest: 'other' } }], 'there is no LoadTest other in resources: write one of round'],
    ['a step against a schedule', [APPLY, TWO], 'ConsumerScale up decides how many consumers LoadTest round has', driven],
    ['producers that have their shares', [APPLY, { name: 'x', scale: { loadTest: 'round', producers: 2 } }], 'its producers can’t be changed', quota],
    ['half pods', [APPLY, { name: 'x', scale: { loadTest: 'round', consumers: 3 } }], '3 can’t run 2 to a pod', [resource('LoadTest', 'round', { ...ROUND, consumers: { ...ROUND.consumers, replicas: 2, clientsPerPod: 2 } })]],
    ['consumers that there are not', [APPLY, TWO], 'LoadTest round has no consumers', [resource('LoadTest', 'round', { topic: ROUND.topic, producers: {} })]],
    ['fewer partitions', [APPLY, { name: 'x', partitions: { loadTest: 'round', partitions: 3 } }], 'the topic has 3 partitions by then: write 4 or more'],
    ['partitions of somebody else’s topic', [APPLY, { name: 'x', partitions: { loadTest: 'round', partitions: 4 } }], 'management: Existing', [resource('LoadTest', 'round', { ...ROUND, topic: { ...ROUND.topic, management: 'Existing' } })]],
    ['a stop twice', [APPLY, { name: 'x', stop: { loadTest: 'round' } }, { name: 'y', stop: { loadTest: 'round' } }], 'steps[2] (y): Consumers of LoadTest round are stopped already'],
    ['a start of what runs', [APPLY, { name: 'x', start: { loadTest: 'round' } }], 'write a stop step before'],
    ['a start of all, of which none was stopped', [APPLY, { name: 'x', start: { loadTest: 'round', who: 'All' } }], 'All of LoadTest round are not stopped: write a stop step before'],
    ['a step over one that is stopped as a whole', [APPLY, ALL_STOP, TWO], 'steps[2] (two): all of LoadTest round is stopped by then: write start: {loadTest: round, who: All} before'],
    ['a kill in one that is stopped as a whole', [APPLY, ALL_STOP, { name: 'x', kill: { loadTest: 'round', consumer: 0 } }], 'all of LoadTest round is stopped by then', driven],
    ['a start of producers that have their shares', [APPLY, ALL_STOP, ALL_START], 'its producers can’t be changed', quota],
    ['a kill of a pod that there is not', [APPLY, { name: 'x', kill: { loadTest: 'round', consumer: 1 } }], 'write a number from 0 to 0'],
    ['records of one name twice', [APPLY, first, first], 'there is more than one produce step first'],
    ['records with a wrong setting', [APPLY, { name: 'x', produce: { name: 'first', loadTest: 'round', messages: 10, producers: { config: { 'linger.ms': '5ms' } } } }], 'producers.config: has a setting whose value is not a whole number'],
    ['records counted twice', [APPLY, { name: 'x', produce: { name: 'first', loadTest: 'round', messages: 10, producers: { messages: 20 } } }], 'produce.messages says how many records there are (10): leave producers.messages out'],
    ['keys said twice', [APPLY, { name: 'x', produce: { name: 'first', loadTest: 'round', messages: 10, keys: ['a'], producers: { record: { key: { mode: 'Random', cardinality: 5 } } } } }], 'leave producers.record.key out, or keys'],
    ['a wait of more than a week', [APPLY], /resources: LoadTest round: spec.duration: is longer than a week/, [resource('LoadTest', 'round', { ...ROUND, duration: '169h' })]],
    ['records with a word that there is not', [APPLY, { name: 'x', produce: { name: 'first', loadTest: 'round', messages: 10, producers: { rate: 5 } } }], 'Unrecognized key: "rate"'],
    ['an expression with a wrong field', [APPLY, expecting('lag.tottal < 1')], 'steps[1] (look).expect[0].that: lag has no field tottal'],
    ['an expression that says nothing', [expecting('lag.total')], 'it is of type int, not true or false'],
    ['a LoadTest that is not said', [expecting('lag.total < 1')], 'lag belongs to a LoadTest, and this Lab does not have just one: write loadTests["round"].lag', [...ONE, resource('LoadTest', 'other', ROUND)]],
    ['all of before', [expecting('before == before')], 'before as a whole can’t be kept'],
    ['too much of before', [{ ...OBSERVE, expect: [...Array(9).keys()].map((n) => ({ that: `before.rebalances.recent.size() + before.${['lag.total', 'lag.peak', 'lag.at.size()', 'delivery.produced', 'delivery.consumed', 'delivery.skipped', 'delivery.duplicated', 'topic.partitions', 'topic.replicas'][n]} >= 0` })) }], 'names 10 different values of before: write at most 8'],
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

  test('it is told once for each thing that is wrong, and goes on when it is right', () => {
    const wrong = lab({ steps: [APPLY, { ...OBSERVE, expect: [{ that: 'lag.tottal < 1' }] }] });
    const { status } = planLab(wrong);
    expect(planLab({ ...wrong, status }).events).toEqual([]);
    const right = lab({ steps: [APPLY] }, status, { generation: 2 });
    expect(toldOfLab(planLab(right, { now: 5_000 })).steps).toEqual(['Running']);
  });
});

describe('a resource that a step makes', () => {
  const stalled = standing('Pending', 'no such topic', 'Stalled', 0);
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
    ['is not there yet', { owned: [] }, 'Running', 'making LoadTest round'],
    ['is refused', { owned: [], failures: [refused] }, 'Failed', 'was not made by this operator'],
    ['can’t be made just now', { owned: [], failures: [{ ...refused, reason: 'Unexpected', message: 'left over' }] }, 'Running', 'left over; it is tried again'],
    ['prepares', { owned: [running(undefined, standing('Preparing', '0/1 producers ready', 'Reconciling'))] }, 'Running', '0/1 producers ready'],
    ['is stalled a moment', { owned: [running(undefined, stalled)], now: 5_000 }, 'Running', 'no such topic'],
    ['is stalled', { owned: [running(undefined, stalled)], now: 10_000 }, 'Failed', 'LoadTest round is stalled: no such topic'],
    ['failed', { owned: [running(undefined, standing('Failed', '3 of 10 messages', 'Stalled'))] }, 'Failed', 'LoadTest round failed: 3 of 10 messages'],
    ['runs by an older spec', { owned: [running(undefined, { observedGeneration: 0 })] }, 'Running', 'all ready'],
    ['does not come', { owned: [], now: 2_000 + 5 * 60_000 }, 'Failed', 'it had not taken place after 5m: making LoadTest round'],
    ['runs', {}, 'Passed', ''],
    ['has ended already', { owned: [running(undefined, standing('Completed', 'done', 'Ready'))] }, 'Passed', ''],
  ])('%s', (_, shown, phase, says) => {
    const { status } = round([APPLY], [begun('begin')], shown);
    expect(status.steps?.[0]?.phase).toBe(phase);
    expect(status.steps?.[0]?.message ?? '').toContain(says);
  });

  test('until: Completed waits for its end', () => {
    const whole: Step = { name: 'all of it', apply: { kind: 'LoadTest', name: 'round', until: 'Completed' } };
    expect(toldOfLab(round([whole], [begun('all of it')])).steps).toEqual(['Running']);
    const ended = { owned: [running(undefined, standing('Completed', 'done', 'Ready'))] };
    expect(toldOfLab(round([whole], [begun('all of it')], ended)).steps).toEqual(['Passed']);
  });

  test('that somebody deletes is not made again: that would be another run', () => {
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
      expect(message(plan)).toContain('LoadTest round is gone: somebody deleted it');
    }
  });
});

describe('steps over a LoadTest', () => {
  const three = [resource('LoadTest', 'round', withConsumers(3))];
  const stop: Step = { name: 'stop', stop: { loadTest: 'round' } };
  const kill: Step = { name: 'crash', stop: { loadTest: 'round', stop: 'Kill' } };
  const start: Step = { name: 'start', start: { loadTest: 'round' } };
  const grow: Step = { name: 'grow', partitions: { loadTest: 'round', partitions: 5 } };

  test('scale: two consumers are asked for, and it is done when both are in a settled group', () => {
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

  test('stop and start: none, and then as many as before', () => {
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

  test('all of it rests, whoever decides how many consumers there are, and goes on', () => {
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
    const leaving = { owned: [running(suspended, standing('Suspended', 'at rest', 'Ready'))] };
    expect(message(round(steps, before, leaving, [...ONE, up]))).toContain('4 clients are left, 3 in the group');
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
    const moving = round(steps, starting, back({ rebalances: rebalanced(1, false) }), [...ONE, up]);
    expect(toldOfLab(moving).steps[2]).toBe('Running');
    expect(toldOfLab(round(steps, starting, back({}), [...ONE, up])).steps).toEqual(['Passed', 'Passed', 'Passed']);
    const over = { owned: [running(withConsumers(3), standing('Completed', 'done', 'Ready'))] };
    expect(message(round(steps, before, over))).toContain('it has ended before this step');
  });

  test('stop: Kill leaves all as it is until the workers have agreed and the LoadTest was scaled', () => {
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

  test('partitions: done when Kafka has them; nobody takes those away that a schedule has added', () => {
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

  test('one that has ended can’t be changed any more', () => {
    const owned = [running(undefined, standing('Completed', 'done', 'Ready'))];
    const kill: Step = { name: 'kill it', kill: { loadTest: 'round', consumer: 0 } };
    for (const step of [TWO, grow, stop, kill]) {
      const plan = round([APPLY, step], [APPLIED, begun(step.name)], { owned, objects: [null] });
      expect(message(plan)).toContain('it has ended before this step');
    }
  });

  test('a LoadTest under a schedule is applied without its number of consumers', () => {
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

  test('has the uid on record before it kills, and kills only that one', () => {
    const first = round(steps, [APPLIED, begun('kill it')], { objects: [pod('a')] });
    expect(toldOfLab(first)).toMatchObject({ steps: ['Passed', 'Running'], does: [] });
    expect(first.status.steps?.[1]?.uid).toBe('a');
    const second = round(steps, [APPLIED, begun('kill it', { uid: 'a' })], { objects: [pod('a')] });
    expect(toldOfLab(second)).toMatchObject({ steps: ['Passed', 'Running'], does: ['Kill round-consumer-0 a'] });
    const [action] = second.actions;
    expect(action).toMatchObject({ run: 'uid-round' });
    for (const objects of [[pod('b')], [null]]) {
      const third = round(steps, [APPLIED, begun('kill it', { uid: 'a' })], { objects });
      expect(toldOfLab(third)).toMatchObject({ steps: ['Passed', 'Passed'], does: [] });
    }
  });

  test('waits for a pod that is not there or on its way out', () => {
    for (const objects of [[null], [pod('a', { deletionTimestamp: at(0) })]]) {
      const plan = round(steps, [APPLIED, begun('kill it')], { objects });
      expect(toldOfLab(plan)).toMatchObject({ steps: ['Passed', 'Running'], does: [] });
    }
  });

  test('looks at the pod only while it runs', () => {
    const looked = (status?: LabStatus) => labKind.needs(lab({ steps }, status));
    expect(looked()).toEqual({});
    expect(looked(recorded([APPLIED, begun('kill it')])).objects).toEqual([
      { apiVersion: 'v1', kind: 'Pod', namespace: 'demo', name: 'round-consumer-0' },
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

  test('is a LoadTest of its own, with producers only, on the same topic', () => {
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

  test('has taken place when all are acknowledged, and is not made again by an operator that comes later', () => {
    expect(toldOfLab(round(steps, before, { owned: [running(), child({})] })).steps).toEqual(['Passed', 'Running']);
    const all = child(standing('Completed', 'sent', 'Ready'));
    expect(toldOfLab(round(steps, before, { owned: [running(), all] })).steps).toEqual(['Passed', 'Passed']);
    const lost = round(steps, [APPLIED, begun('ten', { uid: 'uid-grade-first' })]);
    expect(toldOfLab(lost).applies).toEqual(['LoadTest round (1 consumers, 3 partitions, 1 producers)']);
    expect(message(lost)).toContain('LoadTest grade-first is gone');
  });

  test('fails with the sentence of its LoadTest', () => {
    const owned = [running(), child(standing('Failed', '3 of 10 messages were not acknowledged', 'Stalled'))];
    expect(message(round(steps, before, { owned }))).toContain(
      'grade-first failed: 3 of 10 messages were not acknowledged',
    );
  });

  test('what it sent can be graded', () => {
    const graded = steps.with(1, {
      ...(steps[1] as Step),
      expect: [{ that: 'produced.first.producers.acknowledged == 0 && loadTests.round.phase == "Running"' }],
    });
    const all = child(standing('Completed', 'sent', 'Ready'));
    expect(
      round(graded, [APPLIED, begun('ten', { expectations: [{ that: 'x' }] })], {
        owned: [running(undefined, { lag: lagAt(10_000, 0) }), all],
      }).status.phase,
    ).toBe('Passed');
  });
});

test('a wait lasts as long as it says, whatever the timeout', () => {
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

  test('passes as soon as it holds, and tells what was seen', () => {
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

  test('is judged by figures from after the step had taken place, unless they don’t come', () => {
    expect(grade(round(expecting(LAG), judging(LAG), seen(4_000, lagAt(2_999, 6))))).toEqual([undefined]);
    expect(grade(round(expecting(LAG), judging(LAG), seen(33_000, lagAt(2_999, 6))))).toEqual([true]);
  });

  test('fails when its time is up, by figures from then, and the lab goes on', () => {
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
    expect(failed.events[0]?.message).toBe('step 2 (look): not seen: lag.total > 5; lag.total = 5');
    expect(grade(round(steps, before, seen(43_000, lagAt(12_900, 5))))).toEqual([false]);
  });

  test('the lab has failed when one has, though all the rest passed', () => {
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

  test('one that has passed stays passed while another is waited for', () => {
    const other = 'lag.total > 50';
    const first = round(expecting(LAG, other), judging(LAG, other), seen(4_000, lagAt(3_500, 6)));
    expect(grade(first)).toEqual([true, undefined]);
    const second = round(expecting(LAG, other), first.status.steps, seen(14_000, lagAt(13_500, 2)));
    expect(grade(second)).toEqual([true, false]);
  });

  test('what is not known is not as expected', () => {
    const that = 'delivery.duplicated == 0';
    const plan = round(expecting(that), judging(that), seen(14_000, lagAt(13_500, 0)));
    expect(plan.status.steps?.[1]?.expectations).toEqual([
      { that, passed: false, observed: 'delivery.duplicated = not known', at: at(14_000) },
    ]);
  });

  test('before is what it was when the step began, and goes with the step', () => {
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

  test('rebalancesOfStep are those since it began', () => {
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

describe('what is waited for says why', () => {
  const agreeing: Failure = {
    action: { type: 'SetStop', pods: [], port: 1, run: 'uid-round', stop: 'Kill' },
    reason: 'Unreachable',
    message: 'pod round-consumer-1 can’t be told stop: Kill',
  };
  const kill: Step = { name: 'crash', scale: { loadTest: 'round', consumers: 1, stop: 'Kill' } };
  const shown = (now: number): Shown => ({ now, owned: [running(withConsumers(2))], failures: [agreeing] });
  const two = [resource('LoadTest', 'round', withConsumers(2))];
  const before = [APPLIED, begun('crash')];

  test('an action that does not succeed', () => {
    const plan = round([APPLY, kill], before, shown(10_000), two);
    expect(message(plan)).toMatch(/: pod round-consumer-1 can’t be told stop: Kill; it is tried again$|can’t be told/);
    const late = round([APPLY, kill], before, shown(2_000 + 5 * 60_000), two);
    expect(message(late)).toMatch(/had not taken place after 5m: .*; pod round-consumer-1 can’t be told stop: Kill/);
  });

  test('and says it once', () => {
    const target = { apiVersion: GROUP_VERSION, kind: 'LoadTest', namespace: 'demo', name: 'round' };
    const failures: Failure[] = [{ action: { type: 'Apply', target }, reason: 'Unexpected', message: 'left over' }];
    const plan = round([APPLY], [begun('begin')], { owned: [], failures });
    expect(message(plan)).toBe('step 1 (begin): making LoadTest round: left over; it is tried again');
  });

  test('a LoadTest that somebody suspended', () => {
    const owned = [running(undefined, standing('Suspended', 'suspended', 'Ready'))];
    const plan = round([APPLY, TWO], [APPLIED, begun('two')], { owned });
    expect(message(plan)).toContain(
      'LoadTest round is suspended, so none of its clients run: leave its spec.suspend out',
    );
  });
});

test('a field that is null is one that is not written, as the API server has it', () => {
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

test('any number of wrong fields is told in a status that can be written', () => {
  const wrong = Object.fromEntries(Array.from({ length: 3_000 }, (_, n) => [`a-field-that-there-is-not-${n}`, n]));
  const resources = Array.from({ length: 12 }, (_, n) => resource('LoadTest', `l${n}`, { ...ROUND, ...wrong }));
  const plan = round([OBSERVE], undefined, { owned: [] }, resources);
  expect(message(plan).length).toBeLessThan(32_768);
  expect(message(plan)).toMatch(/Unrecognized keys: "a-field-that-there-is-not-0".*…; .*and 2 more$/);
});

describe('a spec that was changed while its begin was being recorded', () => {
  const first = { ...recorded([begun('begin')]), observedGeneration: 1 };
  const changed = (steps: Step[], status: LabStatus) =>
    planLab(lab({ steps }, status, { generation: 2 }), { now: 10_000 });

  test('is another script: it is looked at, and begins anew', () => {
    const wrong = changed([TWO], first);
    expect(toldOfLab(wrong)).toMatchObject({ stands: 'Pending, Stalled InvalidScript', applies: [] });
    expect(wrong.status.startedAt).toBeUndefined();
    const right = changed([OBSERVE, APPLY], first);
    expect(toldOfLab(right)).toMatchObject({ steps: ['Running', 'Pending'], applies: [] });
    expect(right.status.steps?.[0]?.name).toBe('look');
  });

  test('once something was done only its title can be another one', () => {
    const later = { ...recorded([begun('begin', { uid: 'uid-round' })]), observedGeneration: 1 };
    const plan = planLab(lab({ steps: [APPLY], title: 'new' }, later, { generation: 2 }), { owned: [running()] });
    expect(toldOfLab(plan)).toMatchObject({ steps: ['Passed'] });
  });
});

describe('when it is over', () => {
  const over = (afterwards: 'Suspend' | 'Keep', phase: 'Passed' | 'Failed' = 'Passed') =>
    planLab(lab({ steps: [APPLY, TWO], afterwards }, { ...recorded([APPLIED, passed('two')]), phase }), {
      now: 99_000,
      owned: [running(withConsumers(2))],
    });

  test('what it made stays, and rests', () => {
    expect(toldOfLab(over('Suspend')).applies).toEqual([
      'LoadTest round (2 consumers, 3 partitions, 1 producers, suspended)',
    ]);
    expect(toldOfLab(over('Suspend', 'Failed')).applies).toEqual(toldOfLab(over('Suspend')).applies);
    expect(over('Suspend').lookAgainInMs).toBeUndefined();
  });

  test('nothing is made any more: neither what was refused, nor what is gone', () => {
    const refused: LabStepStatus = {
      ...begun('begin'),
      phase: 'Failed',
      finishedAt: at(3_000),
      message: 'somebody else’s',
    };
    for (const afterwards of ['Suspend', 'Keep'] as const) {
      const status: LabStatus = { ...recorded([refused]), phase: 'Failed' };
      expect(planLab(lab({ steps: [APPLY], afterwards }, status), { now: 99_000 }).apply).toEqual([]);
    }
  });

  test('a producer that was still sending rests, too', () => {
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

  test('or goes on', () => {
    expect(toldOfLab(over('Keep')).applies).toEqual(['LoadTest round (2 consumers, 3 partitions, 1 producers)']);
  });
});

test('deleted, it waits until what it made has gone', () => {
  const gone = lab({ steps: [APPLY] }, recorded([APPLIED]), { deletionTimestamp: at(0) });
  const waiting = planLab(gone, { owned: [running()] });
  expect(waiting.apply).toEqual([]);
  expect(waiting.finished).toBeUndefined();
  expect(message(waiting)).toBe('waiting for LoadTest round to go');
  expect(planLab(gone).finished).toBe(true);
});
