import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { createBatch } from '../../src/worker/evidence/batch.ts';
import { startPace, takeDue } from '../../src/worker/producing/pace.ts';
import { recordValue } from '../../src/worker/producing/recordShape.ts';
import { shareOf } from '../../src/worker/producing/share.ts';

test('shares add up to the total and differ by at most one', () => {
  fc.assert(
    fc.property(fc.nat(100_000), fc.integer({ min: 1, max: 500 }), (total, clients) => {
      const shares = Array.from({ length: clients }, (_, index) => shareOf(total, clients, index));
      expect(shares.reduce((sum, share) => sum + share, 0)).toBe(total);
      expect(Math.max(...shares) - Math.min(...shares)).toBeLessThanOrEqual(1);
    }),
  );
});

test('with irregular ticks within a second, every message is sent once and not early', () => {
  const ticks = fc.array(fc.integer({ min: 0, max: 900 }), { minLength: 1, maxLength: 100 });
  fc.assert(
    fc.property(
      fc.integer({ min: 2, max: 2_000 }),
      fc.double({ min: 0, max: 0.99, noNaN: true }),
      ticks,
      (rate, random, steps) => {
        let pace = startPace(rate, 1_000_000, random);
        const { originAt } = pace;
        let at = 1_000_000;
        let sent = 0;
        for (const step of steps) {
          at += step;
          const due = takeDue(pace, at);
          pace = due.pace;
          sent += due.count;
          const exact = Math.max(0, ((at - originAt) * rate) / 1000 + 1);
          expect(sent).toBeLessThanOrEqual(exact + 1e-3);
          expect(sent).toBeGreaterThan(exact - 1 - 1e-3);
          expect(due.nextAt).toBeGreaterThan(at - 1e-3);
        }
      },
    ),
  );
});

test('after a stop at most one second of messages is sent at once', () => {
  const ticks = fc.array(fc.integer({ min: 0, max: 30_000 }), { minLength: 1, maxLength: 50 });
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 2_000 }), ticks, (rate, steps) => {
      let pace = startPace(rate, 0, 0);
      let at = 0;
      for (const step of steps) {
        at += step;
        const due = takeDue(pace, at);
        pace = due.pace;
        expect(due.count).toBeLessThanOrEqual(rate);
        expect(due.nextAt).toBeGreaterThan(at - 1e-3);
      }
    }),
  );
});

test('a value is JSON of exactly the requested size, or the shortest possible JSON', () => {
  fc.assert(
    fc.property(fc.nat(2_000_000_000), fc.integer({ min: 1, max: 3_000 }), (n, sizeBytes) => {
      const value = recordValue({ sizeBytes }, n);
      expect(JSON.parse(value.toString()).cnt).toBe(n);
      expect(value.length).toBe(Math.max(sizeBytes, `{"cnt":${n}}`.length));
    }),
  );
});

test('a batch reports every record once, with the pauses of their definition', () => {
  const record = fc.record({
    partition: fc.nat(3),
    gap: fc.nat(3),
    idle: fc.nat(50),
    waited: fc.nat(80),
    took: fc.nat(20),
    bytes: fc.nat(500),
  });
  fc.assert(
    fc.property(fc.array(record, { maxLength: 60 }), (records) => {
      const batch = createBatch();
      const offsets = new Map<number, number>();
      let at = 1_000;
      const added = records.map(({ partition, gap, idle, waited, took, bytes }) => {
        const offset = (offsets.get(partition) ?? 0) + gap;
        offsets.set(partition, offset + 1);
        const beganAt = at + idle;
        at = beganAt + took;
        return { partition, offset, bytes, timestamp: beganAt - waited, beganAt, endedAt: at };
      });
      for (const each of added) batch.add(each);
      const works = batch.take();
      expect(works.map(({ partition }) => partition).sort()).toEqual([...offsets.keys()].sort());
      for (const work of works) {
        const own = added.filter(({ partition }) => partition === work.partition);
        expect(work.ranges.flatMap(([from, to]) => Array.from({ length: to - from }, (_, n) => from + n))).toEqual(
          own.map(({ offset }) => offset),
        );
        expect(work.records).toBe(own.length);
        expect(work.bytes).toBe(own.reduce((sum, { bytes }) => sum + bytes, 0));
        expect(work.firstBeganAt).toBe(own[0]?.beganAt);
        expect(work.lastEndedAt).toBe(own.at(-1)?.endedAt);
        const pauses = own.slice(1).map(({ beganAt, timestamp }, n) => {
          const before = own[n]?.endedAt ?? 0;
          return Math.min(beganAt - before, beganAt - timestamp);
        });
        const longest = Math.max(0, ...pauses);
        const reported = work.longestPause === undefined ? 0 : work.longestPause.to - work.longestPause.from;
        expect(reported).toBe(longest);
      }
    }),
  );
});
