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

const run = (partition: number, from: number, to: number, beganAt = AT, endedAt = beganAt + 5) => ({
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

/** Reports as the reporter does. */
function say(journal: Journal, instance: string, seq: number, facts: Fact[], instead?: number): number {
  const report: Report = { v: 1, run: 'run-1', instance, seq, sentAt: AT + seq, facts };
  return journal.reports(report, Buffer.from(JSON.stringify(report)), instead);
}

const left = (journal: Journal) => journal.left.map(({ report }) => report);
const work = ({ facts }: Report) =>
  facts.flatMap((fact) => (fact.type === 'Consumed' ? fact.partitions.map((one) => [fact.client, ...one.ranges]) : []));
const died = (at: number): Fact[] => ['c.0', 'c.1'].map((client) => ({ type: 'Died', client, at }));

test('what was not reported is one report more, as the batch would have told it', () => {
  const journal = open('c/1');
  say(journal, 'c/1', 1, [{ type: 'Alive', client: 'c.0', at: AT, owned: [] }]);
  journal.taken(1);
  journal.worked('c.0', run(2, 40, 41, AT + 100));
  journal.worked('c.0', run(2, 41, 43, AT + 200));
  journal.worked('c.1', run(0, 7, 8, AT + 150));
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

test('a report tells of all the work of its clients before it; said again it tells of nothing later', () => {
  const journal = open('c/1');
  journal.worked('c.0', run(0, 0, 5));
  journal.worked('c.1', run(1, 0, 5));
  const token = say(journal, 'c/1', 1, [consumed('c.0', { partition: 0, ranges: [[0, 5]] })]);
  journal.worked('c.0', run(0, 5, 6));
  say(journal, 'c/1', 2, [consumed('c.0', { partition: 0, ranges: [[0, 5]] })], token);
  const [again, last, ...none] = left(open('c/2'));
  expect(none).toEqual([]);
  expect(again).toMatchObject({ instance: 'c/1', seq: 2, sentAt: AT + 2, posthumous: true });
  expect(last).toMatchObject({ instance: 'c/1', seq: 3 });
  expect(work(last as Report)).toEqual([
    ['c.1', [0, 5]],
    ['c.0', [5, 6]],
  ]);
});

test('a process that did nothing leaves nothing, and one that ended cleanly no file', () => {
  open('c/1');
  expect(left(open('c/2'))).toEqual([]);
  const journal = open('c/3');
  journal.worked('c.0', run(0, 0, 1));
  say(journal, 'c/3', 1, [consumed('c.0', { partition: 0, ranges: [[0, 1]] })]);
  journal.taken(1);
  journal.end();
  expect(readdirSync(folder)).toEqual([]);
});

test.each([
  ['another run', { run: 'run-2' }],
  ['more clients', { clients: ['c.0', 'c.1', 'c.2'] }],
])('the journal of %s is not read, and gives way', (_whose, other) => {
  open('c/1').worked('c.0', run(0, 0, 1));
  expect(left(open('c/2', other))).toEqual([]);
  expect(left(open('c/3'))).toEqual([]);
});

test.each(['', 'not JSON\n', '{"head":{"run":"run-1"}}\n', '[]\n'])(
  'a file that is no journal counts as none: %j',
  (text) => {
    writeFileSync(file(), text);
    expect(left(open('c/1'))).toEqual([]);
    expect(failures).toEqual([]);
  },
);

test('a kill in the middle of a writing: what was whole counts, whatever the byte', () => {
  const journal = open('c/1');
  say(journal, 'c/1', 1, [consumed('c.0')]);
  journal.taken(1);
  journal.worked('c.0', run(0, 0, 1));
  const before = statSync(file()).size;
  journal.worked('c.0', run(0, 1, 2));
  const text = readFileSync(file());
  for (let size = before; size < text.length; size++) {
    writeFileSync(file(), text.subarray(0, size));
    expect(left(open('c/2')).flatMap(work)).toEqual([['c.0', [0, 1]]]);
  }
  writeFileSync(file(), text);
  expect(left(open('c/2')).flatMap(work)).toEqual([['c.0', [0, 2]]]);
});

test('after an entry that can’t be read nothing is believed, nor that all is told', () => {
  const journal = open('c/1');
  journal.worked('c.0', run(0, 0, 1));
  writeFileSync(file(), `${readFileSync(file(), 'utf8')}{"work":["c.0"]}\n`);
  const [last, ...none] = left(open('c/2'));
  expect(none).toEqual([]);
  expect(last?.facts.map(({ type }) => type)).toEqual(['Consumed']);
});

test('it stays short while reports are taken, and keeps what counts when it is written anew', () => {
  const journal = open('c/1');
  const many = (n: number) => consumed('c.0', { partition: 0, ranges: [[n, n + 1]], records: 1 });
  journal.worked('c.1', run(1, 3, 4));
  for (let n = 1; n <= 3_000; n++) {
    journal.worked('c.0', run(0, n, n + 1));
    const token = say(journal, 'c/1', n, [many(n)]);
    if (n > 2) journal.taken(token - 1);
  }
  journal.worked('c.0', run(0, 5_000, 5_001));
  expect(statSync(file()).size).toBeLessThan(400_000);
  const reports = left(open('c/2'));
  expect(reports.map(({ seq }) => seq)).toEqual([1, 3_000, 3_001]);
  expect(work(reports[2] as Report)).toEqual([
    ['c.1', [3, 4]],
    ['c.0', [5_000, 5_001]],
  ]);
});

test('reports for which there is no room, or that are never sent, are lost, and the dead are not said to have told all', () => {
  const journal = open('c/1');
  const padded = (n: number): Fact[] => [
    consumed('c.0', { partition: 0, ranges: [[n, n + 1]] }),
    { type: 'ClientError', client: 'c.0', at: AT, code: 'LONG', message: 'x'.repeat(1_000_000) },
  ];
  for (let n = 1; n <= 30; n++) {
    journal.worked('c.0', run(0, n, n + 1));
    say(journal, 'c/1', n, padded(n));
  }
  journal.worked('c.0', run(0, 99, 100));
  journal.dropped([consumed('c.0')]);
  journal.worked('c.0', run(0, 100, 101));
  expect(statSync(file()).size).toBeLessThan(17 * 1024 * 1024);
  const reports = left(open('c/2'));
  expect(reports.map(({ seq }) => seq)).toEqual([...Array.from({ length: 16 }, (_, n) => n + 1), 31]);
  expect(reports.at(-1)?.facts.map(({ type }) => type)).toEqual(['Consumed']);
  expect(work(reports.at(-1) as Report)).toEqual([['c.0', [100, 101]]]);
  expect(failures).toEqual([]);
});

test('without a folder nothing is kept; where nothing can be written that is said once, and nothing is left', () => {
  const none = open('c/1', { where: undefined });
  none.worked('c.0', run(0, 0, 1));
  expect([say(none, 'c/1', 1, []), say(none, 'c/1', 2, [])]).toEqual([1, 2]);
  none.taken(1);
  none.end();
  expect(readdirSync(folder)).toEqual([]);
  writeFileSync(join(folder, 'taken'), '');
  const journal = open('c/1', { where: join(folder, 'taken') });
  journal.worked('c.0', run(0, 0, 1));
  say(journal, 'c/1', 1, []);
  expect(failures).toHaveLength(1);
});
