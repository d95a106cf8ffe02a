import { expect, test } from '@jest/globals';
import type { Report } from './evidence.ts';
import { encodeReport, parseFact, parseReport } from './report.ts';

const report: Report = {
  v: 1,
  run: 'b9a7',
  instance: 'lag-consumer-0/1a2b3c4d',
  seq: 3,
  sentAt: 1_767_225_600_000.25,
  facts: [{ type: 'Alive', client: 'lag-consumer-0', at: 1_767_225_600_000, owned: [0, 2] }],
};

test('what is encoded is read back', () => {
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
])('%s is no report', (_what, json) => {
  expect(parseReport(json)).toBeUndefined();
});

test('a fact that is not understood does not cost the others', () => {
  const facts = [{ type: 'Guess' }, ...report.facts];
  expect(parseReport(JSON.stringify({ ...report, facts }))?.facts).toHaveLength(2);
});

test.each<[string, unknown]>([
  ['an unknown type', { type: 'Guess', client: 'c', at: 1 }],
  ['no time', { type: 'Stopped', client: 'c' }],
  ['a negative partition', { type: 'Alive', client: 'c', at: 1, owned: [-1] }],
  [
    'an offset range backwards',
    { type: 'Consumed', client: 'c', at: 1, partitions: [{ partition: 0, ranges: [[5, 3]] }] },
  ],
  ['an unknown cause', { type: 'Stopping', client: 'c', at: 1, cause: 'Tired' }],
  ['nothing', null],
])('%s is no fact', (_what, fact) => {
  expect(parseFact(fact)).toBeUndefined();
});

test('fields of a later version are passed over', () => {
  expect(parseFact({ type: 'Stopped', client: 'c', at: 5, mood: 'good' })).toEqual({
    type: 'Stopped',
    client: 'c',
    at: 5,
  });
});
