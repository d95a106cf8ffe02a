/** RebalanceStorm and IdleConsumers: their messages, and one Event at each begin and end. */
import { expect, test } from '@jest/globals';
import { CONSUMERS, loadTest, type SpecChange } from '../../../../test/support/seen.ts';
import type { Condition } from '../../../contract/kubernetes.ts';
import type { Rebalance, RebalanceTrigger, RunView } from '../../../domain/figures/figures.ts';
import { emptyRun } from '../../../domain/fold/run.ts';
import { view } from '../../../domain/fold/view.ts';
import { evaluateIdleConsumers } from './idleConsumers.ts';
import { evaluateRebalanceStorm } from './rebalanceStorm.ts';

const BEGIN = Date.parse('2026-01-01T00:00:00Z');
const rebalance = (at: number, trigger: RebalanceTrigger): Rebalance => ({
  number: 1,
  at: BEGIN + at,
  settledAt: BEGIN + at,
  trigger,
  reason: `c-1 had its reason (${at / 1000} s).`,
  protocol: 'Eager',
  source: 'Clients',
  membersBefore: 2,
  membersAfter: 2,
  partitionsMoved: 1,
  stopTheWorldMs: 0,
  longestPauseMs: 0,
  pauses: [],
  pending: [],
  members: [],
});

const NOTHING = view(emptyRun(), 0);
const figures = (change: Partial<RunView['consumers']>, list: Rebalance[] = [], settled = true): RunView => ({
  ...NOTHING,
  consumers: { ...NOTHING.consumers, ...change },
  rebalances: { ...NOTHING.rebalances, list, settled },
});
const polls = (recordsMax: number, longestIntervalMs: number) => ({
  count: 1,
  recordsMax,
  recordsP50: recordsMax,
  longestIntervalMs,
});

const steps = ({ conditions, events }: { conditions: Condition[]; events: { type: string; reason: string }[] }) => [
  ...conditions.map(({ type, status, reason }) => `${type}=${status} ${reason}`),
  ...events.map(({ type, reason }) => `${type} ${reason}`),
];

// ---- RebalanceStorm ---------------------------------------------------------------------------

const SLOW: SpecChange = {
  consumers: {
    ...CONSUMERS,
    processing: { perRecord: '20ms' },
    config: { 'max.poll.interval.ms': '6000', 'session.timeout.ms': '6000', 'heartbeat.interval.ms': '2000' },
  },
};
const storm = (
  spec: SpecChange,
  list: Rebalance[],
  at: number,
  seen: RunView['consumers']['polls'] = null,
  before: Condition[] = [],
) => evaluateRebalanceStorm(loadTest(spec), before, figures({ polls: seen }, list), BEGIN + at);
const every = (ms: number, times: number, trigger: RebalanceTrigger) =>
  Array.from({ length: times }, (_, n) => rebalance(n * ms, trigger));

test('a storm has one Event when it begins and one when it ends', () => {
  const list = every(10_000, 3, 'PollIntervalExceeded');
  const calm = storm(SLOW, list.slice(0, 2), 15_000);
  expect(steps(calm)).toEqual(['RebalanceStorm=False Calm']);
  const begun = storm(SLOW, list, 21_000, null, calm.conditions);
  expect(steps(begun)).toEqual(['RebalanceStorm=True PollIntervalExceeded', 'Warning RebalanceStorm']);
  const goesOn = storm(SLOW, list, 80_000, null, begun.conditions);
  expect(steps(goesOn)).toEqual(['RebalanceStorm=True PollIntervalExceeded']);
  const unread = evaluateRebalanceStorm(loadTest(SLOW), goesOn.conditions, undefined, BEGIN + 90_000);
  expect(steps(unread)).toEqual(['RebalanceStorm=True PollIntervalExceeded']);
  const over = storm(SLOW, list, 81_000, null, goesOn.conditions);
  expect(steps(over)).toEqual(['RebalanceStorm=False Calm', 'Normal RebalanceStormOver']);
});

test('without consumers there is no condition', () => {
  expect(steps(storm({ consumers: null }, [], 0))).toEqual([]);
});

const config = (more: Record<string, string>, perRecord = '0ms'): SpecChange => ({
  consumers: { ...CONSUMERS, processing: { perRecord }, config: more },
});

// biome-ignore format: one situation a line
test.each<[situation: string, spec: SpecChange, RebalanceTrigger, RunView['consumers']['polls'], advice: string]>([
  ['a poll takes too long', SLOW, 'PollIntervalExceeded', polls(500, 10_128), 'members take longer between two polls (up to 10128 ms measured; 500 records per poll x 20ms = 10000 ms) than max.poll.interval.ms (6000) allows, so the group removes them. In spec.consumers.config set max.poll.interval.ms: "50000" (now 6000) or max.poll.records: "100" (now 500).'],
  ['a poll takes too long with Kafka’s defaults', config({}, '2s'), 'PollIntervalExceeded', polls(500, 900_000), 'members take longer between two polls (up to 900000 ms measured; 500 records per poll x 2s = 1000000 ms) than max.poll.interval.ms (300000) allows, so the group removes them. In spec.consumers.config set max.poll.interval.ms: "2000000" (now 300000) or max.poll.records: "50" (now 500).'],
  ['one record takes too long', config({ 'max.poll.interval.ms': '6000', 'session.timeout.ms': '6000' }, '10s'), 'PollIntervalExceeded', polls(1, 10_001), 'members take longer between two polls (up to 10001 ms measured; 1 record per poll x 10s = 10000 ms) than max.poll.interval.ms (6000) allows, so the group removes them. In spec.consumers.config set max.poll.interval.ms: "50000" (now 6000).'],
  ['nothing measured yet', config({ 'max.poll.interval.ms': '6000', 'session.timeout.ms': '6000' }), 'PollIntervalExceeded', null, 'members take longer between two polls than max.poll.interval.ms (6000) allows, so the group removes them. In spec.consumers.config set max.poll.interval.ms: "20000" (now 6000).'],
  ['heartbeats as rare as the session timeout', config({ 'session.timeout.ms': '6000', 'heartbeat.interval.ms': '5900' }), 'SessionExpired', null, 'the broker receives no heartbeat from members within session.timeout.ms (6000; heartbeat.interval.ms is 5900), so it removes them. In spec.consumers.config set heartbeat.interval.ms: "2000" (now 5900) or session.timeout.ms: "20000" (now 6000). If the members crashed, kubectl get pods shows their restarts.'],
  ['a session timeout longer than the poll interval', config({ 'session.timeout.ms': '10000', 'max.poll.interval.ms': '10000' }), 'SessionExpired', null, 'the broker receives no heartbeat from members within session.timeout.ms (10000; heartbeat.interval.ms is 3000), so it removes them. In spec.consumers.config set session.timeout.ms: "20000" (now 10000) with max.poll.interval.ms: "20000" (now 10000; at least session.timeout.ms). If the members crashed, kubectl get pods shows their restarts.'],
  ['the broker sets the session timeout', config({ 'group.protocol': 'consumer' }), 'SessionExpired', null, 'the broker receives no heartbeat from members within the session timeout that it sets, so it removes them. Raise the group setting consumer.session.timeout.ms (on brokers: group.consumer.session.timeout.ms), or lower consumer.heartbeat.interval.ms to a third of it. If the members crashed, kubectl get pods shows their restarts.'],
  ['the group removed nobody', config({}), 'Unknown', null, 'the group removed no member; status.rebalances.recent has the reason of each rebalance.'],
])('%s: the message names cause and settings', (_, spec, trigger, seen, advice) => {
  const { events, conditions } = storm(spec, every(10_000, 3, trigger), 21_000, seen);
  const whole = `3 unrequested rebalances since 00:00:00: ${advice} Last rebalance: c-1 had its reason (20 s).`;
  expect(events.map(({ message }) => message)).toEqual([whole]);
  expect(conditions[0]?.message).toBe(whole);
  expect(whole.length).toBeLessThan(1_024);
});

// ---- IdleConsumers ----------------------------------------------------------------------------

const member = (n: number, ...partitions: number[]) => ({
  name: `lag-consumer-${n}`,
  memberId: 'm',
  host: 'h',
  source: 'Clients' as const,
  partitions,
});
const idle = (
  spec: SpecChange,
  seen: RunView | undefined,
  partitions: number | undefined = 3,
  before: Condition[] = [],
) => evaluateIdleConsumers(loadTest(spec), before, seen, partitions, BEGIN);
const BUSY = figures({ members: [member(0, 0), member(1, 1), member(2, 2)] });
const members = [member(0, 0), member(1, 1), member(2, 2), member(3)];
const FOUR = figures({ members, idle: ['lag-consumer-3'] });
const four: SpecChange = { consumers: { ...CONSUMERS, replicas: 4 } };

test('an idle member has one Event at the begin and one at the end', () => {
  const none = idle(four, BUSY);
  expect(steps(none)).toEqual(['IdleConsumers=False NoneIdle']);
  const begun = idle(four, FOUR, 3, none.conditions);
  expect(steps(begun)).toEqual(['IdleConsumers=True MoreMembersThanPartitions', 'Warning IdleConsumers']);
  expect(steps(idle(four, FOUR, 3, begun.conditions))).toEqual(['IdleConsumers=True MoreMembersThanPartitions']);
  const over = idle(four, BUSY, 3, begun.conditions);
  expect(steps(over)).toEqual(['IdleConsumers=False NoneIdle', 'Normal IdleConsumersOver']);
});

test('while the group rebalances, or nothing is known, the condition stays', () => {
  const { conditions } = idle(four, FOUR);
  const rebalancing = figures({ members, idle: [] }, [], false);
  for (const kept of [idle(four, rebalancing, 3, conditions), idle(four, undefined, 3, conditions)]) {
    expect(kept).toEqual({ conditions, events: [] });
  }
  expect(evaluateIdleConsumers(loadTest(four), conditions, BUSY, undefined, BEGIN)).toEqual({ conditions, events: [] });
  expect(steps(idle({ consumers: null }, FOUR))).toEqual([]);
});

// biome-ignore format: one situation a line
test.each<[situation: string, spec: SpecChange, seen: RunView, partitions: number, message: string]>([
  ['one too many', four, FOUR, 3, '4 members, 3 partitions: lag-consumer-3 has no partition, because each partition has one owner; add partitions (spec.topic.partitions: 4) or remove a consumer (spec.consumers.replicas: 3)'],
  ['an existing topic', { ...four, topic: { name: 't', partitions: 3, management: 'Existing' } }, FOUR, 3, '4 members, 3 partitions: lag-consumer-3 has no partition, because each partition has one owner; add partitions to topic t or remove a consumer (spec.consumers.replicas: 3)'],
  ['many too many', { consumers: { ...CONSUMERS, replicas: 8 } }, figures({ members: [member(0, 0), ...[1, 2, 3, 4, 5, 6, 7].map((n) => member(n))], idle: [1, 2, 3, 4, 5, 6, 7].map((n) => `lag-consumer-${n}`) }), 1, '8 members, 1 partition: lag-consumer-1, lag-consumer-2, lag-consumer-3, lag-consumer-4, lag-consumer-5 and 2 more have no partition, because each partition has one owner; add partitions (spec.topic.partitions: 8) or remove 7 consumers (spec.consumers.replicas: 1)'],
  ['whole pods only', { consumers: { ...CONSUMERS, replicas: 4, clientsPerPod: 2 } }, FOUR, 3, '4 members, 3 partitions: lag-consumer-3 has no partition, because each partition has one owner; add partitions (spec.topic.partitions: 4) or remove 2 consumers (spec.consumers.replicas: 2)'],
  ['not too many members', four, figures({ members: [member(0, 0, 1), member(1, 2), member(2)], idle: ['lag-consumer-2'] }, [rebalance(0, 'MemberJoined')]), 3, '3 members, 3 partitions: lag-consumer-2 has no partition, while lag-consumer-0 has 2 since rebalance 1 (MemberJoined, Eager)'],
])('%s: the message names members and reason', (_, spec, seen, partitions, message) => {
  const { conditions, events } = idle(spec, seen, partitions);
  expect(events.map((event) => event.message)).toEqual([message]);
  expect(conditions[0]).toMatchObject({ type: 'IdleConsumers', status: 'True', message });
});

test('a storm of members that leave with an error names the error, and no timeout', () => {
  const list = every(5_000, 3, 'SessionExpired');
  const error = { code: 'NotImplemented', message: 'Snappy compression not implemented', at: BEGIN + 5_000 };
  const seen = figures({ errors: [error] }, list);
  const [condition] = evaluateRebalanceStorm(loadTest(SLOW), [], seen, BEGIN + 11_000).conditions;
  expect(condition).toMatchObject({ status: 'True', reason: 'UnreadableCompression' });
  expect(condition?.message).toContain('Snappy compression not implemented');
  expect(condition?.message).not.toContain('session.timeout.ms');
});
