/** A schedule from waiting for its target to its end: status, actions and messages in each situation. */
import { describe, expect, test } from '@jest/globals';
import { Scenario } from '../../../test/support/evidence.ts';
import { shown } from '../../../test/support/queries.ts';
import {
  AWAY,
  at,
  CONSUMER_SCALES,
  CONSUMERS,
  consumerScale,
  EVIDENCE,
  kafka,
  loadTest,
  message,
  planConsumerScale,
  RIVALS,
  sampled,
  TOPIC,
  told,
  UNREAD,
} from '../../../test/support/seen.ts';
import { APART, shifting } from '../../../test/support/shifting.ts';
import type { ConsumerScaleInput } from '../../api/consumerscale/spec.ts';
import type { ConsumerScaleStatus } from '../../api/consumerscale/status.ts';
import type { LoadTestStatus } from '../../api/loadtest/status.ts';
import type { Failure } from '../../contract/actions.ts';
import type { KubernetesObject, ObjectMeta } from '../../contract/kubernetes.ts';

type Spec = Omit<ConsumerScaleInput, 'scaleTargetRef'>;
type Seen = NonNullable<Parameters<typeof planConsumerScale>[1]>;
type Steps = NonNullable<ConsumerScaleStatus['steps']>;

const SETTLED = 5000;

type Look = [at: number, lag: number];

/** A group in which these members share these partitions from the start; these lag samples have been read back. */
function group(members: number, partitions: number, looks: Look[] = [[19_500, 0]]) {
  const story = new Scenario();
  for (let n = 0; n < members; n++) {
    const mine = Array.from({ length: partitions }, (_, partition) => partition).filter((p) => p % members === n);
    story.consumer(`c-${n}`).started(100).assigned(200, mine).aliveFrom(1000, 19_900);
  }
  for (const [lookedAt, lag] of looks) story.tell('operator/1', lookedAt, sampled(lookedAt, [lag], [0]));
  return { known: story.run() };
}

const target = (
  {
    replicas = 1,
    partitions = 3,
    clientsPerPod = 1,
    ...status
  }: Partial<LoadTestStatus> & {
    replicas?: number;
    partitions?: number;
    clientsPerPod?: number;
  } = {},
  more: Partial<ObjectMeta> = {},
): KubernetesObject =>
  loadTest(
    { consumers: { ...CONSUMERS, replicas, clientsPerPod }, topic: { ...TOPIC, partitions } },
    {
      phase: 'Running',
      observedGeneration: 1,
      conditions: [],
      evidence: EVIDENCE,
      topic: { partitions: 3, replicas: 2, managedBy: 'Admin', created: true, id: 'id-t' },
      ...status,
    },
    more,
  );

const FOUND = { partitions: 3, replicas: 2, managedBy: 'Existing', created: false } as const;

const TWO: Spec = {
  steps: [
    { consumers: 1, hold: '2s' },
    { consumers: 'Partitions', hold: '2s' },
  ],
};
const begun = (steps: Steps, more: Partial<ConsumerScaleStatus> = {}): ConsumerScaleStatus => ({
  phase: 'Running',
  observedGeneration: 1,
  conditions: [],
  target: 'LoadTest/lag',
  targetUid: 'uid-lag',
  replicasAtStart: 1,
  partitionsAtStart: 3,
  startedAt: at(0),
  steps,
  ...more,
});
const runs = (consumers: number, partitions = 3, more: Partial<Steps[number]> = {}): Steps[number] => ({
  phase: 'Running',
  consumers,
  partitions,
  startedAt: at(SETTLED),
  ...more,
});
const done = (consumers: number, partitions = 3): Steps[number] => ({
  ...runs(consumers, partitions),
  phase: 'Done',
  settledAt: at(SETTLED),
  finishedAt: at(7000),
});
const PENDING: Steps[number] = { phase: 'Pending' };

const round = (spec: Spec, before: ConsumerScaleStatus | undefined, seen: Seen = {}) =>
  planConsumerScale(consumerScale(spec, before), {
    now: 20_000,
    answers: [shown(target())],
    evidence: group(1, 3),
    kafka: kafka({ at: 19_500 }),
    ...seen,
  });

describe('its target', () => {
  const midway = begun([runs(1), PENDING]);
  const gone = { answers: [shown(null)] };
  const ended = { answers: [shown(target({ phase: 'Completed' }))] };
  // biome-ignore format: one situation a line
  test.each<[situation: string, before: ConsumerScaleStatus | undefined, seen: Seen, answer: string]>([
    ['is missing', undefined, gone, 'Pending, Reconciling WaitingForTarget; tells Normal WaitingForTarget'],
    ['is being prepared', undefined, { answers: [shown(target({ phase: 'Preparing' }))] }, 'Pending, Reconciling WaitingForTarget; tells Normal WaitingForTarget'],
    ['is new', undefined, { answers: [shown({ ...target(), status: undefined })] }, 'Pending, Reconciling WaitingForTarget; tells Normal WaitingForTarget'],
    ['is suspended before the start', undefined, { answers: [shown(target({ phase: 'Suspended' }))] }, 'Pending, Reconciling WaitingForTarget; tells Normal WaitingForTarget'],
    ['has no consumers', undefined, { answers: [shown(loadTest({ consumers: null }))] }, 'Failed, Stalled NoConsumers; tells Warning NoConsumers'],
    ['ended before the start', undefined, ended, 'Failed, Stalled TargetEnded; tells Warning TargetEnded'],
    ['is being deleted', undefined, { answers: [shown(target({}, { deletionTimestamp: at(0) }))] }, 'Failed, Stalled TargetEnded; tells Warning TargetEnded'],
    ['runs, its evidence is unread', undefined, { evidence: UNREAD }, 'Pending, Reconciling WaitingForEvidence; tells Normal WaitingForEvidence; again in 500'],
    ['was deleted midway', midway, gone, 'Failed, Stalled TargetGone; tells Warning TargetGone'],
    ['ended midway', midway, ended, 'Failed, Stalled TargetEnded; tells Warning TargetEnded'],
    ['failed midway', midway, { answers: [shown(target({ phase: 'Failed' }))] }, 'Failed, Stalled TargetEnded; tells Warning TargetEnded'],
    ['was replaced midway', midway, { answers: [shown(target({}, { uid: 'another' }))] }, 'Failed, Stalled TargetReplaced; tells Warning TargetReplaced'],
    ['is suspended midway', midway, { answers: [shown(target({ phase: 'Suspended' }))] }, 'Running, Reconciling WaitingForTarget; tells Normal WaitingForTarget'],
    ['runs while the evidence is unread', midway, { evidence: UNREAD }, 'Running, Reconciling WaitingForEvidence; tells Normal WaitingForEvidence; again in 500'],
  ])('%s', (_situation, before, seen, answer) => {
    expect(told(round(TWO, before, seen))).toBe(answer);
  });

  const over = begun([done(1), done(3)], { finishedAt: at(19_000) });
  // biome-ignore format: one situation a line
  test.each<[situation: string, seen: Seen]>([
    ['ended', ended],
    ['was deleted', gone],
    ['was replaced', { answers: [shown(target({}, { uid: 'another' }))] }],
    ['is suspended', { answers: [shown(target({ phase: 'Suspended' }))] }],
  ])('%s after the last step: the schedule is complete all the same', (_situation, seen) => {
    expect(told(round(TWO, over, seen))).toBe('Completed, Ready Completed; tells Normal Completed');
  });

  test('evidence that is unread after the last step is waited for up to 30 s', () => {
    const blind = { evidence: UNREAD };
    expect(told(round(TWO, over, blind))).toBe('Running, Reconciling Running; tells Normal Running; again in 500');
    expect(told(round(TWO, over, { ...blind, now: 48_999 }))).toContain('Running');
    expect(told(round(TWO, over, { ...blind, now: 49_000 }))).toContain('Completed');
  });

  test('a step that a suspension interrupted starts again', () => {
    const waiting = round(TWO, begun([done(1), runs(3, 3, { settledAt: at(6000) })]), {
      answers: [shown(target({ phase: 'Suspended', replicas: 3 }))],
    }).status;
    expect(waiting.steps?.map(({ phase }) => phase)).toEqual(['Done', 'Pending']);
    const again = round(TWO, waiting, {
      answers: [shown(target({ replicas: 3 }))],
      evidence: group(3, 3),
      now: 30_000,
    });
    expect(again.status.steps?.[1]).toMatchObject({ phase: 'Running', startedAt: at(30_000), consumers: 3 });
    expect(again.status.steps?.[1]?.settledAt).toBeUndefined();
  });

  test('messages about the target', () => {
    expect(message(round(TWO, undefined, gone))).toBe(
      'waiting for LoadTest/lag in namespace demo: create it, or create another ConsumerScale with the right scaleTargetRef',
    );
    const stalled = { type: 'Ready', status: 'False' as const, reason: 'TopicMissing', message: 'no topic', lastTransitionTime: at(0) }; // biome-ignore format: one condition
    expect(
      message(round(TWO, undefined, { answers: [shown(target({ phase: 'Pending', conditions: [stalled] }))] })),
    ).toBe('waiting for LoadTest/lag to run (Pending: no topic)');
  });
});

describe('more consumers than partitions', () => {
  const five: Spec = {
    steps: [
      { consumers: 1, hold: '2s' },
      { consumers: 5, hold: '2s' },
    ],
  };
  const refused = 'Pending, Stalled IdleConsumersRefused; tells Warning IdleConsumersRefused; again in 500';

  test('are refused before a step starts', () => {
    const plan = round(five, undefined);
    expect(told(plan)).toBe(refused);
    expect(plan.status.steps).toBeUndefined();
    expect(message(plan)).toBe(
      'step 2 asks for 5 consumers, but the topic has 3 partitions: 2 would be idle. Set spec.allowIdleConsumers: true to allow that, or create another ConsumerScale with consumers: 3 or partitions: 5',
    );
  });

  test('are refused by the live partitions, or the recorded ones while Kafka is unavailable', () => {
    expect(told(round(five, undefined, { kafka: kafka({ partitions: 5 }) }))).toContain('StepStarted');
    expect(told(round(five, undefined, { kafka: AWAY }))).toBe(refused);
  });

  test('are allowed when asked for', () => {
    expect(told(round({ ...five, allowIdleConsumers: true }, undefined))).toContain('StepStarted');
  });

  // biome-ignore format: one schedule a line
  test.each<[steps: Spec['steps'], allowed: boolean]>([
    [[{ partitions: 5, hold: '1s' }, { consumers: 5, hold: '1s' }], true],
    [[{ partitions: 5, consumers: 5, hold: '1s' }], true],
    [[{ consumers: 5, hold: '1s' }, { partitions: 5, hold: '1s' }], false],
    [[{ partitions: 4, hold: '1s' }, { consumers: 5, hold: '1s' }], false],
    [[{ consumers: 'Partitions', hold: '1s' }, { consumers: 3, hold: '1s' }], true],
  ])('%j: %p', (steps, allowed) => {
    expect(told(round({ steps }, undefined)).includes('StepStarted')).toBe(allowed);
  });
});

describe('a step', () => {
  const up: Spec = { steps: [{ consumers: 3, hold: '2s' }] };
  const three = { answers: [shown(target({ replicas: 3 }))], evidence: group(3, 3) };
  const more: Spec = { steps: [{ partitions: 6, consumers: 6, hold: '2s' }] };
  const until: Spec = { steps: [{ consumers: 3, until: { lagBelow: 10, for: '2s', timeout: '1m' } }] };
  const looked = (...looks: Look[]) => ({ ...three, evidence: group(3, 3, looks) });
  const is = 'Running, Reconciling Running';
  const end = 'Running, Reconciling Running; tells Normal StepDone + Normal Running; again in 500';
  // biome-ignore format: one situation a line
  test.each<[situation: string, spec: Spec, step: Steps[number] | undefined, seen: Seen, answer: string]>([
    ['starts: it is recorded, nothing is done', up, undefined, {}, `${is}; tells Normal StepStarted + Normal Running; again in 500`],
    ['is recorded as started: the target is scaled', up, runs(3), {}, `${is}; does Scale LoadTest/lag 3; tells Normal Running; again in 500`],
    ['scales again if the target has never had its consumers', up, runs(3), { answers: [shown(target({ replicas: 2 }))] }, `${is}; does Scale LoadTest/lag 3; tells Normal Running; again in 500`],
    ['waits for its members', up, runs(3), { answers: [shown(target({ replicas: 3 }))] }, `${is}; tells Normal Running; again in 500`],
    ['has settled', up, runs(3), three, `${is}; tells Normal Running; again in 500`],
    ['holds', up, runs(3, 3, { settledAt: at(18_500) }), three, `${is}; tells Normal Running; again in 500`],
    ['has been held', up, runs(3, 3, { settledAt: at(18_000) }), three, end],
    ['holds although a member is missing for a moment', up, runs(3, 3, { settledAt: at(18_500) }), { answers: [shown(target({ replicas: 3 }))] }, `${is}; tells Normal Running; again in 500`],
    ['has not settled for 10 minutes', up, runs(3), { now: SETTLED + 600_000 }, 'Running, Reconciling Running; tells Warning StepFailed + Normal Running; again in 500'],
    ['to 0 consumers', { steps: [{ consumers: 0, hold: '2s' }] }, runs(0), {}, `${is}; does Scale LoadTest/lag 0; tells Normal Running; again in 500`],
    ['with more partitions adds these before the consumers', more, runs(6, 6), {}, `${is}; does Patch LoadTest/lag {"topic":{"partitions":6}}; tells Normal Running; again in 500`],
    ['with more partitions of a topic of others says that these may be added', more, runs(6, 6), { answers: [shown(target({ topic: FOUND }))] }, `${is}; does Patch LoadTest/lag {"topic":{"partitions":6,"raiseExisting":true}}; tells Normal Running; again in 500`],
    ['with more partitions waits for Kafka', more, runs(6, 6), { answers: [shown(target({ partitions: 6 }))] }, `${is}; tells Normal Running; again in 500`],
    ['with more partitions scales when Kafka has them', more, runs(6, 6), { answers: [shown(target({ partitions: 6 }))], kafka: kafka({ partitions: 6 }) }, `${is}; does Scale LoadTest/lag 6; tells Normal Running; again in 500`],
    ['is refused by the target', up, runs(3), { failures: [refusal(3)] }, 'Running, Stalled Refused; does Scale LoadTest/lag 3; tells Warning Refused; again in 500'],
    ['until lag is low: it is not', until, runs(3, 3, { settledAt: at(6000), belowSince: at(17_000) }), looked([19_500, 10]), `${is}; tells Normal Running; again in 500`],
    ['until lag is low: it is, but too short', until, runs(3, 3, { settledAt: at(6000) }), looked([17_501, 9], [19_500, 9]), `${is}; tells Normal Running; again in 500`],
    ['until lag is low: it was for long enough', until, runs(3, 3, { settledAt: at(6000) }), looked([17_500, 9], [19_500, 9]), end],
    ['until lag is low: members have not settled', until, runs(3), {}, `${is}; does Scale LoadTest/lag 3; tells Normal Running; again in 500`],
    ['until lag is low: the timeout has passed', until, runs(3, 3, { settledAt: at(6000) }), { ...looked([65_000, 10]), now: SETTLED + 60_000 }, 'Running, Reconciling Running; tells Warning StepTimedOut + Normal Running; again in 500'],
  ])('%s', (_situation, spec, step, seen, answer) => {
    expect(told(round(spec, step === undefined ? undefined : begun([step]), seen))).toBe(answer);
  });

  const after = (spec: Spec, step: Steps[number], seen: Seen) => round(spec, begun([step]), seen).status.steps?.[0];

  test('settles when its members own every partition, by evidence from after its start', () => {
    expect(after(up, runs(3), three)?.settledAt).toBe(at(20_000));
    expect(after(up, runs(3), { ...three, evidence: group(3, 2) })?.settledAt).toBeUndefined();
    expect(after(up, runs(3), { ...three, evidence: group(2, 3) })?.settledAt).toBeUndefined();
    expect(after(up, runs(3, 3, { startedAt: at(19_990) }), three)?.settledAt).toBeUndefined();
    const nobody: Spec = { steps: [{ consumers: 0, hold: '2s' }] };
    const empty = { answers: [shown(target({ replicas: 0 }))], evidence: group(0, 3) };
    expect(after(nobody, runs(0), empty)?.settledAt).toBe(at(20_000));
  });

  test('with consumers: Partitions asks for the number of partitions at its start', () => {
    const spec: Spec = { steps: [{ consumers: 'Partitions', hold: '2s' }] };
    const first = round(spec, undefined, { kafka: kafka({ partitions: 5 }) });
    expect(first.status.steps?.[0]).toMatchObject({ consumers: 5, partitions: 5 });
    const later = round(spec, first.status, { kafka: kafka({ partitions: 9 }) });
    expect(later.status.steps?.[0]).toMatchObject({ consumers: 5, partitions: 5 });
    const both: Spec = { steps: [{ consumers: 'Partitions', partitions: 6, hold: '2s' }] };
    expect(round(both, undefined).status.steps?.[0]).toMatchObject({ consumers: 6, partitions: 6 });
  });

  test('without consumers keeps the number from its start', () => {
    const spec: Spec = { steps: [{ partitions: 6, hold: '2s' }] };
    expect(round(spec, undefined, { answers: [shown(target({ replicas: 2 }))] }).status.steps?.[0]?.consumers).toBe(2);
  });

  test('with no multiple of clientsPerPod fails, and ends the schedule', () => {
    const spec: Spec = {
      steps: [
        { consumers: 3, hold: '2s' },
        { consumers: 1, hold: '2s' },
      ],
    };
    const seen: Seen = {
      answers: [shown(target({ clientsPerPod: 2, replicas: 2 }))],
      evidence: group(1, 3, [[20_000, 0]]),
    };
    const plan = round(spec, undefined, seen);
    expect(plan.actions).toEqual([]);
    expect(message(plan)).toBe(
      'consumers: 3 is not a multiple of clientsPerPod: 2; write 2 or 4, or use a LoadTest with clientsPerPod: 1',
    );
    expect(plan.status).toMatchObject({ phase: 'Failed', steps: [{ phase: 'Failed' }, { phase: 'Pending' }] });
  });

  test('the next step starts after a step that timed out, but not after one that failed', () => {
    const timedOut: Steps[number] = { ...done(3), phase: 'TimedOut' };
    const next = round(TWO, begun([timedOut, PENDING]));
    expect(next.status).toMatchObject({
      currentStep: 2,
      step: '2/2',
      steps: [{ phase: 'TimedOut' }, { phase: 'Running' }],
    });
    const failed: Steps[number] = { ...done(3), phase: 'Failed', message: 'did not settle' };
    const stops = round(TWO, begun([failed, PENDING]), { evidence: group(1, 3, [[20_000, 0]]) });
    expect(told(stops)).toBe('Failed, Stalled StepFailed; tells Warning StepFailed');
    expect(stops.status.steps?.[1]).toEqual(PENDING);
  });
});

describe('a step that waits for lag', () => {
  const drain: Spec = { steps: [{ consumers: 3, until: { lagBelow: 400, for: '5s', timeout: '1m' } }] };
  const settled = runs(3, 3, { settledAt: at(6000) });
  const look = (now: number, looks: Look[], before = begun([{ ...settled, belowSince: at(10_000) }])) =>
    round(drain, before, { now, answers: [shown(target({ replicas: 3 }))], evidence: group(3, 3, looks) });
  const step = (plan: ReturnType<typeof look>) => plan.status.steps?.[0];
  const since = (ms: number) => `Running, below since ${ms}`;
  const summary = (it: Steps[number] | undefined) => {
    const ms = (time = '') => Date.parse(time) - Date.parse(at(0));
    if (it?.phase !== 'Running') return `${it?.phase} at ${ms(it?.finishedAt)}`;
    return it.belowSince === undefined ? 'Running' : since(ms(it.belowSince));
  };

  // biome-ignore format: one situation a line
  test.each<[situation: string, now: number, looks: Look[], answer: string]>([
    ['one sample is not enough', 16_000, [[10_000, 390]], since(10_000)],
    ['a high sample in between interrupts, even if it is read later', 16_500, [[10_000, 390], [13_000, 545], [15_000, 390], [16_000, 390]], since(15_000)],
    ['the samples cover too short a time', 22_000, [[13_000, 545], [14_000, 390], [18_999, 399]], since(14_000)],
    ['the samples cover enough time', 22_000, [[13_000, 545], [14_000, 390], [19_000, 399]], 'Done at 19000'],
    ['the step ends with the first sample that does', 22_000, [[10_000, 390], [15_000, 390], [16_000, 390], [17_000, 545], [18_000, 390]], 'Done at 15000'],
    ['samples from before it had settled do not count', 16_000, [[5900, 390], [11_000, 390]], since(11_000)],
    ['a sample by a clock that is ahead counts later', 17_000, [[13_000, 390], [18_000, 390]], since(13_000)],
    ['the deciding sample is read after the timeout', 66_000, [[59_000, 390], [64_000, 390]], 'Done at 64000'],
    ['samples up to the timeout are waited for', 66_000, [[61_000, 390], [64_000, 390]], since(61_000)],
    ['a sample from after the timeout is too late', 67_000, [[61_000, 390], [66_500, 390]], 'TimedOut at 67000'],
    ['missing samples are waited for up to 30 s', 94_999, [[61_000, 545]], 'Running'],
  ])('%s', (_situation, now, looks, answer) => {
    expect(summary(step(look(now, looks)))).toBe(answer);
  });

  test('does not end on one sample while higher ones are unread', () => {
    const first = look(10_500, [[10_000, 390]], begun([settled]));
    expect(summary(step(first))).toBe(since(10_000));
    const second = look(16_000, [[10_000, 390]], first.status);
    expect(summary(step(second))).toBe(since(10_000));
    const late: Look[] = [[10_000, 390], [13_000, 545], [16_000, 390]]; // biome-ignore format: a row of looks
    const third = look(16_500, late, second.status);
    expect(summary(step(third))).toBe(since(16_000));
    const fourth = look(22_500, [...late, [19_000, 380], [22_000, 370]], third.status);
    expect(step(fourth)).toMatchObject({ finishedAt: at(22_000), lag: { peak: 545, after: 370, drainedMs: 11_000 } });
  });

  test('keeps the figures of its end when later samples are read', () => {
    const looks: Look[] = [[4000, 700], [7000, 900], [10_000, 390], [13_000, 545], [14_000, 390], [19_000, 350]]; // biome-ignore format: a row of looks
    const lag = { before: 700, peak: 900, after: 350, drainedMs: 9000 };
    const done = look(24_000, [...looks, [20_000, 545]]);
    expect(step(done)).toMatchObject({ phase: 'Done', belowSince: at(14_000), finishedAt: at(19_000), lag });
    expect(done.events.map(({ message }) => message).join()).toContain('lag 700 -> 350 (peak 900)');
    const later = look(25_000, [...looks, [20_000, 545], [23_000, 2000]], done.status);
    expect(step(later)).toEqual(step(done));
  });

  test('ends in whole ms that include the deciding sample', () => {
    const done = step(look(24_000, [[14_000.7, 390], [19_000.7, 350]])); // biome-ignore format: a row of looks
    expect(done).toMatchObject({ phase: 'Done', finishedAt: at(19_001), lag: { after: 350, drainedMs: 0 } });
  });

  test('says what it knows after the timeout', () => {
    const waits = look(66_000, [[61_000, 390]]);
    expect(message(waits)).toBe('step 1: the timeout of 1m has passed; reading the last lag samples');
    expect(step(look(95_000, [[61_000, 390]]))?.message).toContain(
      'lag did not stay below 400 for 5s within 1m, the last sample is 390; ',
    );
    // If the members have not settled by the timeout, no sample can change the outcome.
    expect(summary(step(look(65_000, [], begun([runs(5)]))))).toBe('TimedOut at 65000');
  });
});

describe('a step with stop: Kill', () => {
  const down: Spec = {
    steps: [
      { consumers: 3, hold: '2s' },
      { consumers: 1, hold: '2s', stop: 'Kill' },
    ],
  };
  const three = { answers: [shown(target({ replicas: 3 }))], evidence: group(3, 3) };
  const killing = begun([done(3), runs(1, 3, { stop: 'Kill' })]);
  const is = 'Running, Reconciling Running';
  const again = 'tells Normal Running; again in 500';
  const both = 'SetStop Kill lag-consumer-1, lag-consumer-2 + Scale LoadTest/lag 1';
  const deaf = (reason: Failure['reason']): Failure => ({
    action: { type: 'SetStop', pods: [], port: 8080, run: 'uid-lag', stop: 'Kill' },
    reason,
    message: 'pod lag-consumer-2 can’t be told',
  });
  // biome-ignore format: one situation a line
  test.each<[situation: string, spec: Spec, before: ConsumerScaleStatus, seen: Seen, answer: string]>([
    ['starts: nothing is done', down, begun([done(3), PENDING]), three, `${is}; tells Normal StepStarted + Normal Running; again in 500`],
    ['is recorded as started: the pods are armed first', down, killing, three, `${is}; does ${both}; ${again}`],
    ['repeats until the target has scaled', down, killing, { ...three, now: 25_000 }, `${is}; does ${both}; ${again}`],
    ['has scaled', down, killing, { answers: [shown(target({ replicas: 1 }))], evidence: group(3, 3) }, `${is}; ${again}`],
    ['observes an old target: pods that the step before added are armed too', down, killing, { answers: [shown(target({ replicas: 2 }))], evidence: group(3, 3) }, `${is}; does ${both}; ${again}`],
    ['does not reach a worker', down, killing, { ...three, failures: [deaf('Unreachable')] }, `${is}; does ${both}; ${again}`],
    ['is refused by a worker', down, killing, { ...three, failures: [deaf('Refused')] }, `Running, Stalled Refused; does ${both}; tells Warning Refused; again in 500`],
    ['with several clients per pod', { steps: [{ consumers: 2, hold: '2s', stop: 'Kill' }] }, begun([runs(2, 3, { stop: 'Kill' })]), { answers: [shown(target({ replicas: 6, clientsPerPod: 2 }))] }, `${is}; does SetStop Kill lag-consumer-1, lag-consumer-2 + Scale LoadTest/lag 2; ${again}`],
    ['adds consumers: no pod is armed', { steps: [{ consumers: 3, hold: '2s', stop: 'Kill' }] }, begun([runs(3, 3, { stop: 'Kill' })]), {}, `${is}; does Scale LoadTest/lag 3; ${again}`],
    ['to 0 consumers', { steps: [{ consumers: 0, hold: '2s', stop: 'Kill' }] }, begun([runs(0, 3, { stop: 'Kill' })]), {}, `${is}; does SetStop Kill lag-consumer-0 + Scale LoadTest/lag 0; ${again}`],
  ])('%s', (_situation, spec, before, seen, answer) => {
    expect(told(round(spec, before, seen))).toBe(answer);
  });

  test('has stop: Kill in its status, and names pods and run in the action', () => {
    const first = round(down, begun([done(3), PENDING]), three);
    expect(first.status.steps?.[1]).toMatchObject({ consumers: 1, stop: 'Kill' });
    expect(first.events[0]?.message).toBe('step 2 (1 consumer, 3 partitions, stop: Kill)');
    const [order] = round(down, first.status, three).actions;
    const pod = { apiVersion: 'v1', kind: 'Pod', namespace: 'demo' };
    const pods = [1, 2].map((n) => ({ ...pod, name: `lag-consumer-${n}` }));
    expect(order).toEqual({ type: 'SetStop', pods, port: 8080, run: 'uid-lag', stop: 'Kill' });
  });

  test('says why no consumer is removed', () => {
    expect(message(round(down, killing, { ...three, failures: [deaf('Unreachable')] }))).toBe(
      'step 2: 3 members in the group, 1 expected; pod lag-consumer-2 can’t be told; the operator retries',
    );
  });

  test('afterwards: Restore stops consumers gracefully', () => {
    const spec: Spec = { ...down, afterwards: 'Restore' };
    const over = begun([done(3), { ...done(3), stop: 'Kill' }], { finishedAt: at(19_000) });
    expect(told(round(spec, over, three))).toContain('does Scale LoadTest/lag 1; ');
  });
});

describe('when the steps have ended', () => {
  const last = begun([done(1), done(3)], { replicasAtStart: 1 });
  const RESTORE: Spec = { ...TWO, afterwards: 'Restore' };
  const three = { answers: [shown(target({ replicas: 3 }))], evidence: group(3, 3, [[20_000, 0]]) };

  test('the last figures are those of the end: a sample from then or later is waited for up to 30 s', () => {
    const ended = begun([done(1), { ...done(3), finishedAt: at(19_600) }]);
    const seen = (now: number, ...looks: Look[]): Seen => ({
      ...three,
      evidence: group(3, 3, [[4000, 800], [18_000, 700], ...looks]), // biome-ignore format: a row of looks
      now,
    });
    const first = round(TWO, ended, seen(20_000));
    expect(told(first)).toBe('Running, Reconciling Running; tells Normal Running; again in 500');
    expect(message(first)).toBe('reading the last figures');
    expect(first.status).toMatchObject({ finishedAt: at(20_000) });
    const second = round(TWO, first.status, seen(26_000, [19_500, 300], [19_999, 200]));
    expect(told(second)).toBe('Running, Reconciling Running; again in 500');
    const third = round(TWO, second.status, seen(27_000, [19_500, 300], [19_999, 200], [20_000, 100], [26_000, 50]));
    expect(told(third)).toBe('Completed, Ready Completed; tells Normal Completed');
    expect(third.status.steps?.[1]?.lag).toEqual({ before: 800, peak: 800, after: 300 });
    expect(third.status).toMatchObject({ finishedAt: at(20_000), lag: { total: 100 } });
    expect(told(round(TWO, first.status, seen(49_999)))).toContain('Running');
    const blind = round(TWO, first.status, seen(50_000));
    expect(told(blind)).toContain('Completed');
    const UNREAD_SAMPLES = 'no lag sample from the end or later was read';
    expect(message(blind)).toContain(UNREAD_SAMPLES);
    expect(message(third)).not.toContain(UNREAD_SAMPLES);
    const away = round(TWO, first.status, { ...three, now: 50_000, evidence: UNREAD });
    expect(message(away)).toContain(UNREAD_SAMPLES);
    const recorded = { ...first.status, lag: { ...third.status.lag, total: 100 } } as typeof first.status;
    expect(message(round(TWO, recorded, { ...three, now: 50_000, evidence: UNREAD }))).not.toContain(UNREAD_SAMPLES);
  });

  test('Keep: nothing more is done', () => {
    const plan = round(TWO, last, three);
    expect(told(plan)).toBe('Completed, Ready Completed; tells Normal Completed');
    expect(plan.status).toMatchObject({ finishedAt: at(20_000), step: '2/2' });
    expect(plan.status.currentStep).toBeUndefined();
    expect(plan.status.restored).toBeUndefined();
  });

  test('steps that timed out are named', () => {
    const plan = round(TWO, begun([{ ...done(1), phase: 'TimedOut' }, done(3)]), three);
    expect(told(plan)).toBe('Completed, Ready CompletedWithTimeouts; tells Normal CompletedWithTimeouts');
    expect(message(plan)).toBe('2 steps, 1 of them timed out');
  });

  test('Restore: the consumers from the start are restored first', () => {
    const first = round(RESTORE, last, three);
    expect(told(first)).toBe(
      'Running, Reconciling Running; does Scale LoadTest/lag 1; tells Normal Running; again in 500',
    );
    const second = round(RESTORE, first.status, { ...three, answers: [shown(target({ replicas: 1 }))] });
    expect(told(second)).toBe('Completed, Ready Completed; tells Normal Completed');
    expect(second.status).toMatchObject({ restored: true, finishedAt: at(20_000) });
  });

  test('Restore that the target refuses: there is an Event, and the schedule ends', () => {
    const plan = round(RESTORE, last, { ...three, failures: [refusal(1)] });
    expect(told(plan)).toBe('Completed, Ready Completed; tells Warning NotRestored + Normal Completed');
    expect(plan.status.restored).toBeUndefined();
    // A refusal of another number does not count.
    expect(told(round(RESTORE, last, { ...three, failures: [refusal(9)] }))).toContain('Scale LoadTest/lag 1');
  });

  test('a finished schedule changes nothing but observedGeneration', () => {
    const { status } = round(TWO, last, three);
    const edited = consumerScale({ ...TWO, afterwards: 'Restore' }, status, { generation: 4 });
    expect(CONSUMER_SCALES.needs(edited)).toEqual({});
    expect(planConsumerScale(edited)).toEqual({
      apply: [],
      actions: [],
      events: [],
      status: { ...status, observedGeneration: 4 },
    });
  });
});

test('the status stays small in a large group, and truncated names the rest', () => {
  const size = { members: 50, partitions: 1_000, rebalances: 30 };
  const answers = [shown(target({ replicas: 50, partitions: 1_000 }))];
  const plan = round({ steps: [{ consumers: 50, hold: '1h' }] }, begun([runs(50, 1_000)]), {
    now: (size.rebalances + 1) * APART + 2_000,
    answers,
    evidence: { known: shifting(size) },
    kafka: kafka({ partitions: 1_000 }),
  });
  const { count, recent } = plan.status.rebalances ?? { count: 0, recent: [] };
  expect(count).toBe(30);
  expect(recent.at(-1)?.number).toBe(30);
  expect(plan.status.truncated).toEqual([`rebalances.recent: the last ${recent.length} of 30`]);
});

test('a long schedule over a group with many idle members keeps its steps', () => {
  const steps = Array.from({ length: 100 }, () => ({ consumers: 300, hold: '2s' }));
  const seen: Seen = { answers: [shown(target({ replicas: 300 }))], evidence: group(300, 3) };
  const plan = round(
    { steps, allowIdleConsumers: true },
    begun([runs(300), ...steps.slice(1).map(() => PENDING)]),
    seen,
  );
  expect(plan.status.steps?.[0]?.idle).toHaveLength(10);
  expect(plan.status.truncated).toEqual(['steps.idle: the first 10 of each step']);
  const few = round({ steps: steps.slice(0, 2), allowIdleConsumers: true }, begun([runs(300), PENDING]), seen);
  expect(few.status.steps?.[0]?.idle).toHaveLength(297);
  expect(few.status.truncated).toBeUndefined();
});

describe('when it is deleted', () => {
  const RESTORE: Spec = { ...TWO, afterwards: 'Restore' };
  const leave = (spec: Spec, before: ConsumerScaleStatus | undefined, seen: Seen = {}) => {
    const resource = consumerScale(spec, before, { deletionTimestamp: at(0) });
    const plan = planConsumerScale(resource, { answers: [shown(target({ replicas: 3 }))], ...seen });
    return told({ ...plan, status: { ...plan.status, conditions: [] } });
  };
  const midway = begun([done(1), runs(3)]);
  // biome-ignore format: one situation a line
  test.each<[situation: string, spec: Spec, before: ConsumerScaleStatus | undefined, seen: Seen, answer: string]>([
    ['before it started', RESTORE, undefined, {}, 'Pending; finished'],
    ['Keep', TWO, midway, {}, 'Running; finished'],
    ['Restore', RESTORE, midway, {}, 'Running; does Scale LoadTest/lag 1; again in 500'],
    ['Restore, done', RESTORE, midway, { answers: [shown(target())] }, 'Running; finished'],
    ['Restore, done, and scaled by somebody since', RESTORE, { ...midway, restored: true }, {}, 'Running; finished'],
    ['Restore, the target is gone', RESTORE, midway, { answers: [shown(null)] }, 'Running; finished'],
    ['Restore, the target was replaced', RESTORE, midway, { answers: [shown(target({ replicas: 3 }, { uid: 'another' }))] }, 'Running; finished'],
    ['Restore, the target is being deleted', RESTORE, midway, { answers: [shown(target({ replicas: 3 }, { deletionTimestamp: at(0) }))] }, 'Running; finished'],
    ['Restore, refused: the deletion finishes', RESTORE, midway, { failures: [refusal(1)] }, 'Running; tells Warning NotRestored; finished'],
  ])('%s', (_situation, spec, before, seen, answer) => {
    expect(leave(spec, before, seen)).toBe(answer);
  });

  test('needs no Kafka', () => {
    const { needs } = CONSUMER_SCALES;
    const deleted = consumerScale(TWO, midway, { deletionTimestamp: at(0) });
    const lag = { apiVersion: 'kafkalab.dev/v1alpha1', kind: 'LoadTest', namespace: 'demo', name: 'lag' };
    expect(needs(deleted, [shown(target())])).toEqual({ queries: [{ get: lag }, ...RIVALS] });
    const running = needs(consumerScale(TWO, midway), [shown(target())]);
    expect(running).toEqual({
      queries: [{ get: lag }, ...RIVALS],
      kafka: { topic: 't', group: 'g' },
      evidence: { run: 'uid-lag', ...EVIDENCE },
    });
  });
});

function refusal(replicas: number): Failure {
  const ref = { apiVersion: 'kafkalab.dev/v1alpha1', kind: 'LoadTest', namespace: 'demo', name: 'lag' };
  return { action: { type: 'Scale', target: ref, replicas }, reason: 'Refused', message: 'forbidden' };
}
