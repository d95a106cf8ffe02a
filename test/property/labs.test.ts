/** A Lab gets the same grade and does everything once, whenever its operator dies. */
import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { labSchema } from '../../src/api/lab/lab.ts';
import type { LabInput } from '../../src/api/lab/spec.ts';
import type { LabStatus } from '../../src/api/lab/status.ts';
import { refusals } from '../../src/kinds/lab/refusals.ts';
import { expressionsCache } from '../../src/kinds/lab/variables.ts';
import { resource } from '../support/labSeen.ts';
import { type Fate, LabWorld } from '../support/labWorld.ts';

type Step = LabInput['steps'][number];
type Expectation = NonNullable<Step['expect']>[number];

const ROUND = {
  topic: { name: 't', partitions: 2, replicas: 1 },
  producers: { replicas: 1 },
  consumers: { replicas: 1, group: 'g' },
};

/** The next step of a script, for the given numbers of consumers and partitions. */
interface Drawn {
  what: 'Scale' | 'Kill' | 'Grow' | 'Send' | 'Wait' | 'Look' | 'Stop' | 'KillOne' | 'Rest';
  consumers: number;
  expect: ('Consumers' | 'Partitions' | 'Never' | 'Before' | 'Sent')[];
}

const drawn: fc.Arbitrary<Drawn[]> = fc.array(
  fc.record({
    what: fc.constantFrom('Scale', 'Kill', 'Grow', 'Send', 'Wait', 'Look', 'Stop', 'KillOne', 'Rest'),
    consumers: fc.nat(4),
    expect: fc.array(fc.constantFrom('Consumers', 'Partitions', 'Never', 'Before', 'Sent'), { maxLength: 3 }),
  }),
  { minLength: 1, maxLength: 6 },
);

function script(draws: Drawn[]): LabInput {
  let consumers = 1;
  let partitions = 2;
  let sent = 0;
  const steps: Step[] = [{ name: 'begin', apply: { kind: 'LoadTest', name: 'round' } }];
  for (const [n, { what, consumers: asked, expect: kinds }] of draws.entries()) {
    const before = { consumers, partitions };
    const stopped = consumers === 0;
    const took = ((): Omit<Step, 'name'> => {
      switch (what) {
        case 'Scale':
        case 'Kill':
          consumers = asked;
          return { scale: { loadTest: 'round', consumers, stop: what === 'Kill' ? 'Kill' : 'Graceful' } };
        case 'Grow':
          partitions += 1;
          return { partitions: { loadTest: 'round', partitions } };
        case 'Send':
          sent += 1;
          return { produce: { name: `sent${sent}`, loadTest: 'round', messages: 10 } };
        case 'Wait':
          return { wait: '2s' };
        case 'Stop':
          if (stopped) return { observe: {} };
          consumers = 0;
          return { stop: { loadTest: 'round', stop: 'Kill' } };
        case 'KillOne':
          return stopped ? { observe: {} } : { kill: { loadTest: 'round', consumer: 0 } };
        case 'Rest':
          // A start step begins without any consumer.
          before.consumers = 0;
          steps.push({ name: `rest ${n}`, stop: { loadTest: 'round', who: 'All' }, timeout: '1h' });
          return { start: { loadTest: 'round', who: 'All' } };
        case 'Look':
          return { observe: {} };
      }
    })();
    const that = {
      Consumers: `group.members.size() == ${consumers} && lag.total == 5`,
      Partitions: `topic.partitions == ${partitions}`,
      Never: 'group.members.size() == 99',
      Before: `group.members.size() - before.group.members.size() == ${consumers - before.consumers}`,
      Sent: sent === 0 ? 'true' : `produced.sent${sent}.phase == "Completed"`,
    };
    const expects = kinds.map((kind): Expectation => ({ that: that[kind], within: kind === 'Never' ? '3s' : '10m' }));
    steps.push({ name: `step ${n}`, ...took, timeout: '1h', expect: expects });
  }
  return { resources: [resource('LoadTest', 'round', ROUND)], steps };
}

const fates: fc.Arbitrary<Fate[]> = fc.array(
  fc.record(
    { diesAfter: fc.constantFrom(0, 0, 1, 2, 3), stale: fc.boolean(), nextMs: fc.integer({ min: 20, max: 2_500 }) },
    { requiredKeys: ['stale', 'nextMs'] },
  ),
  { maxLength: 50 },
);
const CALM: Fate = { stale: false, nextMs: 500 };
const MOST_ROUNDS = 1_000;

function play(spec: LabInput, podsMs: number, misfortunes: Fate[]): LabWorld {
  const world = new LabWorld(spec, podsMs);
  for (let n = 0; n < MOST_ROUNDS && !world.isOver; n++) world.round(misfortunes[n] ?? CALM);
  if (!world.isOver) throw new Error(`not over after ${MOST_ROUNDS} rounds: ${JSON.stringify(world.status)}`);
  // One more round after the end.
  world.round(CALM);
  return world;
}

const grades = (status: LabStatus | undefined) => ({
  phase: status?.phase,
  score: status?.score,
  steps: status?.steps?.map(({ phase, expectations = [] }) => [phase, ...expectations.map(({ passed }) => passed)]),
});

const cases = [drawn.map(script), fc.integer({ min: 0, max: 4_000 }), fates] as const;

test('every generated script is accepted', () => {
  const expressionsOf = expressionsCache();
  fc.assert(
    fc.property(drawn.map(script), (spec) => {
      expect(refusals('grade', labSchema.spec.parse(spec), expressionsOf)).toEqual([]);
    }),
    { numRuns: 15 },
  );
});

test('the grades are the same as without any death of the operator', () => {
  let failed = 0;
  fc.assert(
    fc.property(...cases, (spec, podsMs, misfortunes) => {
      const calm = grades(play(spec, podsMs, []).status);
      expect(grades(play(spec, podsMs, misfortunes).status)).toEqual(calm);
      // Only impossible expectations have failed.
      const never = spec.steps.flatMap((step) => step.expect ?? []).some(({ that }) => that.endsWith('99'));
      expect(calm.phase).toBe(never ? 'Failed' : 'Passed');
      failed += never ? 1 : 0;
    }),
    { numRuns: 20 },
  );
  expect(failed).toBeGreaterThan(0);
});

test('every object is created once and every pod is killed once, and only after it is recorded', () => {
  let kills = 0;
  fc.assert(
    fc.property(...cases, (spec, podsMs, misfortunes) => {
      const world = play(spec, podsMs, misfortunes);
      const created = world.deeds.flatMap(({ what }) => ('created' in what ? [what.created] : []));
      expect(new Set(created).size).toBe(created.length);
      const asked = spec.steps.filter(({ kill }) => kill !== undefined).length;
      expect(world.killed).toHaveLength(asked);
      kills += asked;
      for (const { what, recorded } of world.deeds) {
        const running = recorded?.steps?.findIndex(({ phase }) => phase === 'Running') ?? -1;
        const begun = spec.steps.filter((_, index) => recorded?.steps?.[index]?.startedAt !== undefined);
        if ('created' in what) {
          const { created: name } = what;
          expect(begun.some(({ apply, produce }) => apply?.name === name || `grade-${produce?.name}` === name)).toBe(
            true,
          );
        } else if (what.type === 'Kill') {
          expect(spec.steps[running]?.kill).toBeDefined();
          expect(recorded?.steps?.[running]?.uid).toBe(what.uid);
        } else {
          const step = spec.steps[running];
          expect(step?.scale?.stop ?? step?.stop?.stop).toBe('Kill');
        }
      }
    }),
    { numRuns: 20 },
  );
  expect(kills).toBeGreaterThan(0);
});

test('steps run one after another, and a verdict stays', () => {
  fc.assert(
    fc.property(...cases, (spec, podsMs, misfortunes) => {
      const decided = new Map<string, boolean>();
      for (const { steps = [] } of play(spec, podsMs, misfortunes).written) {
        const ended = steps.map(({ phase }) => phase === 'Passed' || phase === 'Failed');
        const current = ended.indexOf(false);
        if (current !== -1) expect(steps.slice(current + 1).every(({ phase }) => phase === 'Pending')).toBe(true);
        for (const [index, { expectations = [] }] of steps.entries()) {
          for (const [n, { passed }] of expectations.entries()) {
            const known = decided.get(`${index}.${n}`);
            if (known !== undefined) expect(passed).toBe(known);
            if (passed !== undefined) decided.set(`${index}.${n}`, passed);
          }
        }
      }
    }),
    { numRuns: 15 },
  );
});
