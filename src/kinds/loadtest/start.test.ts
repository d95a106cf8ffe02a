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
import type { Action, Failure } from '../../contract/actions.ts';

type Seen = Parameters<typeof planLoadTest>[1];

const CLAIMED = { partitions: 0, replicas: 0, managedBy: 'Admin', created: true } as const;
const MADE = { partitions: 3, replicas: 2, managedBy: 'Admin', created: true } as const;
const FOUND = { ...MADE, managedBy: 'Existing', created: false } as const;

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
const claimed = status({ topic: CLAIMED, evidence: EVIDENCE });
const create: Action = { type: 'CreateTopic', topic: 't', partitions: 3, replicas: 2, config: {} };
const add: Action = { type: 'AddPartitions', topic: 't', partitions: 3 };
const nothing = kafka({ partitions: null });

// biome-ignore format: one situation a line
test.each<[situation: string, spec: SpecChange, before: LoadTestStatus | undefined, seen: Seen, answer: string]>([
  ['Kafka is unavailable', {}, undefined, { kafka: AWAY }, 'Pending, Reconciling KafkaUnavailable; tells Warning KafkaUnavailable; again in 2000'],
  ['no topic yet: the intention is recorded', {}, undefined, { kafka: nothing }, 'Pending, Reconciling CreatingTopic; tells Normal CreatingTopic; again in 250'],
  ['the intention is recorded: the topic is created', {}, claimed, { kafka: nothing }, 'Pending, Reconciling CreatingTopic; does CreateTopic t/3x2; tells Normal CreatingTopic; again in 250'],
  ['Kafka becomes unavailable after the intention: no client starts without the topic', {}, claimed, { kafka: AWAY }, 'Pending, Reconciling KafkaUnavailable; tells Warning KafkaUnavailable; again in 2000'],
  ['Kafka becomes unavailable after the preparation: no client starts', {}, begun, { kafka: AWAY }, 'Pending, Reconciling KafkaUnavailable; tells Warning KafkaUnavailable; again in 2000'],
  ['Kafka becomes unavailable while clients start: they continue', {}, begun, { kafka: AWAY, owned: [pods('producer', 2, 0)] }, 'Preparing, Reconciling StartingClients; applies lag-producer=2 + lag-consumer=1; tells Normal StartingClients; again in 1000'],
  ['Kafka becomes unavailable while the topic is created again: clients continue, the LoadTest is not ready', {}, claimed, { kafka: AWAY, owned: [pods('producer', 2), pods('consumer', 1)] }, 'Pending, Reconciling KafkaUnavailable; applies lag-producer=2 + lag-consumer=1; tells Warning KafkaUnavailable; again in 2000'],
  ['no topic under Admin', topic({ management: 'Admin' }), undefined, { kafka: nothing }, 'Pending, Reconciling CreatingTopic; tells Normal CreatingTopic; again in 250'],
  ['no topic under Existing', topic({ management: 'Existing' }), undefined, { kafka: nothing }, 'Pending, Stalled TopicMissing; tells Warning TopicMissing; again in 2000'],
  ['more replicas than brokers', topic({ replicas: 4 }), undefined, { kafka: nothing }, 'Pending, Stalled TooManyReplicas; tells Warning TooManyReplicas; again in 2000'],
  ['Kafka refused the topic', {}, claimed, { kafka: nothing, failures: [failed(create, 'Refused', 'cleanup.policy: no such value')] }, 'Pending, Stalled TopicRefused; tells Warning TopicRefused; again in 2000'],
  ['the creation of the topic failed, and the operator retries', {}, claimed, { kafka: nothing, failures: [failed(create, 'Unexpected', 'NOT_CONTROLLER')] }, 'Pending, Reconciling CreatingTopic; does CreateTopic t/3x2; tells Normal CreatingTopic; again in 250'],
  ['the topic exists, the evidence topic does not', {}, status({ topic: CLAIMED }), { kafka: kafka({ evidence: [] }) }, 'Pending, Reconciling PreparingEvidence; tells Normal PreparingEvidence; again in 250'],
  ['the evidence topic exists: the place is recorded first', {}, status({ topic: MADE }), { kafka: kafka() }, 'Pending, Reconciling PreparingEvidence; tells Normal PreparingEvidence; again in 250'],
  ['the topic existed', {}, undefined, { kafka: kafka() }, 'Pending, Reconciling PreparingEvidence; tells Normal PreparingEvidence; again in 250'],
  ['the topic existed with more partitions', {}, status({ topic: { ...FOUND, partitions: 9 }, evidence: EVIDENCE }), { kafka: kafka({ partitions: 9 }) }, 'Preparing, Reconciling StartingClients; applies lag-producer=2 + lag-consumer=1; tells Normal StartingClients; again in 1000'],
  ['the topic existed with fewer partitions', {}, undefined, { kafka: kafka({ partitions: 1 }) }, 'Pending, Reconciling AddingPartitions; does AddPartitions t/3; tells Normal AddingPartitions; again in 2000'],
  ['fewer partitions under Existing', topic({ management: 'Existing' }), undefined, { kafka: kafka({ partitions: 1 }) }, 'Pending, Stalled TooFewPartitions; tells Warning TooFewPartitions; again in 2000'],
  ['Kafka refused more partitions', {}, status({ topic: FOUND }), { kafka: kafka({ partitions: 1 }), failures: [failed(add, 'Refused', 'policy')] }, 'Pending, Stalled TopicRefused; tells Warning TopicRefused; again in 2000'],
  ['everything exists: clients start', {}, begun, { kafka: kafka() }, 'Preparing, Reconciling StartingClients; applies lag-producer=2 + lag-consumer=1; tells Normal StartingClients; again in 1000'],
  ['the API server refused the clients', {}, begun, { kafka: kafka(), failures: [failed({ type: 'Apply', target: { apiVersion: 'apps/v1', kind: 'StatefulSet', namespace: 'demo', name: 'lag-producer' } }, 'Refused', 'belongs to somebody else')] }, 'Preparing, Stalled Refused; applies lag-producer=2 + lag-consumer=1; tells Warning Refused; again in 1000'],
  ['the topic was deleted before all clients were ready: it is created again', {}, begun, { kafka: nothing, owned: [pods('producer', 2, 0)] }, 'Pending, Reconciling CreatingTopic; does CreateTopic t/3x2; applies lag-producer=2 + lag-consumer=1; tells Normal CreatingTopic; again in 250'],
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
  expect(said({}, { failures: [refused] }, claimed)).toBe(
    'Kafka refused to create topic t: cleanup.policy: no such value',
  );
  expect(said({}, { failures: [failed(create, 'Unexpected', 'NOT_CONTROLLER')] }, claimed)).toContain('NOT_CONTROLLER');
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
  const claimed = { partitions: 0, replicas: 0, managedBy: 'Admin', created: true };
  const noEvidence = kafka({ partitions: null, evidence: [] });
  expect(round({ kafka: noEvidence })).toEqual({ recorded: claimed, does: [], applies: 0 });
  expect(round({ kafka: noEvidence })).toEqual({ recorded: claimed, does: ['CreateTopic t/3x2'], applies: 0 });
  const made = { partitions: 3, replicas: 2, managedBy: 'Admin', created: true };
  expect(round({ kafka: kafka({ evidence: [] }) })).toEqual({ recorded: made, does: [], applies: 0 });
  const placed = { ...made, topic: 'kafkalab-evidence', partition: expect.any(Number), offset: 7 };
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

test('a topic that Kafka refused to create is not claimed, even if somebody else creates it', () => {
  const refused = planLoadTest(loadTest({}, claimed), { failures: [failed(create, 'Refused', 'policy')] });
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
