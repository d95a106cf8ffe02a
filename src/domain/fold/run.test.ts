import { expect, test } from '@jest/globals';
import { BEGIN, Scenario } from '../../../test/support/evidence.ts';
import type { Fact, Produced, ReportAt } from '../evidence/facts.ts';
import { createRecorder } from '../evidence/histogram.ts';
import { emptyRun, fold, type Run } from './run.ts';
import { figuresOf, lagBetween, rebalancesBetween } from './runFigures.ts';
import { view } from './view.ts';

const latency = (...values: number[]) => {
  const recorder = createRecorder();
  for (const value of values) recorder.record(value);
  return recorder.takeEncoded() ?? '';
};

const produced = (client: string, at: number, acknowledged: number, more: Partial<Produced> = {}): Fact => ({
  type: 'Produced',
  client,
  at: BEGIN + at,
  attempted: acknowledged,
  acknowledged,
  failed: 0,
  bytes: acknowledged * 100,
  firstSentAt: BEGIN,
  lastAcknowledgedAt: BEGIN + at,
  done: false,
  ...more,
});

test('a run without reports', () => {
  expect(view(emptyRun(), BEGIN)).toEqual({
    producers: {
      producing: 0,
      attempted: 0,
      acknowledged: 0,
      failed: 0,
      bytes: 0,
      messagesPerSecond: 0,
      bytesPerSecond: 0,
      elapsedMs: 0,
      latencyMs: null,
      done: 0,
      errors: [],
      partitions: [],
    },
    keys: { distinct: 0, more: false, inSeveralPartitions: 0, outOfOrder: null, list: [] },
    consumers: {
      consumed: 0,
      messagesPerSecond: 0,
      elapsedMs: 0,
      endToEndMs: null,
      endToEndLeftOut: 0,
      polls: null,
      members: [],
      idle: [],
      errors: [],
    },
    delivery: { produced: 0, consumed: 0, duplicated: 0, skipped: 0, withoutRecord: 0, lostToRetention: 0 },
    lag: null,
    rebalances: { count: 0, settled: true, partitionsMoved: 0, longestPauseMs: 0, longestStopTheWorldMs: 0, list: [] },
    latestAt: 0,
  });
});

test('producers: newest totals, rates of the last 5 s, merged latencies', () => {
  const lab = new Scenario();
  for (let s = 1; s <= 20; s++) {
    lab.tell('p-0/1', 1000 * s, produced('p-0', 1000 * s, 100 * s, { latency: latency(2, 4) }));
    lab.tell('p-1/1', 1000 * s + 300, produced('p-1', 1000 * s + 300, s <= 10 ? 50 * s : 500, { latency: latency(8) }));
  }
  const { producers, delivery } = lab.view();
  expect(producers).toMatchObject({ producing: 2, attempted: 2500, acknowledged: 2500, bytes: 250_000, done: 0 });
  expect(producers.messagesPerSecond).toBeCloseTo(100, 6);
  expect(producers.bytesPerSecond).toBeCloseTo(10_000, 6);
  expect(producers.elapsedMs).toBe(20_300);
  expect(producers.latencyMs?.p50).toBeCloseTo(4, 1);
  expect(producers.latencyMs?.max).toBeCloseTo(8, 1);
  expect(delivery.produced).toBe(2500);
});

test('producers: once all are done, the rate is the average of the whole run', () => {
  const lab = new Scenario();
  lab.tell('p-0/1', 4000, produced('p-0', 4000, 300, { lastAcknowledgedAt: BEGIN + 2000, done: true }));
  lab.tell('p-1/1', 4000, produced('p-1', 4000, 300, { lastAcknowledgedAt: BEGIN + 3000, done: true }));
  lab.looked(60_000, 'Empty');
  expect(lab.view().producers).toMatchObject({ done: 2, elapsedMs: 3000, messagesPerSecond: 200 });
});

test('producers: a restarted producer adds up both processes and counts as one client', () => {
  const lab = new Scenario();
  lab.tell('p-0/1', 1000, produced('p-0', 1000, 10, { errors: { TIMED_OUT: 2 }, failed: 2 }));
  lab.tell('p-0/2', 2000, produced('p-0', 2000, 5, { errors: { TIMED_OUT: 1, TOO_LARGE: 1 }, failed: 2, done: true }));
  expect(lab.view().producers).toMatchObject({
    producing: 1,
    acknowledged: 15,
    failed: 4,
    done: 1,
    errors: [
      { code: 'TIMED_OUT', count: 3 },
      { code: 'TOO_LARGE', count: 1 },
    ],
  });
});

test('delivery: repeated records are duplicated, missing offsets are skipped', () => {
  const lab = new Scenario();
  const offsets = (from: number, to: number) => ({ ranges: [[from, to] as [number, number]] });
  const a = lab.consumer('c-0').assigned(0, [0, 1]);
  a.worked(0, 100, 200, 0, offsets(0, 30))
    .worked(1, 100, 200, 0, offsets(5, 10))
    .worked(1, 300, 400, 0, offsets(12, 20));
  lab.consumer('c-1').worked(0, 500, 600, 0, offsets(20, 40));
  expect(lab.view().delivery).toEqual({
    produced: 0,
    consumed: 63,
    duplicated: 10,
    skipped: 2,
    withoutRecord: 0,
    lostToRetention: 0,
  });
});

test('consumers: rate, polls, end-to-end latency, errors', () => {
  const lab = new Scenario();
  const sizes = createRecorder('count');
  for (const size of [500, 500, 20]) sizes.record(size);
  const a = lab.consumer('c-0').started(0).assigned(500, [0]);
  for (let n = 1; n <= 40; n++) a.worked(0, n * 250 + 500, n * 250 + 740, 0, { ranges: [[n * 50, n * 50 + 50]] });
  a.fact(10_800, {
    type: 'Consumed',
    client: 'c-0',
    at: BEGIN + 10_800,
    partitions: [],
    endToEnd: latency(5, 7),
    endToEndLeftOut: 3,
    polls: { count: 3, recordsMax: 500, sizes: sizes.takeEncoded() ?? '', longestIntervalMs: 10_400.4 },
  });
  a.failed(10_900, 'ERR__TRANSPORT', 'Connection refused');
  const { consumers } = lab.view();
  expect(consumers.consumed).toBe(2000);
  expect(consumers.messagesPerSecond).toBeCloseTo(200, -1);
  expect(consumers.elapsedMs).toBe(9990);
  expect(consumers.polls).toEqual({ count: 3, recordsMax: 500, recordsP50: 500, longestIntervalMs: 10_400 });
  expect(consumers.endToEndMs?.max).toBeCloseTo(7, 1);
  expect(consumers.endToEndLeftOut).toBe(3);
  expect(consumers.errors).toEqual([{ code: 'ERR__TRANSPORT', message: 'Connection refused', at: BEGIN + 10_900 }]);
  a.stopped(20_000);
  lab.looked(60_000, 'Empty');
  expect(lab.view().consumers.messagesPerSecond).toBe(200.2);
});

test('lag, and its change during a step', () => {
  const lab = new Scenario();
  [5, 900, 400, 3].forEach((lag, n) => {
    const partitions = [{ partition: 0, endOffset: 1000 * n + lag, committedOffset: 1000 * n, beginningOffset: 0 }];
    const sample: Fact = {
      type: 'LagSample',
      at: BEGIN + 1000 * n,
      spreadMs: 2,
      groupState: 'Stable',
      groupMembers: 1,
      partitions,
    };
    lab.tell('operator/1', 1000 * n + 10, sample);
  });
  const figures = figuresOf(lab.run(), BEGIN + 5000);
  expect(figures.lag).toMatchObject({ total: 3, peak: 900, peakAt: BEGIN + 1000, errorBound: 2 });
  expect(lagBetween(figures, BEGIN, BEGIN + 9000, 10)).toEqual({ before: 5, peak: 900, after: 3, drainedMs: 3000 });
  expect(figures.lagSample?.at).toBe(BEGIN + 3000);
});

test('scaledTo is the target of the last Scaled fact', () => {
  const run = new Scenario()
    .scaled(0, 'Consumers', 0, 1)
    .scaled(9, 'Consumers', 1, 9)
    .scaled(5, 'Producers', 0, 200)
    .run();
  expect(figuresOf(run, BEGIN).scaledTo).toEqual({ Consumers: 9, Producers: 200 });
});

test('the rebalances of a step are those that began in it', () => {
  const lab = new Scenario();
  const a = lab.consumer('c-0').assigned(1000, [0]);
  for (const at of [10_000, 20_000, 30_000]) a.revoked(at, [0]).assigned(at + 20, [0]);
  const found = rebalancesBetween(figuresOf(lab.run(), BEGIN + 40_000), BEGIN + 10_000, BEGIN + 30_000);
  expect(found.map(({ number }) => number)).toEqual([2, 3]);
});

/** A run in which the clock of the second member's node is off by `skewMs`. */
const skewed = (skewMs: number) => {
  const lab = new Scenario();
  const a = lab.consumer('c-0').started(0).assigned(1000, [0, 1]);
  const b = lab.consumer('c-1').started(1000);
  for (let at = 1500; at < 9000; at += 1000) b.alive(at);
  a.busy([0, 1], 1100, 10_000).revoked(10_000, [0, 1]).assigned(10_040, [0]).busy([0], 10_050, 12_000);
  b.assigned(10_045, [1]).busy([1], 10_060, 12_000);
  const shifted = (value: unknown): unknown => {
    if (typeof value === 'number') return value > BEGIN / 2 ? value + skewMs : value;
    if (Array.isArray(value)) return value.map(shifted);
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, shifted(one)]));
  };
  const reports = lab
    .reports()
    .map((one) =>
      one.report.instance === 'c-1/1' ? { ...one, report: shifted(one.report) as ReportAt['report'] } : one,
    );
  return view(reports.reduce(fold, emptyRun()), BEGIN + 20_000).rebalances.list[1];
};

test.each([-120_000, -3000, 3000, 120_000])('a clock that is %d ms off is corrected', (skewMs) => {
  const straight = skewed(0);
  const off = skewed(skewMs);
  // The remaining difference is the delay of the reports: 4 ms here.
  expect(Math.abs((off?.longestPauseMs ?? 0) - (straight?.longestPauseMs ?? 0))).toBeLessThanOrEqual(5);
  expect(off).toMatchObject({ membersBefore: 1, membersAfter: 2, pending: [], members: straight?.members });
});

test('repeated reports change nothing', () => {
  const lab = new Scenario();
  lab.consumer('c-0').assigned(1000, [0]).busy([0], 1100, 3000);
  const reports = lab.reports();
  const again = reports.map((one) => ({ ...one, offset: one.offset + 1000 }));
  const twice = [...reports, ...reports, ...again].reduce(fold, emptyRun());
  expect(view(twice, BEGIN + 9000)).toEqual(view(reports.reduce(fold, emptyRun()), BEGIN + 9000));
});

test('a repeated offset changes nothing, whatever its instance', () => {
  const [first, second] = new Scenario().scaled(0, 'Consumers', 0, 1).scaled(9, 'Consumers', 1, 9).reports() as [
    ReportAt,
    ReportAt,
  ];
  expect(
    figuresOf([first, { ...second, offset: first.offset }].reduce(fold, emptyRun()), BEGIN).scaledTo.Consumers,
  ).toBe(1);
});

test('a view does not settle changes that late evidence can still change', () => {
  const lab = new Scenario();
  const a = lab.consumer('c-0').started(0).assigned(1000, [0]).worked(0, 1100, 1200);
  a.revoked(3000, [0]).assigned(3010, [0]);
  lab.looked(5_000, 'Stable').looked(25_000, 'Stable').consumer('c-1').worked(0, 25_500, 25_510, 0);
  a.worked(0, 26_000, 26_010);
  const reports = lab.reports();
  const late = reports.findIndex(({ report }) => report.instance === 'c-1/1');
  const run = emptyRun();
  for (const report of reports.toSpliced(late, 1)) fold(run, report);
  expect(view(run, BEGIN + 27_000).rebalances.list[1]).toMatchObject({ longestPauseMs: 24_800, pending: [] });
  fold(run, { ...(reports[late] as ReportAt), offset: 99 });
  expect(view(run, BEGIN + 27_000).rebalances.list[1]).toMatchObject({ longestPauseMs: 0, pending: [] });
});

test('invalid facts and reports are counted and ignored', () => {
  const lab = new Scenario();
  lab.consumer('c-0').assigned(1000, [0]);
  const [good] = lab.reports() as [ReportAt];
  const facts = [
    null,
    7,
    { type: 'Guess' },
    { type: 'Alive', client: 'c-0', at: BEGIN + 9e9, owned: [] },
    ...good.report.facts,
  ];
  const histogram = produced('p-0', 1000, 5, { latency: 'nonsense' });
  const run = fold(emptyRun(), { ...good, report: { ...good.report, facts: [...facts, histogram] as Fact[] } });
  expect(run.ignored).toBe(5);
  expect(view(run, BEGIN + 3000)).toMatchObject({
    producers: { acknowledged: 5, latencyMs: null },
    rebalances: { count: 1 },
  });
  fold(run, { offset: 9, appendedAt: Number.NaN, report: null as unknown as ReportAt['report'] });
  expect(run.ignored).toBe(6);
});

test('the evidence of lab 01 folds into a state of bounded size', () => {
  const run = load(15);
  expect(run.timeline.waiting.length).toBeLessThan(1_000);
  expect(run.seen.bounds.length).toBe(2);
  const { producers, consumers, delivery } = view(run, BEGIN + 16_000);
  expect(producers.acknowledged).toBe(200 * 15);
  expect(producers.messagesPerSecond).toBeCloseTo(200, 0);
  expect(consumers.members.length).toBe(9);
  expect(delivery).toMatchObject({ duplicated: 0, skipped: 0 });
});

/** 200 producers at one message per second and nine consumers, for `seconds` seconds. */
function load(seconds: number): Run {
  const lab = new Scenario();
  for (let s = 1; s <= seconds; s++) {
    for (let n = 0; n < 200; n++) {
      const at = 1000 * s + n;
      lab.tell(`p-${n}/1`, at, produced(`p-${n}`, at, s, { latency: latency(1 + (n % 40)) }));
    }
  }
  for (let n = 0; n < 9; n++) {
    const c = lab.consumer(`c-${n}`).assigned(500, [n]);
    for (let i = 0; i < seconds * 4; i++) {
      c.worked(n, 600 + i * 250, 600 + i * 250 + 240, 10, { ranges: [[i * 5, i * 5 + 5]] });
    }
  }
  return lab.run();
}

test('later reports do not change figures', () => {
  const lab = new Scenario();
  const a = lab.consumer('c-0').assigned(1000, [0]);
  const run = lab.run();
  const figures = figuresOf(run, BEGIN + 5000);
  const before = JSON.stringify(figures);
  a.revoked(10_000, [0]).assigned(10_020, [0]);
  lab.scaled(11_000, 'Consumers', 0, 1);
  for (const report of lab.reports()) fold(run, report);
  expect(JSON.stringify(figuresOf(run, BEGIN + 15_000))).not.toBe(before);
  expect(JSON.stringify(figures)).toBe(before);
});
