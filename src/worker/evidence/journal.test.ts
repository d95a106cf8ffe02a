import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import type { Consumed, Fact, OffsetRange, PartitionWork, Report } from '../../domain/evidence/facts.ts';
import { type Journal, openJournal } from './journal.ts';

const AT = 1_767_225_600_000;
let folder: string;
let failures: string[];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'journal-'));
  failures = [];
});
afterEach(() => rmSync(folder, { recursive: true }));

const file = () => join(folder, 'journal.jsonl');

function open(
  instance: string,
  { run = 'run-1', clients = ['c.0', 'c.1'], at = AT, where = folder as string | undefined } = {},
) {
  return openJournal({
    folder: where,
    run,
    instance,
    clients,
    now: () => at,
    failed: (why) => failures.push(why),
  });
}

const span = (partition: number, from: number, to: number, beganAt = AT, endedAt = beganAt + 5) => ({
  partition,
  ranges: [[from, to] as OffsetRange],
  bytes: 10 * (to - from),
  timestamp: beganAt - 100,
  beganAt,
  endedAt,
});

const consumed = (client: string, ...partitions: Partial<PartitionWork>[]): Consumed => ({
  type: 'Consumed',
  client,
  at: AT,
  partitions: partitions as PartitionWork[],
});

/** Adds a report as the reporter does. */
function addReport(journal: Journal, instance: string, seq: number, facts: Fact[], instead?: number): number {
  const report: Report = { v: 1, run: 'run-1', instance, seq, sentAt: AT + seq, facts };
  return journal.addReport(report, Buffer.from(JSON.stringify(report)), instead);
}

const left = (journal: Journal) => journal.leftBehind.map(({ report }) => report);
const work = ({ facts }: Report) =>
  facts.flatMap((fact) => (fact.type === 'Consumed' ? fact.partitions.map((one) => [fact.client, ...one.ranges]) : []));
const died = (at: number): Fact[] => ['c.0', 'c.1'].map((client) => ({ type: 'Died', client, at }));

test('unreported work becomes one more report, summed up as the batch would have done', () => {
  const journal = open('c/1');
  addReport(journal, 'c/1', 1, [{ type: 'Alive', client: 'c.0', at: AT, owned: [] }]);
  journal.settled(1);
  journal.addWork('c.0', span(2, 40, 41, AT + 100));
  journal.addWork('c.0', span(2, 41, 43, AT + 200));
  journal.addWork('c.1', span(0, 7, 8, AT + 150));
  expect(left(open('c/2', { at: AT + 9_000 }))).toEqual([
    {
      v: 1,
      run: 'run-1',
      instance: 'c/1',
      seq: 2,
      sentAt: AT + 9_000,
      posthumous: true,
      facts: [
        {
          type: 'Consumed',
          client: 'c.0',
          at: AT + 205,
          partitions: [
            {
              partition: 2,
              ranges: [[40, 43]],
              records: 3,
              bytes: 30,
              firstBeganAt: AT + 100,
              firstWaitedMs: 100,
              lastEndedAt: AT + 205,
              longestPause: { from: AT + 105, to: AT + 200 },
            },
          ],
        },
        {
          type: 'Consumed',
          client: 'c.1',
          at: AT + 155,
          partitions: [
            {
              partition: 0,
              ranges: [[7, 8]],
              records: 1,
              bytes: 10,
              firstBeganAt: AT + 150,
              firstWaitedMs: 100,
              lastEndedAt: AT + 155,
            },
          ],
        },
        ...died(AT + 205),
      ],
    },
  ]);
});

test('a report covers all earlier work of its clients; a repeated report covers no later work', () => {
  const journal = open('c/1');
  journal.addWork('c.0', span(0, 0, 5));
  journal.addWork('c.1', span(1, 0, 5));
  const token = addReport(journal, 'c/1', 1, [consumed('c.0', { partition: 0, ranges: [[0, 5]] })]);
  journal.addWork('c.0', span(0, 5, 6));
  addReport(journal, 'c/1', 2, [consumed('c.0', { partition: 0, ranges: [[0, 5]] })], token);
  const [again, last, ...none] = left(open('c/2'));
  expect(none).toEqual([]);
  expect(again).toMatchObject({ instance: 'c/1', seq: 2, sentAt: AT + 2, posthumous: true });
  expect(last).toMatchObject({ instance: 'c/1', seq: 3 });
  expect(work(last as Report)).toEqual([
    ['c.1', [0, 5]],
    ['c.0', [5, 6]],
  ]);
});

test('an idle process leaves no reports, and a clean end leaves no file', () => {
  open('c/1');
  expect(left(open('c/2'))).toEqual([]);
  const journal = open('c/3');
  journal.addWork('c.0', span(0, 0, 1));
  addReport(journal, 'c/3', 1, [consumed('c.0', { partition: 0, ranges: [[0, 1]] })]);
  journal.settled(1);
  journal.remove();
  expect(readdirSync(folder)).toEqual([]);
});

test.each([
  ['another run', { run: 'run-2' }],
  ['more clients', { clients: ['c.0', 'c.1', 'c.2'] }],
])('the journal of %s is ignored and replaced', (_whose, other) => {
  open('c/1').addWork('c.0', span(0, 0, 1));
  expect(left(open('c/2', other))).toEqual([]);
  expect(left(open('c/3'))).toEqual([]);
});

test.each(['', 'not JSON\n', '{"head":{"run":"run-1"}}\n', '[]\n'])(
  'a file that is not a journal is ignored: %j',
  (text) => {
    writeFileSync(file(), text);
    expect(left(open('c/1'))).toEqual([]);
    expect(failures).toEqual([]);
  },
);

test('a kill in the middle of a write loses only the unfinished entry, at whatever byte', () => {
  const journal = open('c/1');
  addReport(journal, 'c/1', 1, [consumed('c.0')]);
  journal.settled(1);
  journal.addWork('c.0', span(0, 0, 1));
  const before = statSync(file()).size;
  journal.addWork('c.0', span(0, 1, 2));
  const text = readFileSync(file());
  for (let size = before; size < text.length; size++) {
    writeFileSync(file(), text.subarray(0, size));
    expect(left(open('c/2')).flatMap(work)).toEqual([['c.0', [0, 1]]]);
  }
  writeFileSync(file(), text);
  expect(left(open('c/2')).flatMap(work)).toEqual([['c.0', [0, 2]]]);
});

test('entries after a broken one are ignored, and the process is not reported as Died', () => {
  const journal = open('c/1');
  journal.addWork('c.0', span(0, 0, 1));
  writeFileSync(file(), `${readFileSync(file(), 'utf8')}{"work":["c.0"]}\n`);
  const [last, ...none] = left(open('c/2'));
  expect(none).toEqual([]);
  expect(last?.facts.map(({ type }) => type)).toEqual(['Consumed']);
});

test('the file stays short while reports are acknowledged, and a rewrite keeps its content', () => {
  const journal = open('c/1');
  const many = (n: number) => consumed('c.0', { partition: 0, ranges: [[n, n + 1]], records: 1 });
  journal.addWork('c.1', span(1, 3, 4));
  for (let n = 1; n <= 3_000; n++) {
    journal.addWork('c.0', span(0, n, n + 1));
    const token = addReport(journal, 'c/1', n, [many(n)]);
    if (n > 2) journal.settled(token - 1);
  }
  journal.addWork('c.0', span(0, 5_000, 5_001));
  expect(statSync(file()).size).toBeLessThan(400_000);
  const reports = left(open('c/2'));
  expect(reports.map(({ seq }) => seq)).toEqual([1, 3_000, 3_001]);
  expect(work(reports[2] as Report)).toEqual([
    ['c.1', [3, 4]],
    ['c.0', [5_000, 5_001]],
  ]);
});

test('reports without room, or never sent, are lost, and the process is not reported as Died', () => {
  const journal = open('c/1');
  const padded = (n: number): Fact[] => [
    consumed('c.0', { partition: 0, ranges: [[n, n + 1]] }),
    { type: 'ClientError', client: 'c.0', at: AT, code: 'LONG', message: 'x'.repeat(1_000_000) },
  ];
  for (let n = 1; n <= 30; n++) {
    journal.addWork('c.0', span(0, n, n + 1));
    addReport(journal, 'c/1', n, padded(n));
  }
  journal.addWork('c.0', span(0, 99, 100));
  journal.lost([consumed('c.0')]);
  journal.addWork('c.0', span(0, 100, 101));
  expect(statSync(file()).size).toBeLessThan(17 * 1024 * 1024);
  const reports = left(open('c/2'));
  expect(reports.map(({ seq }) => seq)).toEqual([...Array.from({ length: 16 }, (_, n) => n + 1), 31]);
  expect(reports.at(-1)?.facts.map(({ type }) => type)).toEqual(['Consumed']);
  expect(work(reports.at(-1) as Report)).toEqual([['c.0', [100, 101]]]);
  expect(failures).toEqual([]);
});

test('without a folder nothing is kept; a failed write is reported once', () => {
  const none = open('c/1', { where: undefined });
  none.addWork('c.0', span(0, 0, 1));
  expect([addReport(none, 'c/1', 1, []), addReport(none, 'c/1', 2, [])]).toEqual([1, 2]);
  none.settled(1);
  none.remove();
  expect(readdirSync(folder)).toEqual([]);
  writeFileSync(join(folder, 'taken'), '');
  const journal = open('c/1', { where: join(folder, 'taken') });
  journal.addWork('c.0', span(0, 0, 1));
  addReport(journal, 'c/1', 1, []);
  expect(failures).toHaveLength(1);
});

test('passed offsets are left behind until a report of their client covers them', () => {
  const journal = open('c/1');
  journal.addPassed('c.0', [{ partition: 2, withoutRecord: [[40, 41]] }]);
  addReport(journal, 'c/1', 1, [consumed('c.0')]);
  journal.settled(1);
  journal.addWork('c.0', span(2, 41, 43, AT + 200));
  journal.addPassed('c.0', [{ partition: 2, withoutRecord: [[43, 44]] }]);
  journal.addPassed('c.1', [{ partition: 0, deleted: [[0, 7]] }]);
  journal.addPassed('c.1', [{ partition: 0, withoutRecord: [[8, 9]] }]);
  const [report, ...more] = left(open('c/2'));
  expect(more).toEqual([]);
  expect(report?.facts).toMatchObject([
    { type: 'Consumed', client: 'c.0', at: AT + 205, passed: [{ partition: 2, withoutRecord: [[43, 44]] }] },
    {
      type: 'Consumed',
      client: 'c.1',
      at: AT + 205,
      partitions: [],
      passed: [
        { partition: 0, deleted: [[0, 7]] },
        { partition: 0, withoutRecord: [[8, 9]] },
      ],
    },
    { type: 'Died' },
    { type: 'Died' },
  ]);
});
