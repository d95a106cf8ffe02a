/** Others that scale the target of a schedule: another schedule, an autoscaler, any other writer. */
import { describe, expect, test } from '@jest/globals';
import { Scenario } from '../../../test/support/evidence.ts';
import { queryLine, shown } from '../../../test/support/queries.ts';
import {
  at,
  CONSUMER_SCALES,
  CONSUMERS,
  consumerScale,
  EVIDENCE,
  kafka,
  loadTest,
  message,
  planConsumerScale,
  runningStatus,
  sampled,
  told,
} from '../../../test/support/seen.ts';
import type { ConsumerScale } from '../../api/consumerscale/consumerScale.ts';
import type { ConsumerScaleInput } from '../../api/consumerscale/spec.ts';
import type { ConsumerScaleStatus } from '../../api/consumerscale/status.ts';
import type { Done } from '../../contract/actions.ts';
import type { KubernetesObject, ManagedFields, ObjectMeta } from '../../contract/kubernetes.ts';
import type { Answer } from '../../contract/queries.ts';

type Seen = NonNullable<Parameters<typeof planConsumerScale>[1]>;
type Spec = Omit<ConsumerScaleInput, 'scaleTargetRef'>;
type Steps = NonNullable<ConsumerScaleStatus['steps']>;

const UP: Spec = { steps: [{ consumers: 3, hold: '1m' }] };
const WIDER: Spec = { steps: [{ partitions: 3, hold: '1m' }] };
const APP: Partial<ConsumerScaleInput> = {
  scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'app' },
  consumers: { group: 'g', topic: 't' },
};

const OURS: ManagedFields = {
  manager: 'kafka-lab-operator',
  operation: 'Update',
  subresource: 'scale',
  time: at(6000),
};
const EDITED: ManagedFields = { manager: 'kubectl-edit', operation: 'Update', time: '2026-05-01T10:00:00Z' };

/** LoadTest lag with this many consumers, written by `by`. */
function lag(replicas: number, resourceVersion?: string, by?: ManagedFields): KubernetesObject {
  const fieldsV1 = { 'f:spec': { 'f:consumers': { '.': {}, 'f:replicas': {} } } };
  const status: ManagedFields = { ...OURS, subresource: 'status', fieldsV1: { 'f:status': {} } };
  return loadTest({ consumers: { ...CONSUMERS, replicas } }, runningStatus(), {
    ...(resourceVersion === undefined ? {} : { resourceVersion }),
    ...(by === undefined ? {} : { managedFields: [status, { ...by, fieldsV1 }] }),
  });
}

/** Deployment app. */
const app = (replicas: number, resourceVersion: string, by: ManagedFields): KubernetesObject => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: {
    name: 'app',
    namespace: 'demo',
    uid: 'uid-app',
    resourceVersion,
    managedFields: [{ ...by, fieldsV1: { 'f:spec': { 'f:replicas': {} } } }],
  },
  spec: { replicas },
});

const begun = (steps: Steps, more: Partial<ConsumerScaleStatus> = {}): ConsumerScaleStatus => ({
  phase: 'Running',
  observedGeneration: 1,
  conditions: [],
  target: 'LoadTest/lag',
  targetUid: 'uid-lag',
  replicasAtStart: 1,
  partitionsAtStart: 3,
  startedAt: at(1000),
  steps,
  ...more,
});
const runs = (targetVersion?: string, consumers = 3): Steps[number] => ({
  phase: 'Running',
  consumers,
  partitions: 3,
  startedAt: at(5000),
  ...(targetVersion === undefined ? {} : { targetVersion }),
});
const done = (consumers: number, targetVersion: string): Steps[number] => ({
  ...runs(targetVersion, consumers),
  phase: 'Done',
  finishedAt: at(9000),
});

/** One consumer that owns all three partitions. */
function group() {
  const story = new Scenario();
  story.consumer('c-0').started(100).assigned(200, [0, 1, 2]).aliveFrom(1000, 19_900);
  story.tell('operator/1', 19_500, sampled(19_500, [0], [0]));
  return { known: story.run() };
}

const schedules = (...items: ConsumerScale[]): Answer => ({ items });
const autoscalers = (...items: KubernetesObject[]): Answer => ({ items });
const answered = (target: KubernetesObject, all: Answer = schedules(), hpas: Answer = autoscalers()): Answer[] => [
  shown(target),
  all,
  hpas,
];

const round = (resource: ConsumerScale, seen: Seen = {}) =>
  planConsumerScale(resource, {
    now: 20_000,
    answers: answered(lag(1)),
    evidence: group(),
    kafka: kafka({ at: 19_500 }),
    ...seen,
  });

const begins = 'Running, Reconciling Running; tells Normal StepStarted + Normal Running; again in 500';

describe('another schedule over the same target', () => {
  const named = (name: string, status?: ConsumerScaleStatus, more: Partial<ObjectMeta> = {}, spec = UP) =>
    consumerScale(spec, status, { name, uid: `uid-${name}`, ...more });
  const mine = named('m', undefined, { creationTimestamp: at(5000) });
  const older = { creationTimestamp: at(4000) };
  const newer = { creationTimestamp: at(6000) };
  const ended: ConsumerScaleStatus = { ...begun([]), phase: 'Completed' };
  const waits = 'Pending, Reconciling TargetBusy; tells Normal TargetBusy; again in 500';
  // biome-ignore format: one situation a line
  test.each<[situation: string, other: ConsumerScale, answer: string]>([
    ['was created before', named('z', undefined, older), waits],
    ['was created later', named('a', undefined, newer), begins],
    ['was created in the same second and comes first by name', named('a', undefined, { creationTimestamp: at(5000) }), waits],
    ['was created in the same second and comes later by name', named('z', undefined, { creationTimestamp: at(5000) }), begins],
    ['was created later but has started', named('a', begun([runs()]), newer), waits],
    ['has ended', named('a', ended, older), begins],
    ['is deleted, and had not started', named('a', undefined, { ...older, deletionTimestamp: at(0) }), begins],
    ['is deleted, and restores the consumers', named('a', begun([runs()]), { ...older, deletionTimestamp: at(0) }), waits],
    ['has another target', consumerScale({ ...UP, scaleTargetRef: { apiVersion: 'kafkalab.dev/v1alpha1', kind: 'LoadTest', name: 'other' } }, begun([runs()]), { name: 'a', uid: 'uid-a', ...older }), begins],
    ['changes partitions only', named('a', begun([runs()]), older, WIDER), waits],
  ])('%s', (_situation, other, answer) => {
    expect(told(round(mine, { answers: answered(lag(1), schedules(mine, other)) }))).toBe(answer);
  });

  test('the message names it, and why it does not proceed', () => {
    const first = named('first', undefined, older);
    const plan = round(mine, { answers: answered(lag(1), schedules(first, mine)) });
    expect(message(plan)).toBe(
      'ConsumerScale first scales LoadTest/lag until it ends: this schedule begins afterwards, or delete one of the two',
    );
    const idle = named('first', { ...begun([]), conditions: [condition('Stalled', 'IdleConsumersRefused')] }, older);
    expect(message(round(mine, { answers: answered(lag(1), schedules(idle, mine)) }))).toContain(
      'ConsumerScale first, which is stalled (IdleConsumersRefused), scales LoadTest/lag until it ends',
    );
  });

  test('of two that started at once, the later one gives way and starts its step again', () => {
    const [a, b] = [named('a', begun([runs()])), named('b', begun([runs()], { startedAt: at(1001) }))];
    const all = answered(lag(1), schedules(a, b));
    expect(told(round(a, { answers: all }))).toContain('does Scale LoadTest/lag 3');
    const plan = round(b, { answers: all });
    expect(told(plan)).toBe('Running, Reconciling TargetBusy; tells Normal TargetBusy; again in 500');
    expect(plan.status.steps).toEqual([{ phase: 'Pending' }]);
  });

  test('a schedule that waits observes neither Kafka nor Strimzi', () => {
    const { needs } = CONSUMER_SCALES;
    const lines = ['LoadTest demo/lag', 'ConsumerScales demo', 'HorizontalPodAutoscalers demo'];
    const waiting = needs(mine, answered(lag(1), schedules(mine, named('z', undefined, older))));
    expect(waiting.queries?.map(queryLine)).toEqual(lines);
    expect(Object.keys(waiting)).toEqual(['queries']);
    expect(needs(mine, answered(lag(1), schedules(mine)))).toHaveProperty('kafka');
  });
});

describe('a HorizontalPodAutoscaler', () => {
  const LAG = { apiVersion: 'kafkalab.dev/v1alpha1', kind: 'LoadTest', name: 'lag' };
  const hpa = (scaleTargetRef: object, more: Partial<ObjectMeta> = {}): KubernetesObject => ({
    apiVersion: 'autoscaling/v2',
    kind: 'HorizontalPodAutoscaler',
    metadata: { name: 'auto', namespace: 'demo', ...more },
    spec: { scaleTargetRef, maxReplicas: 9 },
  });
  const refuses = 'Pending, Stalled ScaledByAutoscaler; tells Warning ScaledByAutoscaler';
  // biome-ignore format: one situation a line
  test.each<[situation: string, hpas: Answer, spec: Spec, answer: string]>([
    ['of the target', autoscalers(hpa(LAG)), UP, refuses],
    ['of the target, in another version of its API', autoscalers(hpa({ ...LAG, apiVersion: 'kafkalab.dev/v1' })), UP, refuses],
    ['of another target', autoscalers(hpa({ ...LAG, name: 'other' })), UP, begins],
    ['of a Deployment with the same name', autoscalers(hpa({ ...LAG, apiVersion: 'apps/v1', kind: 'Deployment' })), UP, begins],
    ['that is being deleted', autoscalers(hpa(LAG, { deletionTimestamp: at(0) })), UP, begins],
    ['that may not be read', { forbidden: 'no' }, UP, begins],
  ])('%s', (_situation, hpas, spec, answer) => {
    expect(told(round(consumerScale(spec), { answers: answered(lag(1), schedules(), hpas) }))).toBe(answer);
  });

  test('does not concern a schedule that only adds partitions, and that does not ask for it', () => {
    const resource = consumerScale(WIDER);
    expect(CONSUMER_SCALES.needs(resource).queries?.map(queryLine)).toEqual([
      'LoadTest demo/lag',
      'ConsumerScales demo',
    ]);
    const running = consumerScale(WIDER, begun([runs(undefined, 1)]));
    const plan = round(running, { answers: [shown(lag(2, '12', EDITED)), schedules()] });
    expect(told(plan)).toBe('Running, Reconciling Running; tells Normal Running; again in 500');
    expect(plan.status.steps?.[0]?.consumers).toBe(2);
  });

  test('the message says what to do', () => {
    const say = (item: KubernetesObject, status?: ConsumerScaleStatus) =>
      message(round(consumerScale(UP, status), { answers: answered(lag(1), schedules(), autoscalers(item)) }));
    expect(say(hpa(LAG))).toBe(
      'HorizontalPodAutoscaler auto scales LoadTest/lag too and would undo every step: delete it (kubectl delete hpa auto -n demo), or create another ConsumerScale whose steps have no consumers',
    );
    const keda = { apiVersion: 'keda.sh/v1alpha1', kind: 'ScaledObject', name: 'lag', uid: 'k', controller: true };
    expect(say(hpa(LAG, { ownerReferences: [keda] }))).toContain(
      'HorizontalPodAutoscaler auto of ScaledObject lag scales LoadTest/lag too and would undo every step: delete it (kubectl delete scaledobject lag -n demo)',
    );
    expect(say(hpa(LAG), begun([runs()]))).toContain(
      'or write steps without consumers, and create this ConsumerScale again',
    );
  });

  test('that appears during a step ends the schedule', () => {
    const running = consumerScale({ ...UP, afterwards: 'Restore' }, begun([runs('11')]));
    const plan = round(running, { answers: answered(lag(3, '12', OURS), schedules(), autoscalers(hpa(LAG))) });
    expect(told(plan)).toBe(
      'Failed, Stalled ScaledByAutoscaler; tells Warning StepFailed + Warning NotRestored + Warning ScaledByAutoscaler',
    );
    expect(plan.status).toMatchObject({ finishedAt: at(20_000), restored: false, steps: [{ phase: 'Failed' }] });
  });

  test('that appears after the last step changes nothing', () => {
    const over = consumerScale(UP, begun([done(3, '11')], { finishedAt: at(9000) }));
    const plan = round(over, { answers: answered(lag(3, '12', OURS), schedules(), autoscalers(hpa(LAG))) });
    expect(told(plan)).toContain('Completed, Ready Completed');
  });
});

describe('another writer of the replicas', () => {
  const is = 'Running, Reconciling Running';
  const again = 'tells Normal Running; again in 500';
  const stops = 'Failed, Stalled ReplicasChangedByOthers; tells Warning StepFailed + Warning ReplicasChangedByOthers';
  const scales = `${is}; does Scale LoadTest/lag 3; ${again}`;
  const APPLIED: ManagedFields = { ...OURS, operation: 'Apply' };
  const wrote: Done = {
    action: { type: 'Scale', target: { apiVersion: 'kafkalab.dev/v1alpha1', kind: 'LoadTest', namespace: 'demo', name: 'lag' }, replicas: 3 }, // biome-ignore format: one action
    result: { resourceVersion: '11' },
  };
  // biome-ignore format: one situation a line
  test.each<[situation: string, step: Steps[number], target: KubernetesObject, done: Done[], answer: string]>([
    ['before the step has scaled is replaced', runs(), lag(5, '12', EDITED), [], scales],
    ['after the step had its consumers', runs('11'), lag(5, '12', EDITED), [], stops],
    ['right after the own change, which was never observed', runs(), lag(5, '12', EDITED), [wrote], stops],
    ['a Lab, by server-side apply', runs('11'), lag(1, '12', APPLIED), [], stops],
    ['that cannot be named', runs('11'), lag(5, '12'), [], stops],
    ['is no other one: the watch is behind the own change', runs('11'), lag(1, '10', EDITED), [], `${is}; ${again}`],
    ['is no other one: the watch is behind, and the change is not recorded yet', runs(), lag(1, '10', EDITED), [wrote], `${is}; ${again}`],
    ['is no other one: this operator wrote the number', runs('11'), lag(1, '12', OURS), [], scales],
    ['changed something else', runs('11'), lag(3, '12', EDITED), [], `${is}; ${again}`],
    ['of versions that cannot be compared is replaced', runs('a'), lag(5, 'b', EDITED), [], scales],
  ])('%s', (_situation, step, target, results, answer) => {
    const plan = round(consumerScale(UP, begun([step])), { answers: answered(target), done: results });
    expect(told(plan)).toBe(answer);
  });

  test('the step records from which version on it has had its consumers', () => {
    const version = (before: ConsumerScaleStatus, target: KubernetesObject, results: Done[] = []) =>
      round(consumerScale(UP, before), { answers: answered(target), done: results }).status.steps?.at(-1)
        ?.targetVersion;
    expect(version(begun([runs()]), lag(1, '10'))).toBeUndefined();
    expect(version(begun([runs()]), lag(3, '12'))).toBe('12');
    expect(version(begun([runs()]), lag(1, '10'), [wrote])).toBe('11');
    expect(version(begun([runs('11')]), lag(3, '12'))).toBe('11');
  });

  test('an old view of the target is not mistaken for the number of the next step', () => {
    const steps: Spec = { steps: [{ consumers: 1, hold: '1s' }, { consumers: 3, hold: '1s' }, { consumers: 1, hold: '1s' }] }; // biome-ignore format: three steps
    const third = begun([done(1, '10'), done(3, '11'), runs(undefined, 1)]);
    const plan = round(consumerScale(steps, third), { answers: answered(lag(1, '10')) });
    expect(plan.status.steps?.[2]?.targetVersion).toBeUndefined();
    expect(told(plan)).toContain('does Scale LoadTest/lag 1');
  });

  test('the message names field, number, writer and step', () => {
    const say = (by: ManagedFields) =>
      message(round(consumerScale(UP, begun([runs('11')])), { answers: answered(lag(5, '12', by)) }));
    expect(say(EDITED)).toBe(
      'spec.consumers.replicas of LoadTest/lag was set to 5 by kubectl-edit at 2026-05-01T10:00:00Z, but step 1 wants 3: the schedule has stopped and does not set it back. Let nothing else scale LoadTest/lag during a schedule, and create this ConsumerScale again',
    );
    expect(say({ manager: 'kube-controller-manager', operation: 'Update', subresource: 'scale' })).toContain(
      'by kube-controller-manager (a HorizontalPodAutoscaler), but',
    );
    expect(say(APPLIED)).toContain('by kafka-lab-operator (a Lab) at');
    expect(say({ operation: 'Update' })).toContain('by an unknown client, but');
  });

  test('of a Deployment is found too', () => {
    const running = begun([runs('11')], { target: 'Deployment/app', targetUid: 'uid-app', evidence: EVIDENCE });
    const plan = round(consumerScale({ ...UP, ...APP }, running), { answers: answered(app(0, '12', EDITED)) });
    expect(told(plan)).toBe(stops);
    expect(message(plan)).toContain('spec.replicas of Deployment/app was set to 0 by kubectl-edit');
  });
});

describe('Restore', () => {
  const RESTORE: Spec = { ...UP, afterwards: 'Restore' };
  const over = begun([done(3, '11')], { finishedAt: at(9000) });
  const kept = 'tells Warning NotRestored';
  const restores = 'does Scale LoadTest/lag 1';
  const back: Done = {
    action: { type: 'Scale', target: { apiVersion: 'kafkalab.dev/v1alpha1', kind: 'LoadTest', namespace: 'demo', name: 'lag' }, replicas: 1 }, // biome-ignore format: one action
    result: { resourceVersion: '13' },
  };
  const other = consumerScale(UP, begun([runs()]), { name: 'other', uid: 'uid-other' });
  // biome-ignore format: one situation a line
  test.each<[situation: string, seen: Seen, deletes: string, ends: string]>([
    ['the schedule wrote the number', { answers: answered(lag(3, '12', OURS)) }, `Running; ${restores}; again in 500`, `Running, Reconciling Running; ${restores}; tells Normal Running; again in 500`],
    ['another wrote it', { answers: answered(lag(5, '12', EDITED)) }, `Running; ${kept}; finished`, `Completed, Ready Completed; ${kept} + Normal Completed`],
    ['it is restored, and the watch is behind', { answers: answered(lag(3, '12', OURS)), done: [back] }, 'Running; finished', 'Completed, Ready Completed; tells Normal Completed'],
    ['it was restored, and another schedule scales now', { answers: answered(lag(3, '12', OURS), schedules(other)) }, `Running; ${kept}; finished`, `Completed, Ready Completed; ${kept} + Normal Completed`],
  ])('%s', (_situation, seen, deletes, ends) => {
    const deleted = consumerScale(RESTORE, over, { deletionTimestamp: at(0) });
    expect(told(round(deleted, seen))).toBe(deletes);
    expect(told(round(consumerScale(RESTORE, over), seen))).toBe(ends);
  });

  test('a number that others wrote is left at the deletion as well', () => {
    const { status, events } = round(consumerScale(RESTORE, over), { answers: answered(lag(5, '12', EDITED)) });
    expect(status.restored).toBe(false);
    expect(events.map((event) => event.message)).toContain(
      'could not restore the number of consumers from the start: spec.consumers.replicas of LoadTest/lag was set to 5 by kubectl-edit at 2026-05-01T10:00:00Z since',
    );
    const deleted = consumerScale(RESTORE, status, { deletionTimestamp: at(0) });
    const later = round(deleted, { answers: answered(lag(3, '14', OURS)) });
    expect(later).toMatchObject({ actions: [], finished: true });
  });
});

function condition(type: string, reason: string) {
  return { type, status: 'True' as const, reason, message: 'why', lastTransitionTime: at(0) };
}
