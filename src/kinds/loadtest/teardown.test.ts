/** The deletion of a LoadTest: pods, then group, then topic; only what it created; and never without end. */
import { expect, test } from '@jest/globals';
import {
  AWAY,
  at,
  group,
  kafka,
  LOAD_TESTS,
  loadTest,
  message,
  planLoadTest,
  pods,
  runningStatus,
  type SpecChange,
  TOPIC,
  told,
} from '../../../test/support/seen.ts';
import type { LoadTestStatus } from '../../api/loadtest/status.ts';
import type { Action, Done, Failure } from '../../contract/actions.ts';
import type { Condition } from '../../contract/kubernetes.ts';

type Seen = NonNullable<Parameters<typeof planLoadTest>[1]>;

const MADE = { partitions: 3, replicas: 2, managedBy: 'Admin', created: true, id: 'id-t' } as const;
const FOUND = { partitions: 3, replicas: 2, managedBy: 'Existing', created: false } as const;
const REQUESTED = { partitions: 0, replicas: 0, managedBy: 'Admin', created: false, creation: 'Requested' } as const;
const UNKNOWN = { ...FOUND, creation: 'Unanswered' } as const;
const { consumers } = planLoadTest(loadTest(), { kafka: kafka() }).status;

const status = (more: Partial<LoadTestStatus> = {}): LoadTestStatus =>
  runningStatus({
    topic: MADE,
    ...(consumers === undefined ? {} : { consumers }),
    ...more,
  });
const OTHERS_GROUP = status(consumers === undefined ? {} : { consumers: { ...consumers, groupCreated: false } });
/** A deletion that began this long ago. */
const since = (ms: number, reason = 'StoppingClients'): LoadTestStatus => {
  const condition = (type: string): Condition => ({
    type,
    status: 'True',
    reason,
    message: '',
    lastTransitionTime: at(1_000_000 - ms),
  });
  return status({ conditions: [condition('Reconciling'), condition('Deleting')] });
};

/** At 1,000,000 ms; by default Kafka has the topic and the group, which is empty. */
const leave = (before: LoadTestStatus | undefined, seen: Seen = {}, spec: SpecChange = {}) =>
  planLoadTest(loadTest(spec, before, { deletionTimestamp: at(999_000) }), {
    now: 1_000_000,
    kafka: kafka({ group: group([]) }),
    ...seen,
  });
const refused: Failure = {
  action: { type: 'DeleteTopic', topic: 't', topicId: 'id-t' },
  reason: 'Refused',
  message: 'TOPIC_DELETION_DISABLED',
};
const create: Action = { type: 'CreateTopic', topic: 't', partitions: 3, replicas: 2, config: {} };
const CREATED: Done = { action: create, result: { topicId: 'id-t' } };
const EXISTED: Done = { action: create, result: { existed: true } };
const RETAIN: SpecChange = { topic: { ...TOPIC, deletionPolicy: 'Retain' } };
const members = { kafka: kafka({ group: group(['theirs']) }) };

// biome-ignore format: one situation a line
test.each<[situation: string, before: LoadTestStatus | undefined, seen: Seen, spec: SpecChange, answer: string]>([
  ['nothing was created', undefined, {}, {}, 'Pending; finished'],
  ['nothing was created, and Kafka is unavailable', undefined, { kafka: AWAY }, {}, 'Pending; finished'],
  ['pods run: they are stopped', status(), { owned: [pods('producer', 2), pods('consumer', 1)] }, {}, 'Running, Reconciling StoppingClients; applies lag-producer=0 + lag-consumer=0; again in 1000'],
  ['pods of one workload run: the other is removed', status(), { owned: [pods('producer', 0), pods('consumer', 1)] }, {}, 'Running, Reconciling StoppingClients; applies lag-consumer=0; again in 1000'],
  ['pods run, and Kafka is unavailable', status(), { owned: [pods('producer', 2)], kafka: AWAY }, {}, 'Running, Reconciling StoppingClients; applies lag-producer=0; again in 1000'],
  ['pods have ended: their workloads are removed', status(), { owned: [pods('producer', 0)] }, {}, 'Running, Reconciling RemovingClients; again in 1000'],
  ['then the group, then the topic', status(), {}, {}, 'Running, Reconciling RemovingFromKafka; does DeleteGroup g + DeleteTopic t; again in 1000'],
  ['the group is gone', status(), { kafka: kafka() }, {}, 'Running, Reconciling RemovingFromKafka; does DeleteTopic t; again in 1000'],
  ['group and topic are gone', status(), { kafka: kafka({ partitions: null }) }, {}, 'Running; finished'],
  ['Retain: the topic stays', status(), {}, RETAIN, 'Running, Reconciling RemovingFromKafka; does DeleteGroup g; again in 1000'],
  ['Retain, the group is gone', status(), { kafka: kafka() }, RETAIN, 'Running; finished'],
  ['the topic existed before', status({ topic: FOUND }), { kafka: kafka() }, {}, 'Running; finished'],
  ['the group existed before', OTHERS_GROUP, {}, {}, 'Running, Reconciling RemovingFromKafka; does DeleteTopic t; again in 1000'],
  ['group and topic existed before: Kafka is not needed', status({ ...OTHERS_GROUP, topic: FOUND }), { kafka: AWAY }, {}, 'Running; finished'],
  ['the group has other members: nothing is deleted', status(), members, {}, 'Running, Reconciling RemovingFromKafka; again in 1000'],
  ['the group has other members for more than 60 s', since(61_000, 'RemovingFromKafka'), members, {}, 'Running, Reconciling RemovingFromKafka; tells Warning LeftBehind; finished'],
  ['Kafka is unavailable', status(), { kafka: AWAY }, {}, 'Running, Reconciling KafkaUnavailable; again in 1000'],
  ['Kafka is unavailable for 60 s', since(60_000), { kafka: AWAY }, {}, 'Running, Reconciling KafkaUnavailable; again in 1000'],
  ['Kafka is unavailable for more than 60 s', since(60_001), { kafka: AWAY }, {}, 'Running, Reconciling StoppingClients; tells Warning LeftBehind; finished'],
  ['pods have not ended for more than 60 s', since(60_001), { owned: [pods('producer', 1)] }, {}, 'Running, Reconciling RemovingFromKafka; does DeleteGroup g + DeleteTopic t; again in 1000'],
  ['Kafka refused', since(2000), { failures: [refused] }, {}, 'Running, Reconciling RemovingFromKafka; does DeleteGroup g + DeleteTopic t; again in 1000'],
  ['Kafka has refused for more than 60 s', since(60_001), { failures: [refused] }, {}, 'Running, Reconciling StoppingClients; tells Warning LeftBehind; finished'],
  ['what was deleted is there again and again', since(60_001, 'RemovingFromKafka'), {}, {}, 'Running, Reconciling RemovingFromKafka; tells Warning LeftBehind; finished'],
  ['somebody has created the topic again: it stays', status(), { kafka: kafka({ id: 'another' }) }, {}, 'Running; tells Warning LeftBehind; finished'],
  ['somebody has created the topic again: the group is deleted first', status(), { kafka: kafka({ id: 'another', group: group([]) }) }, {}, 'Running, Reconciling RemovingFromKafka; does DeleteGroup g; again in 1000'],
  ['Retain: a topic of somebody else is no news', status(), { kafka: kafka({ id: 'another' }) }, RETAIN, 'Running; finished'],
  ['it is unknown who created the topic: it stays', status({ topic: UNKNOWN }), { kafka: kafka() }, {}, 'Running; tells Warning LeftBehind; finished'],
  ['it is unknown who created the topic, and it is gone', status({ topic: UNKNOWN }), { kafka: kafka({ partitions: null }) }, {}, 'Running; finished'],
  ['it is unknown who created the topic, and Kafka is unavailable', status({ topic: UNKNOWN }), { kafka: AWAY }, {}, 'Running, Reconciling KafkaUnavailable; again in 1000'],
  ['requested, and not created', status({ topic: REQUESTED }), { kafka: kafka({ partitions: null }) }, {}, 'Running; finished'],
  ['requested, and there without an answer: it stays', status({ topic: REQUESTED }), { kafka: kafka() }, {}, 'Running; tells Warning LeftBehind; finished'],
  ['requested, and the answer arrives with the deletion', status({ topic: REQUESTED }), { kafka: kafka(), done: [CREATED] }, {}, 'Running, Reconciling RemovingFromKafka; does DeleteTopic t; again in 1000'],
  ['requested, and another LoadTest was first', status({ topic: REQUESTED }), { kafka: kafka(), done: [EXISTED] }, {}, 'Running; finished'],
])('%s', (_situation, before, seen, spec, answer) => {
  expect(told(leave(before, seen, spec))).toBe(answer);
});

test('deleted without a running operator: the 60 s begin with the first round', () => {
  const metadata = { deletionTimestamp: at(0) };
  const hourLater = { now: 3_600_000, owned: [pods('producer', 2)], kafka: kafka() };
  const first = planLoadTest(loadTest({}, status(), metadata), hourLater);
  expect(told(first)).toContain('StoppingClients');
  const later = planLoadTest(loadTest({}, first.status, metadata), { ...hourLater, now: 3_659_000 });
  expect(told(later)).toContain('StoppingClients');
  const late = planLoadTest(loadTest({}, later.status, metadata), { ...hourLater, now: 3_661_000 });
  expect(told(late)).toContain('DeleteTopic');
});

test('the messages say what is left behind, why, and what to do', () => {
  const said = (plan: ReturnType<typeof leave>) => plan.events.map((event) => event.message)[0];
  expect(said(leave(since(61_000), { kafka: AWAY }))).toMatch(
    /^left behind: topic t and group g, because Kafka at .* does not answer.*Delete by hand/,
  );
  expect(said(leave(since(61_000), members))).toContain('group g still has 1 member (theirs)');
  expect(said(leave(since(61_000), { failures: [refused], kafka: kafka() }))).toMatch(
    /^left behind: topic t, because TOPIC_DELETION_DISABLED/,
  );
  expect(message(leave(status(), { kafka: AWAY }))).toMatch(/the operator gives up 60 s after the deletion began$/);
});

test('the Event about a topic that is not known to be its own says why, and how to delete it', () => {
  const said = (topic: LoadTestStatus['topic'], seen: Seen) =>
    leave(topic && status({ topic }), seen, { kafka: { bootstrapServers: 'kafka:9092' } }).events[0]?.message;
  const hint = 'If nobody uses it, delete it: kafka-topics.sh --bootstrap-server kafka:9092 --delete --topic t';
  expect(said(UNKNOWN, { kafka: kafka() })).toBe(
    `left behind: topic t (id id-t), because the operator does not know whether this LoadTest created it: it has no answer of Kafka to its request to create the topic. ${hint}`,
  );
  expect(said(MADE, { kafka: kafka({ id: 'another' }) })).toBe(
    `left behind: topic t (id another), because it is not the topic that this LoadTest created (id id-t): that one was deleted, and somebody created this one. ${hint}`,
  );
});

test('an id that arrives with the deletion is recorded, and the topic is deleted by it', () => {
  const plan = leave(status({ topic: REQUESTED }), { kafka: kafka(), done: [CREATED] });
  expect(plan.status.topic).toMatchObject({ created: true, id: 'id-t' });
  expect(plan.actions).toEqual([{ type: 'DeleteTopic', topic: 't', topicId: 'id-t' }]);
});

test('a LoadTest on the topic of another one stalls when the topic is deleted with its owner', () => {
  const shares = loadTest({}, runningStatus({ topic: FOUND }));
  const plan = planLoadTest(shares, { kafka: kafka({ partitions: null }), owned: [pods('producer', 2)] });
  expect(told(plan)).toContain('Running, Stalled TopicMissing');
});

test('a deletion needs Kafka, and no evidence', () => {
  const deleted = loadTest({}, status({ phase: 'Completed' }), { deletionTimestamp: at(0) });
  expect(LOAD_TESTS.needs(deleted)).toEqual({ kafka: { topic: 't', group: 'g' } });
});
