/** What is told for a process that is dead: how it counts, and what it must not change. */
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

/** c-1 owns partition 1, tells of its work up to 9.9 s, works on to 10.1 s and is killed; c-0 has it from 16 s on. */
function crash(protocol: 'Eager' | 'Cooperative' = 'Cooperative') {
  const lab = new Scenario();
  const a = lab.consumer('c-0', { protocol }).started(0).assigned(1000, [0]).busy([0], 1100, 40_000);
  lab.consumer('c-1', { protocol }).started(0).assigned(1000, [1]).busy([1], 1100, 9_900);
  a.assigned(16_000, [0, 1]).busy([1], 16_020, 40_000);
  return lab.reports();
}

/** Told at `at` for c-1: it is put where the log is by then. */
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

test('without it, the pause may be shorter by what the dead process could not tell', () => {
  expect(viewed(crash()).rebalances.list[1]).toMatchObject({
    trigger: 'SessionExpired',
    pauses: [{ partition: 1, ms: 6_120 }],
    errorBoundMs: 842,
  });
});

test('told in time, the pause begins where its work ended, and its bound is that of the clocks', () => {
  const [told, known] = [[TAIL], [TAIL, died('c-1', 10_100)]].map((facts) => viewed(late(crash(), 12_000, facts)));
  expect(told?.rebalances.list[1]).toMatchObject({ pauses: [{ partition: 1, ms: 5_920 }] });
  expect(told?.rebalances.list[1]?.errorBoundMs).toBeGreaterThan(750);
  expect(known?.rebalances.list[1]).toMatchObject({ trigger: 'SessionExpired', pauses: [{ partition: 1, ms: 5_920 }] });
  expect(known?.rebalances.list[1]?.errorBoundMs).toBe(842 - 750);
  expect(known?.rebalances.count).toBe(2);
  expect(known?.consumers.members.map(({ id }) => id)).toEqual(['c-0']);
});

test('that it had told all before it died is worth as much', () => {
  const { list } = viewed(late(crash(), 12_000, [died('c-1', 9_901)])).rebalances;
  expect(list[1]).toMatchObject({ pauses: [{ partition: 1, ms: 6_120 }] });
  expect(list[1]?.errorBoundMs).toBe(842 - 750);
});

test.each([['Cooperative'], ['Eager']] as const)(
  'told too late it counts, and changes nothing else (%s)',
  (protocol) => {
    const reports = crash(protocol);
    const without = viewed(reports);
    const told = viewed(late(reports, 35_000, [TAIL, died('c-1', 10_100)]));
    expect(told.delivery.consumed).toBe(without.delivery.consumed + 50);
    expect(told.rebalances).toEqual(without.rebalances);
    expect(told.consumers.members).toEqual(without.consumers.members);
  },
);

test('some in time and some too late: nobody says that all is known', () => {
  const reports = crash();
  const without = viewed(reports);
  // The first comes after its time; what is said of 10.1 s could still be put in its place.
  const first = late(reports, 20_000, [consumed('c-1', work(1, 9_000, 9_100, [1, 2]))]);
  const told = viewed(late(first, 20_010, [died('c-1', 10_100)], 1_001));
  expect(told.rebalances).toEqual(without.rebalances);
});

test('a callback told too late makes no rebalance and no member', () => {
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
  const told = viewed(late(reports, 35_000, [assigned]));
  expect(told.rebalances).toEqual(without.rebalances);
  expect(told.consumers.members).toEqual(without.consumers.members);
});

test('a callback told in time is the rebalance that it was', () => {
  const lab = new Scenario();
  lab.consumer('c-0').started(0).assigned(1000, [0]).aliveFrom(2000, 20_000);
  lab.consumer('c-1').started(500).assigned(1010, [1]);
  const whole = lab.reports();
  const lost = whole.find(({ report }) =>
    report.facts.some((fact) => fact.type === 'Assigned' && fact.client === 'c-1'),
  );
  const told = late(
    whole.filter((one) => one !== lost),
    3_000,
    lost?.report.facts ?? [],
  );
  expect(viewed(told).rebalances.list.map(({ membersAfter }) => membersAfter)).toEqual([2]);
});

test('what had arrived after all is not counted again, whoever reported in between', () => {
  const reports = crash();
  const seen = reports.filter(({ report }) => report.instance === 'c-1/1');
  const again = seen.slice(-3).reduce((all, { report }) => late(all, 14_000, report.facts, report.seq), reports);
  expect(again.length).toBe(reports.length + 3);
  expect(viewed(again)).toEqual(viewed(reports));
});

test('work done again before it is told of counts as twice, gaps close, in any order', () => {
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

test('a long way says nothing of the clock of who is dead', () => {
  const lab = new Scenario();
  lab.consumer('c-0').started(0).assigned(1000, [0]).busy([0], 1100, 30_000);
  // Five reports at about the same time: of one that lives they would show a clock that is 5 s behind.
  const facts = [1, 2, 3, 4, 5].map((n) => consumed('c-1', work(1, 1_000 + n, 1_001 + n, [n, n + 1])));
  const reports = facts.reduce((all, fact, n) => {
    const told = late(all, 6_000 + 6 * n, [fact], n + 1);
    return told.map((one) =>
      one.report.facts[0] === fact ? { ...one, report: { ...one.report, sentAt: BEGIN + 1_010 } } : one,
    );
  }, lab.reports());
  const first = viewed(reports).consumers.elapsedMs;
  expect(first).toBe(30_000 - 1_001);
});
