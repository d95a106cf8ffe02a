import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { workQueue } from '../../src/runtime/loop/workQueue.ts';
import { manualClock } from '../support/kept.ts';

const ms = fc.integer({ min: 0, max: 2_000 });

const steps = fc.array(
  fc.oneof(
    fc.record({ do: fc.constantFrom('add' as const, 'addNow' as const), key: fc.constantFrom('a', 'b', 'c', 'd') }),
    fc.record({
      do: fc.constant('addAfter' as const),
      key: fc.constantFrom('a', 'b', 'c', 'd'),
      ms: fc.integer({ min: 0, max: 5_000 }),
    }),
    fc.record({ do: fc.constant('pass' as const), ms: fc.integer({ min: 0, max: 3_000 }) }),
  ),
  { maxLength: 25 },
);

test('each key runs once at a time, in its slot or outside, within the concurrency, and again after every add', async () => {
  await fc.assert(
    fc.asyncProperty(
      steps,
      fc.integer({ min: 1, max: 3 }),
      fc.array(fc.record({ ms, outsideMs: fc.option(ms), fails: fc.boolean() }), {
        minLength: 1,
        maxLength: 8,
      }),
      async (script, concurrency, works) => {
        const clock = manualClock(0);
        const active = new Set<string>();
        const beganAt = new Map<string, number>();
        const addedAt = new Map<string, number>();
        let order = 0;
        let turn = 0;
        let broken = '';
        let inSlots = 0;
        const passed = (ms: number) => new Promise<void>((resolve) => clock.after(ms, resolve));
        const begin = () => {
          inSlots += 1;
          if (inSlots > concurrency) broken = `${inSlots} in slots`;
        };
        const queue = workQueue({
          work: async (key, withoutSlot) => {
            if (active.has(key)) broken = `${key} twice`;
            active.add(key);
            begin();
            order += 1;
            beganAt.set(key, order);
            const { ms, outsideMs, fails } = works[turn++ % works.length] ?? { ms: 0, outsideMs: null, fails: false };
            await passed(ms);
            if (outsideMs !== null) {
              inSlots -= 1;
              await withoutSlot(() => passed(outsideMs));
              begin();
              await passed(ms);
            }
            inSlots -= 1;
            active.delete(key);
            if (fails) throw new Error('no');
            return undefined;
          },
          failed: () => {},
          concurrency,
          backoff: { baseMs: 100, limitMs: 1_000 },
          clock,
          random: () => 0.5,
        });
        for (const step of script) {
          if (step.do === 'pass') await clock.advance(step.ms);
          else {
            order += 1;
            addedAt.set(step.key, order);
            if (step.do === 'addAfter') queue.addAfter(step.key, step.ms);
            else queue[step.do](step.key);
          }
        }
        await clock.advance(300_000);
        expect(broken).toBe('');
        for (const [key, added] of addedAt) expect(beganAt.get(key)).toBeGreaterThan(added);
      },
    ),
    { numRuns: 60 },
  );
});
