/** The end of a run: its reasons, how the run closes, and that a finished run never changes. */
import { expect, test } from '@jest/globals';
import {
  AWAY,
  at,
  CONSUMERS,
  EVIDENCE,
  evidence,
  kafka,
  LOAD_TESTS,
  loadTest,
  message,
  planLoadTest,
  pods,
  produced,
  SCALED,
  type SpecChange,
  sampled,
  scaled,
  runningStatus as status,
  TOPIC,
  told,
  UNREAD,
} from '../../../test/support/seen.ts';
import type { LoadTestStatus } from '../../api/loadtest/status.ts';
import type { Consumed, Fact, Produced } from '../../domain/evidence/facts.ts';

type Seen = NonNullable<Parameters<typeof planLoadTest>[1]>;

const BEGIN = Date.parse(at(0));
const FOUND = status({ topic: { partitions: 3, replicas: 2, managedBy: 'Existing', created: false } });
const ALL = [pods('producer', 2), pods('consumer', 1)];
const NONE = [pods('producer', 0), pods('consumer', 0)];

/** Two producers that have sent 10 of 10 each. */
const SENT = [produced(500, 0, 10), produced(600, 1, 10)];
const consumed = (...ranges: [from: number, to: number][]): Consumed => ({
  type: 'Consumed',
  client: 'c-0',
  at: BEGIN + 700,
  partitions: ranges.map((range) => ({
    partition: 0,
    ranges: [range],
    records: range[1] - range[0],
    bytes: 1,
    firstBeganAt: BEGIN + 100,
    firstWaitedMs: 1,
    lastEndedAt: BEGIN + 690,
  })),
});

/** The same sample of a read_committed group. */
const stable = (sample: Fact, lastStable: number[]): Fact =>
  sample.type !== 'LagSample'
    ? sample
    : {
        ...sample,
        partitions: sample.partitions.map((one, n) => ({ ...one, lastStableOffset: lastStable[n] ?? one.endOffset })),
      };

const MESSAGES: SpecChange = { producers: { replicas: 2, messages: 20 } };
const round = (spec: SpecChange, before: LoadTestStatus, seen: Seen) =>
  planLoadTest(loadTest(spec, before), { kafka: kafka({ at: 900 }), owned: ALL, now: 1000, ...seen });
const ends = (spec: SpecChange, facts: Fact[], before = status(), seen: Seen = {}) =>
  round(spec, before, { evidence: evidence(...SCALED, ...facts), ...seen }).status.finishedAt !== undefined;

// biome-ignore format: one situation a line
test.each<[situation: string, spec: SpecChange, facts: Fact[], before: LoadTestStatus, over: boolean]>([
  ['no end', {}, SENT, status(), false],
  ['the duration is not over', { duration: '2s' }, [], status(), false],
  ['the duration is over', { duration: '1s' }, [], status(), true],
  ['the duration starts when all clients are ready', { duration: '1s' }, [], status({ preparedAt: at(500) }), false],
  ['the duration does not end a suspended run', { duration: '1s', suspend: true }, [], status(), false],
  ['a suspension does not count for the duration', { duration: '1s' }, [], status({ preparedAt: at(-2000), suspendedMs: 2001 }), false],
  ['the duration is over without the suspension', { duration: '1s' }, [], status({ preparedAt: at(-2000), suspendedMs: 2000 }), true],
  ['one producer has not finished', MESSAGES, [produced(500, 0, 10), consumed([0, 20])], status(), false],
  ['all sent, not all consumed', MESSAGES, [...SENT, consumed([0, 19])], status(), false],
  ['all sent, twenty consumed but one of them twice', MESSAGES, [...SENT, consumed([0, 19], [3, 4])], status(), false],
  ['all sent and consumed', MESSAGES, [...SENT, sampled(800, [20], [15]), consumed([0, 20])], status(), true],
  ['all sent and twenty consumed, not sampled since the last record', MESSAGES, [...SENT, sampled(550, [20], [15]), consumed([0, 20])], status(), false],
  ['all sent and twenty consumed, but others have appended, too', MESSAGES, [...SENT, sampled(800, [25], [15]), consumed([0, 20])], status(), false],
  ['all sent and committed', MESSAGES, [...SENT, sampled(800, [10, 10, 0], [10, 10, 0])], status(), true],
  ['no lag, sampled before the last record was sent', MESSAGES, [...SENT, sampled(550, [10, 9, 0], [10, 9, 0])], status(), false],
  ['a topic with older records: consuming these does not end it', MESSAGES, [...SENT, consumed([0, 5000])], FOUND, false],
  ['a topic with older records: no lag, sampled before the last record was sent', MESSAGES, [...SENT, sampled(550, [900], [900])], FOUND, false],
  ['a topic with older records: no lag, sampled after', MESSAGES, [...SENT, sampled(800, [900], [900])], FOUND, true],
  ['others keep appending: read up to the ends at the last record', MESSAGES, [...SENT, sampled(650, [900], [850]), sampled(800, [990], [900])], FOUND, true],
  ['others keep appending: one record before these ends is left', MESSAGES, [...SENT, sampled(650, [900], [850]), sampled(800, [990], [899])], FOUND, false],
  ['others keep appending: one producer has not finished', MESSAGES, [produced(500, 0, 10), sampled(650, [900], [850]), sampled(800, [990], [900])], FOUND, false],
  ['others keep appending: the ends were seen before the last record', MESSAGES, [...SENT, sampled(550, [900], [850]), sampled(800, [990], [900])], FOUND, false],
  ['no lag, but a transaction of others is open before the end', MESSAGES, [...SENT, stable(sampled(800, [900], [880]), [880])], FOUND, false],
  ['a transaction of others was open at the last record and has ended', MESSAGES, [...SENT, stable(sampled(650, [900], [880]), [880]), stable(sampled(800, [990], [900]), [990])], FOUND, true],
  ['no consumers', { ...MESSAGES, consumers: null }, SENT, status(), true],
  ['consumers.replicas: 0', { ...MESSAGES, consumers: { ...CONSUMERS, replicas: 0 } }, SENT, status(), true],
  ['consumers.messages is reached, although producers continue', { consumers: { ...CONSUMERS, messages: 15 } }, [consumed([0, 15])], status(), true],
  ['consumers.messages is not reached, although producers have finished', { ...MESSAGES, consumers: { ...CONSUMERS, messages: 15 } }, [...SENT, consumed([0, 14])], status(), false],
])('%s', (_situation, spec, facts, before, over) => {
  expect(ends(spec, facts, before)).toBe(over);
});

test('suspended twice: neither suspension counts, nor the time until all clients are ready again', () => {
  let before = status();
  const next = (now: number, suspend: boolean, owned = ALL) => {
    before = round({ duration: '10s', suspend }, before, { now, owned, evidence: evidence(...SCALED, ...SENT) }).status;
    return { ...before };
  };
  expect(next(4_000, true)).toMatchObject({ phase: 'Suspended', suspendedAt: at(4_000) });
  expect(next(30_000, true, NONE)).toMatchObject({ phase: 'Suspended', suspendedAt: at(4_000) });
  // Not all clients are ready again.
  expect(next(40_000, false, NONE)).toMatchObject({ phase: 'Running', suspendedAt: at(4_000) });
  const back = next(44_000, false);
  expect(back).toMatchObject({ phase: 'Running', suspendedMs: 40_000 });
  expect(back).not.toHaveProperty('suspendedAt');
  expect(next(49_999, false)).not.toHaveProperty('finishedAt');
  expect(next(49_999, true)).toMatchObject({ suspendedAt: at(49_999), suspendedMs: 40_000 });
  expect(next(60_000, false)).toMatchObject({ suspendedMs: 50_001 });
  expect(before).not.toHaveProperty('finishedAt');
  expect(next(60_001, false)).toMatchObject({ finishedAt: at(60_001), suspendedMs: 50_001 });
});

test('a suspension before the run was ready is not recorded', () => {
  const { preparedAt: _ready, ...preparing } = status();
  const spec = { duration: '1s', suspend: true };
  const plan = round(spec, { ...preparing, phase: 'Preparing' }, { evidence: evidence(...SCALED), owned: NONE });
  expect(plan.status).not.toHaveProperty('suspendedAt');
});

test('a run that was never ready does not end', () => {
  const { preparedAt: _ready, ...preparing } = status();
  expect(ends({ duration: '1s' }, [], { ...preparing, phase: 'Preparing' }, { owned: [] })).toBe(false);
});

test('the end is recorded first; then clients stop, their last reports are read, and it is closed', () => {
  const facts = [...SCALED, ...SENT, consumed([0, 20]), sampled(900, [10, 10, 0], [10, 10, 0])];
  const known = evidence(...facts);
  let before = status();
  const next = (now: number, seen: Seen) => {
    const plan = round(MESSAGES, before, { evidence: known, now, kafka: kafka({ at: 900, end: 7 }), ...seen });
    before = plan.status;
    return told(plan);
  };
  expect(next(1000, {})).toBe(
    'Running, Reconciling Stopping; applies lag-producer=2 + lag-consumer=1; tells Normal Stopping + Normal Rebalanced; again in 1000',
  );
  expect(before.finishedAt).toBe(at(1000));
  const stopping =
    'Running, Reconciling Stopping; does Report Producers 2->0, Consumers 1->0; applies lag-producer=0 + lag-consumer=0; again in 1000';
  expect(next(2000, {})).toBe(stopping);
  expect(next(12_000, { owned: [pods('producer', 0), pods('consumer', 1)] })).toBe(stopping);
  expect(next(20_000, { owned: NONE })).toBe(stopping);
  expect(before.stoppedAt).toBe(at(20_000));
  expect(next(21_900, { owned: NONE })).toBe(stopping);
  expect(next(22_100, { owned: NONE, evidence: UNREAD })).toBe(
    'Running, Reconciling Stopping; applies lag-producer=0 + lag-consumer=0; again in 1000',
  );
  expect(next(23_000, { owned: NONE })).toBe(stopping);
  // The log is sampled once more, and then the number of appended records is final.
  expect(next(23_500, { owned: NONE, kafka: kafka({ at: 23_000, end: 7 }) })).toBe(
    'Completed, Ready Completed; does Report Producers 2->0, Consumers 1->0, LagSample; applies lag-producer=0 + lag-consumer=0; tells Normal Completed',
  );
  expect(before).toMatchObject({ finishedAt: at(1000), stoppedAt: at(20_000) });
});

test('ten messages of one producer without consumers: completed, with keys and partitions', () => {
  const spec: SpecChange = {
    topic: { ...TOPIC, management: 'Existing' },
    producers: { replicas: 1, messages: 10, record: { key: { mode: 'Fixed', values: ['key1', 'key2'] } } },
    consumers: null,
  };
  const sent = (acknowledged: number, more: Partial<Produced>): Fact =>
    produced(100 + acknowledged, 0, acknowledged, { done: acknowledged === 10, ...more });
  const first = sent(4, {
    partitions: [
      [0, 2],
      [2, 2],
    ],
    keys: [
      { key: 'key1', partitions: [[2, 2, 0, 1]] },
      { key: 'key2', partitions: [[0, 2, 7, 8]] },
    ],
  });
  const last = sent(10, {
    partitions: [
      [0, 5],
      [2, 5],
    ],
    keys: [
      { key: 'key1', partitions: [[2, 5, 0, 4]] },
      { key: 'key2', partitions: [[0, 5, 7, 11]] },
    ],
  });
  const known = evidence(scaled(1, 'Producers', 0, 1), first, last);
  const { preparedAt: _ready, ...preparing } = status();
  let before: LoadTestStatus = { ...preparing, phase: 'Preparing' };
  const next = (now: number, replicas: number) => {
    const owned = [pods('producer', replicas)];
    const plan = planLoadTest(loadTest(spec, before), { kafka: kafka({ at: now - 100 }), now, owned, evidence: known });
    before = plan.status;
    return before.phase;
  };
  // Done before it was ready: the run ends in the same round.
  expect(next(1000, 1)).toBe('Running');
  expect(before.finishedAt).toBe(at(1000));
  expect(next(2000, 0)).toBe('Running');
  expect(next(4000, 0)).toBe('Completed');
  expect(before.producers).toMatchObject({
    acknowledged: 10,
    done: 1,
    partitions: [
      { partition: 0, records: 5 },
      { partition: 2, records: 5 },
    ],
  });
  expect(before.keys).toEqual({
    distinct: 2,
    inSeveralPartitions: 0,
    list: [
      { key: 'key1', partitions: [{ partition: 2, records: 5, firstOffset: 0, lastOffset: 4 }] },
      { key: 'key2', partitions: [{ partition: 0, records: 5, firstOffset: 7, lastOffset: 11 }] },
    ],
  });
});

test('the condition gives the reason for the end, once, until the run is closed', () => {
  const spec = { duration: '1s' };
  const ended = round(spec, status(), { evidence: evidence(...SCALED) });
  expect(message(ended)).toBe('the duration of 1s is over; the clients are being stopped');
  expect(ended.events[0]).toMatchObject({ reason: 'Stopping', message: message(ended) });
  expect(ended.events.filter(({ reason }) => reason === 'Stopping')).toHaveLength(1);
  const stopping = round({ ...spec, duration: '9s' }, ended.status, { now: 2000, evidence: UNREAD });
  expect(message(stopping)).toBe(message(ended));
  expect(stopping.events).toEqual([]);
});

const LAST_UNREAD = 'not all evidence of the run had been read 60 s after its end';
const ENDS = { evidence: [10, 10, 35, 10], end: 7 };

// biome-ignore format: one situation a line
test.each<[situation: string, now: number, seen: Seen, phase: string, saysUnread: boolean]>([
  ['the last report has not been read', 25_000, { kafka: kafka({ at: 24_900, ...ENDS }), readTo: 34 }, 'Running', false],
  ['it has been read', 25_000, { kafka: kafka({ at: 24_900, ...ENDS }), readTo: 35 }, 'Completed', false],
  ['where the evidence ends has not been seen since the pods ended', 25_000, { kafka: kafka({ at: 19_000, ...ENDS }), readTo: 35 }, 'Running', false],
  ['Kafka is away', 25_000, { kafka: AWAY }, 'Running', false],
  ['60 s later it is still unread', 61_001, { kafka: kafka({ at: 60_900, ...ENDS }), readTo: 34 }, 'Completed', true],
  ['60 s later it is read', 61_001, { kafka: kafka({ at: 60_900, ...ENDS }), readTo: 35 }, 'Completed', false],
  ['60 s later Kafka is away', 61_001, { kafka: AWAY, evidence: UNREAD }, 'Completed', true],
  ['60 s later pods are still there', 61_001, { kafka: kafka({ at: 60_900, ...ENDS }), owned: ALL }, 'Completed', true],
])('a run closes with its last evidence: %s', (_situation, now, more, phase, saysUnread) => {
  for (const consumersOnly of [false, true]) {
    const { stoppedAt, ...noStop } = status({ finishedAt: at(1_000), stoppedAt: at(20_000) });
    const before = more.owned === undefined ? { ...noStop, stoppedAt } : noStop;
    const spec: SpecChange = consumersOnly ? { producers: null } : {};
    const plan = round(spec, before as LoadTestStatus, { now, owned: NONE, evidence: evidence(...SCALED), ...more });
    expect(plan.status.phase).toBe(phase);
    expect(message(plan).includes(LAST_UNREAD)).toBe(saysUnread);
  }
});

test('the run closes 60 s after its end, even if pods are still there', () => {
  const finished = status({ finishedAt: at(1000) });
  expect(round({}, finished, { now: 61_000, evidence: evidence() }).status.phase).toBe('Running');
  expect(round({}, finished, { now: 61_001, evidence: evidence() }).status.phase).toBe('Completed');
});

test('messages were not acknowledged for a reason that is known: the message says what to write', () => {
  const lost = produced(600, 1, 7, { failed: 3, errors: { MSG_SIZE_TOO_LARGE: 3 } } as Partial<Fact>);
  const finished = status({ finishedAt: at(1000), stoppedAt: at(2000) });
  const configs = { topic: { known: { 'max.message.bytes': '1000' } } };
  const plan = round(MESSAGES, finished, {
    now: 62_000,
    owned: NONE,
    kafka: kafka({ at: 61_900, configs }),
    evidence: evidence(produced(500, 0, 10), lost),
  });
  expect(message(plan)).toContain('not acknowledged: MSG_SIZE_TOO_LARGE (3x); the producers send batches');
  expect(message(plan)).toContain('takes at most 1000 (max.message.bytes)');
});

test('messages were not acknowledged: the LoadTest has failed, and the message names the errors', () => {
  const lost = produced(600, 1, 7, { failed: 3, errors: { MSG_TIMED_OUT: 3 } } as Partial<Fact>);
  const finished = status({ finishedAt: at(1000), stoppedAt: at(2000) });
  const late = { now: 62_000, owned: NONE, kafka: kafka({ at: 61_900 }) };
  const plan = round(MESSAGES, finished, { ...late, evidence: evidence(produced(500, 0, 10), lost) });
  expect(plan.status.phase).toBe('Failed');
  expect(plan.events).toEqual([expect.objectContaining({ type: 'Warning', reason: 'MessagesFailed' })]);
  expect(message(plan)).toBe('3 of 20 messages were not acknowledged: MSG_TIMED_OUT (3x)');
  // The recorded figures give the same message if the evidence is unread at the end.
  const recorded = round(MESSAGES, finished, { evidence: evidence(produced(500, 0, 10), lost) }).status;
  const blind = round(MESSAGES, recorded, { ...late, evidence: UNREAD });
  expect(message(blind)).toBe(`${message(plan)}; these figures may be too low: ${LAST_UNREAD}`);
  expect(blind.status.phase).toBe('Failed');
});

test('a finished LoadTest needs, does and reports nothing, even if its spec changes', () => {
  const finished = status({ finishedAt: at(1000), stoppedAt: at(2000) });
  const seen = { now: 5000, owned: NONE, kafka: kafka({ at: 4900 }), evidence: evidence(...SCALED) };
  const completed = round({}, finished, seen).status;
  expect(completed.phase).toBe('Completed');
  const edited = loadTest({ consumers: { ...CONSUMERS, replicas: 7 } }, completed, { generation: 9 });
  expect(LOAD_TESTS.needs(edited)).toEqual({});
  const plan = planLoadTest(edited, { now: 9000, owned: NONE });
  expect(plan).toEqual({ apply: [], actions: [], events: [], status: { ...completed, observedGeneration: 9 } });
});

test('the needs of a run', () => {
  expect(LOAD_TESTS.needs(loadTest())).toEqual({ kafka: { topic: 't', group: 'g' } });
  const committed = { consumers: { ...CONSUMERS, config: { 'isolation.level': 'read_committed' } } };
  expect(LOAD_TESTS.needs(loadTest(committed))).toEqual({ kafka: { topic: 't', group: 'g', lastStableOffsets: true } });
  const spec = { kafka: { bootstrapServers: 'other:9092' }, consumers: null };
  const servers = { bootstrapServers: 'other:9092' };
  expect(LOAD_TESTS.needs(loadTest(spec, status()))).toEqual({
    kafka: { ...servers, topic: 't' },
    evidence: { ...servers, run: 'uid-lag', ...EVIDENCE },
  });
});
