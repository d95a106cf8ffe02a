import { expect, test } from '@jest/globals';
import type { Rebalance, RebalanceTrigger } from '../../../domain/figures/figures.ts';
import { countsForMs, stormAt } from './storm.ts';

const of = (trigger: RebalanceTrigger, ...seconds: number[]): Rebalance[] =>
  seconds.map((second) => ({
    number: 1,
    at: second * 1000,
    settledAt: second * 1000,
    trigger,
    reason: '',
    protocol: 'Eager',
    source: 'Clients',
    membersBefore: 1,
    membersAfter: 1,
    partitionsMoved: 0,
    stopTheWorldMs: 0,
    longestPauseMs: 0,
    pauses: [],
    pending: [],
    members: [],
  }));
const sorted = (...lists: Rebalance[][]) => lists.flat().sort((a, b) => a.at - b.at);
const SMALL = 6_000;

// biome-ignore format: one situation a line
test.each<[situation: string, list: Rebalance[], interval: number, second: number, storm: string]>([
  ['nothing happened', [], SMALL, 100, 'calm'],
  ['two within a minute', of('SessionExpired', 0, 20), SMALL, 21, 'calm'],
  ['three within a minute', of('SessionExpired', 0, 20, 60), SMALL, 61, 'SessionExpired 3'],
  ['three in more than a minute', of('SessionExpired', 0, 31, 61), SMALL, 61, 'calm'],
  ['it continues with one a minute', of('SessionExpired', 0, 20, 40, 99, 158), SMALL, 160, 'SessionExpired 5'],
  ['a minute after the last one', of('SessionExpired', 0, 20, 40), SMALL, 100, 'SessionExpired 3'],
  ['a second later', of('SessionExpired', 0, 20, 40), SMALL, 101, 'calm'],
  ['over, and one more', of('SessionExpired', 0, 20, 40, 200), SMALL, 201, 'calm'],
  ['over, and another storm', of('SessionExpired', 0, 20, 40, 200, 210, 220), SMALL, 221, 'SessionExpired 3'],
  ['joins and leaves caused by the operator', sorted(of('ScaleUp', 0, 10, 20, 30), of('ScaleDown', 40, 50, 60)), SMALL, 61, 'calm'],
  ['partitions added, pods restarted', sorted(of('PartitionsAdded', 0, 1, 2), of('Restart', 3, 4, 5)), SMALL, 6, 'calm'],
  ['clean joins and leaves', sorted(of('MemberJoined', 0, 10, 20), of('MemberLeft', 30, 40, 50)), SMALL, 51, 'calm'],
  ['one crash, and the member returns', sorted(of('SessionExpired', 10), of('MemberJoined', 20)), SMALL, 21, 'calm'],
  ['removed, returned, removed', sorted(of('PollIntervalExceeded', 10, 30), of('MemberJoined', 20)), SMALL, 31, 'PollIntervalExceeded 3'],
  ['unexplained moves', of('Unknown', 0, 5, 10), SMALL, 11, 'Unknown 3'],
  ['consumers that a schedule killed', of('SessionExpired', 0, 20, 40).map((one) => ({ ...one, asked: true })), SMALL, 41, 'calm'],
  ['second rounds of joins', sorted(of('ScaleUp', 0, 20, 40), of('Unknown', 4, 24, 44)), SMALL, 45, 'calm'],
  ['rounds without moves and pauses', of('Unknown', 0, 5, 10).map((one) => ({ ...one, protocol: 'Cooperative' })), SMALL, 11, 'calm'],
  ['the more frequent cause is named', sorted(of('SessionExpired', 0), of('PollIntervalExceeded', 5, 10), of('Unknown', 7)), SMALL, 11, 'PollIntervalExceeded 4'],
  ['Kafka’s default: at most one in 5 minutes', of('PollIntervalExceeded', 0, 310, 620), 300_000, 630, 'PollIntervalExceeded 3'],
  ['which counts for a quarter of an hour', of('PollIntervalExceeded', 0, 310, 620), 300_000, 1520, 'PollIntervalExceeded 3'],
  ['and no longer', of('PollIntervalExceeded', 0, 310, 620), 300_000, 1521, 'calm'],
  ['a long poll interval does not make crashes count longer', of('SessionExpired', 0, 310, 620), 300_000, 630, 'calm'],
])('%s', (_, list, interval, second, expected) => {
  const storm = stormAt(list, interval, second * 1000);
  expect(storm === undefined ? 'calm' : `${storm.cause} ${storm.rebalances.length}`).toBe(expected);
});

test('a minute, or three poll intervals', () => {
  expect(countsForMs('PollIntervalExceeded', SMALL)).toBe(60_000);
  expect(countsForMs('PollIntervalExceeded', 300_000)).toBe(900_000);
  expect(countsForMs('Unknown', 300_000)).toBe(60_000);
});
