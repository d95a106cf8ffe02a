import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import type { Fact, Report } from '../../domain/evidence/facts.ts';
import { ClientRefusal, type ProducerEvents } from '../clients/port.ts';
import { openJournal } from './journal.ts';
import { createEvidenceReporter, MAX_WAITING } from './reporter.ts';

const alive = (at: number): Fact => ({ type: 'Alive', client: 'cons-0', at, owned: [] });

/** A reporter whose broker acknowledges a report when the test calls `deliver`. */
function setUp(folder?: string) {
  const sent: { report: Report; token: number }[] = [];
  const troubles: string[] = [];
  const clock = { now: 1000 };
  const closed: number[] = [];
  const all: ProducerEvents[] = [];
  let refuses: string | undefined;
  let events: ProducerEvents | undefined;
  const instance = `cons-0/${++processes}`;
  const journal = openJournal({
    folder,
    run: 'run-1',
    instance,
    clients: ['cons-0'],
    now: () => clock.now,
    failed(why) {
      throw new Error(why);
    },
  });
  const reporter = createEvidenceReporter({
    run: 'run-1',
    instance,
    journal,
    now: () => clock.now,
    trouble: ({ code }) => void troubles.push(code),
    makeClient(given) {
      events = given;
      const number = all.push(given);
      return {
        connect: async () => {},
        send(value, _key, token) {
          if (refuses !== undefined && number === 1) throw new ClientRefusal(refuses, 'refused');
          sent.push({ report: JSON.parse(value.toString()), token });
          return true;
        },
        flush: async () => true,
        close: async () => void closed.push(number),
      };
    },
  });
  const deliver = (token: number, error?: string) =>
    events?.delivered(error === undefined ? { token, bytes: 1 } : { token, bytes: 1, error });
  const refuse = (code: string) => {
    refuses = code;
  };
  return { reporter, journal, instance, sent, troubles, deliver, clock, all, closed, refuse };
}
let processes = 0;

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'reporter-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

test('reports wait for the connection and are sent in order, numbered from 1', async () => {
  const { reporter, instance, sent } = setUp();
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
      instance,
      seq: n,
      sentAt: 1000,
      facts: [alive(n)],
    })),
  );
});

test('a report has the shortest round trip so far, rounded up', async () => {
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

test('close waits for all acknowledgements', async () => {
  const { reporter, deliver } = setUp();
  await reporter.connect();
  reporter.report([alive(1)]);
  const closed = reporter.close(60_000);
  deliver(1);
  expect(await closed).toBe(true);
  expect(reporter.counts()).toEqual({ sent: 1, acknowledged: 1, waiting: 0, dropped: 0 });
});

test('close gives up after its timeout', async () => {
  const { reporter } = setUp();
  await reporter.connect();
  reporter.report([alive(1)]);
  expect(await reporter.close(1)).toBe(false);
});

test('a failed report is sent again with a new number', async () => {
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

test('a report that is too large for a record is split', async () => {
  const { reporter, sent } = setUp();
  await reporter.connect();
  const facts = Array.from({ length: 20_000 }, (_, n) => alive(n));
  reporter.report(facts);
  expect(sent.length).toBeGreaterThan(1);
  expect(sent.map(({ report }) => report.seq)).toEqual(sent.map((_, n) => n + 1));
  expect(sent.flatMap(({ report }) => report.facts)).toEqual(facts);
});

test('the number of waiting reports is bounded', () => {
  const { reporter, troubles } = setUp();
  for (let n = 0; n < MAX_WAITING + 5; n++) reporter.report([alive(n)]);
  expect(reporter.counts()).toMatchObject({ waiting: MAX_WAITING, dropped: 5 });
  expect(troubles).toEqual(['EVIDENCE_DROPPED']);
});

/** Each report as `<instance> <seq> <alive or posthumous> <types of its facts>`. */
const lines = (sent: { report: Report }[]) =>
  sent.map(({ report: { instance, seq, posthumous, facts } }) =>
    [instance, seq, posthumous ? 'posthumous' : 'alive', ...facts.map(({ type }) => type)].join(' '),
  );

test('the unacknowledged reports of a dead process are sent first, with its instance and numbers', async () => {
  const dead = setUp(folder);
  await dead.reporter.connect();
  for (const at of [1, 2, 3]) dead.reporter.report([alive(at)]);
  dead.deliver(1);
  const next = setUp(folder);
  next.reporter.report([alive(4)]);
  await next.reporter.connect();
  const posthumous = [`${dead.instance} 2`, `${dead.instance} 3`];
  expect(lines(next.sent)).toEqual([
    ...posthumous.map((report) => `${report} posthumous Alive`),
    `${dead.instance} 4 posthumous Died`,
    `${next.instance} 1 alive Alive`,
  ]);
  expect(next.reporter.counts()).toMatchObject({ sent: 1, waiting: 4 });
  // A process that dies before Kafka acknowledged anything leaves all of it to the next one.
  next.deliver(next.sent[0]?.token ?? 0);
  const third = setUp(folder);
  await third.reporter.connect();
  expect(lines(third.sent)).toEqual([
    ...lines(next.sent).slice(1, 3),
    `${next.instance} 1 posthumous Alive`,
    `${next.instance} 2 posthumous Died`,
  ]);
  for (const { token } of third.sent) third.deliver(token);
  expect(setUp(folder).journal.leftBehind).toEqual([]);
});

test('a failed posthumous report is sent again unchanged: it may have arrived before', async () => {
  const dead = setUp(folder);
  dead.reporter.report([alive(1)]);
  const next = setUp(folder);
  await next.reporter.connect();
  next.deliver(next.sent[0]?.token ?? 0, 'MSG_TIMED_OUT');
  const closed = next.reporter.close(60_000);
  expect(lines(next.sent)).toEqual([
    `${dead.instance} 1 posthumous Alive`,
    `${dead.instance} 2 posthumous Died`,
    `${dead.instance} 1 posthumous Alive`,
  ]);
  for (const { token } of next.sent.slice(1)) next.deliver(token);
  expect(await closed).toBe(true);
});

// biome-ignore format: one way a line
test.each<[how: string, fail: (set: ReturnType<typeof setUp>) => void, sentAgain: number[]]>([
  ['an event', ({ all }) => all[0]?.trouble({ code: 'FATAL', message: 'Local: Fatal error' }), [1, 2]],
  ['a delivery', ({ all, sent }) => all[0]?.delivered({ token: sent[0]?.token ?? -1, bytes: 1, error: 'FATAL' }), [1, 2]],
  ['a refused call', ({ refuse, reporter }) => { refuse('FATAL'); reporter.report([alive(3)]); }, [1, 2, 3]],
])('after a fatal error in %s another client sends the reports that were under way', async (_how, fail, sentAgain) => {
  const set = setUp();
  const { reporter, sent, all, closed, deliver } = set;
  await reporter.connect();
  reporter.report([alive(1)]);
  reporter.report([alive(2)]);
  const before = sent.length;
  fail(set);
  await new Promise((resolve) => setImmediate(resolve));
  expect(all).toHaveLength(2);
  expect(closed).toEqual([1]);
  const again = sent.slice(before);
  expect(again.map(({ report }) => (report.facts[0] as { at: number }).at).sort()).toEqual(sentAgain);
  expect(Math.min(...again.map(({ report }) => report.seq))).toBeGreaterThan(sentAgain.length === 3 ? 0 : 2);
  // What the ended client says later no longer counts.
  all[0]?.delivered({ token: sent[1]?.token ?? -1, bytes: 1, error: 'FATAL' });
  expect(all).toHaveLength(2);
  for (const { token } of again) deliver(token);
  expect(await reporter.close(10)).toBe(true);
  expect(reporter.counts()).toMatchObject({ waiting: 0, dropped: 0, acknowledged: sentAgain.length });
});

test('an error that is not fatal keeps the client', async () => {
  const { reporter, all } = setUp();
  await reporter.connect();
  all[0]?.trouble({ code: 'ALL_BROKERS_DOWN', message: 'down' });
  expect(all).toHaveLength(1);
});
