/** The preparation of a run: what has to exist first, and what is recorded before it is carried out. */
import { describe, expect, test } from '@jest/globals';
import {
  AWAY,
  actionLine,
  at,
  CONSUMERS,
  EVIDENCE,
  evidence,
  group,
  kafka,
  loadTest,
  message,
  PRODUCERS,
  planLoadTest,
  pods,
  SCALED,
  type SpecChange,
  scaled,
  TOPIC,
  told,
} from '../../../test/support/seen.ts';
import type { LoadTestInput } from '../../api/loadtest/spec.ts';
import type { LoadTestStatus } from '../../api/loadtest/status.ts';
import type { Action, Done, Failure } from '../../contract/actions.ts';

type Seen = Parameters<typeof planLoadTest>[1];

const REQUESTED = { partitions: 0, replicas: 0, managedBy: 'Admin', created: false, creation: 'Requested' } as const;
const MADE = { partitions: 3, replicas: 2, managedBy: 'Admin', created: true, id: 'id-t' } as const;
const FOUND = { partitions: 3, replicas: 2, managedBy: 'Existing', created: false } as const;

const status = (more: Partial<LoadTestStatus> = {}): LoadTestStatus => ({
  phase: 'Pending',
  observedGeneration: 1,
  conditions: [],
  startedAt: at(0),
  ...more,
});
const begun = status({ evidence: EVIDENCE, topic: MADE, phase: 'Preparing' });
const topic = (more: Partial<LoadTestInput['topic']>): SpecChange => ({ topic: { ...TOPIC, ...more } });
const failed = (action: Action | Failure['action'], reason: Failure['reason'], text: string): Failure => ({
  action,
  reason,
  message: text,
});
const requested = status({ topic: REQUESTED, evidence: EVIDENCE });
const create: Action = { type: 'CreateTopic', topic: 't', partitions: 3, replicas: 2, config: {} };
const add: Action = { type: 'AddPartitions', topic: 't', partitions: 3 };
const nothing = kafka({ partitions: null });

// biome-ignore format: one situation a line
test.each<[situation: string, spec: SpecChange, before: LoadTestStatus | undefined, seen: Seen, answer: string]>([
  ['Kafka is unavailable', {}, undefined, { kafka: AWAY }, 'Pending, Reconciling KafkaUnavailable; tells Warning KafkaUnavailable; again in 2000'],
  ['no topic yet: the intention is recorded', {}, undefined, { kafka: nothing }, 'Pending, Reconciling CreatingTopic; tells Normal CreatingTopic; again in 250'],
  ['the intention is recorded: the topic is created', {}, requested, { kafka: nothing }, 'Pending, Reconciling CreatingTopic; does CreateTopic t/3x2; tells Normal CreatingTopic; again in 250'],
  ['Kafka becomes unavailable after the intention: no client starts without the topic', {}, requested, { kafka: AWAY }, 'Pending, Reconciling KafkaUnavailable; tells Warning KafkaUnavailable; again in 2000'],
  ['Kafka becomes unavailable after the preparation: no client starts', {}, begun, { kafka: AWAY }, 'Pending, Reconciling KafkaUnavailable; tells Warning KafkaUnavailable; again in 2000'],
  ['Kafka becomes unavailable while clients start: they continue', {}, begun, { kafka: AWAY, owned: [pods('producer', 2, 0)] }, 'Preparing, Reconciling StartingClients; applies lag-producer=2 + lag-consumer=1; tells Normal StartingClients; again in 1000'],
  ['Kafka becomes unavailable while the topic is created again: clients continue, the LoadTest is not ready', {}, requested, { kafka: AWAY, owned: [pods('producer', 2), pods('consumer', 1)] }, 'Pending, Reconciling KafkaUnavailable; applies lag-producer=2 + lag-consumer=1; tells Warning KafkaUnavailable; again in 2000'],
  ['no topic under Admin', topic({ management: 'Admin' }), undefined, { kafka: nothing }, 'Pending, Reconciling CreatingTopic; tells Normal CreatingTopic; again in 250'],
  ['no topic under Existing', topic({ management: 'Existing' }), undefined, { kafka: nothing }, 'Pending, Stalled TopicMissing; tells Warning TopicMissing; again in 2000'],
  ['more replicas than brokers', topic({ replicas: 4 }), undefined, { kafka: nothing }, 'Pending, Stalled TooManyReplicas; tells Warning TooManyReplicas; again in 2000'],
  ['Kafka refused the topic', {}, requested, { kafka: nothing, failures: [failed(create, 'Refused', 'cleanup.policy: no such value')] }, 'Pending, Stalled TopicRefused; tells Warning TopicRefused; again in 2000'],
  ['the creation of the topic failed, and the operator retries', {}, requested, { kafka: nothing, failures: [failed(create, 'Unexpected', 'NOT_CONTROLLER')] }, 'Pending, Reconciling CreatingTopic; does CreateTopic t/3x2; tells Normal CreatingTopic; again in 250'],
  ['the topic exists, the evidence topic does not', {}, status({ topic: REQUESTED }), { kafka: kafka({ evidence: [] }) }, 'Pending, Reconciling PreparingEvidence; tells Normal PreparingEvidence; again in 250'],
  ['the evidence topic exists: the place is recorded first', {}, status({ topic: MADE }), { kafka: kafka() }, 'Pending, Reconciling PreparingEvidence; tells Normal PreparingEvidence; again in 250'],
  ['the topic existed', {}, undefined, { kafka: kafka() }, 'Pending, Reconciling PreparingEvidence; tells Normal PreparingEvidence; again in 250'],
  ['the topic existed with more partitions', {}, status({ topic: { ...FOUND, partitions: 9 }, evidence: EVIDENCE }), { kafka: kafka({ partitions: 9 }) }, 'Preparing, Reconciling StartingClients; applies lag-producer=2 + lag-consumer=1; tells Normal StartingClients; again in 1000'],
  ['the topic existed with fewer partitions', {}, undefined, { kafka: kafka({ partitions: 1 }) }, 'Pending, Stalled TooFewPartitions; tells Warning TooFewPartitions; again in 2000'],
  ['the topic existed with fewer partitions, which may be raised', topic({ raiseExisting: true }), undefined, { kafka: kafka({ partitions: 1 }) }, 'Pending, Reconciling AddingPartitions; does AddPartitions t/3; tells Normal AddingPartitions; again in 2000'],
  ['the topic existed with fewer partitions, under Admin', topic({ management: 'Admin' }), undefined, { kafka: kafka({ partitions: 1 }) }, 'Pending, Reconciling AddingPartitions; does AddPartitions t/3; tells Normal AddingPartitions; again in 2000'],
  ['the topic was created with fewer partitions: its own are added', {}, status({ topic: MADE }), { kafka: kafka({ partitions: 1 }) }, 'Pending, Reconciling AddingPartitions; does AddPartitions t/3; tells Normal AddingPartitions; again in 2000'],
  ['the topic was deleted and created again by somebody during the run', {}, { ...begun, preparedAt: at(0), phase: 'Running' }, { kafka: kafka({ id: 'another' }), owned: [pods('producer', 2), pods('consumer', 1)] }, 'Running, Stalled TopicReplaced; applies lag-producer=2 + lag-consumer=1; tells Warning TopicReplaced; again in 1000'],
  ['fewer partitions under Existing', topic({ management: 'Existing' }), undefined, { kafka: kafka({ partitions: 1 }) }, 'Pending, Stalled TooFewPartitions; tells Warning TooFewPartitions; again in 2000'],
  ['Kafka refused more partitions', {}, status({ topic: MADE }), { kafka: kafka({ partitions: 1 }), failures: [failed(add, 'Refused', 'policy')] }, 'Pending, Stalled TopicRefused; tells Warning TopicRefused; again in 2000'],
  ['everything exists: clients start', {}, begun, { kafka: kafka() }, 'Preparing, Reconciling StartingClients; applies lag-producer=2 + lag-consumer=1; tells Normal StartingClients; again in 1000'],
  ['the API server refused the clients', {}, begun, { kafka: kafka(), failures: [failed({ type: 'Apply', target: { apiVersion: 'apps/v1', kind: 'StatefulSet', namespace: 'demo', name: 'lag-producer' } }, 'Refused', 'belongs to somebody else')] }, 'Preparing, Stalled Refused; applies lag-producer=2 + lag-consumer=1; tells Warning Refused; again in 1000'],
  ['the topic was deleted before all clients were ready: its creation is recorded again', {}, begun, { kafka: nothing, owned: [pods('producer', 2, 0)] }, 'Pending, Reconciling CreatingTopic; applies lag-producer=2 + lag-consumer=1; tells Normal CreatingTopic; again in 250'],
  ['all clients are ready', {}, begun, { kafka: kafka(), evidence: evidence(...SCALED), owned: [pods('producer', 2), pods('consumer', 1)] }, 'Running, Ready Running; does Report LagSample; applies lag-producer=2 + lag-consumer=1; tells Normal Running + Normal Rebalanced; again in 1000'],
  ['suspended from the start', { suspend: true }, begun, { kafka: kafka() }, 'Suspended, Ready Suspended; applies lag-producer=0 + lag-consumer=0; tells Normal Suspended; again in 2000'],
  ['consumers that start after the producers', { producers: { ...PRODUCERS, messages: 10 }, consumers: { ...CONSUMERS, start: 'AfterProducers' } }, begun, { kafka: kafka() }, 'Preparing, Reconciling StartingClients; applies lag-producer=2 + lag-consumer=0; tells Normal StartingClients; again in 1000'],
  ['producers only', { consumers: null }, begun, { kafka: kafka() }, 'Preparing, Reconciling StartingClients; applies lag-producer=2; tells Normal StartingClients; again in 1000'],
])('%s', (_situation, spec, before, seen, answer) => {
  expect(told(planLoadTest(loadTest(spec, before), seen))).toBe(answer);
});

test('the message says what is missing and what to do', () => {
  const said = (spec: SpecChange, seen: Seen, before?: LoadTestStatus) =>
    message(planLoadTest(loadTest(spec, before), seen));
  expect(said({}, { kafka: AWAY })).toBe(`${AWAY.unavailable}; the operator retries every few seconds`);
  expect(said(topic({ management: 'Existing' }), {})).toContain('create the topic, or create another LoadTest');
  expect(said(topic({ replicas: 4 }), {})).toContain('the cluster has 3 brokers');
  const refused = failed(create, 'Refused', 'cleanup.policy: no such value');
  expect(said({}, { failures: [refused] }, requested)).toBe(
    'Kafka refused to create topic t: cleanup.policy: no such value',
  );
  expect(said({}, { failures: [failed(create, 'Unexpected', 'NOT_CONTROLLER')] }, requested)).toContain(
    'NOT_CONTROLLER',
  );
  const starting = { kafka: AWAY, owned: [pods('producer', 2, 1)] };
  expect(said({}, starting, begun)).toBe(`0/2 producers ready, 0/1 consumers ready; ${AWAY.unavailable}`);
});

test('step by step: topic, then place of the evidence, then clients; each recorded before the next', () => {
  let now = 0;
  let before: LoadTestStatus | undefined;
  const round = (seen: Seen) => {
    now += 1000;
    const plan = planLoadTest(loadTest({}, before), { now, ...seen });
    before = plan.status;
    return {
      recorded: { ...(before.topic ?? {}), ...before.evidence },
      does: plan.actions.map(actionLine),
      applies: plan.apply.length,
    };
  };
  const noEvidence = kafka({ partitions: null, evidence: [] });
  expect(round({ kafka: noEvidence })).toEqual({ recorded: REQUESTED, does: [], applies: 0 });
  expect(round({ kafka: noEvidence })).toEqual({ recorded: REQUESTED, does: ['CreateTopic t/3x2'], applies: 0 });
  const done: Done[] = [{ action: create, result: { topicId: 'id-t' } }];
  expect(round({ kafka: kafka({ evidence: [] }), done })).toEqual({ recorded: MADE, does: [], applies: 0 });
  const placed = { ...MADE, topic: 'kafkalab-evidence', partition: expect.any(Number), offset: 7 };
  expect(round({ kafka: kafka({ evidence: [7, 7, 7] }) })).toEqual({ recorded: placed, does: [], applies: 0 });
  // The offset stays that of the start.
  expect(round({ kafka: kafka({ evidence: [9, 9, 9] }) })).toEqual({ recorded: placed, does: [], applies: 2 });
  expect(before).toMatchObject({ startedAt: at(1000), consumers: { groupCreated: true } });
});

test('a group that existed before is not claimed', () => {
  const claims = (seen: Seen) => planLoadTest(loadTest(), seen).status.consumers?.groupCreated;
  expect(claims({ kafka: kafka({ group: null }) })).toBe(true);
  expect(claims({ kafka: kafka({ group: group([]) }) })).toBe(false);
  // Later the group exists because of this run.
  const before = planLoadTest(loadTest(), { kafka: kafka({ group: null }) }).status;
  const later = planLoadTest(loadTest({}, before), { kafka: kafka({ group: group(['c-0']) }) });
  expect(later.status.consumers?.groupCreated).toBe(true);
});

test('the message about a topic of others says how to add partitions to it', () => {
  const plan = planLoadTest(loadTest(), { kafka: kafka({ partitions: 1 }) });
  expect(message(plan)).toBe(
    'topic t exists with 1 partition and was not created by this LoadTest, whose topic.partitions is 3: set topic.raiseExisting: true to add partitions (Kafka cannot remove them again), or create another LoadTest with topic.partitions: 1 or with another topic.name',
  );
});

describe('whose the topic is', () => {
  const answer = (result: Done['result']): Done => ({ action: create, result });
  const created = answer({ topicId: 'id-t' });
  const existed = answer({ existed: true });
  const lost = [failed(create, 'Unreachable', 'no answer')];
  const live = kafka();
  const unanswered = { ...REQUESTED, creation: 'Unanswered' } as const;
  const OTHERS = { ...FOUND, id: 'id-t' } as const;
  const UNKNOWN = { ...FOUND, creation: 'Unanswered' } as const;
  const again = { ...MADE, creation: 'Requested' } as const;

  // biome-ignore format: one situation a line
  test.each<[situation: string, before: NonNullable<LoadTestStatus['topic']>, seen: Seen, after: LoadTestStatus['topic']]>([
    ['Kafka answered with an id: it is ours', REQUESTED, { kafka: live, done: [created] }, MADE],
    ['the id is recorded before Kafka shows the topic', REQUESTED, { kafka: nothing, done: [created] }, { ...REQUESTED, created: true, id: 'id-t' }],
    ['the id is recorded while Kafka is unavailable', REQUESTED, { kafka: AWAY, done: [created] }, { partitions: 0, replicas: 0, managedBy: 'Admin', created: true, id: 'id-t' }],
    ['Kafka answered that it existed: it is of others', REQUESTED, { kafka: live, done: [existed] }, FOUND],
    ['it existed, was deleted, and then was created: it is ours', REQUESTED, { kafka: live, done: [existed, created] }, MADE],
    ['it is there, but without an answer (the operator died): unknown', REQUESTED, { kafka: live }, UNKNOWN],
    ['an answer was lost: unknown', REQUESTED, { kafka: nothing, failures: lost }, unanswered],
    ['an answer was lost, and then it existed: unknown', unanswered, { kafka: live, done: [existed] }, UNKNOWN],
    ['an answer was lost, and then it was created: it is ours', unanswered, { kafka: live, done: [created] }, MADE],
    ['what is unknown stays unknown', UNKNOWN, { kafka: live }, UNKNOWN],
    ['the topic has another id: somebody has created it again', MADE, { kafka: kafka({ id: 'other' }) }, OTHERS],
    ['a view from before that is followed by one with our id', OTHERS, { kafka: live }, MADE],
    ['deleted, requested again, and there again without an answer: unknown', again, { kafka: kafka({ id: 'other' }) }, { ...OTHERS, creation: 'Unanswered' }],
    ['Kafka did not show our topic yet, and the second request found it', again, { kafka: live, done: [existed] }, MADE],
    ['recorded by an operator that knew no ids: unknown', { partitions: 3, replicas: 2, managedBy: 'Admin', created: true }, { kafka: live }, UNKNOWN],
  ])('%s', (_situation, before, seen, after) => {
    expect(planLoadTest(loadTest({}, status({ topic: before, evidence: EVIDENCE })), seen).status.topic).toEqual(after);
  });

  test('two LoadTests that request one topic at once have one owner', () => {
    const first = planLoadTest(loadTest({}, requested), { kafka: live, done: [created] });
    const second = planLoadTest(loadTest({}, requested), { kafka: live, done: [existed] });
    expect([first, second].map(({ status: { topic: it } }) => it?.created)).toEqual([true, false]);
    expect(told(second)).toContain('Preparing, Reconciling StartingClients');
  });
});

test('a topic that Kafka refused to create is not claimed, even if somebody else creates it', () => {
  const refused = planLoadTest(loadTest({}, requested), { failures: [failed(create, 'Refused', 'policy')] });
  expect(refused.status.topic).toBeUndefined();
  const found = planLoadTest(loadTest({}, refused.status), { kafka: kafka() });
  expect(found.status.topic).toMatchObject({ created: false, managedBy: 'Existing' });
});

test('more partitions are reported once, and requested until the topic has them', () => {
  const running = { ...begun, phase: 'Running' as const, preparedAt: at(0) };
  const raise = (...facts: Parameters<typeof evidence>) =>
    planLoadTest(loadTest(topic({ partitions: 6 }), running), {
      owned: [pods('producer', 2), pods('consumer', 1)],
      kafka: kafka({ partitions: 3 }),
      evidence: evidence(...SCALED, ...facts),
    }).actions.map(actionLine);
  expect(raise()).toEqual(['Report Partitions 3->6, LagSample', 'AddPartitions t/6']);
  expect(raise(scaled(3, 'Partitions', 3, 6))).toEqual(['Report LagSample', 'AddPartitions t/6']);
});

describe('settings that the client does not support, admitted by another version of the CRD', () => {
  const bad = { consumers: { ...CONSUMERS, config: { 'fetch.min.bytes': 'many' } } };
  const impossible = loadTest({ consumers: CONSUMERS });
  impossible.spec = { ...impossible.spec, consumers: { ...impossible.spec.consumers, ...bad.consumers } as never };

  test('nothing starts, and the message names them', () => {
    const plan = planLoadTest({ ...impossible, status: begun }, { kafka: kafka() });
    expect(told(plan)).toBe('Pending, Stalled InvalidSettings; tells Warning InvalidSettings; again in 2000');
    expect(message(plan)).toContain('fetch.min.bytes');
  });

  test('the deletion works', () => {
    const metadata = { ...impossible.metadata, deletionTimestamp: at(0) };
    const plan = planLoadTest({ ...impossible, metadata, status: begun }, { kafka: kafka({ partitions: null }) });
    expect(plan.finished).toBe(true);
  });
});
