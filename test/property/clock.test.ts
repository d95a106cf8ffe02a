import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { Fact, PartitionWork, ReportAt } from '../../src/domain/evidence/facts.ts';
import { emptyRun, fold } from '../../src/domain/fold/run.ts';
import { view } from '../../src/domain/fold/view.ts';
import { BEGIN } from '../support/evidence.ts';

/** Network delays in each direction: mostly a few ms, sometimes much longer. */
const way = fc.oneof(
  { weight: 9, arbitrary: fc.double({ min: 0.1, max: 20, noNaN: true }) },
  { weight: 1, arbitrary: fc.double({ min: 20, max: 300, noNaN: true }) },
);
const node = fc.record({
  skew: fc.oneof(fc.integer({ min: -45, max: 45 }), fc.integer({ min: -20_000, max: 20_000 })),
  there: fc.array(way, { minLength: 7, maxLength: 20 }),
  back: fc.array(way, { minLength: 7, maxLength: 20 }),
});
type Node = typeof node extends fc.Arbitrary<infer T> ? T : never;

/** The reports of a process on a node with this clock. The log has the true times. */
function process(
  name: string,
  { skew, there, back }: Node,
  facts: (clock: (at: number) => number) => [number, Fact][],
): ReportAt[] {
  const clock = (at: number) => BEGIN + at + skew;
  /** The round trips, and when they became known. */
  const trips: { knownAt: number; ms: number }[] = [];
  let arrived = 0;
  return facts(clock).map(([at, fact], index) => {
    const known = trips.filter(({ knownAt }) => knownAt <= at).map(({ ms }) => ms);
    // The reports keep their order, as with an idempotent producer.
    arrived = Math.max(arrived, at + (there[index % there.length] ?? 1));
    const acknowledged = arrived + (back[index % back.length] ?? 1);
    trips.push({ knownAt: acknowledged, ms: acknowledged - at });
    return {
      offset: 0,
      appendedAt: Math.floor(BEGIN + arrived),
      report: {
        v: 1,
        run: 'run-1',
        instance: `${name}/1`,
        seq: index + 1,
        sentAt: clock(at),
        ...(known.length === 0 ? {} : { roundTripMs: Math.min(...known) }),
        facts: [fact],
      },
    };
  });
}

const work = (clock: (at: number) => number, from: number, to: number): PartitionWork => ({
  partition: 0,
  ranges: [[Math.floor(from), Math.floor(from) + 1]],
  records: 1,
  bytes: 100,
  firstBeganAt: clock(from),
  firstWaitedMs: 1e6,
  lastEndedAt: clock(to),
});

/**
 * A partition moves between two processes. The last record of the first one ends at `ended`, and the first record of the second
 * one begins at `began`.
 */
function handover(a: Node, b: Node, ended: number, began: number): ReportAt[] {
  const member = (client: string, at: number, owned: number[]) => ({
    client,
    at,
    memberId: `${client}-id`,
    protocol: 'Eager' as const,
    owned,
  });
  const first = process('a', a, (clock) => [
    [10, { type: 'Started', client: 'a', at: clock(10), role: 'Consumer', host: 'n' }],
    [100, { ...member('a', clock(100), [0]), type: 'Assigned', gained: [0] }],
    ...Array.from({ length: 24 }, (_, n): [number, Fact] => {
      const from = 200 + n * 250;
      const to = n === 23 ? ended : from + 250;
      return [to, { type: 'Consumed', client: 'a', at: clock(to), partitions: [work(clock, from, to)] }];
    }),
    [ended + 0.5, { ...member('a', clock(ended + 0.5), []), type: 'Revoked', lost: [0], cause: 'Closed' }],
  ]);
  const second = process('b', b, (clock) => [
    [20, { type: 'Started', client: 'b', at: clock(20), role: 'Consumer', host: 'n' }],
    [101, { ...member('b', clock(101), []), type: 'Assigned', gained: [] }],
    ...Array.from({ length: 24 }, (_, n): [number, Fact] => [
      250 * n + 150,
      { type: 'Alive', client: 'b', at: clock(250 * n + 150), owned: [] },
    ]),
    [began - 1, { ...member('b', clock(began - 1), [0]), type: 'Assigned', gained: [0] }],
    [
      began + 50,
      { type: 'Consumed', client: 'b', at: clock(began + 50), partitions: [work(clock, began, began + 50)] },
    ],
  ]);
  return [...first, ...second].sort((x, y) => x.appendedAt - y.appendedAt).map((one, offset) => ({ ...one, offset }));
}

test('the true pause is within the error bound for all clocks and network delays', () => {
  fc.assert(
    fc.property(
      node,
      node,
      fc.integer({ min: 0, max: 200 }),
      fc.integer({ min: 120, max: 3_000 }),
      (a, b, late, pause) => {
        const ended = 6_100 + late;
        const { list } = view(handover(a, b, ended, ended + pause).reduce(fold, emptyRun()), BEGIN + 60_000).rebalances;
        const bound = list.at(-1)?.errorBoundMs ?? Number.NaN;
        expect(list.at(-1)?.pauses).toHaveLength(1);
        for (const { ms } of list.at(-1)?.pauses ?? []) {
          expect(Math.abs(ms - pause)).toBeLessThanOrEqual(bound + 0.01);
          // The network delay of reports limits the bound, so it is useful.
          expect(bound).toBeLessThan(200);
        }
      },
    ),
    { numRuns: 300 },
  );
});
