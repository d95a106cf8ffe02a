/** Deaths at any moment: delivery from posthumous reports of the journal, compared with a list of all processed records. */
import { mkdtempSync, rmSync, statSync, truncateSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { Fact, Report, ReportAt } from '../../src/domain/evidence/facts.ts';
import { encodeReport, parseReport } from '../../src/domain/evidence/parse.ts';
import { emptyRun, fold } from '../../src/domain/fold/run.ts';
import { view } from '../../src/domain/fold/view.ts';
import { createBatch } from '../../src/worker/evidence/batch.ts';
import { openJournal } from '../../src/worker/evidence/journal.ts';
import { BEGIN } from '../support/evidence.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'posthumous-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

const CLIENTS = ['c.0', 'c.1'];
const PARTITIONS = 3;

/** The actions of a process in order. */
const deed = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      what: fc.constant('Work' as const),
      client: fc.nat(1),
      partition: fc.nat(PARTITIONS - 1),
      offset: fc.nat(60),
      count: fc.integer({ min: 1, max: 5 }),
      hole: fc.nat(2),
    }),
  },
  { weight: 2, arbitrary: fc.record({ what: fc.constant('Report' as const), client: fc.nat(2) }) },
  { weight: 2, arbitrary: fc.record({ what: fc.constant('Arrive' as const), acknowledged: fc.boolean() }) },
  { weight: 1, arbitrary: fc.record({ what: fc.constant('Fail' as const) }) },
);
/** `torn`: the kill interrupts the last write, this many bytes before its end. */
const life = fc.record({ deeds: fc.array(deed, { maxLength: 25 }), torn: fc.nat(30) });
const pod = fc.array(life, { minLength: 1, maxLength: 5 });

interface Processed {
  partition: number;
  offset: number;
}

/** Runs the processes of one pod and kills each. Returns the reports in the log and the processed records. */
function live(lives: typeof pod extends fc.Arbitrary<infer T> ? T : never, name: string) {
  const where = mkdtempSync(join(folder, 'pod-'));
  const file = join(where, 'journal.jsonl');
  const log: Report[] = [];
  const processed: Processed[] = [];
  let clock = 0;
  const now = () => BEGIN + clock++;
  const start = (n: number) => {
    const instance = `${name}/${n}`;
    const journal = openJournal({
      folder: where,
      run: 'run-1',
      instance,
      clients: CLIENTS,
      now,
      failed(why) {
        throw new Error(why);
      },
    });
    return { instance, journal };
  };
  lives.forEach(({ deeds, torn }, n) => {
    const { instance, journal } = start(n);
    let seq = 0;
    const batches = CLIENTS.map(() => createBatch());
    /** Reports that are sent but not in the log, and reports in the log without an acknowledgement. */
    let sent = journal.leftBehind.map(({ token, report }) => ({ token, report }));
    const arrived: number[] = [];
    const send = (facts: Fact[], instead?: number) => {
      const report: Report = { v: 1, run: 'run-1', instance, seq: ++seq, sentAt: now(), facts };
      sent.push({ token: journal.addReport(report, Buffer.from(encodeReport(report)), instead), report });
    };
    const undo: (() => void)[] = [];
    let size = statSync(file).size;
    let wrote = 0;
    for (const one of deeds) {
      undo.length = 0;
      if (one.what === 'Work') {
        const { client, partition, offset, count, hole } = one;
        const from = offset + count + hole;
        const ranges: [number, number][] = [
          [offset, offset + count],
          [from, from + 1],
        ];
        const beganAt = now();
        journal.addWork(CLIENTS[client] as string, {
          partition,
          ranges,
          bytes: count + 1,
          timestamp: beganAt,
          beganAt,
          endedAt: beganAt,
        });
        const before = processed.length;
        for (const [first, end] of ranges)
          for (let at = first; at < end; at++) processed.push({ partition, offset: at });
        for (const { offset: at } of processed.slice(before)) {
          batches[client]?.add({ partition, offset: at, bytes: 1, timestamp: beganAt, beganAt, endedAt: beganAt });
        }
        undo.push(() => processed.splice(before));
      } else if (one.what === 'Report') {
        const facts = CLIENTS.flatMap((client, index): Fact[] => {
          if (one.client !== 2 && one.client !== index) return [];
          const partitions = batches[index]?.take() ?? [];
          return partitions.length === 0 ? [] : [{ type: 'Consumed', client, at: now(), partitions }];
        });
        if (facts.length > 0) {
          send(facts);
          undo.push(() => sent.pop());
        }
      } else if (one.what === 'Arrive') {
        const first = sent.shift();
        if (first !== undefined) {
          log.push(first.report);
          arrived.push(first.token);
        }
        if (one.acknowledged) for (const token of arrived.splice(0)) journal.settled(token);
      } else {
        // It was the last report on its way.
        const [failed] = sent;
        if (failed === undefined || sent.length > 1 || failed.report.posthumous) continue;
        sent = [];
        send(failed.report.facts, failed.token);
      }
      const after = statSync(file).size;
      if (after !== size) wrote = after - size;
      size = after;
    }
    // After a kill some of the sent reports arrive. A torn write means that its records were not processed.
    if (undo.length > 0 && torn > 0 && wrote > 1) {
      truncateSync(file, size - 1 - (torn % (wrote - 1)));
      for (const back of undo) back();
    }
    const arrives = torn % (sent.length + 1);
    log.push(...sent.slice(0, arrives).map(({ report }) => report));
    sent = [];
  });
  const last = start(lives.length);
  log.push(...last.journal.leftBehind.map(({ report }) => report));
  return { log, processed };
}

/** The delivery figures of a list of all processed records. */
function counted(all: Processed[]) {
  const delivery = { consumed: all.length, duplicated: 0, skipped: 0 };
  for (let partition = 0; partition < PARTITIONS; partition++) {
    const offsets = all.filter((one) => one.partition === partition).map(({ offset }) => offset);
    const distinct = new Set(offsets).size;
    delivery.duplicated += offsets.length - distinct;
    if (distinct > 0) delivery.skipped += Math.max(...offsets) - Math.min(...offsets) + 1 - distinct;
  }
  return delivery;
}

/** The reports of all pods in a random order. Each pod keeps its own order. */
function mixed(logs: Report[][], order: number[]): ReportAt[] {
  const left = logs.map((log) => [...log]);
  const all: ReportAt[] = [];
  for (let n = 0; left.some((log) => log.length > 0); n++) {
    const some = left.filter((log) => log.length > 0);
    const report = some[(order[n % order.length] ?? 0) % some.length]?.shift();
    const read = report && parseReport(encodeReport(report));
    if (read !== undefined) all.push({ offset: all.length, appendedAt: BEGIN + n * 700, report: read });
  }
  return all;
}

test('delivery equals a count of all records, whenever processes are killed and report', () => {
  fc.assert(
    fc.property(fc.array(pod, { minLength: 1, maxLength: 3 }), fc.array(fc.nat(2), { minLength: 1 }), (pods, order) => {
      const lived = pods.map((lives, n) => live(lives, `p-${n}`));
      const reports = mixed(
        lived.map(({ log }) => log),
        order,
      );
      const run = reports.reduce(fold, emptyRun());
      expect(run.ignored).toBe(0);
      const { consumed, duplicated, skipped } = view(run, BEGIN + 10_000_000).delivery;
      expect({ consumed, duplicated, skipped }).toEqual(counted(lived.flatMap(({ processed }) => processed)));
    }),
    { numRuns: 150 },
  );
}, 60_000);
