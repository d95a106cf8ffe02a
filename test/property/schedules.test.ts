/** A schedule runs as written whenever the operator dies, and its figures are right for any delay of the lag samples. */
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { ConsumerScaleInput } from '../../src/api/consumerscale/spec.ts';
import type { ConsumerScaleStatus } from '../../src/api/consumerscale/status.ts';
import { type Circumstances, type Fate, ScheduleWorld } from '../support/schedule.ts';

type Step = ConsumerScaleInput['steps'][number];

/** Steps that satisfy the schema and the idle rule. */
const steps = (partitions: number, idle: boolean): fc.Arbitrary<Step[]> =>
  fc
    .array(
      fc.record({
        change: fc.constantFrom('Consumers', 'Partitions', 'All', 'Both'),
        consumers: fc.nat(6),
        more: fc.nat(3),
        kill: fc.boolean(),
        end: fc.constantFrom<Pick<Step, 'hold' | 'until'>>(
          { hold: '1s' },
          { hold: '3s' },
          { until: { lagBelow: 10, timeout: '1m' } },
          { until: { lagBelow: 10, for: '2s', timeout: '1m' } },
        ),
      }),
      { minLength: 1, maxLength: 4 },
    )
    .map((drawn) => {
      let available = partitions;
      return drawn.map(({ change, consumers, more, kill, end }): Step => {
        const raises = change === 'Partitions' || change === 'Both';
        if (raises) available += more;
        const asked = idle ? consumers : Math.min(consumers, available);
        return {
          ...end,
          ...(raises ? { partitions: available } : {}),
          ...(change === 'Partitions' ? {} : { consumers: change === 'All' ? ('Partitions' as const) : asked }),
          ...(kill && change !== 'Partitions' ? { stop: 'Kill' as const } : {}),
        };
      });
    });

const circumstances: fc.Arbitrary<Circumstances> = fc
  .record({
    partitions: fc.integer({ min: 1, max: 4 }),
    idle: fc.boolean(),
    restore: fc.boolean(),
    podsMs: fc.integer({ min: 0, max: 3_000 }),
    partitionsMs: fc.integer({ min: 0, max: 2_000 }),
    behind: fc.constantFrom(false, false, false, true),
  })
  .chain(({ partitions, idle, restore, podsMs, partitionsMs, behind }) =>
    fc.record({
      spec: steps(partitions, idle).map((drawn) => ({
        steps: drawn,
        allowIdleConsumers: idle,
        afterwards: restore ? ('Restore' as const) : ('Keep' as const),
      })),
      replicas: fc.integer({ min: 0, max: partitions }),
      partitions: fc.constant(partitions),
      podsMs: fc.constant(podsMs),
      partitionsMs: fc.constant(partitionsMs),
      behind: fc.constant(behind),
    }),
  );

const fates: fc.Arbitrary<Fate[]> = fc.array(
  fc.record(
    {
      diesAfter: fc.constantFrom(0, 0, 1, 2),
      deaf: fc.constantFrom(false, false, true),
      stale: fc.boolean(),
      nextMs: fc.integer({ min: 20, max: 700 }),
    },
    { requiredKeys: ['deaf', 'stale', 'nextMs'] },
  ),
  // At most 35 s, so that no step times out, even if it waits 15 s until a killed member counts as gone.
  { maxLength: 50 },
);
const CALM: Fate = { deaf: false, stale: false, nextMs: 500 };
const MOST_ROUNDS = 4_000;

function play(how: Circumstances, misfortunes: Fate[]): ScheduleWorld {
  const world = new ScheduleWorld(how);
  for (let n = 0; n < MOST_ROUNDS; n++) {
    if (world.round(misfortunes[n] ?? CALM)) return world;
  }
  throw new Error(`not over after ${MOST_ROUNDS} rounds: ${JSON.stringify(world.status)}`);
}

const result = (status: ConsumerScaleStatus | undefined) => ({
  phase: status?.phase,
  steps: status?.steps?.map(({ phase, consumers, partitions }) => ({ phase, consumers, partitions })),
});

const ENDED = ['Done', 'TimedOut'];

test('the steps are the same as without any death of the operator', () => {
  fc.assert(
    fc.property(circumstances, fates, (how, misfortunes) => {
      const { status, replicas } = play(how, misfortunes);
      expect(status?.phase).toBe('Completed');
      expect(result(status)).toEqual(result(play(how, []).status));
      const last = status?.steps?.at(-1)?.consumers;
      expect(replicas).toBe(how.spec.afterwards === 'Restore' ? how.replicas : last);
    }),
    { numRuns: 40 },
  );
});

test('each step runs once, in order, and after it is recorded', () => {
  fc.assert(
    fc.property(circumstances, fates, (how, misfortunes) => {
      const world = play(how, misfortunes);
      const begun = new Map<number, string | undefined>();
      for (const { steps = [] } of world.written) {
        const phases = steps.map(({ phase }) => phase);
        const current = phases.findIndex((phase) => !ENDED.includes(phase));
        if (current !== -1) expect(phases.slice(current + 1).every((phase) => phase === 'Pending')).toBe(true);
        steps.forEach(({ startedAt }, index) => {
          if (begun.has(index)) expect(startedAt).toBe(begun.get(index));
          if (startedAt !== undefined) begun.set(index, startedAt);
        });
      }
      for (const { action, recorded } of world.done) {
        const running = recorded?.steps?.findIndex(({ phase }) => phase === 'Running') ?? -1;
        if (action.type === 'Patch') {
          expect(action.spec).toEqual({ topic: { partitions: how.spec.steps[running]?.partitions } });
        } else if (action.type === 'Scale') {
          const over = recorded?.steps?.every(({ phase }) => ENDED.includes(phase)) === true;
          expect(action.replicas).toBe(over ? how.replicas : recorded?.steps?.[running]?.consumers);
          if (over) expect(how.spec.afterwards).toBe('Restore');
        } else if (action.type === 'SetStop') {
          expect(how.spec.steps[running]?.stop).toBe('Kill');
        } else throw new Error(`${action.type} is not for a schedule`);
      }
    }),
    { numRuns: 30 },
  );
});

test('a schedule never requests more consumers than partitions unless that is allowed', () => {
  fc.assert(
    fc.property(circumstances, fates, (how, misfortunes) => {
      fc.pre(how.spec.allowIdleConsumers !== true);
      for (const { action, livePartitions } of play(how, misfortunes).done) {
        if (action.type === 'Scale') expect(action.replicas).toBeLessThanOrEqual(livePartitions);
      }
    }),
    { numRuns: 30 },
  );
});

test('the figures of a step show that its `until` held, for any delay of the lag samples', () => {
  const samples = fc.array(fc.record({ lag: fc.constantFrom(0, 9, 9, 9, 10, 500), lateMs: fc.nat(9_000) }), {
    minLength: 20,
    maxLength: 60,
  });
  let ended = 0;
  fc.assert(
    fc.property(circumstances, samples, fates, (how, late, misfortunes) => {
      const { written } = play({ ...how, behind: false, samples: late }, misfortunes);
      const atItsEnd = new Map<number, unknown>();
      for (const { steps = [] } of written) {
        steps.forEach((step, index) => {
          const { until } = how.spec.steps[index] ?? {};
          if (until === undefined || step.phase !== 'Done') return;
          const { startedAt = '', settledAt = '', finishedAt = '', lag } = step;
          expect(lag?.after).toBeLessThan(until.lagBelow);
          expect(lag?.drainedMs).toBeDefined();
          const figures = { finishedAt, lag };
          if (!atItsEnd.has(index)) atItsEnd.set(index, figures);
          expect(figures).toEqual(atItsEnd.get(index));
          expect(startedAt <= settledAt && settledAt <= finishedAt).toBe(true);
          expect(finishedAt <= (steps[index + 1]?.startedAt ?? finishedAt)).toBe(true);
        });
      }
      ended += atItsEnd.size;
    }),
    { numRuns: 40 },
  );
  expect(ended).toBeGreaterThan(0);
});

test('leaving pods are killed if and only if the step has stop: Kill', () => {
  let killed = 0;
  fc.assert(
    fc.property(circumstances, fates, (how, misfortunes) => {
      for (const { action, recorded, ...taken } of play(how, misfortunes).done) {
        if (action.type !== 'Scale') continue;
        const running = recorded?.steps?.findIndex(({ phase }) => phase === 'Running') ?? -1;
        const isKill = how.spec.steps[running]?.stop === 'Kill';
        expect(isKill ? taken.spared : taken.killed).toBe(0);
        killed += taken.killed;
      }
    }),
    { numRuns: 25 },
  );
  expect(killed).toBeGreaterThan(0);
});

describe('with another writer', () => {
  /** Others write the replicas in a few of the rounds, also in calm ones after the misfortunes. */
  const contested = fc
    .tuple(fates, fc.array(fc.tuple(fc.nat(60), fc.nat(6)), { maxLength: 3 }))
    .map(([drawn, writes]) => {
      const length = Math.max(drawn.length, ...writes.map(([round]) => round + 1));
      const all = Array.from({ length }, (_, round): Fate => drawn[round] ?? CALM);
      return writes.reduce(
        (rounds, [round, others]) => rounds.with(round, { ...(rounds[round] as Fate), others }),
        all,
      );
    });
  const running = (status: ConsumerScaleStatus | undefined) =>
    status?.steps?.findIndex(({ phase }) => phase === 'Running') ?? -1;

  test('a schedule never scales again in a step that has had its consumers', () => {
    let stopped = 0;
    fc.assert(
      fc.property(circumstances, contested, (how, misfortunes) => {
        const world = play(how, misfortunes);
        for (const { action, recorded, intrusions } of world.done) {
          if (action.type !== 'Scale') continue;
          const index = running(recorded);
          const consumers = recorded?.steps?.[index]?.consumers;
          const undone = intrusions.filter(
            (intrusion) =>
              index !== -1 &&
              running(intrusion.recorded) === index &&
              intrusion.recorded?.steps?.[index]?.targetVersion !== undefined &&
              intrusion.replicas !== consumers,
          );
          expect(undone).toEqual([]);
        }
        const { reason, message } = world.status?.conditions.find(({ type }) => type === 'Ready') ?? {};
        if (reason !== 'ReplicasChangedByOthers') return;
        stopped++;
        expect(message).toContain('by kubectl-edit');
        expect(world.replicas).toBe(world.intrusions.at(-1)?.replicas);
      }),
      { numRuns: 60 },
    );
    expect(stopped).toBeGreaterThan(0);
  });

  test('Restore does not replace the number of another writer', () => {
    const restoring = circumstances.map(
      (how): Circumstances => ({ ...how, spec: { ...how.spec, afterwards: 'Restore' } }),
    );
    let restored = 0;
    let kept = 0;
    fc.assert(
      fc.property(restoring, fc.nat(6), fc.nat(3), (how, replicas, after) => {
        const world = new ScheduleWorld(how);
        let ended = 0;
        for (let n = 0; n < MOST_ROUNDS; n++) {
          const isOver = world.status?.steps?.every(({ phase }) => ENDED.includes(phase)) === true;
          if (isOver) ended++;
          if (world.round(isOver && ended > after ? { ...CALM, others: replicas } : CALM)) break;
        }
        expect(world.status?.phase).toBe('Completed');
        for (const { action, writer } of world.done) {
          if (action.type === 'Scale') expect(writer).not.toBe('kubectl-edit');
        }
        if (world.status?.restored === false) kept++;
        else restored++;
      }),
      { numRuns: 40 },
    );
    expect(Math.min(restored, kept)).toBeGreaterThan(0);
  });
});
