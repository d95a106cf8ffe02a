/** Posthumous reports: what they add to the figures, and what they must not change. */
import { expect, test } from '@jest/globals';
import { BEGIN, Scenario } from '../../../test/support/evidence.ts';
import type { Fact, PartitionWork, ReportAt } from '../evidence/facts.ts';
import { emptyRun, fold } from './run.ts';
import { view } from './view.ts';

const END = BEGIN + 1_000_000;
const folded = (reports: ReportAt[]) => reports.reduce(fold, emptyRun());
const viewed = (reports: ReportAt[]) => view(folded(reports), END);

const work = (partition: number, from: number, to: number, range: [number, number]): PartitionWork => ({
  partition,
  ranges: [range],
  records: range[1] - range[0],
  bytes: 100,
  firstBeganAt: BEGIN + from,
  firstWaitedMs: 100_000,
  lastEndedAt: BEGIN + to,
});
const consumed = (client: string, ...partitions: PartitionWork[]): Fact => ({
  type: 'Consumed',
  client,
  at: Math.max(...partitions.map(({ lastEndedAt }) => lastEndedAt)),
  partitions,
});
const died = (client: string, at: number): Fact => ({ type: 'Died', client, at: BEGIN + at });

/** c-1 owns partition 1, reports its work up to 9.9 s, continues to 10.1 s and is killed. c-0 owns the partition from 16 s on. */
function crash(protocol: 'Eager' | 'Cooperative' = 'Cooperative') {
  const lab = new Scenario();
  const a = lab.consumer('c-0', { protocol }).started(0).assigned(1000, [0]).busy([0], 1100, 40_000);
  lab.consumer('c-1', { protocol }).started(0).assigned(1000, [1]).busy([1], 1100, 9_900);
  a.assigned(16_000, [0, 1]).busy([1], 16_020, 40_000);
  return lab.reports();
}

/** Inserts a posthumous report of c-1, sent at `at`, at its place in the log. */
function late(reports: ReportAt[], at: number, facts: Fact[], seq = 1_000): ReportAt[] {
  const before = reports.filter(({ appendedAt }) => appendedAt < BEGIN + at);
  const report = {
    ...(reports[0] as ReportAt).report,
    instance: 'c-1/1',
    seq,
    sentAt: BEGIN + at,
    posthumous: true as const,
    facts,
  };
  return [...before, { offset: 1_000_000 + seq, appendedAt: BEGIN + at + 5, report }, ...reports.slice(before.length)];
}
const TAIL = consumed('c-1', work(1, 9_900, 10_100, [9_900, 9_950]));

test('without a posthumous report, the error bound includes unreported work of the dead process', () => {
  expect(viewed(crash()).rebalances.list[1]).toMatchObject({
    trigger: 'SessionExpired',
    pauses: [{ partition: 1, ms: 6_120 }],
    errorBoundMs: 842,
  });
});

test('in time: the pause begins where the work of the dead process ended, and only the clocks remain in the error bound', () => {
  const [result, known] = [[TAIL], [TAIL, died('c-1', 10_100)]].map((facts) => viewed(late(crash(), 12_000, facts)));
  expect(result?.rebalances.list[1]).toMatchObject({ pauses: [{ partition: 1, ms: 5_920 }] });
  expect(result?.rebalances.list[1]?.errorBoundMs).toBeGreaterThan(750);
  expect(known?.rebalances.list[1]).toMatchObject({ trigger: 'SessionExpired', pauses: [{ partition: 1, ms: 5_920 }] });
  expect(known?.rebalances.list[1]?.errorBoundMs).toBe(842 - 750);
  expect(known?.rebalances.count).toBe(2);
  expect(known?.consumers.members.map(({ name }) => name)).toEqual(['c-0']);
});

test('in time: an empty journal proves that the evidence is complete', () => {
  const { list } = viewed(late(crash(), 12_000, [died('c-1', 9_901)])).rebalances;
  expect(list[1]).toMatchObject({ pauses: [{ partition: 1, ms: 6_120 }] });
  expect(list[1]?.errorBoundMs).toBe(842 - 750);
});

test.each([['Cooperative'], ['Eager']] as const)(
  'too late: the records count as consumed, and nothing else changes (%s)',
  (protocol) => {
    const reports = crash(protocol);
    const without = viewed(reports);
    const result = viewed(late(reports, 35_000, [TAIL, died('c-1', 10_100)]));
    expect(result.delivery.consumed).toBe(without.delivery.consumed + 50);
    expect(result.rebalances).toEqual(without.rebalances);
    expect(result.consumers.members).toEqual(without.consumers.members);
  },
);

test('partly too late: the evidence stays incomplete', () => {
  const reports = crash();
  const without = viewed(reports);
  // The first report is too late; an event at 10.1 s could still be sorted into its place.
  const first = late(reports, 20_000, [consumed('c-1', work(1, 9_000, 9_100, [1, 2]))]);
  const result = viewed(late(first, 20_010, [died('c-1', 10_100)], 1_001));
  expect(result.rebalances).toEqual(without.rebalances);
});

test('too late: a callback makes no rebalance and no member', () => {
  const reports = crash();
  const without = viewed(reports);
  const assigned: Fact = {
    type: 'Assigned',
    client: 'c-9',
    at: BEGIN + 10_050,
    memberId: 'm-9',
    protocol: 'Cooperative',
    gained: [1],
    owned: [1],
  };
  const result = viewed(late(reports, 35_000, [assigned]));
  expect(result.rebalances).toEqual(without.rebalances);
  expect(result.consumers.members).toEqual(without.consumers.members);
});

test('in time: a callback belongs to its rebalance', () => {
  const lab = new Scenario();
  lab.consumer('c-0').started(0).assigned(1000, [0]).aliveFrom(2000, 20_000);
  lab.consumer('c-1').started(500).assigned(1010, [1]);
  const whole = lab.reports();
  const lost = whole.find(({ report }) =>
    report.facts.some((fact) => fact.type === 'Assigned' && fact.client === 'c-1'),
  );
  const result = late(
    whole.filter((one) => one !== lost),
    3_000,
    lost?.report.facts ?? [],
  );
  expect(viewed(result).rebalances.list.map(({ membersAfter }) => membersAfter)).toEqual([2]);
});

test('reports that had arrived before the death are not counted again', () => {
  const reports = crash();
  const seen = reports.filter(({ report }) => report.instance === 'c-1/1');
  const again = seen.slice(-3).reduce((all, { report }) => late(all, 14_000, report.facts, report.seq), reports);
  expect(again.length).toBe(reports.length + 3);
  expect(viewed(again)).toEqual(viewed(reports));
});

test('repeated work counts as duplicated and closes gaps, in any order of the reports', () => {
  const lab = new Scenario();
  const ranges = (from: number, to: number) => ({ ranges: [[from, to] as [number, number]] });
  lab.consumer('c-1').assigned(0, [0]).worked(0, 100, 200, 0, ranges(0, 30));
  lab.consumer('c-0').worked(0, 8_000, 9_000, 0, ranges(40, 60)).aliveFrom(9_000, 90_000);
  const reports = lab.reports();
  expect(viewed(reports).delivery).toMatchObject({ consumed: 50, duplicated: 0, skipped: 10 });
  const tail = consumed('c-1', work(0, 200, 400, [30, 45]));
  const expected = { consumed: 65, duplicated: 5, skipped: 0 };
  expect(viewed(late(reports, 500, [tail])).delivery).toMatchObject(expected);
  expect(viewed(late(reports, 80_000, [tail])).delivery).toMatchObject(expected);
});

test('the delay of posthumous reports does not shift the clock of the dead process', () => {
  const lab = new Scenario();
  lab.consumer('c-0').started(0).assigned(1000, [0]).busy([0], 1100, 30_000);
  // Five reports with the same delay: from a live process they would prove a clock that is 5 s behind.
  const facts = [1, 2, 3, 4, 5].map((n) => consumed('c-1', work(1, 1_000 + n, 1_001 + n, [n, n + 1])));
  const reports = facts.reduce((all, fact, n) => {
    const result = late(all, 6_000 + 6 * n, [fact], n + 1);
    return result.map((one) =>
      one.report.facts[0] === fact ? { ...one, report: { ...one.report, sentAt: BEGIN + 1_010 } } : one,
    );
  }, lab.reports());
  const first = viewed(reports).consumers.elapsedMs;
  expect(first).toBe(30_000 - 1_001);
});
