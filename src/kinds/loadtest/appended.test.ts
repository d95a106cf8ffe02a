/** status.producers.appended: the records of a run by the brokers' end offsets, which may differ from the acknowledged ones. */
import { describe, expect, test } from '@jest/globals';
import {
  AWAY,
  actionLine,
  at,
  evidence,
  kafka,
  loadTest,
  planLoadTest,
  pods,
  produced,
  runningStatus,
  type SpecChange,
  sampled,
  UNREAD,
} from '../../../test/support/seen.ts';
import type { LoadTestStatus } from '../../api/loadtest/status.ts';
import type { Fact } from '../../domain/evidence/facts.ts';

const none = { acknowledged: 0, attempted: 0, bytes: 0, bytesPerSecond: 0, elapsedMs: 0, failed: 0 };
const running = (endOffsetsAtStart?: number, appended?: number): LoadTestStatus =>
  runningStatus({
    topic: { partitions: 3, replicas: 2, managedBy: 'Existing', created: false },
    producers: {
      ...{ ...none, desired: 2, ready: 2, messagesPerSecond: 0 },
      ...(endOffsetsAtStart === undefined ? {} : { endOffsetsAtStart }),
      ...(appended === undefined ? {} : { appended }),
    },
  });

type Seen = NonNullable<Parameters<typeof planLoadTest>[1]>;
const ALL = [pods('producer', 2), pods('consumer', 1)];
const SENT = [produced(500, 0, 10), produced(600, 1, 10)];
const round = (before: LoadTestStatus | undefined, seen: Seen, spec: SpecChange = {}) =>
  planLoadTest(loadTest(spec, before), { now: 1000, owned: ALL, kafka: kafka({ at: 950 }), ...seen });
/** With these samples in the evidence, while Kafka is unavailable. */
const appended = (before: LoadTestStatus, ...facts: Fact[]) =>
  round(before, { kafka: AWAY, evidence: evidence(...facts) }).status.producers?.appended;

// biome-ignore format: one situation a line
test.each<[situation: string, endOffsetsAtStart: number | undefined, facts: Fact[], appended: number | undefined]>([
  ['all records of a topic that was created for this run', 0, [...SENT, sampled(700, [10, 7, 3], [])], 20],
  ['less than was acknowledged, with acks: "0"', 0, [...SENT, sampled(700, [8, 4, 3], [])], 15],
  ['more than was acknowledged, with another writer', 0, [...SENT, sampled(700, [10, 7, 8], [])], 25],
  ['only new records of a topic that had some', 100, [...SENT, sampled(700, [60, 50, 10], [])], 20],
  ['a partition that was added counts from its first offset', 100, [...SENT, sampled(700, [60, 50, 5, 5], [])], 20],
  ['the newest sample counts, in any order', 0, [sampled(700, [10, 7, 3], []), sampled(300, [1, 1, 1], [])], 20],
  ['nothing yet', 100, [sampled(300, [60, 30, 10], [])], 0],
  ['no sample', 0, SENT, undefined],
  ['the topic was created again: unknown', 100, [...SENT, sampled(700, [1, 1, 1], [])], undefined],
  ['the end offsets at the start are unknown', undefined, [...SENT, sampled(700, [10, 7, 3], [])], undefined],
])('%s', (_situation, endOffsetsAtStart, facts, expected) => {
  expect(appended(running(endOffsetsAtStart), ...facts)).toBe(expected);
});

test('a sample is shown in its own round', () => {
  const { status } = round(running(10), { kafka: kafka({ at: 950, end: 9 }), evidence: evidence(...SENT) });
  expect(status.producers).toMatchObject({ acknowledged: 20, appended: 17, endOffsetsAtStart: 10 });
});

test('while the evidence is unread the recorded number stays', () => {
  const { status } = round(running(10, 17), { evidence: UNREAD });
  expect(status.producers).toMatchObject({ appended: 17, endOffsetsAtStart: 10 });
});

describe('the end offsets are recorded before a client starts', () => {
  const begins = (kafkaThen: Seen['kafka'], spec: SpecChange = {}) => {
    const first = round(undefined, { ...(kafkaThen && { kafka: kafkaThen }), owned: [] }, spec);
    expect(first.apply).toEqual([]);
    // By the next round others have written, and clients start.
    const next = round(first.status, { kafka: kafka({ end: 50 }), owned: [] }, spec);
    expect(next.apply.length).toBeGreaterThan(0);
    return next.status.producers?.endOffsetsAtStart;
  };

  test('of a topic that exists', () => expect(begins(kafka({ end: 7 }))).toBe(21));
  test('of one that does not exist yet', () => expect(begins(kafka({ partitions: null }))).toBe(0));
  test('without producers nothing is recorded', () => {
    const { status } = round(undefined, { kafka: kafka({ end: 7 }), owned: [] }, { producers: null });
    expect(status).not.toHaveProperty('producers');
  });
  test('of one that was deleted before it was ready, and is created again', () => {
    const first = round(undefined, { kafka: kafka({ end: 7 }), owned: [] });
    const gone = round(first.status, { kafka: kafka({ partitions: null }), owned: [] });
    expect(gone.status.producers?.endOffsetsAtStart).toBe(0);
  });
});

test('without consumers the log is sampled as often, and reported when it has grown', () => {
  const tells = (end: number, seenBefore: number[]) =>
    round(
      running(0),
      {
        kafka: kafka({ at: 950, end }),
        owned: [pods('producer', 2)],
        evidence: evidence(sampled(100, seenBefore, [])),
      },
      { consumers: null },
    );
  const grown = tells(9, [5, 5, 5]);
  expect(grown.actions.map(actionLine)).toEqual(['Report Producers 0->2, LagSample']);
  expect(grown.status.producers?.appended).toBe(27);
  expect(grown.status).not.toHaveProperty('lag');
  const quiet = tells(9, [9, 9, 9]);
  expect(quiet.actions.map(actionLine)).toEqual(['Report Producers 0->2']);
  expect(quiet.status.producers?.appended).toBe(27);
});

test('the final message contains it', () => {
  const before = { ...running(0), finishedAt: at(0), stoppedAt: at(0) };
  const spec: SpecChange = { producers: { replicas: 2, messages: 20 } };
  const known = evidence(...SENT, sampled(700, [10, 7, 3], []));
  const over = round(before, { kafka: kafka({ at: 4950, end: 9 }), owned: [], now: 5000, evidence: known }, spec);
  expect(over.status.phase).toBe('Completed');
  expect(over.status.producers?.appended).toBe(27);
  expect(over.status.conditions.find(({ type }) => type === 'Ready')?.message).toBe(
    '20 records produced, 27 appended to the log, 0 consumed (0 duplicated, 0 skipped), 0 rebalances',
  );
});
