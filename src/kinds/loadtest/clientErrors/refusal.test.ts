/** What a LoadTest says about the errors of its clients. */
import { expect, test } from '@jest/globals';
import {
  at,
  CONSUMERS,
  evidence,
  group,
  joined,
  kafka,
  LOAD_TESTS,
  loadTest,
  message,
  planLoadTest,
  pods,
  produced,
  runningStatus,
  type SpecChange,
  sampled,
  stands,
} from '../../../../test/support/seen.ts';
import type { Fact } from '../../../domain/evidence/facts.ts';

const NOW = 9_000;
const BEGIN = Date.parse(at(0));
const ALL = [pods('producer', 2), pods('consumer', 1)];
const PRODUCING = [0, 1].flatMap((n) => [
  produced(3, n, 1, { done: false }),
  produced(NOW - 1000, n, 900, { done: false }),
]);
const SILENT = [0, 1].map((n) => produced(3, n, 0, { done: false, failed: 5, attempted: 5, errors: {} }));
const error = (client: string, code: string, text = 'the library says so', when = NOW - 2000): Fact => ({
  type: 'ClientError',
  client,
  at: BEGIN + when,
  code,
  message: text,
});
const STARTED: Fact = { type: 'Started', client: 'p-0', at: BEGIN + 1, role: 'Producer', host: 'node-1' };
const CONFIGS = {
  topic: { known: { 'max.message.bytes': '1000' } },
  broker: { known: { 'group.min.session.timeout.ms': '6000', 'group.max.session.timeout.ms': '1800000' } },
};
const round = (facts: Fact[], spec: SpecChange = {}, members = ['lag-consumer-0']) =>
  planLoadTest(loadTest(spec, runningStatus()), {
    now: NOW,
    owned: ALL,
    kafka: kafka({ at: NOW - 50, group: group(members), configs: CONFIGS }),
    evidence: evidence(...facts, sampled(NOW - 500, [9, 9, 9], [1, 1, 1])),
  });
const MEMBER = joined(2, 'lag-consumer-0');

// biome-ignore format: one error a line
test.each<[code: string, text: string, reason: string, says: string]>([
  ['INVALID_SESSION_TIMEOUT', 'Broker: Invalid session timeout', 'Stalled SessionTimeoutRefused', 'session.timeout.ms (3000) is not from 6000'],
  ['INCONSISTENT_GROUP_PROTOCOL', '', 'Stalled NoCommonAssignor', 'set partition.assignment.strategy in spec.consumers.config'],
  ['GROUP_AUTHORIZATION_FAILED', '', 'Stalled NotAuthorized', 'grant their user Read on the group'],
  ['UNSUPPORTED_VERSION', 'ConsumerGroupHeartbeatRequest not supported by broker', 'Stalled GroupProtocolUnsupported', 'write group.protocol: classic'],
  ['FENCED_INSTANCE_ID', '', 'Reconciling InstanceIdTaken', 'give every member its own'],
  ['UNKNOWN_TOPIC_OR_PART', '', 'Reconciling TopicUnknown', 'do not know topic t'],
  ['TRANSPORT', 'connection refused', 'Reconciling StartingClients', '0/1 consumers ready'],
])('consumers that are no members because of %s', (code, text, reason, says) => {
  const config = { 'session.timeout.ms': '3000', 'heartbeat.interval.ms': '1000' };
  const plan = round([...PRODUCING, error('lag-consumer-0', code, text)], { consumers: { ...CONSUMERS, config } }, []);
  expect(stands(plan.status)).toBe(reason);
  expect(message(plan)).toContain(says);
  expect(message(plan)).toContain('2/2 producers ready, 0/1 consumers ready');
});

// biome-ignore format: one error a line
test.each<[code: string, reason: string, says: string]>([
  ['MSG_SIZE_TOO_LARGE', 'Stalled RecordTooLarge', 'topic t takes at most 1000 (max.message.bytes)'],
  ['INVALID_RECORD', 'Stalled RecordRefused', 'spec.producers.record.key'],
  ['NOT_ENOUGH_REPLICAS', 'Reconciling NotEnoughReplicas', 'min.insync.replicas'],
  ['TRANSACTIONAL_ID_AUTHORIZATION_FAILED', 'Stalled NotAuthorized', 'transactional.id'],
])('producers without an acknowledgement because of %s', (code, reason, says) => {
  const plan = round([STARTED, ...SILENT, MEMBER, error('p-0', code)]);
  expect(stands(plan.status)).toBe(reason);
  expect(message(plan)).toContain(says);
});

test('a sentence waits for a setting of Kafka that it names, which is asked for once the error is recorded', () => {
  const seen = (when: number, status = runningStatus()) =>
    planLoadTest(loadTest({ consumers: null }, status), {
      now: NOW,
      owned: ALL,
      kafka: kafka({ at: NOW - 50 }),
      evidence: evidence(STARTED, ...SILENT, error('p-0', 'MSG_SIZE_TOO_LARGE', '', when)),
    });
  expect(LOAD_TESTS.needs(loadTest({}, runningStatus())).kafka).not.toHaveProperty('configs');
  const first = seen(NOW - 2_000);
  expect(stands(first.status)).toBe('Reconciling StartingClients');
  expect(LOAD_TESTS.needs(loadTest({}, first.status)).kafka).toMatchObject({
    configs: { topic: ['max.message.bytes'] },
  });
  const late = seen(NOW - 6_000);
  expect(stands(late.status)).toBe('Stalled RecordTooLarge');
  expect(message(late)).toContain('the operator does not know the value here');
});

test('a member that cannot read the records stalls, until it progresses', () => {
  const broken = error('lag-consumer-0', 'NotImplemented', 'Snappy compression not implemented');
  const plan = round([...PRODUCING, MEMBER, broken]);
  expect(stands(plan.status)).toBe('Stalled UnreadableCompression');
  expect(message(plan)).toContain('Snappy compression not implemented');
  expect(message(plan)).toContain('client: librdkafka');
});

test('an error that has not been repeated is over', () => {
  const plan = planLoadTest(loadTest({}, runningStatus()), {
    now: 60_000,
    owned: ALL,
    kafka: kafka({ at: 59_950, group: group(['lag-consumer-0']) }),
    evidence: evidence(
      ...[0, 1].map((n) => produced(59_000, n, 1, { done: false })),
      joined(59_000, 'lag-consumer-0'),
      error('lag-consumer-0', 'NotImplemented', 'Snappy compression not implemented'),
      sampled(59_500, [9], [1]),
    ),
  });
  expect(stands(plan.status)).toBe('Ready Running');
});

test('a consumer that the coordinator does not list is not ready', () => {
  const plan = round([...PRODUCING, MEMBER], {}, ['somebody-else']);
  expect(stands(plan.status)).toBe('Reconciling StartingClients');
  expect(plan.status.consumers?.ready).toBe(0);
  expect(round([...PRODUCING, MEMBER]).status.consumers?.ready).toBe(1);
});
