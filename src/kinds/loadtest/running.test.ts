/** A running LoadTest: scaling, suspension, an unavailable Kafka, and the operator's own facts in the evidence. */
import { expect, test } from '@jest/globals';
import {
  AWAY,
  at,
  CONSUMERS,
  EVIDENCE,
  evidence,
  group,
  kafka,
  loadTest,
  message,
  planLoadTest,
  pods,
  produced,
  SCALED,
  type SpecChange,
  sampled,
  scaled,
  TOPIC,
  told,
  UNREAD,
} from '../../../test/support/seen.ts';
import type { LoadTestStatus } from '../../api/loadtest/status.ts';
import type { Fact, LagSample } from '../../domain/evidence/facts.ts';
import { withoutOffsets } from '../../domain/fold/run.ts';
import { loadTestKind } from './plan.ts';

type Seen = NonNullable<Parameters<typeof planLoadTest>[1]>;

const RUNNING: LoadTestStatus = {
  ...planLoadTest(
    loadTest(
      {},
      {
        phase: 'Preparing',
        observedGeneration: 1,
        conditions: [],
        startedAt: at(0),
        evidence: EVIDENCE,
        topic: { partitions: 3, replicas: 2, managedBy: 'Admin', created: true, id: 'id-t' },
      },
    ),
    { kafka: kafka(), owned: [pods('producer', 2), pods('consumer', 1)], evidence: evidence(...SCALED) },
  ).status,
};
const EPOCH = Date.parse(at(0));
const WITHOUT_MEMBER = SCALED.filter(({ type }) => type !== 'Assigned');
const ALL = [pods('producer', 2), pods('consumer', 1)];
const run = evidence(...SCALED, sampled(900, [5, 5, 5], [5, 5, 5]));
/** 1 s after it was ready, with the evidence read and lag sampled. */
const seen: Seen = { now: 1000, kafka: kafka({ at: 950 }), owned: ALL, evidence: run };
const round = (spec: SpecChange, more: Seen = {}, before = RUNNING) =>
  planLoadTest(loadTest(spec, before), { ...seen, ...more });
const consumers = (replicas: number): SpecChange => ({ consumers: { ...CONSUMERS, replicas } });

// biome-ignore format: one situation a line
test.each<[situation: string, spec: SpecChange, seen: Seen, answer: string]>([
  ['no change', {}, {}, 'Running, Ready Running; applies lag-producer=2 + lag-consumer=1; again in 1000'],
  ['lag is due for a sample', {}, { kafka: kafka({ at: 1800 }) }, 'Running, Ready Running; does Report LagSample; applies lag-producer=2 + lag-consumer=1; again in 1000'],
  ['scaled up', consumers(3), {}, 'Running, Reconciling StartingClients; does Report Consumers 1->3; applies lag-producer=2 + lag-consumer=3; tells Normal StartingClients; again in 1000'],
  ['scaled up and reported', consumers(3), { evidence: evidence(...SCALED, scaled(950, 'Consumers', 1, 3), sampled(960, [5], [5])) }, 'Running, Reconciling StartingClients; applies lag-producer=2 + lag-consumer=3; tells Normal StartingClients; again in 1000'],
  ['scaled down', consumers(0), {}, 'Running, Ready Running; does Report Consumers 1->0; applies lag-producer=2 + lag-consumer=0; again in 1000'],
  ['scaled while the evidence is unread: reported later', consumers(3), { evidence: UNREAD }, 'Running, Reconciling StartingClients; applies lag-producer=2 + lag-consumer=3; tells Normal StartingClients; again in 1000'],
  ['a producer does not produce yet', {}, { evidence: evidence(...SCALED.slice(0, -1), sampled(900, [5], [5])) }, 'Running, Reconciling StartingClients; applies lag-producer=2 + lag-consumer=1; tells Normal StartingClients; again in 1000'],
  ['a pod is not ready', {}, { owned: [pods('producer', 2, 1), pods('consumer', 1)] }, 'Running, Reconciling StartingClients; applies lag-producer=2 + lag-consumer=1; tells Normal StartingClients; again in 1000'],
  ['Kafka is unavailable', {}, { kafka: AWAY }, 'Running, Ready FiguresLate; applies lag-producer=2 + lag-consumer=1; tells Warning FiguresLate; again in 1000'],
  ['the evidence is unread', {}, { evidence: UNREAD }, 'Running, Ready FiguresLate; applies lag-producer=2 + lag-consumer=1; tells Warning FiguresLate; again in 1000'],
  ['the topic was deleted: clients continue, nothing is created again', {}, { kafka: kafka({ at: 950, partitions: null }) }, 'Running, Stalled TopicMissing; applies lag-producer=2 + lag-consumer=1; tells Warning TopicMissing; again in 1000'],
  ['Kafka refused more partitions: lag is still sampled', { topic: { ...TOPIC, partitions: 6 } }, { kafka: kafka({ at: 1800 }), failures: [{ action: { type: 'AddPartitions', topic: 't', partitions: 6 }, reason: 'Refused', message: 'policy' }] }, 'Running, Stalled TopicRefused; does Report LagSample; applies lag-producer=2 + lag-consumer=1; tells Warning TopicRefused; again in 1000'],
  ['suspended', { suspend: true }, {}, 'Suspended, Reconciling Suspending; does Report Producers 2->0, Consumers 1->0; applies lag-producer=0 + lag-consumer=0; tells Normal Suspending; again in 2000'],
  ['suspended, all pods have ended', { suspend: true }, { owned: [pods('producer', 0), pods('consumer', 0)], evidence: evidence(scaled(1, 'Consumers', 1, 0), sampled(900, [5], [5])) }, 'Suspended, Ready Suspended; applies lag-producer=0 + lag-consumer=0; tells Normal Suspended; again in 2000'],
])('%s', (_situation, spec, more, answer) => {
  expect(told(round(spec, more))).toBe(answer);
});

test('resumed: clients start again', () => {
  const suspended = round({ suspend: true }).status;
  const none = { owned: [pods('producer', 0), pods('consumer', 0)] };
  expect(told(round({}, none, suspended))).toBe(
    'Running, Reconciling StartingClients; applies lag-producer=2 + lag-consumer=1; tells Normal StartingClients; again in 1000',
  );
});

test('the same summary has one Event', () => {
  const first = round({}, { kafka: AWAY });
  expect(first.events.map(({ reason }) => reason)).toEqual(['FiguresLate']);
  expect(round({}, { kafka: AWAY, now: 2000 }, first.status).events).toEqual([]);
  expect(message(first)).toContain(AWAY.unavailable);
});

test('a lag sample has the committed offsets, and null without one', () => {
  const committed = [
    { partition: 0, offset: 7 },
    { partition: 1, offset: null },
  ];
  const plan = round({}, { kafka: kafka({ at: 1800, end: 9, group: group(['c-0', 'c-1'], committed) }) });
  const [report] = plan.actions;
  expect(report).toMatchObject({
    type: 'Report',
    run: 'uid-lag',
    topic: EVIDENCE.topic,
    partition: EVIDENCE.partition,
  });
  const sample = (report?.type === 'Report' ? report.facts[0] : undefined) as LagSample;
  expect(sample).toMatchObject({ type: 'LagSample', spreadMs: 5, groupState: 'Stable', groupMembers: 2 });
  expect(sample.partitions.map(({ committedOffset }) => committedOffset)).toEqual([7, null, null]);
});

test('lag is shown in the round of its sample, before the evidence has it', () => {
  const plan = round({}, { kafka: kafka({ at: 1800, end: 9 }) });
  expect(plan.status.lag).toMatchObject({ unknownPartitions: 3, at: at(1800) }); // nothing is committed, and latest is the default
  expect(plan.status.lag).not.toHaveProperty('total');
  expect(plan.actions).toMatchObject([{ type: 'Report', facts: [{ type: 'LagSample', at: EPOCH + 1800 }] }]);
});

test('while a rebalance is in progress the next round comes sooner', () => {
  const joined = [
    { type: 'Started', client: 'c-0', at: EPOCH + 900, role: 'Consumer', host: 'node-1' },
    { type: 'Assigned', client: 'c-0', at: EPOCH + 901, memberId: 'm', protocol: 'Eager', gained: [0], owned: [0] },
  ] as const;
  const rebalancing = evidence(
    ...WITHOUT_MEMBER,
    sampled(800, [5], [5]),
    ...joined.map((fact) => ({ ...fact }) as Fact),
  );
  expect(round({}, { evidence: rebalancing, now: 1500 }).lookAgainInMs).toBe(250);
  expect(round({}, { evidence: rebalancing, now: 3000, kafka: kafka({ at: 950 }) }).lookAgainInMs).toBe(1000);
});

test('the recorded figures stay while the evidence is unread', () => {
  const known = round({}, { evidence: evidence(...SCALED, produced(800, 0, 70), sampled(900, [30], [10])) }).status;
  expect(known).toMatchObject({ producers: { acknowledged: 71 }, delivery: { produced: 71 }, lag: { total: 20 } });
  const blind = round({}, { evidence: UNREAD }, known).status;
  for (const part of ['producers', 'delivery', 'lag', 'rebalances'] as const) expect(blind[part]).toEqual(known[part]);
});

test('start: AfterProducers keeps its consumers when the operator restarts', () => {
  const after: SpecChange = {
    producers: { replicas: 2, messages: 20 },
    consumers: { ...CONSUMERS, start: 'AfterProducers' },
  };
  const consumersOf = (more: Seen, before?: LoadTestStatus) =>
    round(after, more, before).apply.map(({ spec }) => (spec as { replicas: number }).replicas)[1];
  const done = { evidence: evidence(produced(700, 0, 10), produced(710, 1, 10)) };
  expect(consumersOf({ evidence: evidence(produced(700, 0, 10)) })).toBe(0);
  expect(consumersOf(done)).toBe(1);
  const { status } = round(after, done);
  expect(consumersOf({ evidence: UNREAD }, status)).toBe(1);
  expect(consumersOf({ evidence: UNREAD })).toBe(0);
});

test('lag over the threshold has one Event, and another when it is back', () => {
  const lag = (total: number, before: LoadTestStatus) =>
    round({ lagThreshold: 10 }, { evidence: evidence(...SCALED, sampled(900, [total], [0])) }, before);
  const holds = ({ conditions }: LoadTestStatus) => {
    const { status, reason } = conditions.find(({ type }) => type === 'LagHigh') ?? {};
    return `${status} ${reason}`;
  };
  const steps = (plan: ReturnType<typeof lag>) => [holds(plan.status), ...plan.events.map(({ reason }) => reason)];

  const unknown = round({ lagThreshold: 10 }, { kafka: AWAY, evidence: evidence(...SCALED) });
  expect(steps(unknown)).toEqual(['Unknown NotMeasured', 'FiguresLate']);
  const low = lag(10, unknown.status);
  expect(steps(low)).toEqual(['False UnderThreshold', 'Running']);
  const high = lag(11, low.status);
  expect(steps(high)).toEqual(['True OverThreshold', 'LagHigh']);
  const higher = lag(12, high.status);
  expect(steps(higher)).toEqual(['True OverThreshold']);
  // Unknown lag has no Event.
  const blind = round({ lagThreshold: 10 }, { evidence: UNREAD }, higher.status);
  expect(steps(blind)).toEqual(['True OverThreshold', 'FiguresLate']);
  const back = lag(3, higher.status);
  expect(steps(back)).toEqual(['False UnderThreshold', 'LagBack']);
  expect(holds(round({}, {}, higher.status).status)).toBe('undefined undefined');
});

test('with a time, LagHigh waits until lag has been over the threshold for that long', () => {
  const lagThreshold = { records: 10, for: '1s' };
  const sample = (total: number, at: number, before: LoadTestStatus) =>
    round({ lagThreshold }, { now: at, evidence: evidence(...SCALED, sampled(at - 100, [total], [0])) }, before).status;
  const shown = ({ conditions, lag }: LoadTestStatus) => {
    const { status, reason, message } = conditions.find(({ type }) => type === 'LagHigh') ?? {};
    return [status, reason, message, lag?.aboveThresholdSince];
  };
  const since = (at: number) => new Date(EPOCH + at).toISOString();
  const briefly = 'lag is 11 records, over the threshold of 10 for less than 1s';

  const first = sample(11, 10_000, RUNNING);
  expect(shown(first)).toEqual(['False', 'OverThresholdBriefly', briefly, since(9_900)]);
  expect(shown(sample(11, 10_999, first))).toEqual(['False', 'OverThresholdBriefly', briefly, since(9_900)]);
  const high = sample(11, 11_000, first);
  expect(shown(high)).toEqual([
    'True',
    'OverThreshold',
    'lag is 11 records, over the threshold of 10 for 1s or longer',
    since(9_900),
  ]);
  // The sawtooth between two commits: each fall begins the time again.
  const low = sample(10, 10_500, first);
  expect(shown(low)).toEqual(['False', 'UnderThreshold', 'lag is 10 records, within the threshold of 10', undefined]);
  expect(shown(sample(11, 11_500, low))).toEqual(['False', 'OverThresholdBriefly', briefly, since(11_400)]);
});

test('each rebalance has one Event', () => {
  const before = { ...RUNNING, rebalances: { count: 0, longestPauseMs: 0, longestStopTheWorldMs: 0, recent: [] } };
  const assigned = (n: number, ms: number, owned: number[]) =>
    [
      { type: 'Started', client: `c-${n}`, at: EPOCH + ms, role: 'Consumer', host: 'node-1' },
      {
        type: 'Assigned',
        client: `c-${n}`,
        at: EPOCH + ms + 1,
        memberId: `m-${n}`,
        protocol: 'Eager',
        gained: owned,
        owned,
      },
    ] as const;
  const more = {
    now: 10_000,
    evidence: evidence(...WITHOUT_MEMBER, ...assigned(0, 100, [0, 1, 2]), sampled(9_500, [1], [1])),
  };
  const first = round({}, more, before);
  expect(first.events.map(({ reason }) => reason)).toEqual(['Rebalanced']);
  expect(first.status.rebalances?.count).toBe(1);
  expect(round({}, more, first.status).events).toEqual([]);
});

test('evidence that was deleted unread is a condition, which stays after a restart', () => {
  const lacking = evidence(...SCALED, sampled(900, [5, 5, 5], [5, 5, 5]));
  if ('known' in lacking) withoutOffsets(lacking.known, 20, 58);
  const first = round({}, { evidence: lacking });
  expect(message(first, 'EvidenceIncomplete')).toContain('offsets 20 to 57 of topic kafkalab-evidence were deleted');
  expect(first.events.map(({ reason }) => reason)).toContain('EvidenceIncomplete');
  const next = round({}, { now: 2_000 }, first.status);
  expect(message(next, 'EvidenceIncomplete')).toBe(message(first, 'EvidenceIncomplete'));
  expect(next.events).toEqual([]);
  expect(message(round({}), 'EvidenceIncomplete')).toBe('');
});

test('a run keeps the default Kafka in which its evidence is', () => {
  const { evidence: _place, ...preparing } = RUNNING;
  const recorded = round({}, { evidence: UNREAD, owned: [] }, { ...preparing, phase: 'Preparing' });
  expect(recorded.status.kafka).toEqual({ bootstrapServers: 'kafka:9092' });
  const { needs } = loadTestKind({ image: 'worker:2', bootstrapServers: 'moved:9092' });
  const own = { bootstrapServers: 'kafka:9092' };
  expect(needs(loadTest({}, recorded.status))).toMatchObject({ kafka: own, evidence: own });
  const elsewhere = { kafka: { bootstrapServers: 'other:9092' } };
  expect(round(elsewhere, { evidence: UNREAD, owned: [] }, preparing).status.kafka).toBeUndefined();
});
