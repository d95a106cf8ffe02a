/** A schedule over an external target, which is a Deployment or StatefulSet: status, actions and messages. */
import { describe, expect, test } from '@jest/globals';
import { BEGIN, Scenario } from '../../../test/support/evidence.ts';
import { queryLine, shown } from '../../../test/support/queries.ts';
import {
  AWAY,
  at,
  CONSUMER_SCALES,
  consumerScale,
  EVIDENCE,
  group,
  kafka,
  loadTest,
  message,
  planConsumerScale,
  RIVALS,
  sampled,
  scaled,
  told,
  UNREAD,
  WORKER,
} from '../../../test/support/seen.ts';
import {
  CLUSTER,
  FORBIDDEN,
  kafkaResource,
  kafkaTopicOf,
  kafkaTopics,
  notReady,
  READY,
  STRIMZI,
} from '../../../test/support/strimzi.ts';
import type { ConsumerScaleInput } from '../../api/consumerscale/spec.ts';
import type { ConsumerScaleStatus } from '../../api/consumerscale/status.ts';
import type { Failure } from '../../contract/actions.ts';
import type { KubernetesObject, ObjectMeta } from '../../contract/kubernetes.ts';
import type { Answer } from '../../contract/queries.ts';
import type { Fact } from '../../domain/evidence/facts.ts';
import { withoutOffsets } from '../../domain/fold/run.ts';
import { consumerScaleKind } from './plan.ts';

type Seen = NonNullable<Parameters<typeof planConsumerScale>[1]>;
type Steps = NonNullable<ConsumerScaleStatus['steps']>;

const SPEC: ConsumerScaleInput = {
  scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'app' },
  consumers: { group: 'g', topic: 't' },
  steps: [{ consumers: 3, hold: '2s' }],
};

const app = (replicas: number | undefined = 1, more: Partial<ObjectMeta> = {}): KubernetesObject => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'app', namespace: 'demo', uid: 'uid-app', ...more },
  spec: replicas === undefined ? {} : { replicas },
});

/** Nobody else scales the target: the answers about schedules and autoscalers. */
const ALONE: Answer[] = [{ items: [] }, { items: [] }];
/** The same for a schedule that only adds partitions, which does not ask for autoscalers. */
const ONLY_WIDER = ALONE.slice(0, 1);

const LOOK = sampled(19_000, [0], [0]);

/** A group in which these members share three partitions from the start, and the operator's own facts. */
function run(members: number, ...facts: Fact[]) {
  const story = new Scenario();
  for (let n = 0; n < members; n++) {
    const mine = [0, 1, 2].filter((p) => p % members === n);
    story.consumer(`app-${n}`).started(100).assigned(200, mine).aliveFrom(1000, 19_900);
  }
  for (const fact of facts) story.tell('operator/1', fact.at - BEGIN, fact);
  return { known: story.run() };
}

const waiting = (more: Partial<ConsumerScaleStatus> = {}): ConsumerScaleStatus => ({
  phase: 'Pending',
  observedGeneration: 1,
  conditions: [],
  target: 'Deployment/app',
  evidence: EVIDENCE,
  ...more,
});
const begun = (steps: Steps, more: Partial<ConsumerScaleStatus> = {}): ConsumerScaleStatus => ({
  ...waiting(),
  phase: 'Running',
  targetUid: 'uid-app',
  replicasAtStart: 1,
  partitionsAtStart: 3,
  startedAt: at(0),
  steps,
  ...more,
});
const runs = (consumers: number, partitions = 3): Steps[number] => ({
  phase: 'Running',
  consumers,
  partitions,
  startedAt: at(5000),
});
const done = (consumers: number): Steps[number] => ({ ...runs(consumers), phase: 'Done', finishedAt: at(9000) });

const THERE = { group: group(['app']) };
const round = (before: ConsumerScaleStatus | undefined, seen: Seen = {}, spec: Partial<ConsumerScaleInput> = {}) =>
  planConsumerScale(consumerScale({ ...SPEC, ...spec }, before), {
    now: 20_000,
    answers: [shown(app())],
    evidence: run(1, LOOK),
    kafka: kafka({ at: 19_500, ...THERE }),
    ...seen,
  });

const none = (what: 'topic' | 'group') =>
  kafka(what === 'topic' ? { at: 19_500, partitions: null } : { at: 19_500, group: null });

describe('before the first step', () => {
  const again = 'again in 500';
  // biome-ignore format: one situation a line
  test.each<[situation: string, before: ConsumerScaleStatus | undefined, seen: Seen, answer: string]>([
    ['the target is missing', undefined, { answers: [shown(null)] }, 'Pending, Reconciling WaitingForTarget; tells Normal WaitingForTarget'],
    ['the target is being deleted', undefined, { answers: [shown(app(1, { deletionTimestamp: at(0) }))] }, 'Failed, Stalled TargetEnded; tells Warning TargetEnded'],
    ['Kafka is unavailable', undefined, { kafka: AWAY }, `Pending, Reconciling KafkaUnavailable; tells Normal KafkaUnavailable; ${again}`],
    ['the topic is missing', undefined, { kafka: none('topic') }, `Pending, Reconciling TopicMissing; tells Normal TopicMissing; ${again}`],
    ['the topic is missing for 5 minutes', waiting({ waitingSince: at(0) }), { kafka: none('topic'), now: 300_000 }, 'Failed, Stalled TopicMissing; tells Warning TopicMissing'],
    ['the group is missing', undefined, { kafka: none('group') }, `Pending, Reconciling GroupMissing; tells Normal GroupMissing; ${again}`],
    ['the group is missing for 5 minutes', waiting({ waitingSince: at(0) }), { kafka: none('group'), now: 300_000 }, 'Failed, Stalled GroupMissing; tells Warning GroupMissing'],
    ['the group is missing, but the target has 0 replicas', waiting(), { kafka: none('group'), answers: [shown(app(0))] }, `Running, Reconciling Running; tells Normal StepStarted + Normal Running; ${again}`],
    ['the evidence topic does not exist yet', undefined, { kafka: kafka({ ...THERE, evidence: [] }) }, `Pending, Reconciling PreparingEvidence; tells Normal PreparingEvidence; ${again}`],
    ['its place is recorded, nothing is done', undefined, {}, `Pending, Reconciling PreparingEvidence; tells Normal PreparingEvidence; ${again}`],
    ['its evidence is unread', waiting(), { evidence: UNREAD }, `Pending, Reconciling WaitingForEvidence; tells Normal WaitingForEvidence; ${again}`],
    ['the group is sampled', waiting(), { evidence: run(0) }, `Pending, Reconciling WaitingForEvidence; does Report LagSample; tells Normal WaitingForEvidence; ${again}`],
    ['the sample is recorded: the step starts', waiting(), { kafka: kafka({ at: 19_200, ...THERE }) }, `Running, Reconciling Running; tells Normal StepStarted + Normal Running; ${again}`],
    ['more consumers than partitions', waiting(), { kafka: kafka({ at: 19_200, partitions: 2, ...THERE }) }, `Pending, Stalled IdleConsumersRefused; tells Warning IdleConsumersRefused; ${again}`],
  ])('%s', (_situation, before, seen, answer) => {
    expect(told(round(before, seen))).toBe(answer);
  });

  test('the place of the evidence is recorded, and only once', () => {
    const { evidence } = round(undefined).status;
    expect(evidence).toMatchObject({ topic: 'kafkalab-evidence', partition: expect.any(Number) });
    expect(evidence?.offset).toBe([10, 10, 20, 10][evidence?.partition ?? -1]);
    const later = kafka({ at: 19_500, evidence: [99, 99, 99, 99], ...THERE });
    expect(round(waiting(), { kafka: later }).status.evidence).toEqual(EVIDENCE);
  });

  test('the message names what is missing and what to do, and waitingSince is recorded', () => {
    const topic = round(undefined, { kafka: none('topic') });
    expect(message(topic)).toBe(
      'topic t does not exist: create it, or create another ConsumerScale with the right consumers.topic; waiting at most 5 minutes',
    );
    expect(topic.status.waitingSince).toBe(at(20_000));
    expect(round(topic.status, { kafka: none('topic'), now: 30_000 }).status.waitingSince).toBe(at(20_000));
    expect(round(topic.status).status.waitingSince).toBeUndefined();
    expect(message(round(waiting({ waitingSince: at(0) }), { kafka: none('group'), now: 300_000 }))).toBe(
      'group g does not exist although Deployment/app has 1 replicas: check the group.id of its consumers and their logs, or create another ConsumerScale with the right consumers.group (waited 5 minutes)',
    );
  });

  test('the workload of a LoadTest is no external target', () => {
    const owner = { apiVersion: 'kafkalab.dev/v1alpha1', kind: 'LoadTest', name: 'lag', uid: 'u', controller: true };
    const plan = round(undefined, { answers: [shown(app(1, { ownerReferences: [owner] }))] });
    expect(told(plan)).toBe('Failed, Stalled PartOfLoadTest; tells Warning PartOfLoadTest');
    expect(message(plan)).toContain('create another ConsumerScale whose scaleTargetRef names LoadTest lag');
  });
});

describe('a step', () => {
  const is = 'Running, Reconciling Running';
  const again = 'tells Normal Running; again in 500';
  const quiet = kafka({ at: 19_200, ...THERE });
  const wide: Partial<ConsumerScaleInput> = { steps: [{ partitions: 6, consumers: 6, hold: '2s' }] };
  // biome-ignore format: one situation a line
  test.each<[situation: string, spec: Partial<ConsumerScaleInput>, steps: Steps, seen: Seen, answer: string]>([
    ['is carried out: the change is reported first', {}, [runs(3)], {}, `${is}; does Report Consumers 1->3 + Scale Deployment/app 3; ${again}`],
    ['is carried out, and lag is due for a sample', {}, [runs(3)], { kafka: kafka({ at: 19_900, ...THERE }) }, `${is}; does Report Consumers 1->3, LagSample + Scale Deployment/app 3; ${again}`],
    ['is reported only once', {}, [runs(3)], { evidence: run(1, LOOK, scaled(19_500, 'Consumers', 1, 3)) }, `${is}; does Scale Deployment/app 3; ${again}`],
    ['waits for its members', {}, [runs(3)], { answers: [shown(app(3))] }, `${is}; ${again}`],
    ['has settled and holds', {}, [runs(3)], { answers: [shown(app(3))], evidence: run(3, LOOK) }, `${is}; ${again}`],
    ['samples lag while it runs', {}, [runs(3)], { answers: [shown(app(3))], kafka: kafka({ at: 19_900, ...THERE }) }, `${is}; does Report LagSample; ${again}`],
    ['scales a Deployment without spec.replicas', {}, [runs(3)], { answers: [shown(app(undefined))] }, `${is}; does Report Consumers 1->3 + Scale Deployment/app 3; ${again}`],
    ['with more partitions adds these before the consumers', wide, [runs(6, 6)], { kafka: quiet }, `${is}; does Report Partitions 3->6 + AddPartitions t/6; ${again}`],
    ['with more partitions scales when Kafka has them', wide, [runs(6, 6)], { kafka: kafka({ at: 19_200, partitions: 6, ...THERE }) }, `${is}; does Report Consumers 1->6 + Scale Deployment/app 6; ${again}`],
    ['with more partitions that Kafka refused', wide, [runs(6, 6)], { kafka: quiet, failures: [denied(6)] }, 'Running, Stalled Refused; does Report Partitions 3->6 + AddPartitions t/6; tells Warning Refused; again in 500'],
    ['with more partitions, refused although Kafka has them', wide, [runs(6, 6)], { kafka: kafka({ at: 19_200, partitions: 6, ...THERE }), failures: [denied(6)] }, `${is}; does Report Consumers 1->6 + Scale Deployment/app 6; ${again}`],
    ['waits while Kafka is unavailable', {}, [runs(3)], { kafka: AWAY }, 'Running, Reconciling KafkaUnavailable; tells Normal KafkaUnavailable; again in 500'],
    ['its group is empty and has been deleted', {}, [runs(3)], { kafka: none('group') }, `${is}; does Report Consumers 1->3 + Scale Deployment/app 3; ${again}`],
    ['its topic is deleted', {}, [runs(3)], { kafka: none('topic') }, 'Running, Reconciling TopicMissing; tells Normal TopicMissing; again in 500'],
    ['its target is deleted', {}, [runs(3)], { answers: [shown(null)] }, 'Failed, Stalled TargetGone; tells Warning TargetGone'],
    ['its target is replaced', {}, [runs(3)], { answers: [shown(app(1, { uid: 'another' }))] }, 'Failed, Stalled TargetReplaced; tells Warning TargetReplaced'],
  ])('%s', (_situation, spec, steps, seen, answer) => {
    expect(told(round(begun(steps), seen, spec))).toBe(answer);
  });

  test('that does not settle says which members the group must have', () => {
    const plan = round(begun([runs(3)]), { now: 5000 + 600_000 });
    expect(plan.status.steps?.[0]?.message).toContain(
      'group g must have one member per replica and no others; check the Events and logs of the pods',
    );
  });

  describe('in a group with other members', () => {
    const others: Partial<ConsumerScaleInput> = { consumers: { group: 'g', topic: 't', others: 1 } };
    const settles = (members: number, more: Partial<ConsumerScaleInput> = others) =>
      round(begun([runs(2)]), { answers: [shown(app(2))], evidence: run(members, LOOK) }, more).status.steps?.[0]
        ?.settledAt;

    test('has settled when these have joined too', () => {
      expect(settles(2)).toBeUndefined();
      expect(settles(3)).toBe(at(20_000));
      expect(settles(2, {})).toBe(at(20_000));
      expect(settles(3, {})).toBeUndefined();
    });

    test('to 0 consumers has settled when only these are left', () => {
      const none = (members: number) =>
        round(begun([runs(0)]), { answers: [shown(app(0))], evidence: run(members, LOOK) }, others).status.steps?.[0];
      expect(none(2)?.settledAt).toBeUndefined();
      expect(none(1)?.settledAt).toBe(at(20_000));
      expect(none(0)?.settledAt).toBeUndefined();
    });

    test('says how many members it expects', () => {
      const plan = round(begun([runs(2)]), { answers: [shown(app(2))], evidence: run(2, LOOK) }, others);
      expect(message(plan)).toBe('step 1: 2 members in the group, 3 expected');
      const late = round(begun([runs(2)]), { now: 5000 + 600_000 }, others);
      expect(late.status.steps?.[0]?.message).toContain(
        'group g must have one member per replica and 1 other (consumers.others); check the Events and logs of the pods',
      );
    });

    test('counts them for idle consumers', () => {
      const asks = (consumers: number | 'Partitions') =>
        message(round(waiting(), {}, { ...others, steps: [{ consumers, hold: '2s' }] }));
      expect(asks(3)).toBe(
        'step 1 asks for 3 consumers besides 1 other member of the group, but the topic has 3 partitions: 1 would be idle. Set spec.allowIdleConsumers: true to allow that, or create another ConsumerScale with consumers: 2 or partitions: 4',
      );
      expect(asks('Partitions')).toBe(asks(3));
      expect(asks(2)).not.toContain('idle');
    });
  });

  test('reports go to its own run, in its own Kafka', () => {
    const consumers = { group: 'g', topic: 't', kafka: { bootstrapServers: 'theirs:9092' } };
    const [report, scale] = round(begun([runs(3)]), {}, { consumers }).actions;
    const place = { topic: EVIDENCE.topic, partition: EVIDENCE.partition };
    expect(report).toMatchObject({ type: 'Report', run: 'uid-steps', bootstrapServers: 'theirs:9092', ...place });
    const target = { apiVersion: 'apps/v1', kind: 'Deployment', namespace: 'demo', name: 'app' };
    expect(scale).toEqual({ type: 'Scale', target, replicas: 3 });
    const wide = round(begun([runs(1, 6)]), {}, { consumers, steps: [{ partitions: 6, hold: '2s' }] });
    expect(wide.actions).toContainEqual({
      type: 'AddPartitions',
      bootstrapServers: 'theirs:9092',
      topic: 't',
      partitions: 6,
    });
  });

  test('has the figures of the group', () => {
    const { steps, rebalances, lag } = round(
      begun([runs(1)]),
      { evidence: run(1, LOOK) },
      {
        steps: [{ consumers: 1, hold: '20s' }],
      },
    ).status;
    expect(rebalances).toMatchObject({ count: 1, partitionsMoved: 3 });
    expect(steps?.[0]).toMatchObject({ settledAt: at(20_000), idle: [] });
    expect(lag?.total).toBe(0);
  });
});

test('evidence that was deleted unread is a condition', () => {
  const lacking = run(1, LOOK);
  withoutOffsets(lacking.known, 20, 58);
  const plan = round(begun([runs(3)]), { evidence: lacking });
  expect(message(plan, 'EvidenceIncomplete')).toContain('offsets 20 to 57 of topic kafkalab-evidence were deleted');
  expect(plan.events.map(({ reason }) => reason)).toContain('EvidenceIncomplete');
  expect(round(plan.status, { now: 20_500 }).events).toEqual([]);
});

test('it keeps the default Kafka in which its evidence is', () => {
  const { evidence: _place, ...fresh } = waiting();
  const recorded = round(fresh).status;
  expect(recorded.kafka).toEqual({ bootstrapServers: 'kafka:9092' });
  const { needs } = consumerScaleKind({ bootstrapServers: 'moved:9092' });
  const own = { bootstrapServers: 'kafka:9092' };
  expect(needs(consumerScale(SPEC, recorded), [shown(app())])).toMatchObject({ kafka: own, evidence: own });
});

describe('at the end', () => {
  const RESTORE: Partial<ConsumerScaleInput> = { afterwards: 'Restore' };
  const over = begun([done(3)], { finishedAt: at(9000) });
  const three = { answers: [shown(app(3))], evidence: run(3, LOOK) };

  // biome-ignore format: one situation a line
  test.each<[situation: string, spec: Partial<ConsumerScaleInput>, seen: Seen, answer: string]>([
    ['Keep', {}, three, 'Completed, Ready Completed; tells Normal Completed'],
    ['Restore', RESTORE, three, 'Running, Reconciling Running; does Scale Deployment/app 1; tells Normal Running; again in 500'],
    ['Restore, done', RESTORE, { evidence: run(3, LOOK) }, 'Completed, Ready Completed; tells Normal Completed'],
    ['Restore while Kafka is unavailable', RESTORE, { ...three, kafka: AWAY }, 'Running, Reconciling Running; does Scale Deployment/app 1; tells Normal Running; again in 500'],
    ['the target is gone', RESTORE, { answers: [shown(null)] }, 'Completed, Ready Completed; tells Normal Completed'],
  ])('%s', (_situation, spec, seen, answer) => {
    expect(told(round(over, seen, spec))).toBe(answer);
  });

  test('the group is sampled until a sample from the end or later has been read back', () => {
    const ended = begun([done(3)], { finishedAt: at(19_800) });
    const kafkaNow = kafka({ at: 19_900, ...THERE });
    const first = round(ended, { ...three, kafka: kafkaNow });
    expect(told(first)).toBe('Running, Reconciling Running; does Report LagSample; tells Normal Running; again in 500');
    const read = { ...three, evidence: run(3, LOOK, sampled(19_900, [0], [0])), kafka: kafkaNow };
    expect(told(round(first.status, read))).toBe('Completed, Ready Completed; tells Normal Completed');
  });

  test('a deletion restores the consumers from the start, and needs no Kafka', () => {
    const deleted = consumerScale({ ...SPEC, ...RESTORE }, begun([runs(3)]), { deletionTimestamp: at(0) });
    const plan = planConsumerScale(deleted, { answers: [shown(app(3))], evidence: UNREAD, kafka: AWAY });
    expect(told(plan)).toBe('Running; does Scale Deployment/app 1; again in 500');
    expect(Object.keys(CONSUMER_SCALES.needs(deleted, [shown(app(3))]))).toEqual(['queries']);
  });
});

test('it needs its target, the group, and its own evidence once that has a place', () => {
  const { needs } = CONSUMER_SCALES;
  const consumers = { group: 'g', topic: 't', kafka: { bootstrapServers: 'theirs:9092' } };
  const queries = [{ get: { apiVersion: 'apps/v1', kind: 'Deployment', namespace: 'demo', name: 'app' } }, ...RIVALS];
  const look = { bootstrapServers: 'theirs:9092', topic: 't', group: 'g' };
  expect(needs(consumerScale({ ...SPEC, consumers }))).toEqual({ queries });
  expect(needs(consumerScale({ ...SPEC, consumers }), [shown(app())])).toEqual({ queries, kafka: look });
  expect(needs(consumerScale({ ...SPEC, consumers }, waiting()), [shown(app())])).toEqual({
    queries,
    kafka: look,
    evidence: { bootstrapServers: 'theirs:9092', run: 'uid-steps', ...EVIDENCE },
  });
});

describe('with a Kafka of Strimzi', () => {
  const consumers = { group: 'g', topic: 't', kafka: { strimzi: CLUSTER } };
  const FOUND = { kafka: { bootstrapServers: 'plain.kafka.svc:9092' } };
  const wide: Partial<ConsumerScaleInput> = { consumers, steps: [{ partitions: 6, hold: '2s' }] };
  const seen = (kafkaTopic: KubernetesObject | null, more: Seen = {}): Seen => ({
    answers: [
      ...[shown(app()), ...ONLY_WIDER, STRIMZI],
      ...(kafkaTopic?.metadata.name === 'orders' ? [shown(null), kafkaTopics(kafkaTopic)] : [shown(kafkaTopic)]),
    ],
    kafka: kafka({ at: 19_200, ...THERE }),
    ...more,
  });
  const raised = (kafkaTopic: KubernetesObject | null, more: Seen = {}) =>
    round(begun([runs(1, 6)], FOUND), seen(kafkaTopic, more), wide);
  const is = 'Running, Reconciling Running; does Report Partitions 3->6';
  const stalls = (reason: string) =>
    `Running, Stalled ${reason}; does Report Partitions 3->6; tells Warning ${reason}; again in 500`;
  const asked = { owner: null, partitions: 6 };

  test('the addresses are read from the Kafka resource first, and recorded', () => {
    const { needs } = CONSUMER_SCALES;
    const spec = { ...SPEC, consumers };
    expect(needs(consumerScale(spec), [shown(app())]).kafka).toBeUndefined();
    const asked = needs(consumerScale(spec), [shown(app()), ...ALONE, STRIMZI]).queries?.map(queryLine);
    // No step adds partitions, so no KafkaTopic is queried.
    expect(asked).toEqual([
      'Deployment demo/app',
      'ConsumerScales demo',
      'HorizontalPodAutoscalers demo',
      'served kafka.strimzi.io/v1',
      'Kafka kafka/my-cluster',
    ]);
    const first = round(
      undefined,
      { answers: [shown(app()), ...ALONE, STRIMZI, shown(kafkaResource())], kafka: UNREAD },
      { consumers },
    );
    expect(told(first)).toBe('Pending, Reconciling FindingKafka; tells Normal FindingKafka; again in 500');
    expect(first.status).toMatchObject(FOUND);
    expect(needs(consumerScale(spec, first.status), [shown(app())])).toMatchObject({
      queries: [{ get: { kind: 'Deployment' } }, ...RIVALS],
      ...FOUND,
    });
    const second = round(first.status, { answers: [shown(app())] }, { consumers });
    expect(second.status).toMatchObject({ ...FOUND, evidence: { topic: 'kafkalab-evidence' } });
  });

  test('a missing Kafka resource is waited for up to 5 minutes', () => {
    const none: Seen = { answers: [shown(app()), ...ALONE, STRIMZI, shown(null)], kafka: UNREAD };
    const first = round(undefined, none, { consumers });
    expect(message(first)).toMatch(
      /^Kafka kafka\/my-cluster of kafka.strimzi.io does not exist.*waiting at most 5 minutes$/,
    );
    expect(told(round(first.status, { ...none, now: 320_000 }, { consumers }))).toBe(
      'Failed, Stalled KafkaNotUsable; tells Warning KafkaNotUsable',
    );
  });

  // biome-ignore format: one situation a line
  test.each<[situation: string, kafkaTopic: KubernetesObject | null, answer: string]>([
    ['no KafkaTopic: through the Admin API', null, `${is} + AddPartitions t/6; tells Normal Running; again in 500`],
    ['a KafkaTopic: through it', kafkaTopicOf([READY], { owner: null }), `${is} + Patch KafkaTopic/t {"partitions":6}; tells Normal Running; again in 500`],
    ['a KafkaTopic with another name: through it', kafkaTopicOf([READY], { owner: null, name: 'orders' }), `${is} + Patch KafkaTopic/orders {"partitions":6}; tells Normal Running; again in 500`],
    ['a KafkaTopic that asks for them already', kafkaTopicOf([READY], asked), `${is}; tells Normal Running; again in 500`],
    ['a KafkaTopic that is paused', kafkaTopicOf([READY], { ...asked, annotations: { 'strimzi.io/pause-reconciliation': 'true' } }), stalls('KafkaTopicPaused')],
    ['a KafkaTopic that is refused', kafkaTopicOf([notReady('NotSupported', 'no')], asked), stalls('KafkaTopicNotSupported')],
  ])('more partitions, %s', (_situation, kafkaTopic, answer) => {
    expect(told(raised(kafkaTopic))).toBe(answer);
  });

  test('more partitions without the right to read KafkaTopics', () => {
    const forbidden = raised(null, { answers: [shown(app()), ...ONLY_WIDER, STRIMZI, FORBIDDEN] });
    expect(told(forbidden)).toBe(stalls('StrimziForbidden'));
  });

  test('without the right to read the Kafka resource, the message says what to grant', () => {
    const first = round(
      undefined,
      { answers: [shown(app()), ...ALONE, STRIMZI, FORBIDDEN], kafka: UNREAD },
      { consumers },
    );
    expect(told(first)).toBe('Pending, Stalled StrimziForbidden; tells Warning StrimziForbidden; again in 500');
    expect(message(first)).toContain('give its service account in namespace kafka');
    const later = { answers: [shown(app()), ...ALONE, STRIMZI, shown(kafkaResource())], kafka: UNREAD, now: 9_000_000 };
    expect(told(round(first.status, later, { consumers }))).toContain('Reconciling FindingKafka');
  });

  test('without the right to change the KafkaTopic, the message says what to grant', () => {
    const action = {
      type: 'Patch' as const,
      target: { apiVersion: 'kafka.strimzi.io/v1', kind: 'KafkaTopic', namespace: 'kafka', name: 't' },
      spec: { partitions: 6 },
    };
    const failures: Failure[] = [{ action, reason: 'Refused', message: 'kafkatopics "t" is forbidden' }];
    const plan = raised(kafkaTopicOf([READY], { owner: null }), { failures });
    expect(told(plan)).toContain('Stalled Refused');
    expect(message(plan)).toContain('is forbidden: give its service account in namespace kafka');
  });

  test('the step says what it waits for', () => {
    expect(message(raised(kafkaTopicOf([READY], { ...asked, generation: 2 })))).toContain(
      '; the Topic Operator has not seen the last change of KafkaTopic kafka/t yet',
    );
  });

  test('the default connection may belong to Strimzi', () => {
    const { needs } = consumerScaleKind({ ...WORKER, strimzi: CLUSTER });
    const spec: ConsumerScaleInput = { ...SPEC, steps: [{ partitions: 6, hold: '2s' }] };
    const asked = needs(consumerScale(spec), [shown(app()), ...ONLY_WIDER, STRIMZI]);
    expect(asked.queries?.at(-1)).toMatchObject({ get: { kind: 'KafkaTopic', name: 't' } });
    expect(asked.kafka).toEqual({ topic: 't', group: 'g' });
    expect(CONSUMER_SCALES.needs(consumerScale(spec), [shown(app())]).queries).toHaveLength(2);
  });

  test('the addresses of a LoadTest’s Kafka come from its status', () => {
    const target = loadTest({ kafka: { strimzi: CLUSTER } });
    const schedule = consumerScale({ steps: [{ consumers: 3, hold: '2s' }] });
    expect(CONSUMER_SCALES.needs(schedule, [shown(target)]).kafka).toBeUndefined();
    const status = { phase: 'Running' as const, observedGeneration: 1, conditions: [], ...FOUND, evidence: EVIDENCE };
    const needs = CONSUMER_SCALES.needs(schedule, [shown({ ...target, status })]);
    expect(needs).toMatchObject({ kafka: { ...FOUND.kafka, topic: 't', group: 'g' }, evidence: FOUND.kafka });
    expect(needs.queries).toHaveLength(3);
  });
});

function denied(partitions: number): Failure {
  return { action: { type: 'AddPartitions', topic: 't', partitions }, reason: 'Refused', message: 'not authorized' };
}
