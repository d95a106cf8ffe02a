import { expect, test } from '@jest/globals';
import type { Fact, Report } from './facts.ts';
import { encodeReport, parseFact, parseReport } from './parse.ts';

const report: Report = {
  v: 1,
  run: 'b9a7',
  instance: 'lag-consumer-0/1a2b3c4d',
  seq: 3,
  sentAt: 1_767_225_600_000.25,
  facts: [{ type: 'Alive', client: 'lag-consumer-0', at: 1_767_225_600_000, owned: [0, 2] }],
};

test('an encoded report parses back to itself', () => {
  expect(parseReport(encodeReport(report))).toEqual(report);
});

test.each([
  ['no JSON', '{"v":1'],
  ['nothing', ''],
  ['another shape', '[]'],
  ['null', 'null'],
  ['another version', JSON.stringify({ ...report, v: 2 })],
  ['no number', JSON.stringify({ ...report, seq: '3' })],
  ['number 0', JSON.stringify({ ...report, seq: 0 })],
  ['no process', JSON.stringify({ ...report, instance: '' })],
  ['no facts', JSON.stringify({ ...report, facts: undefined })],
  ['no time', JSON.stringify({ ...report, sentAt: null })],
])('%s: not a report', (_what, json) => {
  expect(parseReport(json)).toBeUndefined();
});

test('an unknown fact does not cost the others', () => {
  const facts = [{ type: 'Guess' }, ...report.facts];
  expect(parseReport(JSON.stringify({ ...report, facts }))?.facts).toHaveLength(2);
});

test.each<[string, unknown]>([
  ['an unknown type', { type: 'Guess', client: 'c', at: 1 }],
  ['no time', { type: 'Stopped', client: 'c' }],
  ['a negative partition', { type: 'Alive', client: 'c', at: 1, owned: [-1] }],
  [
    'a reversed offset range',
    { type: 'Consumed', client: 'c', at: 1, partitions: [{ partition: 0, ranges: [[5, 3]] }] },
  ],
  ['an unknown cause', { type: 'Stopping', client: 'c', at: 1, cause: 'Tired' }],
  ['nothing', null],
])('%s: not a fact', (_what, fact) => {
  expect(parseFact(fact)).toBeUndefined();
});

const produced: Fact = {
  type: 'Produced',
  client: 'p-0',
  at: 5,
  attempted: 3,
  acknowledged: 3,
  failed: 0,
  bytes: 30,
  partitions: [
    [0, 1],
    [2, 2],
  ],
  keys: [
    { key: '', partitions: [[2, 2, 7, 9]] },
    { key: 'ä', partitions: [[0, 1, null, null]] },
  ],
  keysBefore: 'key9',
  done: false,
};

test('partitions and keys of a Produced fact parse back to themselves', () => {
  expect(parseFact(JSON.parse(JSON.stringify(produced)))).toEqual(produced);
});

test.each<[string, object]>([
  ['a partition without a count', { partitions: [[0]] }],
  ['a negative count', { partitions: [[0, -1]] }],
  ['a key without partitions', { keys: [{ key: 'a' }] }],
  ['an offset as text', { keys: [{ key: 'a', partitions: [[0, 1, '7', 9]] }] }],
])('%s: not a Produced fact', (_what, part) => {
  expect(parseFact({ ...produced, ...part })).toBeUndefined();
});

const consumed: Fact = {
  type: 'Consumed',
  client: 'c-0',
  at: 5,
  partitions: [],
  keys: [
    { key: '', partitions: [[2, [7, 1, 2.5, 3]]] },
    {
      key: 'ä',
      partitions: [
        [0, [1, 1, 2, 3], [4, -1, 5, 6]],
        [1, [0, 1, 2, 3]],
      ],
    },
  ],
  keysBefore: 'key9',
};

test('keys of a Consumed fact parse back to themselves', () => {
  expect(parseFact(JSON.parse(JSON.stringify(consumed)))).toEqual(consumed);
});

test.each<[string, unknown]>([
  ['nothing', []],
  ['a partition only', [0]],
  ['a record without its end', [0, [1, 1, 2]]],
  ['three records', [0, [1, 1, 2, 3], [1, 1, 2, 3], [1, 1, 2, 3]]],
])('%s: not a key’s work', (_what, work) => {
  expect(parseFact({ ...consumed, keys: [{ key: 'a', partitions: [work] }] })).toBeUndefined();
});

test('fields of a later version are dropped', () => {
  expect(parseFact({ type: 'Stopped', client: 'c', at: 5, mood: 'good' })).toEqual({
    type: 'Stopped',
    client: 'c',
    at: 5,
  });
});
