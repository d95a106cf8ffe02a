/**
 * Recorded evidence of real librdkafka consumers in trouble (broker 4.3.1): the reports of consumers and operator from the
 * evidence topic, without the producers' reports and latency histograms.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { stormAt } from '../../kinds/loadtest/conditions/storm.ts';
import type { ReportAt } from '../evidence/facts.ts';
import { emptyRun, fold } from './run.ts';
import { view } from './view.ts';

function recorded(name: string) {
  const path = join(import.meta.dirname, `../../../test/support/recorded/${name}.jsonl`);
  const reports = readFileSync(path, 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as ReportAt);
  const run = reports.reduce(fold, emptyRun());
  expect(run.ignored).toBe(0);
  const seen = view(run, (reports.at(-1)?.appendedAt ?? 0) + 1000);
  return { ...seen, list: seen.rebalances.list };
}

/** Two consumers, 20 ms a record, up to 500 records a poll: 10 s of work against max.poll.interval.ms=6000. */
test('polls longer than max.poll.interval.ms: every rebalance after the start has this trigger, and it is a storm', () => {
  const { list, consumers, delivery, latestAt } = recorded('poll-interval');
  expect(list.map(({ trigger }) => trigger)).toEqual([
    'ScaleUp',
    'ScaleUp',
    'PollIntervalExceeded',
    'PollIntervalExceeded',
    'PollIntervalExceeded',
    'PollIntervalExceeded',
  ]);
  for (const { reason } of list.slice(2)) expect(reason).toContain('max');
  expect(stormAt(list, 6_000, latestAt)).toMatchObject({ cause: 'PollIntervalExceeded' });
  // The cost: a removed member continues to process records that others process again.
  expect(delivery.duplicated).toBeGreaterThan(delivery.consumed / 4);
  expect(consumers.polls).toMatchObject({ recordsMax: 500 });
  expect(consumers.polls?.longestIntervalMs).toBeGreaterThan(10_000);
});

/** The same under cooperative-sticky. librdkafka reports some cases as session timeouts although the broker answered. */
test('cooperative: a processing member that the group waits for has exceeded its poll interval', () => {
  const { list } = recorded('poll-interval-cooperative');
  expect(list.map(({ trigger }) => trigger)).toEqual([
    'ScaleUp',
    'ScaleUp',
    'Unknown',
    ...Array<string>(5).fill('PollIntervalExceeded'),
  ]);
  expect(list[2]).toMatchObject({ partitionsMoved: 0 });
});

/** The same under group.protocol=consumer. librdkafka reports that the member was fenced. */
test('KIP-848: a fenced member had reported the exceeded poll interval', () => {
  const { list, latestAt } = recorded('poll-interval-consumer-protocol');
  expect(list.map(({ trigger }) => trigger)).toEqual([
    'ScaleUp',
    'ScaleUp',
    ...Array<string>(3).fill('PollIntervalExceeded'),
  ]);
  expect(stormAt(list, 6_000, latestAt)).toMatchObject({ cause: 'PollIntervalExceeded' });
});

/** Three consumers with heartbeat.interval.ms=5900 and session.timeout.ms=6000: one late heartbeat ends the session. */
test('heartbeat interval as long as the session: sessions expire', () => {
  const { list } = recorded('session');
  expect(list.map(({ trigger }) => trigger)).toEqual(['ScaleUp', 'SessionExpired', 'SessionExpired']);
  expect(list[1]?.reason).toContain('Consumer group session timed out');
});
