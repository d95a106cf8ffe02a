import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { Fact, PartitionWork, ReportAt } from '../../src/domain/evidence/facts.ts';
import type { Rebalance, RunView } from '../../src/domain/figures/figures.ts';
import { emptyRun, fold } from '../../src/domain/fold/run.ts';
import { view } from '../../src/domain/fold/view.ts';
import { BEGIN, Scenario } from '../support/evidence.ts';

const PARTITIONS = 4;
const END = BEGIN + 10_000_000;

interface Move {
  /** Come and Go: of a foreign member. */
  kind: 'Join' | 'Leave' | 'Crash' | 'Restart' | 'Come' | 'Go';
  who: number;
  /** The time before this move, in ms. The partitions in `busy` are processed in it. */
  after: number;
  busy: number[];
  /** The time that each member takes between a revocation and the next assignment. */
  takes: number[];
  /** How long the records have waited in the log. */
  waited: number;
}

const moveOf = (...kinds: Move['kind'][]): fc.Arbitrary<Move> =>
  fc.record({
    kind: fc.constantFrom(...kinds),
    who: fc.nat(5),
    after: fc.integer({ min: 0, max: 4_000 }),
    busy: fc.subarray([0, 1, 2, 3]),
    takes: fc.array(fc.integer({ min: 1, max: 400 }), { minLength: 6, maxLength: 6 }),
    waited: fc.constantFrom(0, 1, 20, 300, 100_000),
  });

const story = fc.record({
  eager: fc.boolean(),
  moves: fc.array(moveOf('Join', 'Join', 'Leave', 'Crash', 'Restart'), { minLength: 1, maxLength: 8 }),
});
/** A story with foreign members. */
const mixed = fc.record({
  eager: fc.boolean(),
  moves: fc.array(moveOf('Join', 'Leave', 'Crash', 'Restart', 'Come', 'Come', 'Go'), { minLength: 1, maxLength: 8 }),
});
type Story = typeof story extends fc.Arbitrary<infer T> ? T : never;

/** Plays a group like a broker does, with clients that report like ours. */
const play = (plot: Story): Scenario => playWithOwners(plot).lab;

/** `owners`: the owner of each partition at the end. `snapshots`: the operator takes a snapshot of the group every second. */
function playWithOwners({ eager, moves }: Story, snapshots = false): { lab: Scenario; owners: Map<number, string> } {
  const lab = snapshots ? new Scenario() : new Scenario().looked(0, 'Empty');
  const protocol = eager ? 'Eager' : 'Cooperative';
  const strangers = new Set<string>();
  /** The states of the group at the broker, by their begin. */
  const states: { from: number; state: string; members: Record<string, number[]> }[] = [
    { from: 0, state: 'Empty', members: {} },
  ];
  const starts = new Map<string, number>();
  const members = new Map<string, { tell: ReturnType<Scenario['consumer']>; owned: number[] }>();
  let now = 1_000;
  const joins = (name: string, at: number) => {
    const count = (starts.get(name) ?? 0) + 1;
    starts.set(name, count);
    const tell = lab.consumer(name, { protocol, instance: `${name}/${count}` }).started(at);
    members.set(name, { tell, owned: [] });
  };
  for (const { kind, who, after, busy, takes, waited } of moves) {
    for (const { tell, owned } of members.values()) {
      for (const partition of owned) {
        if (busy.includes(partition) && after > 10) tell.worked(partition, now + 1, now + after, waited);
      }
      tell.alive(now + after);
    }
    now += after + 1;
    const name = `c-${who}`;
    const member = members.get(name);
    let wait = 0;
    if (kind === 'Join' && member === undefined) joins(name, now);
    else if (kind === 'Leave' && member !== undefined) {
      member.tell
        .stopping(now)
        .revoked(now, member.owned, 'Closed')
        .stopped(now + 3);
      members.delete(name);
    } else if (kind === 'Crash' && member !== undefined) {
      members.delete(name);
      wait = 6_000;
    } else if (kind === 'Come') strangers.add(`x-${who}`);
    else if (kind === 'Go') strangers.delete(`x-${who}`);
    else if (kind === 'Restart' && member !== undefined) {
      members.delete(name);
      joins(name, now + 5);
    }
    now += wait + 10;
    const names = [...members.keys(), ...strangers].sort();
    states.push({ from: now, state: 'PreparingRebalance', members: Object.fromEntries(names.map((id) => [id, []])) });
    const target = new Map(names.map((id) => [id, [] as number[]]));
    for (let p = 0; p < PARTITIONS; p++) target.get(names[p % names.length] ?? '')?.push(p);
    let last = now;
    names.forEach((id, n) => {
      const one = members.get(id);
      const owned = target.get(id) ?? [];
      if (one === undefined) return;
      const gives = now + (takes[n % takes.length] ?? 1) / 4;
      const lost = eager ? one.owned : one.owned.filter((p) => !owned.includes(p));
      if (lost.length > 0) one.tell.revoked(gives, lost);
      last = Math.max(last, gives);
    });
    names.forEach((id, n) => {
      const one = members.get(id);
      const owned = target.get(id) ?? [];
      one?.tell.assigned(last + (takes[n % takes.length] ?? 1), owned);
      if (one !== undefined) one.owned = owned;
    });
    states.push({ from: last, state: 'Stable', members: Object.fromEntries(target) });
    now = last + 402;
  }
  for (let at = 100; snapshots && at < now + 70_000; at += 1000) {
    const { state, members } = states.findLast(({ from }) => from <= at) ?? { state: 'Empty', members: {} };
    lab.described(at, members, state, protocol, PARTITIONS);
  }
  const last = states.at(-1)?.members ?? {};
  const owners = Object.entries(last).flatMap(([id, owned]) =>
    owned.map((partition) => [partition, strangers.has(id) ? `${id}-member` : id] as const),
  );
  return { lab, owners: new Map(owners) };
}

/** The reports in a random order with delays of at most `late` ms. The reports of each process keep their order. */
function shuffled(reports: ReportAt[], delays: number[], late: number): ReportAt[] {
  const newest = new Map<string, number>();
  return reports
    .map((one, index) => {
      const { instance, sentAt } = one.report;
      const arrives = Math.max(
        newest.get(instance) ?? 0,
        sentAt + ((delays[index % delays.length] ?? 0) * late) / 1000,
      );
      newest.set(instance, arrives);
      return { one, arrives };
    })
    .sort((a, b) => a.arrives - b.arrives)
    .map(({ one }, offset) => ({ ...one, offset }));
}

const delays = fc.array(fc.nat(1000), { minLength: 1, maxLength: 40 });
const folded = (reports: ReportAt[]) => reports.reduce(fold, emptyRun());

test('a delay of up to 5 s between reports of different processes changes nothing', () => {
  fc.assert(
    fc.property(story, delays, (plot, late) => {
      const reports = play(plot).reports();
      expect(view(folded(shuffled(reports, late, 5_000)), END)).toEqual(view(folded(reports), END));
    }),
    { numRuns: 300 },
  );
});

test('a repeated report changes nothing', () => {
  fc.assert(
    fc.property(story, fc.array(fc.tuple(fc.nat(), fc.nat(), fc.boolean()), { maxLength: 20 }), (plot, again) => {
      const reports = play(plot).reports();
      const more = [...reports];
      for (const [which, where, sameOffset] of again) {
        const copy = reports[which % reports.length] as ReportAt;
        const from = more.indexOf(copy);
        const at = from + 1 + (where % (more.length - from));
        more.splice(at, 0, sameOffset ? copy : { ...copy, offset: 1_000_000 + which });
      }
      expect(view(folded(more), END)).toEqual(view(folded(reports), END));
    }),
    { numRuns: 200 },
  );
});

test('a view changes nothing, and a rebalance stays as it was shown', () => {
  fc.assert(
    fc.property(story, delays, (plot, late) => {
      const reports = shuffled(play(plot).reports(), late, 300);
      const run = emptyRun();
      let shown: Rebalance[] = [];
      let now = BEGIN;
      for (const report of reports) {
        now = Math.max(now, report.appendedAt);
        fold(run, report);
        // A report arrives within 300 ms, so the operator's clock has reached this time.
        const { list } = view(run, now).rebalances;
        expect(list.slice(0, shown.length).map(lasting)).toEqual(shown.map(lasting));
        list.forEach((rebalance, index) => {
          const before = shown[index];
          if (before?.pending.length === 0) expect(rebalance).toEqual(before);
          for (const partition of rebalance.pending) {
            if (before !== undefined) expect(before.pending).toContain(partition);
          }
        });
        shown = list;
      }
      expect(view(run, END)).toEqual(view(folded(reports), END));
    }),
    { numRuns: 100 },
  );
});

const lasting = ({
  stopTheWorldMs: _s,
  longestPauseMs: _l,
  errorBoundMs: _e,
  pauses: _p,
  pending: _n,
  ...rest
}: Rebalance) => rest;

test('pauses follow their definition for every pair of records', () => {
  fc.assert(
    fc.property(story, (plot) => {
      const lab = play(plot);
      for (const rebalance of lab.rebalances()) {
        const known = rebalance.pauses.map(({ partition, ms }) => ({ partition, ms }));
        const expected = [0, 1, 2, 3]
          .filter((partition) => !rebalance.pending.includes(partition))
          .map((partition) => ({ partition, ms: longestPause(lab, partition, rebalance) }))
          .filter(({ ms }) => ms >= 1);
        expect(known).toEqual(expected);
      }
    }),
    { numRuns: 300 },
  );
});

const works = (lab: Scenario, partition: number): PartitionWork[] =>
  lab.reported
    .flatMap(({ fact }) => (fact.type === 'Consumed' ? fact.partitions : []))
    .filter((work) => work.partition === partition)
    .sort((a, b) => a.firstBeganAt - b.firstBeganAt);

function longestPause(lab: Scenario, partition: number, { at, settledAt }: Rebalance): number {
  const all = works(lab, partition);
  let longest = 0;
  for (const { firstBeganAt: b, firstWaitedMs } of all) {
    const ended = all.filter((one) => one.firstBeganAt < b).map(({ lastEndedAt }) => lastEndedAt);
    if (ended.length === 0) continue;
    const pause = Math.max(0, Math.min(b - Math.max(...ended), firstWaitedMs));
    if (b >= at && b - pause <= settledAt) longest = Math.max(longest, pause);
  }
  return Math.round(longest * 1000) / 1000;
}

test('stop-the-world is the overlap of all pauses, or 0 if another partition was busy during one of them', () => {
  fc.assert(
    fc.property(story, (plot) => {
      const lab = play(plot);
      for (const { at, pauses, pending, stopTheWorldMs, longestPauseMs } of lab.rebalances()) {
        for (const { ms, from, to } of pauses) {
          expect(ms).toBeGreaterThan(0);
          expect(Math.abs(to - from - ms)).toBeLessThan(0.001);
        }
        expect(longestPauseMs).toBe(Math.max(0, ...pauses.map(({ ms }) => ms)));
        const others = [0, 1, 2, 3].filter((partition) => pauses.every((pause) => pause.partition !== partition));
        const busy = others.filter((partition) =>
          works(lab, partition).some(({ firstBeganAt, lastEndedAt }) =>
            pauses.some(({ from, to }) => firstBeganAt < to && lastEndedAt > from),
          ),
        );
        // A partition that was never processed before the rebalance may count as quiet.
        const known = busy.filter(
          (partition) =>
            !pending.includes(partition) && works(lab, partition).some(({ lastEndedAt }) => lastEndedAt <= at),
        );
        const overlap =
          pauses.length === 0
            ? 0
            : Math.min(...pauses.map(({ to }) => to)) - Math.max(...pauses.map(({ from }) => from));
        if (stopTheWorldMs !== 0 || busy.length === 0) expect(stopTheWorldMs).toBeCloseTo(Math.max(0, overlap), 2);
        if (known.length > 0) expect(stopTheWorldMs).toBe(0);
      }
    }),
    { numRuns: 200 },
  );
});

test('gained, lost and kept partitions add up, and every partition has at most one owner', () => {
  fc.assert(
    fc.property(story, (plot) => {
      const { rebalances, consumers } = play(plot).view();
      for (const { members, partitionsMoved } of rebalances.list) {
        const gained = members.flatMap((one) => one.gained);
        const lost = members.flatMap((one) => one.lost);
        const kept = members.flatMap((one) => one.kept);
        expect(new Set(gained).size).toBe(gained.length);
        expect(new Set([...gained, ...lost]).size).toBe(partitionsMoved);
        expect(kept.filter((partition) => gained.includes(partition) || lost.includes(partition))).toEqual([]);
      }
      const owned = consumers.members.flatMap(({ partitions }) => partitions);
      expect(new Set(owned).size).toBe(owned.length);
    }),
    { numRuns: 200 },
  );
});

// ---- foreign members --------------------------------------------------------------------------

test('with foreign members: every change of an owner is recorded exactly once', () => {
  fc.assert(
    fc.property(mixed, (plot) => {
      const { lab, owners } = playWithOwners(plot, true);
      const now = new Map<number, string>();
      for (const { members } of lab.rebalances(10_000_000)) {
        for (const { name, lost, kept } of members) {
          for (const partition of [...lost, ...kept])
            expect([partition, now.get(partition)]).toEqual([partition, name]);
          for (const partition of lost) now.delete(partition);
        }
        for (const { name, gained } of members) {
          for (const partition of gained) {
            expect(now.has(partition)).toBe(false);
            now.set(partition, name);
          }
        }
      }
      // After a crash of the last member nobody takes over.
      if (owners.size > 0) expect(new Map([...now].sort())).toEqual(new Map([...owners].sort()));
    }),
    { numRuns: 150 },
  );
});

test('with foreign members: each rebalance begins with the members of the previous one', () => {
  fc.assert(
    fc.property(mixed, (plot) => {
      const { lab } = playWithOwners(plot, true);
      let before = 0;
      for (const { membersBefore, membersAfter, members, source, resolutionMs, pauses } of lab.rebalances(10_000_000)) {
        expect(membersBefore).toBe(before);
        before = membersAfter;
        expect(members.length).toBeGreaterThanOrEqual(Math.max(membersBefore, membersAfter));
        expect(resolutionMs !== undefined).toBe(source === 'Broker');
        if (source === 'Broker') expect(pauses).toEqual([]);
      }
    }),
    { numRuns: 100 },
  );
});

test('with foreign members: order and repetition of reports and views change nothing', () => {
  fc.assert(
    fc.property(mixed, delays, (plot, late) => {
      const reports = playWithOwners(plot, true).lab.reports();
      const whole = view(folded(reports), END);
      expect(view(folded(shuffled(reports, late, 5_000)), END)).toEqual(whole);
      expect(view(folded(reports.flatMap((one) => [one, one])), END)).toEqual(whole);
      const run = emptyRun();
      let shown: Rebalance[] = [];
      for (const report of reports) {
        fold(run, report);
        const { list } = view(run, report.appendedAt).rebalances;
        expect(list.slice(0, shown.length).map(lasting)).toEqual(shown.map(lasting));
        shown = list;
      }
      expect(view(run, END)).toEqual(whole);
    }),
    { numRuns: 30 },
  );
});

// ---- garbage ----------------------------------------------------------------------------------

/** Real facts with some fields replaced by arbitrary values. */
const twisted = fc
  .tuple(story, fc.array(fc.tuple(fc.nat(), fc.nat(), fc.anything()), { maxLength: 20 }))
  .map(([plot, twists]) => {
    const reports = play(plot).reports();
    for (const [which, field, value] of twists) {
      const fact = reports[which % reports.length]?.report.facts[0] as unknown as Record<string, unknown>;
      const names = Object.keys(fact);
      fact[names[field % names.length] ?? 'at'] = value;
    }
    return reports;
  });

const HONEST: Fact = {
  type: 'Produced',
  client: 'honest',
  at: BEGIN,
  attempted: 8,
  acknowledged: 7,
  failed: 1,
  bytes: 700,
  done: false,
};

test('garbage is ignored, and the honest facts among it still count', () => {
  fc.assert(
    fc.property(twisted, fc.array(fc.anything(), { maxLength: 5 }), (reports, garbage) => {
      const first = reports[0] as ReportAt;
      const more: ReportAt = {
        offset: 1_000_000,
        appendedAt: first.appendedAt,
        report: { ...first.report, instance: 'x/1', facts: [...garbage, HONEST, ...garbage] as Fact[] },
      };
      const run = folded([first, more, ...reports.slice(1)]);
      expect(run.ignored).toBeGreaterThanOrEqual(2 * garbage.length);
      expect(view(run, END).producers).toMatchObject({ attempted: 8, acknowledged: 7, failed: 1, bytes: 700 });
    }),
    { numRuns: 300 },
  );
});

test('a report of any shape is ignored or folded without an error', () => {
  fc.assert(
    fc.property(
      fc.array(
        fc.record({ offset: fc.anything(), appendedAt: fc.anything(), report: fc.anything() }) as fc.Arbitrary<unknown>,
      ),
      (reports) => {
        const run = folded(reports as ReportAt[]);
        expect(view(run, END).producers.acknowledged).toBe(0);
      },
    ),
  );
});

// ---- posthumous reports -----------------------------------------------------------------------

const LAST = 300_000;

/**
 * Moves the work of members that crashed, after their last callback, to posthumous reports, which are appended at `at`.
 * `never`: the reports without this work.
 */
function posthumously(lab: Scenario, at: (sentAt: number) => number): { reports: ReportAt[]; never: ReportAt[] } {
  const reports = lab.reports();
  const newest = new Map<string, number>();
  const callbacks = new Map<string, number>();
  const stopped = new Set<string>();
  for (const { report } of reports) {
    const [fact] = report.facts;
    newest.set(report.instance, report.seq);
    if (fact?.type === 'Assigned' || fact?.type === 'Revoked') callbacks.set(report.instance, report.seq);
    if (fact?.type === 'Stopped') stopped.add(report.instance);
  }
  const never: ReportAt[] = [];
  const late: ReportAt[] = [];
  for (const one of reports) {
    const { instance, seq, sentAt, facts } = one.report;
    if (facts[0]?.type !== 'Consumed' || stopped.has(instance) || seq < (callbacks.get(instance) ?? 0)) never.push(one);
    else {
      const next = (newest.get(instance) ?? 0) + 1;
      newest.set(instance, next);
      late.push({ ...one, appendedAt: at(sentAt), report: { ...one.report, seq: next, posthumous: true } });
    }
  }
  const withLate = [...never, ...late].sort((a, b) => a.appendedAt - b.appendedAt);
  return { reports: withLate.map((one, offset) => ({ ...one, offset })), never };
}

const changes = ({ rebalances, consumers, delivery }: RunView) => ({
  rebalances,
  members: consumers.members,
  delivery,
});

test('a timely posthumous report equals a normal one, and a late one only counts in delivery', () => {
  fc.assert(
    fc.property(story, fc.nat(5_000), (plot, lateMs) => {
      const lab = play(plot).scaled(LAST, 'Producers', 0, 1);
      const whole = changes(view(folded(lab.reports()), END));
      const soon = posthumously(lab, (sentAt) => sentAt + lateMs);
      expect(changes(view(folded(soon.reports), END))).toEqual(whole);
      // The fold has already passed this time.
      const late = posthumously(lab, () => BEGIN + LAST + 20_000);
      const without = changes(view(folded(late.never), END));
      expect(changes(view(folded(late.reports), END))).toEqual({ ...without, delivery: whole.delivery });
    }),
    { numRuns: 200 },
  );
});
