/** Topics through Strimzi: status, actions and messages in each state of a KafkaTopic, and at the deletion. */
import { describe, expect, test } from '@jest/globals';
import { queryLine, shown } from '../../../../test/support/queries.ts';
import {
  AWAY,
  at,
  EVIDENCE,
  evidence,
  group,
  kafka,
  LOAD_TESTS,
  loadTest,
  message,
  planLoadTest,
  pods,
  SCALED,
  type SpecChange,
  TOPIC,
  told,
  WORKER,
} from '../../../../test/support/seen.ts';
import {
  CLUSTER,
  FORBIDDEN,
  kafkaResource,
  kafkaTopicOf,
  kafkaTopics,
  NO_STRIMZI,
  notReady,
  PLAIN,
  READY,
  STRIMZI,
  served,
  TLS,
  V1,
  V1BETA2,
} from '../../../../test/support/strimzi.ts';
import type { LoadTestInput } from '../../../api/loadtest/spec.ts';
import type { LoadTestStatus } from '../../../api/loadtest/status.ts';
import type { Failure } from '../../../contract/actions.ts';
import type { Condition, KubernetesObject } from '../../../contract/kubernetes.ts';
import type { Answer } from '../../../contract/queries.ts';
import { loadTestKind } from '../plan.ts';

type Seen = NonNullable<Parameters<typeof planLoadTest>[1]>;

const FOUND = { bootstrapServers: 'plain.kafka.svc:9092' };
const status = (more: Partial<LoadTestStatus> = {}): LoadTestStatus => ({
  phase: 'Pending',
  observedGeneration: 1,
  conditions: [],
  startedAt: at(0),
  kafka: FOUND,
  evidence: EVIDENCE,
  ...more,
});
const CLAIMED = {
  partitions: 0,
  replicas: 0,
  managedBy: 'Strimzi',
  created: true,
  kafkaTopic: { ...CLUSTER, name: 't' },
} as const;
const MADE = { ...CLAIMED, partitions: 3, replicas: 2, id: 'id-t' };
const THEIRS = { ...CLAIMED, partitions: 3, replicas: 2, managedBy: 'Existing', created: false } as const;
const { kafkaTopic: _none, ...BY_ADMIN } = { ...MADE, managedBy: 'Admin' as const };

const claimed = status({ topic: CLAIMED });
const running = (more: Partial<LoadTestStatus> = {}) =>
  status({ phase: 'Running', preparedAt: at(0), topic: MADE, ...more });

const topic = (more: Partial<LoadTestInput['topic']>): SpecChange => ({ topic: { ...TOPIC, ...more } });
const WIDE = topic({ partitions: 5 });
const RAISED = topic({ partitions: 5, raiseExisting: true });
const strimzi = { strimzi: CLUSTER };

/** A LoadTest that names its Kafka resource, on an API server that serves KafkaTopics and has this one (null: none). */
const round = (
  kafkaTopic: KubernetesObject | null,
  before: LoadTestStatus | undefined,
  seen: Seen = {},
  spec: SpecChange = {},
) =>
  planLoadTest(loadTest({ kafka: strimzi, ...spec }, before), {
    answers: [STRIMZI, ...(before?.kafka === undefined ? [shown(kafkaResource())] : []), shown(kafkaTopic)],
    kafka: kafka({ partitions: null }),
    ...seen,
  });

const denied: Failure = {
  action: { type: 'ApplyObject', object: kafkaTopicOf([]) },
  reason: 'Refused',
  message: 'kafkatopics is forbidden',
};
const patchDenied: Failure = {
  action: { type: 'Patch', target: { apiVersion: V1, kind: 'KafkaTopic', namespace: 'kafka', name: 't' }, spec: {} },
  reason: 'Refused',
  message: 'kafkatopics is forbidden',
};
const live = { kafka: kafka() };
const going: Seen = {
  kafka: kafka(),
  evidence: evidence(...SCALED),
  owned: [pods('producer', 2), pods('consumer', 1)],
};
const wait = 'Pending, Reconciling WaitingForTopicOperator; tells Normal WaitingForTopicOperator; again in 2000';
const starts = 'applies lag-producer=2 + lag-consumer=1; tells Normal StartingClients; again in 1000';
const stalls = (reason: string) => `Pending, Stalled ${reason}; tells Warning ${reason}; again in 2000`;
const PAUSED = { annotations: { 'strimzi.io/pause-reconciliation': 'true' } };
const UNMANAGED = { annotations: { 'strimzi.io/managed': 'false' } };
const UNSUPPORTED = notReady(
  'NotSupported',
  'Replication factor change not supported, but required for partitions [0]',
);
const ERROR = notReady(
  'KafkaError',
  'org.apache.kafka.common.errors.InvalidConfigurationException: Unknown topic config name: x',
);
const late = status({ topic: { ...CLAIMED, waitingSince: at(0) } });
const minute = { now: 60_000 };

describe('Kafka does not have the topic', () => {
  // biome-ignore format: one situation a line
  test.each<[situation: string, kafkaTopic: KubernetesObject | null, before: LoadTestStatus | undefined, seen: Seen, spec: SpecChange, answer: string]>([
    ['no KafkaTopic: the intention is recorded', null, status(), {}, {}, 'Pending, Reconciling CreatingTopic; tells Normal CreatingTopic; again in 250'],
    ['the intention is recorded: the KafkaTopic is created', null, claimed, {}, {}, 'Pending, Reconciling CreatingTopic; does ApplyObject KafkaTopic kafka/t/3; tells Normal CreatingTopic; again in 250'],
    ['the API server refused the KafkaTopic', null, claimed, { failures: [denied] }, {}, stalls('TopicRefused')],
    ['the API server failed, and the operator retries', null, claimed, { failures: [{ ...denied, reason: 'Unexpected' }] }, {}, 'Pending, Reconciling CreatingTopic; does ApplyObject KafkaTopic kafka/t/3; tells Normal CreatingTopic; again in 250'],
    ['more replicas than brokers: no KafkaTopic is created', null, status(), {}, topic({ replicas: 4 }), stalls('TooManyReplicas')],
    ['a fresh Kafka creates its topic of offsets', null, status({ startedAt: at(-29_000) }), { kafka: { unavailable: 'Kafka at k does not answer: COORDINATOR_NOT_AVAILABLE' } }, {}, 'Pending, Reconciling WaitingForKafka; tells Normal WaitingForKafka; again in 2000'],
    ['it has no coordinator for 30 s', null, status({ startedAt: at(-30_000) }), { kafka: { unavailable: 'Kafka at k does not answer: COORDINATOR_NOT_AVAILABLE' } }, {}, 'Pending, Reconciling KafkaUnavailable; tells Warning KafkaUnavailable; again in 2000'],
    ['Kafka is unavailable', null, status(), { kafka: AWAY }, {}, 'Pending, Reconciling KafkaUnavailable; tells Warning KafkaUnavailable; again in 2000'],
    ['the Topic Operator has not seen it yet', kafkaTopicOf([]), claimed, {}, {}, wait],
    ['the Topic Operator has not seen it for 59 s', kafkaTopicOf([]), late, { now: 59_000 }, {}, wait],
    ['the Topic Operator has not seen it for 60 s', kafkaTopicOf([]), late, minute, {}, stalls('TopicOperatorSilent')],
    ['the Topic Operator has not seen its last change', kafkaTopicOf([READY], { generation: 2 }), claimed, {}, {}, wait],
    ['it asks for fewer partitions than the LoadTest', kafkaTopicOf([READY], { partitions: 2 }), claimed, {}, {}, 'Pending, Reconciling CreatingTopic; does Patch KafkaTopic/t {"partitions":3}; tells Normal CreatingTopic; again in 250'],
    ['it is Ready, but Kafka does not have the topic yet', kafkaTopicOf([READY]), claimed, {}, {}, 'Pending, Reconciling CreatingTopic; tells Normal CreatingTopic; again in 250'],
    ['it is Ready, but Kafka has not had the topic for 60 s', kafkaTopicOf([READY]), late, minute, {}, stalls('TopicMissing')],
    ['Kafka refused it', kafkaTopicOf([ERROR]), claimed, {}, {}, stalls('KafkaTopicError')],
    ['Kafka refused what it asked for before its last change', kafkaTopicOf([ERROR], { generation: 2 }), claimed, {}, {}, wait],
    ['it is not supported', kafkaTopicOf([UNSUPPORTED]), claimed, {}, {}, stalls('KafkaTopicNotSupported')],
    ['another KafkaTopic manages the topic', kafkaTopicOf([notReady('ResourceConflict', 'Managed by Ref{…}')]), claimed, {}, {}, stalls('KafkaTopicConflict')],
    ['it is paused', kafkaTopicOf([], PAUSED), claimed, {}, {}, stalls('KafkaTopicPaused')],
    ['it was paused a moment ago', kafkaTopicOf([{ type: 'ReconciliationPaused', status: 'True' }], { observed: 0 }), claimed, {}, {}, wait],
    ['it is unmanaged', kafkaTopicOf([{ type: 'Unmanaged', status: 'True' }], UNMANAGED), claimed, {}, {}, stalls('KafkaTopicUnmanaged')],
    ['it has managed: "False", which the Topic Operator takes as managed', kafkaTopicOf([], { annotations: { 'strimzi.io/managed': 'False' } }), claimed, {}, {}, wait],
    ['it asks for fewer partitions, and the API server refuses more', kafkaTopicOf([READY], { partitions: 2 }), claimed, { failures: [patchDenied] }, {}, 'Pending, Stalled TopicRefused; does Patch KafkaTopic/t {"partitions":3}; tells Warning TopicRefused; again in 2000'],
    ['it belongs to another cluster', kafkaTopicOf([READY], { labels: { 'strimzi.io/cluster': 'other' } }), claimed, {}, {}, stalls('KafkaTopicOfAnother')],
    ['it is being deleted', kafkaTopicOf([READY], { deletionTimestamp: at(0) }), claimed, {}, {}, wait],
    ['somebody else created it, and the Topic Operator has not seen it yet', kafkaTopicOf([], { owner: null, partitions: 1 }), status(), {}, {}, wait],
    ['under Existing no KafkaTopic is queried', null, status(), { answers: [] }, topic({ management: 'Existing' }), stalls('TopicMissing')],
    ['under Admin no KafkaTopic is queried', null, status(), { answers: [] }, topic({ management: 'Admin' }), 'Pending, Reconciling CreatingTopic; tells Normal CreatingTopic; again in 250'],
    ['the topic was deleted during the run', null, running(), going, {}, 'Running, Ready Running; does Report LagSample; applies lag-producer=2 + lag-consumer=1; tells Normal Running + Normal Rebalanced; again in 1000'],
  ])('%s', (_situation, kafkaTopic, before, seen, spec, answer) => {
    expect(told(round(kafkaTopic, before, seen, spec))).toBe(answer);
  });

  test('a claim is dropped when the KafkaTopic was refused, or somebody else created it', () => {
    expect(round(null, status()).status.topic).toEqual(CLAIMED);
    expect(round(null, claimed, { failures: [denied] }).status.topic).toBeUndefined();
    expect(round(kafkaTopicOf([], { owner: 'another' }), claimed).status.topic).toMatchObject({
      managedBy: 'Existing',
      created: false,
    });
  });

  test('waitingSince is kept while it waits, and removed afterwards', () => {
    const first = round(kafkaTopicOf([]), claimed, { now: 5_000 });
    expect(first.status.topic?.waitingSince).toBe(at(5_000));
    const later = round(kafkaTopicOf([]), first.status, { now: 9_000 });
    expect(later.status.topic?.waitingSince).toBe(at(5_000));
    const made = round(kafkaTopicOf([READY]), later.status, { now: 10_000, ...live });
    expect(made.status.topic).toEqual(MADE);
  });

  test('a created KafkaTopic names its owner and its cluster', () => {
    const [action] = round(null, claimed, {}, topic({ config: { 'retention.ms': '7200000' } })).actions;
    expect(action).toEqual({
      type: 'ApplyObject',
      object: {
        apiVersion: V1,
        kind: 'KafkaTopic',
        metadata: {
          name: 't',
          namespace: 'kafka',
          labels: { 'strimzi.io/cluster': 'my-cluster', 'kafkalab.dev/owner-uid': 'uid-lag' },
          annotations: { 'kafkalab.dev/owner': 'LoadTest demo/lag' },
        },
        spec: { topicName: 't', partitions: 3, replicas: 2, config: { 'retention.ms': '7200000' } },
      },
    });
  });

  test('each message says what to do', () => {
    const says = (kafkaTopic: KubernetesObject, before = claimed, seen: Seen = {}) =>
      message(round(kafkaTopic, before, seen));
    expect(says(kafkaTopicOf([]), late, minute)).toMatch(
      /^waited 60 s: the Topic Operator has not taken up KafkaTopic kafka\/t yet; check that the Topic Operator runs.*watches namespace kafka/,
    );
    expect(says(kafkaTopicOf([], PAUSED))).toContain(
      'kubectl annotate kafkatopic t -n kafka strimzi.io/pause-reconciliation-',
    );
    expect(says(kafkaTopicOf([], UNMANAGED))).toContain('kubectl annotate kafkatopic t -n kafka strimzi.io/managed-');
    expect(says(kafkaTopicOf([UNSUPPORTED]))).toContain('Replication factor change not supported');
    expect(says(kafkaTopicOf([ERROR]))).toMatch(
      /^the Topic Operator says of KafkaTopic kafka\/t: KafkaError: Unknown topic config name: x\. It tries again/,
    );
    const conflict = says(kafkaTopicOf([notReady('ResourceConflict', "Managed by Ref{namespace='kafka', name='a'}")]));
    expect(conflict).toMatch(/^another KafkaTopic manages the same topic as KafkaTopic kafka\/t: Managed by Ref/);
    expect(conflict).toMatch(
      /deletes the topic with its records\..*kubectl annotate kafkatopic t -n kafka strimzi\.io\/managed=false --overwrite, wait until its status has the condition Unmanaged, then kubectl delete kafkatopic t -n kafka$/,
    );
    const renamed = { ...kafkaTopicOf([notReady('NotSupported', 'Changing spec.topicName is not supported')]) };
    expect(says({ ...renamed, spec: { ...(renamed.spec as object), topicName: 'u' } })).toContain(
      `Put spec.topicName back: kubectl patch kafkatopic t -n kafka --type=merge -p '{"spec":{"topicName":"t"}}'`,
    );
    expect(says(kafkaTopicOf([READY]), late, minute)).toMatch(/at its next resync \(every two minutes by default\)/);
    expect(says(kafkaTopicOf([READY]), late, minute)).toContain(
      'check that this LoadTest connects to Kafka kafka/my-cluster',
    );
    expect(says(kafkaTopicOf([READY], { generation: 2 }))).toContain('(generation 2, it has seen 1)');
  });
});

describe('Kafka has the topic', () => {
  const prepares = `Preparing, Reconciling StartingClients; ${starts}`;
  const runs =
    'Running, Ready Running; does Report LagSample; applies lag-producer=2 + lag-consumer=1; tells Normal Running + Normal Rebalanced; again in 1000';
  const runsAnd = (action: string, facts = 'LagSample') =>
    `Running, Ready Running; does Report ${facts} + ${action}; applies lag-producer=2 + lag-consumer=1; tells Normal Running + Normal Rebalanced; again in 1000`;
  const stallsGoing = (reason: string, facts = 'LagSample', action = '') =>
    `Running, Stalled ${reason}; does Report ${facts}${action}; applies lag-producer=2 + lag-consumer=1; tells Warning ${reason} + Normal Rebalanced; again in 1000`;
  const MORE = 'Partitions 3->5, LagSample';
  const asked = { partitions: 5 };
  const lateRunning = running({ topic: { ...MADE, waitingSince: at(0) } });
  const goingLate = { ...going, now: 60_000 };

  // biome-ignore format: one situation a line
  test.each<[situation: string, kafkaTopic: KubernetesObject | null, before: LoadTestStatus, seen: Seen, spec: SpecChange, answer: string]>([
    ['created, and Ready: clients start', kafkaTopicOf([READY]), status({ topic: MADE }), live, {}, prepares],
    ['created, not Ready yet', kafkaTopicOf([]), status({ topic: MADE }), live, {}, wait],
    ['created, not Ready for 60 s', kafkaTopicOf([]), status({ topic: { ...MADE, waitingSince: at(0) } }), { ...live, ...minute }, {}, stalls('TopicOperatorSilent')],
    ['created, then paused: clients start', kafkaTopicOf([], PAUSED), status({ topic: MADE }), live, {}, prepares],
    ['created, then not supported', kafkaTopicOf([UNSUPPORTED]), status({ topic: MADE }), live, {}, stalls('KafkaTopicNotSupported')],
    ['it existed, with an external KafkaTopic', kafkaTopicOf([], { owner: null }), status({ topic: THEIRS }), live, {}, prepares],
    ['it existed without a KafkaTopic, under Auto', null, status({ topic: THEIRS }), live, {}, prepares],
    ['it existed without a KafkaTopic, under Strimzi', null, status(), live, topic({ management: 'Strimzi' }), stalls('KafkaTopicMissing')],
    ['somebody created it without a KafkaTopic after the claim', null, claimed, live, {}, prepares],
    ['too few partitions: they are added through the external KafkaTopic', kafkaTopicOf([READY], { owner: null }), status({ topic: THEIRS }), live, RAISED, 'Pending, Reconciling AddingPartitions; does Patch KafkaTopic/t {"partitions":5}; tells Normal AddingPartitions; again in 2000'],
    ['too few partitions under Auto: the external KafkaTopic stays as it is', kafkaTopicOf([READY], { owner: null }), status({ topic: THEIRS }), live, WIDE, stalls('TooFewPartitions')],
    ['too few partitions under Auto, but the external KafkaTopic asks for them', kafkaTopicOf([READY], { owner: null, partitions: 5 }), status({ topic: THEIRS }), live, WIDE, 'Pending, Reconciling AddingPartitions; tells Normal AddingPartitions; again in 2000'],
    ['too few partitions under Strimzi: they are added through the external KafkaTopic', kafkaTopicOf([READY], { owner: null }), status({ topic: THEIRS }), live, topic({ partitions: 5, management: 'Strimzi' }), 'Pending, Reconciling AddingPartitions; does Patch KafkaTopic/t {"partitions":5}; tells Normal AddingPartitions; again in 2000'],
    ['too few partitions, no KafkaTopic, under Auto', null, status({ topic: THEIRS }), live, WIDE, stalls('TooFewPartitions')],
    ['too few partitions, no KafkaTopic, raiseExisting', null, status({ topic: THEIRS }), live, RAISED, `Preparing, Reconciling StartingClients; does AddPartitions t/5; ${starts}`],
    ['too few partitions under Existing', null, status({ topic: THEIRS }), { ...live, answers: [] }, topic({ partitions: 5, management: 'Existing' }), stalls('TooFewPartitions')],
    ['running', kafkaTopicOf([READY]), running(), going, {}, runs],
    ['running, and the Topic Operator does not run', kafkaTopicOf([READY], { generation: 2 }), running(), going, {}, runs],
    ['running, and paused', kafkaTopicOf([READY], PAUSED), running(), going, {}, runs],
    ['running, and Kafka refuses: the run continues, and says so', kafkaTopicOf([ERROR]), running(), going, {}, runs.replace('Ready Running', 'Ready KafkaTopicError').replace('Normal Running', 'Warning KafkaTopicError')],
    ['created, then Kafka refused a setting', kafkaTopicOf([ERROR]), status({ topic: MADE }), live, {}, stalls('KafkaTopicError')],
    ['running, and somebody changed the replicas', kafkaTopicOf([UNSUPPORTED]), running(), going, {}, stallsGoing('KafkaTopicNotSupported')],
    ['running, and somebody lowered the partitions: they are restored', kafkaTopicOf([notReady('NotSupported', 'Decreasing partitions not supported')], { partitions: 2 }), running(), going, {}, stallsGoing('KafkaTopicNotSupported', 'LagSample', ' + Patch KafkaTopic/t {"partitions":3}')],
    ['running, and the KafkaTopic was deleted', null, running(), going, {}, runs],
    ['more partitions: the KafkaTopic asks for them', kafkaTopicOf([READY]), running(), going, WIDE, runsAnd('Patch KafkaTopic/t {"partitions":5}', MORE)],
    ['the Topic Operator has not seen the new partitions: the run continues', kafkaTopicOf([READY], { ...asked, generation: 2 }), running(), going, WIDE, runs.replace('LagSample', MORE)],
    ['the Topic Operator has not seen the new partitions for 60 s', kafkaTopicOf([READY], { ...asked, generation: 2 }), lateRunning, goingLate, WIDE, stallsGoing('TopicOperatorSilent', MORE)],
    ['more partitions, and Kafka refuses them', kafkaTopicOf([ERROR], asked), running(), going, WIDE, stallsGoing('KafkaTopicError', MORE)],
    ['it is Ready, but Kafka has not had the new partitions for 60 s', kafkaTopicOf([READY], asked), lateRunning, goingLate, WIDE, stallsGoing('TooFewPartitions', MORE)],
    ['more partitions while it is paused', kafkaTopicOf([READY], PAUSED), running(), going, WIDE, stallsGoing('KafkaTopicPaused', MORE, ' + Patch KafkaTopic/t {"partitions":5}')],
    ['more partitions while it is unmanaged', kafkaTopicOf([READY], UNMANAGED), running(), going, WIDE, stallsGoing('KafkaTopicUnmanaged', MORE, ' + Patch KafkaTopic/t {"partitions":5}')],
    ['more partitions after it was deleted', null, running(), going, WIDE, stallsGoing('KafkaTopicMissing', MORE)],
    ['more partitions without the right to change it', kafkaTopicOf([READY]), running(), { ...going, failures: [patchDenied] }, WIDE, stallsGoing('TopicRefused', MORE, ' + Patch KafkaTopic/t {"partitions":5}')],
    ['created through the Admin API: partitions are added there', null, running({ topic: BY_ADMIN }), { ...going, answers: [] }, WIDE, runsAnd('AddPartitions t/5', MORE)],
  ])('%s', (_situation, kafkaTopic, before, seen, spec, answer) => {
    expect(told(round(kafkaTopic, before, seen, spec))).toBe(answer);
  });

  test('a change of the KafkaTopic names its partitions and nothing else', () => {
    const byHand = kafkaTopicOf([READY]);
    const edited = { ...byHand, spec: { ...(byHand.spec as object), config: { 'retention.ms': '7200000' } } };
    expect(round(edited, running(), going, WIDE).actions).toContainEqual({
      type: 'Patch',
      target: { apiVersion: V1, kind: 'KafkaTopic', namespace: 'kafka', name: 't' },
      spec: { partitions: 5 },
    });
  });

  test('a run says what Kafka refuses of its KafkaTopic, after the state of its clients', () => {
    expect(message(round(kafkaTopicOf([ERROR]), running(), going))).toMatch(
      /consumers ready; the Topic Operator says of KafkaTopic kafka\/t: KafkaError: Unknown topic config name: x/,
    );
  });

  test('the live number of partitions comes from Kafka', () => {
    const plan = round(kafkaTopicOf([READY], asked), running(), going, WIDE);
    expect(plan.status.topic).toMatchObject({ partitions: 3, managedBy: 'Strimzi', created: true });
    const made = { ...going, kafka: kafka({ partitions: 5 }) };
    expect(round(kafkaTopicOf([READY], asked), plan.status, made, WIDE).status.topic).toEqual({
      ...MADE,
      partitions: 5,
    });
  });
});

describe('a KafkaTopic with another name than its topic', () => {
  const other = kafkaTopicOf([READY], { name: 'orders', owner: null });
  const among = (...items: KubernetesObject[]) => [STRIMZI, shown(null), kafkaTopics(...items)];
  /** The queries after the answer to the first one; undefined: there is none yet. */
  const asks = (first?: KubernetesObject | null, before = status()) =>
    LOAD_TESTS.needs(loadTest({ kafka: strimzi }, before), [
      STRIMZI,
      ...(first === undefined ? [] : [shown(first)]),
    ]).queries?.map(queryLine);
  const USED = { ...THEIRS, kafkaTopic: { ...CLUSTER, name: 'orders' } };

  test('is searched among all of its cluster, if none has the name of the topic', () => {
    const version = `served ${V1}`;
    expect(asks()).toEqual([version, 'KafkaTopic kafka/t']);
    expect(asks(kafkaTopicOf([READY]))).toEqual([version, 'KafkaTopic kafka/t']);
    const all = 'KafkaTopics kafka strimzi.io/cluster=my-cluster';
    expect(asks(null)).toEqual([version, 'KafkaTopic kafka/t', all]);
    const another = kafkaTopicOf([READY], { topicName: 'u' });
    expect(asks(another)).toEqual([version, 'KafkaTopic kafka/t', all]);
    expect(asks(kafkaTopicOf([READY], { labels: { 'strimzi.io/cluster': 'b' } }))).toHaveLength(3);
    // A run without one searches again only when it needs more partitions.
    const { kafkaTopic: _place, ...without } = THEIRS;
    const runs = running({ topic: without });
    expect(asks(null, runs)).toEqual([version, 'KafkaTopic kafka/t']);
    const wide = LOAD_TESTS.needs(loadTest({ kafka: strimzi, ...WIDE }, runs), [STRIMZI, shown(null)]);
    expect(wide.queries).toHaveLength(3);
    // A recorded one is queried by its name.
    expect(asks(other, status({ topic: USED }))).toEqual([version, 'KafkaTopic kafka/orders']);
  });

  test('is used as it is, and recorded', () => {
    const plan = round(null, status(), {
      answers: among(kafkaTopicOf([READY], { topicName: 'u', name: 'u' }), other),
      ...live,
    });
    expect(told(plan)).toBe(`Preparing, Reconciling StartingClients; ${starts}`);
    expect(plan.status.topic).toEqual(USED);
  });

  test('is the one without a conflict, if there are several', () => {
    const conflict = kafkaTopicOf([notReady('ResourceConflict', 'Managed by Ref{…}')], { name: 'a', owner: null });
    const plan = round(null, status(), { answers: among(conflict, other), ...live });
    expect(plan.status.topic?.kafkaTopic?.name).toBe('orders');
  });

  // biome-ignore format: one situation a line
  test.each<[situation: string, items: KubernetesObject[], seen: Seen, spec: SpecChange, answer: string]>([
    ['the Topic Operator has not seen it yet: the LoadTest waits, and creates no other', [kafkaTopicOf([], { name: 'orders', owner: null })], {}, {}, wait],
    ['more partitions: through it', [other], live, RAISED, 'Pending, Reconciling AddingPartitions; does Patch KafkaTopic/orders {"partitions":5}; tells Normal AddingPartitions; again in 2000'],
    ['of another topic: ours is created', [kafkaTopicOf([READY], { name: 'orders', topicName: 'u' })], {}, {}, 'Pending, Reconciling CreatingTopic; tells Normal CreatingTopic; again in 250'],
    ['under Strimzi', [other], live, topic({ management: 'Strimzi' }), `Preparing, Reconciling StartingClients; ${starts}`],
  ])('%s', (_situation, items, seen, spec, answer) => {
    expect(told(round(null, status(), { answers: among(...items), ...seen }, spec))).toBe(answer);
  });

  test('a KafkaTopic of another topic that has our name is a conflict', () => {
    const answers = [STRIMZI, shown(kafkaTopicOf([READY], { topicName: 'u' })), kafkaTopics()];
    const plan = round(null, status(), { answers });
    expect(told(plan)).toBe(stalls('KafkaTopicConflict'));
    expect(message(plan)).toMatch(
      /^KafkaTopic kafka\/t manages topic u, .*: create another LoadTest with another topic.name/,
    );
    // A topic without a KafkaTopic can still be used.
    expect(told(round(null, status(), { answers, ...live }))).toBe(`Preparing, Reconciling StartingClients; ${starts}`);
  });
});

describe('the place of a KafkaTopic is recorded', () => {
  const other = { ...MADE, kafkaTopic: { cluster: 'first', namespace: 'there', name: 't' } };
  const asks = (before: LoadTestStatus, more = {}) =>
    LOAD_TESTS.needs(loadTest({}, before, more), [STRIMZI])
      .queries?.slice(1)
      .map(queryLine);

  test('an operator without STRIMZI_CLUSTER queries and deletes it', () => {
    const before = running({ topic: other });
    expect(asks(before)).toEqual(['KafkaTopic there/t']);
    const deleted = { deletionTimestamp: at(0) };
    expect(asks(before, deleted)).toEqual(['KafkaTopic there/t']);
    const mine = kafkaTopicOf([READY], { namespace: 'there', labels: { 'strimzi.io/cluster': 'first' } });
    const plan = planLoadTest(loadTest({}, before, deleted), { answers: [STRIMZI, shown(mine)], ...live });
    expect(told(plan)).toContain('does DeleteObject KafkaTopic there/t');
  });

  test('an operator with another STRIMZI_CLUSTER uses the recorded one', () => {
    const { needs } = loadTestKind({ ...WORKER, strimzi: CLUSTER });
    expect(needs(loadTest({}, running({ topic: other })), [STRIMZI]).queries?.[1]).toMatchObject({
      get: { namespace: 'there' },
    });
  });
});

describe('missing rights', () => {
  const answers = [STRIMZI, FORBIDDEN];
  const says =
    /^this operator may not read KafkaTopics in namespace kafka: give its service account in namespace kafka the rights to get, list, watch, create, patch and delete kafkatopics .* strimzi.namespace: kafka$/;

  test('nothing is created, and the message says what to grant', () => {
    const plan = round(null, status(), { answers });
    expect(told(plan)).toBe(stalls('StrimziForbidden'));
    expect(message(plan)).toMatch(says);
    expect(told(round(null, status(), { answers, ...live }))).toBe(stalls('StrimziForbidden'));
    expect(told(round(null, status(), { answers: [STRIMZI, shown(null), FORBIDDEN] }))).toBe(
      stalls('StrimziForbidden'),
    );
    const kafkaOnly = planLoadTest(loadTest({ kafka: strimzi }), { answers: [STRIMZI, FORBIDDEN, shown(null)] });
    expect(told(kafkaOnly)).toBe(stalls('StrimziForbidden'));
    expect(message(kafkaOnly)).toContain('may not read Kafka resources in namespace kafka');
  });

  test('after the rights are granted the preparation continues', () => {
    const before = round(null, status(), { answers }).status;
    expect(told(round(null, before, { answers: [STRIMZI, shown(null), kafkaTopics()] }))).toContain('CreatingTopic');
  });

  test('running clients continue, and nothing is requested', () => {
    const plan = round(null, running(), { ...going, answers });
    expect(told(plan)).toContain('Running, Ready Running; does Report LagSample; applies lag-producer=2');
    expect(plan.status.topic).toEqual(MADE);
    expect(told(round(null, running(), { ...going, answers }, WIDE))).toMatch(
      /^Running, Stalled StrimziForbidden; does Report [^+]*;/,
    );
  });

  test('a refusal names the missing rights', () => {
    const refused = { ...denied, message: 'kafkatopics.kafka.strimzi.io "t" is forbidden: User "x" cannot create' };
    expect(message(round(null, claimed, { failures: [refused] }))).toMatch(/cannot create: give its service account/);
    const other = { ...denied, message: 'admission webhook "w" denied the request' };
    expect(message(round(null, claimed, { failures: [other] }))).toMatch(/denied the request$/);
  });
});

describe('the addresses of Kafka', () => {
  const find = (answers: Answer[], listener?: string, before?: LoadTestStatus) =>
    planLoadTest(loadTest({ kafka: { strimzi: { ...CLUSTER, ...(listener && { listener }) } } }, before), { answers });
  const reads = (resource: KubernetesObject | null) => [STRIMZI, shown(resource), shown(null)];

  test('are read from the Kafka resource once, and recorded', () => {
    const plan = find(reads(kafkaResource()));
    expect(told(plan)).toBe('Pending, Reconciling FindingKafka; tells Normal FindingKafka; again in 250');
    expect(plan.status.kafka).toEqual(FOUND);
    const resource = loadTest({ kafka: strimzi }, plan.status);
    const needs = LOAD_TESTS.needs(resource, [STRIMZI]);
    expect(needs.queries?.map(queryLine)).toEqual([`served ${V1}`, 'KafkaTopic kafka/t']);
    expect(needs.kafka).toEqual({ ...FOUND, topic: 't', group: 'g' });
  });

  test('are passed to actions, workers and evidence', () => {
    const recorded = running({ topic: BY_ADMIN });
    const plan = round(null, recorded, { ...going, answers: [] }, WIDE);
    expect(plan.actions).toEqual([
      expect.objectContaining({ type: 'Report', ...FOUND }),
      { type: 'AddPartitions', ...FOUND, topic: 't', partitions: 5 },
    ]);
    for (const action of plan.actions) expect(action).not.toHaveProperty('strimzi');
    expect(JSON.stringify(plan.apply)).toContain(FOUND.bootstrapServers);
    expect(JSON.stringify(plan.apply)).not.toContain(WORKER.bootstrapServers);
    expect(LOAD_TESTS.needs(loadTest({ kafka: strimzi }, recorded)).evidence).toMatchObject({ ...FOUND, ...EVIDENCE });
  });

  test('while they are unknown, no Kafka is asked', () => {
    expect(LOAD_TESTS.needs(loadTest({ kafka: strimzi }))).toEqual({ queries: [{ served: V1 }] });
    const deleted = loadTest({ kafka: strimzi }, undefined, { deletionTimestamp: at(0) });
    expect(LOAD_TESTS.needs(deleted)).toEqual({});
    expect(told(planLoadTest(deleted, { kafka: AWAY }))).toBe('Pending; finished');
  });

  // biome-ignore format: one situation a line
  test.each<[situation: string, answers: Answer[], listener: string | undefined, stands: string, says: string]>([
    ['no Strimzi', [NO_STRIMZI, NO_STRIMZI], undefined, 'Stalled KafkaNotUsable', 'install Strimzi, or create another LoadTest with kafka: {bootstrapServers'],
    ['no such Kafka', reads(null), undefined, 'Stalled KafkaNotUsable', 'Kafka kafka/my-cluster of kafka.strimzi.io does not exist: create it'],
    ['no such listener', reads(kafkaResource()), 'fast', 'Stalled KafkaNotUsable', 'has no listener fast: create another LoadTest with kafka.strimzi.listener: plain'],
    ['a listener with TLS', reads(kafkaResource()), 'tls', 'Stalled KafkaNotUsable', 'listener tls of Kafka kafka/my-cluster uses TLS, for which this operator has no certificates yet: create another LoadTest with kafka.strimzi.listener: plain'],
    ['a listener with passwords', reads(kafkaResource([{ ...PLAIN, authentication: { type: 'scram-sha-512' } }])), 'plain', 'Stalled KafkaNotUsable', 'asks for authentication'],
    ['only listeners with TLS', reads(kafkaResource([TLS])), undefined, 'Stalled KafkaNotUsable', 'write a listener without TLS and authentication'],
    ['only external listeners', reads(kafkaResource([{ ...PLAIN, type: 'nodeport' }])), undefined, 'Stalled KafkaNotUsable', 'no internal listener'],
    ['the brokers are starting', reads(kafkaResource([PLAIN], false)), undefined, 'Reconciling WaitingForKafka', 'does not tell an address of listener plain yet'],
  ])('%s', (_situation, answers, listener, stands, says) => {
    const plan = find(answers, listener);
    expect(told(plan)).toContain(`Pending, ${stands}; tells `);
    expect(message(plan)).toContain(says);
    expect(plan.status.kafka).toBeUndefined();
  });
});

describe('the version of the API', () => {
  const asks = (...answers: Answer[]) => LOAD_TESTS.needs(loadTest({ kafka: strimzi }, status()), answers).queries;

  test('is the newest that the API server serves', () => {
    const versions = [{ served: V1 }, { served: V1BETA2 }];
    const topicIn = (apiVersion: string) => ({
      get: { apiVersion, kind: 'KafkaTopic', namespace: 'kafka', name: 't' },
      orForbidden: true,
    });
    expect(asks(STRIMZI)).toEqual([versions[0], topicIn(V1)]);
    expect(asks(NO_STRIMZI)).toEqual(versions);
    expect(asks(NO_STRIMZI, STRIMZI)).toEqual([...versions, topicIn(V1BETA2)]);
    expect(asks(served('KafkaUser'), STRIMZI)).toEqual([...versions, topicIn(V1BETA2)]);
    expect(asks(NO_STRIMZI, NO_STRIMZI)).toEqual(versions);
    const [action] = planLoadTest(loadTest({ kafka: strimzi }, claimed), {
      answers: [NO_STRIMZI, STRIMZI, shown(null)],
      kafka: kafka({ partitions: null }),
    }).actions;
    expect(action).toMatchObject({ type: 'ApplyObject', object: { apiVersion: V1BETA2 } });
  });

  test('without one, Auto uses the Admin API and Strimzi says what to do', () => {
    const without = { answers: [NO_STRIMZI, NO_STRIMZI] };
    expect(round(null, status(), without).status.topic).toMatchObject({ managedBy: 'Admin', creation: 'Requested' });
    const plan = round(null, status(), without, topic({ management: 'Strimzi' }));
    expect(told(plan)).toBe(stalls('NoKafkaTopics'));
    expect(message(plan)).toContain('install Strimzi, or create another LoadTest with topic.management: Admin');
  });

  test('a claim through the Admin API stays when Strimzi is installed later', () => {
    const before = status({
      topic: { partitions: 0, replicas: 0, managedBy: 'Admin', created: false, creation: 'Requested' },
    });
    expect(LOAD_TESTS.needs(loadTest({ kafka: strimzi }, before)).queries).toBeUndefined();
    expect(told(round(null, before))).toContain('does CreateTopic t/3x2');
  });

  test('the default connection may belong to Strimzi', () => {
    const ofStrimzi = loadTestKind({ ...WORKER, strimzi: CLUSTER });
    const { needs } = ofStrimzi;
    expect(needs(loadTest(), [STRIMZI]).queries).toHaveLength(2);
    expect(needs(loadTest(), [STRIMZI]).kafka).toEqual({ topic: 't', group: 'g' });
    expect(LOAD_TESTS.needs(loadTest()).queries).toBeUndefined();
    // spec.kafka names another Kafka.
    expect(needs(loadTest({ kafka: { bootstrapServers: 'other:9092' } })).queries).toBeUndefined();
    const plan = planLoadTest(loadTest(topic({ management: 'Strimzi' })), {});
    expect(told(plan)).toBe(stalls('NoStrimziCluster'));
    expect(message(plan)).toContain('start the operator with STRIMZI_CLUSTER and STRIMZI_NAMESPACE');
  });

  test('the namespace of the Kafka resource defaults to that of the LoadTest', () => {
    const found = [STRIMZI, shown(kafkaResource())];
    const own = LOAD_TESTS.needs(loadTest({ kafka: { strimzi: { cluster: 'c' } } }), found).queries;
    expect(own?.slice(1).map(queryLine)).toEqual(['Kafka demo/c', 'KafkaTopic demo/t']);
  });
});

describe('a Topic Operator that watches another namespace', () => {
  const resource = kafkaResource();
  const elsewhere = {
    ...resource,
    spec: { ...(resource.spec as object), entityOperator: { topicOperator: { watchedNamespace: 'topics' } } },
  };

  test('its namespace is recorded with the addresses, and KafkaTopics are created there', () => {
    const asks = (before: LoadTestStatus | undefined, ...answers: Answer[]) =>
      LOAD_TESTS.needs(loadTest({ kafka: strimzi }, before), answers)
        .queries?.slice(1)
        .map(queryLine);
    expect(asks(undefined, STRIMZI)).toEqual(['Kafka kafka/my-cluster']);
    expect(asks(undefined, STRIMZI, shown(elsewhere))).toEqual(['Kafka kafka/my-cluster', 'KafkaTopic topics/t']);
    const found = planLoadTest(loadTest({ kafka: strimzi }), { answers: [STRIMZI, shown(elsewhere), shown(null)] });
    expect(found.status.kafka).toEqual({ ...FOUND, topicNamespace: 'topics' });
    const before = { ...found.status, evidence: EVIDENCE };
    expect(asks(before, STRIMZI)).toEqual(['KafkaTopic topics/t']);
    const claims = round(null, before);
    expect(claims.status.topic).toEqual({ ...CLAIMED, kafkaTopic: { ...CLUSTER, namespace: 'topics', name: 't' } });
    const creates = round(null, claims.status);
    expect(told(creates)).toContain('does ApplyObject KafkaTopic topics/t/3');
    expect(asks(claims.status, STRIMZI)).toEqual(['KafkaTopic topics/t']);
  });
});

describe('deleting', () => {
  const { consumers } = planLoadTest(loadTest(), { kafka: kafka() }).status;
  const over = (ms: number, reason = 'RemovingFromKafka'): LoadTestStatus => {
    const condition = (type: string): Condition => ({
      type,
      status: 'True',
      reason,
      message: '',
      lastTransitionTime: at(1_000_000 - ms),
    });
    return running({ ...(consumers && { consumers }), conditions: [condition('Reconciling'), condition('Deleting')] });
  };
  const before = running(consumers && { consumers });
  const leave = (kafkaTopic: KubernetesObject | null, status = before, seen: Seen = {}, spec: SpecChange = {}) =>
    planLoadTest(loadTest({ kafka: strimzi, ...spec }, status, { deletionTimestamp: at(999_000) }), {
      now: 1_000_000,
      answers: [STRIMZI, shown(kafkaTopic)],
      kafka: kafka({ group: group([]) }),
      ...seen,
    });
  const goes = (ms: number) => kafkaTopicOf([READY], { deletionTimestamp: at(1_000_000 - ms) });
  const SHARED = kafkaTopicOf([notReady('ResourceConflict', "Managed by Ref{namespace='kafka', name='a'}")]);
  const RENAMED = (ms: number): KubernetesObject => {
    const deletionTimestamp = at(1_000_000 - ms);
    const said = notReady('NotSupported', 'Changing spec.topicName is not supported');
    const made = kafkaTopicOf([said], { deletionTimestamp });
    return { ...made, spec: { ...(made.spec as object), topicName: 'u' } };
  };
  const removing = (does: string) => `Running, Reconciling RemovingFromKafka; ${does}again in 1000`;
  const left = 'tells Warning LeftBehind; finished';
  const hidden: Seen = { answers: [STRIMZI, FORBIDDEN] };

  // biome-ignore format: one situation a line
  test.each<[situation: string, kafkaTopic: KubernetesObject | null, status: LoadTestStatus, seen: Seen, spec: SpecChange, answer: string]>([
    ['the group, then the KafkaTopic', kafkaTopicOf([READY]), before, {}, {}, removing('does DeleteGroup g + DeleteObject KafkaTopic kafka/t; ')],
    ['the KafkaTopic waits for the Topic Operator', goes(5_000), before, live, {}, removing('')],
    ['it waits for 60 s', goes(60_000), over(60_000), live, {}, removing('')],
    ['it has waited for more than 60 s', goes(60_000), over(61_000), live, {}, `Running, Reconciling RemovingFromKafka; ${left}`],
    ['the clients took long, and the Topic Operator has had 59 s', goes(59_000), over(119_000), live, {}, removing('')],
    ['it has had its 60 s', goes(60_000), over(120_000), live, {}, `Running, Reconciling RemovingFromKafka; ${left}`],
    ['Kafka is unavailable, and the Topic Operator has had 59 s', goes(59_000), over(119_000, 'KafkaUnavailable'), { kafka: AWAY }, {}, 'Running, Reconciling KafkaUnavailable; again in 1000'],
    ['no right to read it: the group is deleted, the topic stays', null, before, hidden, {}, removing('does DeleteGroup g; ')],
    ['no right to read it for more than 60 s', null, over(61_000), { ...live, ...hidden }, {}, `Running, Reconciling RemovingFromKafka; ${left}`],
    ['no right to read it, and Kafka is unavailable for more than 60 s', null, over(61_000, 'KafkaUnavailable'), { kafka: AWAY, ...hidden }, {}, `Running, Reconciling KafkaUnavailable; ${left}`],
    ['another KafkaTopic manages the topic: ours becomes unmanaged', SHARED, before, live, {}, removing('does Annotate KafkaTopic/t {"strimzi.io/managed":"false"}; ')],
    ['the Topic Operator has not seen yet that it is unmanaged', { ...SHARED, metadata: { ...SHARED.metadata, ...UNMANAGED } }, before, live, {}, removing('')],
    ['the Topic Operator has seen it: it is deleted', kafkaTopicOf([{ type: 'Unmanaged', status: 'True' }], UNMANAGED), before, live, {}, removing('does DeleteObject KafkaTopic kafka/t; ')],
    ['ours is gone, and the other one keeps the topic', null, before, { ...live, answers: [STRIMZI, shown(null), kafkaTopics(kafkaTopicOf([READY], { name: 'a', owner: null }))] }, {}, 'Running; finished'],
    ['another KafkaTopic manages the topic, and Kafka is unavailable', SHARED, before, { kafka: AWAY }, {}, 'Running, Reconciling KafkaUnavailable; does Annotate KafkaTopic/t {"strimzi.io/managed":"false"}; again in 1000'],
    ['its topicName was changed: it waits', RENAMED(5_000), before, live, {}, removing('')],
    ['KafkaTopic and topic are gone', null, before, { kafka: kafka({ partitions: null }) }, {}, 'Running; finished'],
    ['the KafkaTopic was unmanaged and left the topic behind', null, before, live, {}, removing('does DeleteTopic t; ')],
    ['the KafkaTopic is gone, and somebody has created the topic again: it stays', null, before, { kafka: kafka({ id: 'another' }) }, {}, `Running; ${left}`],
    ['the KafkaTopic is gone, and the id of its topic was never recorded: the topic stays', null, running({ topic: { ...CLAIMED, partitions: 3, replicas: 2 } }), live, {}, `Running; ${left}`],
    ['Retain: both stay', kafkaTopicOf([READY]), before, live, topic({ deletionPolicy: 'Retain' }), 'Running; finished'],
    ['somebody else has created the KafkaTopic again: it stays, and the topic', kafkaTopicOf([READY], { owner: 'another' }), before, live, {}, 'Running; finished'],
    ['it existed before: no KafkaTopic is queried', null, running({ topic: THEIRS }), { ...live, answers: [] }, {}, 'Running; finished'],
    ['it was claimed and never created', null, running({ topic: CLAIMED }), { kafka: kafka({ partitions: null }) }, {}, 'Running; finished'],
    ['it was created, but the Topic Operator never ran', kafkaTopicOf([]), running({ topic: CLAIMED }), { kafka: kafka({ partitions: null }) }, {}, removing('does DeleteObject KafkaTopic kafka/t; ')],
    ['Kafka is unavailable: the KafkaTopic is deleted', kafkaTopicOf([READY]), before, { kafka: AWAY }, {}, 'Running, Reconciling KafkaUnavailable; does DeleteObject KafkaTopic kafka/t; again in 1000'],
    ['Kafka is unavailable for more than 60 s', goes(60_000), over(61_000, 'KafkaUnavailable'), { kafka: AWAY }, {}, `Running, Reconciling KafkaUnavailable; ${left}`],
    ['Kafka is unavailable, the KafkaTopic is gone: only the group is left', null, over(61_000, 'KafkaUnavailable'), { kafka: AWAY }, {}, `Running, Reconciling KafkaUnavailable; ${left}`],
    ['the group has other members: nothing is deleted', kafkaTopicOf([READY]), before, { kafka: kafka({ group: group(['theirs']) }) }, {}, removing('')],
    ['no right to delete the KafkaTopic', kafkaTopicOf([READY]), over(61_000), { ...live, failures: [denied] }, {}, `Running, Reconciling RemovingFromKafka; ${left}`],
    ['Strimzi was uninstalled', null, before, { ...live, answers: [NO_STRIMZI, NO_STRIMZI] }, {}, removing('does DeleteTopic t; ')],
  ])('%s', (_situation, kafkaTopic, status, seen, spec, answer) => {
    expect(told(leave(kafkaTopic, status, seen, spec))).toBe(answer);
  });

  test('the Event names what is left behind, with the command for each', () => {
    const said = (plan: ReturnType<typeof leave>) => plan.events[0]?.message ?? '';
    const hung = said(leave(goes(60_000), over(61_000), live));
    expect(hung).toMatch(/^left behind: KafkaTopic kafka\/t, because the Topic Operator has not removed its finalizer/);
    expect(hung).toContain(`kubectl patch kafkatopic t -n kafka --type=merge -p '{"metadata":{"finalizers":null}}'`);
    expect(hung).toContain('kafka-topics.sh --delete');
    expect(said(leave(null, over(61_000, 'KafkaUnavailable'), { kafka: AWAY }))).toMatch(
      /^left behind: group g, because/,
    );
  });

  test('a KafkaTopic whose topicName was changed: status and Event say to put it back', () => {
    const back = `kubectl patch kafkatopic t -n kafka --type=merge -p '{"spec":{"topicName":"t"}}'`;
    const waits = message(leave(RENAMED(5_000), before, live));
    expect(waits).toContain('NotSupported: Changing spec.topicName is not supported');
    expect(waits).toContain(back);
    const said = leave(RENAMED(60_000), over(61_000), live).events[0]?.message ?? '';
    expect(said).toContain(`Delete by hand what you no longer need (${back}`);
    expect(said).not.toContain('finalizers');
  });

  test('the Topic Operator’s answer to a deletion is passed on', () => {
    const disabled = notReady(
      'KafkaError',
      'org.apache.kafka.common.errors.TopicDeletionDisabledException: Topic deletion is disabled.',
    );
    const kept = kafkaTopicOf([disabled], { deletionTimestamp: at(995_000) });
    expect(message(leave(kept, before, live))).toMatch(/yet; it last said: Topic deletion is disabled\.$/);
  });

  test('a KafkaTopic that shares its topic: what is waited for, and what to do if the Topic Operator never sees it', () => {
    const waiting = { ...SHARED, metadata: { ...SHARED.metadata, ...UNMANAGED } };
    expect(message(leave(waiting, before, live))).toMatch(
      /another KafkaTopic manages the same topic, so KafkaTopic kafka\/t becomes unmanaged before it is deleted and the topic keeps its records/,
    );
    const said = leave(waiting, over(61_000), live);
    expect(said.finished).toBe(true);
    expect(said.events[0]?.message).toContain(
      'kubectl annotate kafkatopic t -n kafka strimzi.io/managed=false --overwrite, then kubectl delete kafkatopic t -n kafka once its status has the condition Unmanaged',
    );
  });

  test('without the right to read it, the Event says what to grant', () => {
    const said = leave(null, over(61_000), { ...live, ...hidden }).events[0]?.message;
    expect(said).toMatch(
      /^left behind: topic t, because this operator may not read KafkaTopics.*give its service account/,
    );
  });

  test('only the observed KafkaTopic is deleted', () => {
    expect(leave(kafkaTopicOf([READY]), before, live).actions).toEqual([
      {
        type: 'DeleteObject',
        target: { apiVersion: V1, kind: 'KafkaTopic', namespace: 'kafka', name: 't' },
        uid: 'uid-t',
      },
    ]);
  });
});
