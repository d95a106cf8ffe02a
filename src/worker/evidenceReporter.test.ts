import { expect, test } from '@jest/globals';
import type { Fact, Report } from '../domain/evidence.ts';
import type { ProducerEvents } from './clients/port.ts';
import { createEvidenceReporter, MOST_WAITING } from './evidenceReporter.ts';

const alive = (at: number): Fact => ({ type: 'Alive', client: 'cons-0', at, owned: [] });

/** A broker that takes reports when told to. */
function setUp() {
  const sent: { report: Report; token: number }[] = [];
  const troubles: string[] = [];
  const clock = { now: 1000 };
  let events: ProducerEvents | undefined;
  const reporter = createEvidenceReporter({
    run: 'run-1',
    instance: 'cons-0/0a1b2c3d',
    now: () => clock.now,
    trouble: ({ code }) => void troubles.push(code),
    makeClient(given) {
      events = given;
      return {
        connect: async () => {},
        send(value, _key, token) {
          sent.push({ report: JSON.parse(value.toString()), token });
          return true;
        },
        flush: async () => true,
        close: async () => {},
      };
    },
  });
  const deliver = (token: number, error?: string) =>
    events?.delivered(error === undefined ? { token, bytes: 1 } : { token, bytes: 1, error });
  return { reporter, sent, troubles, deliver, clock };
}

test('reports wait for the connection and go in order, numbered from 1', async () => {
  const { reporter, sent } = setUp();
  reporter.report([alive(1)]);
  reporter.report([]);
  reporter.report([alive(2)]);
  expect(sent).toEqual([]);
  await reporter.connect();
  reporter.report([alive(3)]);
  expect(sent.map(({ report }) => report)).toEqual(
    [1, 2, 3].map((n) => ({
      v: 1,
      run: 'run-1',
      instance: 'cons-0/0a1b2c3d',
      seq: n,
      sentAt: 1000,
      facts: [alive(n)],
    })),
  );
});

test('a report tells the shortest round trip so far, by its own clock', async () => {
  const { reporter, sent, deliver, clock } = setUp();
  await reporter.connect();
  for (const [token, took] of [
    [1, 12.5],
    [2, 4.0004],
    [3, 30],
  ] as const) {
    reporter.report([alive(token)]);
    clock.now += took;
    deliver(token);
  }
  reporter.report([alive(4)]);
  expect(sent.map(({ report }) => report.roundTripMs)).toEqual([undefined, 12.5, 4.001, 4.001]);
});

test('closing waits until all are acknowledged', async () => {
  const { reporter, deliver } = setUp();
  await reporter.connect();
  reporter.report([alive(1)]);
  const closed = reporter.close(60_000);
  deliver(1);
  expect(await closed).toBe(true);
  expect(reporter.counts()).toEqual({ sent: 1, acknowledged: 1, waiting: 0, dropped: 0 });
});

test('closing gives up after its time', async () => {
  const { reporter } = setUp();
  await reporter.connect();
  reporter.report([alive(1)]);
  expect(await reporter.close(1)).toBe(false);
});

test('a report that was not taken goes again, under a new number', async () => {
  const { reporter, sent, troubles, deliver } = setUp();
  await reporter.connect();
  reporter.report([alive(1)]);
  deliver(1, 'UNKNOWN_TOPIC_OR_PART');
  const closed = reporter.close(60_000);
  expect(sent.map(({ report }) => [report.seq, report.facts])).toEqual([
    [1, [alive(1)]],
    [2, [alive(1)]],
  ]);
  deliver(2);
  expect(await closed).toBe(true);
  expect(troubles).toEqual(['UNKNOWN_TOPIC_OR_PART']);
});

test('a report too large for a record is split', async () => {
  const { reporter, sent } = setUp();
  await reporter.connect();
  const facts = Array.from({ length: 20_000 }, (_, n) => alive(n));
  reporter.report(facts);
  expect(sent.length).toBeGreaterThan(1);
  expect(sent.map(({ report }) => report.seq)).toEqual(sent.map((_, n) => n + 1));
  expect(sent.flatMap(({ report }) => report.facts)).toEqual(facts);
});

test('what waits is bounded', () => {
  const { reporter, troubles } = setUp();
  for (let n = 0; n < MOST_WAITING + 5; n++) reporter.report([alive(n)]);
  expect(reporter.counts()).toMatchObject({ waiting: MOST_WAITING, dropped: 5 });
  expect(troubles).toEqual(['EVIDENCE_DROPPED']);
});
