/**
 * Random histories of a topic and of the group that reads it: what the workers report and the operator folds equals a count of
 * every offset.
 */
import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { KafkaView } from '../../src/contract/kafkaView.ts';
import { addSample, emptyLag, lagView } from '../../src/domain/delivery/lag.ts';
import { encodeReport, parseReport } from '../../src/domain/evidence/parse.ts';
import { lagSampleOf } from '../../src/domain/fold/operatorFacts.ts';
import { emptyRun, fold } from '../../src/domain/fold/run.ts';
import { view } from '../../src/domain/fold/view.ts';
import type { CommitMode } from '../../src/domain/workers/spec.ts';
import type { ConsumedRecord, Position } from '../../src/worker/clients/port.ts';
import { type Commits, createCommits } from '../../src/worker/consuming/commit.ts';
import { type ConsumedEvidence, createConsumedEvidence } from '../../src/worker/consuming/consumedEvidence.ts';
import { createLatencyLog } from '../../src/worker/consuming/latency.ts';
import { createPassedOffsetsLog, type PassedOffsetsLog } from '../../src/worker/consuming/passedOffsets.ts';
import { createProcessing, type Processing } from '../../src/worker/consuming/processing.ts';
import { BEGIN } from '../support/evidence.ts';

const PARTITIONS = 3;
/** In a shorter gap the worker does not ask the broker whether its records were deleted. */
const SHORT_GAP = 1_000;

/** Offsets in a row: records, or markers, aborted and compacted records. */
const stretch = fc.record({ isRecord: fc.boolean(), length: fc.constantFrom(1, 2, 3, 5, 5, 1_100) });
const who = fc.nat(2);
const partition = fc.nat(PARTITIONS - 1);
/** Of the log, from its start. */
const share = fc.oneof(fc.double({ min: 0, max: 1, noNaN: true }), fc.constant(1));
const deed = fc.oneof(
  { weight: 3, arbitrary: fc.record({ what: fc.constant('Join' as const), who }) },
  { weight: 1, arbitrary: fc.record({ what: fc.constant('Leave' as const), who }) },
  { weight: 1, arbitrary: fc.record({ what: fc.constant('Crash' as const), who }) },
  {
    weight: 8,
    arbitrary: fc.record({
      what: fc.constant('Poll' as const),
      who,
      most: fc.oneof(fc.integer({ min: 1, max: 10 }), fc.constant(5_000)),
    }),
  },
  { weight: 2, arbitrary: fc.record({ what: fc.constant('Commit' as const), who }) },
  { weight: 2, arbitrary: fc.record({ what: fc.constant('Report' as const), who }) },
  { weight: 4, arbitrary: fc.record({ what: fc.constant('Append' as const), partition, stretch }) },
  {
    weight: 4,
    arbitrary: fc.record({ what: fc.constantFrom('Delete' as const, 'Compact' as const), partition, share }),
  },
);
const history = fc.record({
  earliest: fc.boolean(),
  eager: fc.boolean(),
  mode: fc.constantFrom<CommitMode>(
    { mode: 'Auto' },
    { mode: 'Poll' },
    { mode: 'Every', records: 3 },
    { mode: 'Record' },
    { mode: 'Never' },
  ),
  logs: fc.array(fc.array(stretch, { maxLength: 4 }), { minLength: PARTITIONS, maxLength: PARTITIONS }),
  deeds: fc.array(deed, { maxLength: 40, size: 'max' }),
});
type History = typeof history extends fc.Arbitrary<infer T> ? T : never;
type Stretch = History['logs'][number][number];

/** A partition as the broker has it, and what the group has seen of it. */
interface Log {
  /** Of each offset, whether it has a record. */
  isRecord: boolean[];
  start: number;
  committed: number | null;
  /** How often each offset was processed. */
  processed: number[];
  /** Why a reader passed an offset without a record. The first reason counts. */
  passed: ('WithoutRecord' | 'Deleted' | undefined)[];
}

interface Member {
  evidence: ConsumedEvidence;
  passedOffsets: PassedOffsetsLog;
  commits: Commits;
  processing: Processing;
  /** By partition. */
  positions: Map<number, Reading>;
  stored: Map<number, number>;
  seq: number;
  name: string;
}

const endOf = ({ isRecord }: Log): number => isRecord.length;

interface Reading {
  next: number;
  began: 'Committed' | 'Earliest' | 'Latest';
}

/** Where a reader of the group begins. */
function beginning(log: Log, earliest: boolean): Reading {
  if (log.committed !== null) return { next: log.committed, began: 'Committed' };
  return earliest ? { next: log.start, began: 'Earliest' } : { next: endOf(log), began: 'Latest' };
}

/** The next offset that the broker serves: auto.offset.reset applies to a position that was deleted. */
const served = (log: Log, { next }: Reading, earliest: boolean): number => {
  if (next >= log.start) return next;
  return earliest ? log.start : endOf(log);
};

const append = (log: Log, { isRecord, length }: Stretch) => {
  for (let n = 0; n < length; n++) log.isRecord.push(isRecord);
};
const answers = () => new Promise((resolve) => setImmediate(resolve));

/** Plays the history as a broker and its clients would. */
async function play({ earliest, eager, mode, logs: begin, deeds }: History) {
  const logs = begin.map((stretches): Log => {
    const log: Log = { isRecord: [], start: 0, committed: null, processed: [], passed: [] };
    for (const one of stretches) append(log, one);
    return log;
  });
  const logOf = (index: number) => logs[index] as Log;
  const run = emptyRun();
  const members = new Map<string, Member>();
  const owners = new Map<number, string>();
  let clock = 0;
  let offset = 0;
  let started = 0;

  const report = (member: Member) => {
    const facts = member.evidence.take(BEGIN + clock, false);
    if (facts.length === 0) return;
    const sent = {
      v: 1,
      run: 'run-1',
      instance: member.name,
      seq: ++member.seq,
      sentAt: BEGIN + clock,
      facts,
    } as const;
    const read = parseReport(encodeReport(sent));
    if (read !== undefined) fold(run, { offset: offset++, appendedAt: BEGIN + clock, report: read });
  };

  const newMember = (name: string): Member => {
    const client = {
      committedOffsets: async (partitions: number[]) => new Map(partitions.map((p) => [p, logOf(p).committed])),
      logStart: async (p: number) => logOf(p).start,
    };
    const stored = new Map<number, number>();
    const passedOffsets = createPassedOffsetsLog({ client, resetsToLatest: !earliest });
    const positionsClient = {
      store(positions: Position[]) {
        for (const position of positions) stored.set(position.partition, position.offset);
      },
      async commit(positions: Position[]) {
        for (const position of positions) logOf(position.partition).committed = position.offset;
      },
    };
    const commits = createCommits(mode, positionsClient, (trouble) => {
      throw new Error(trouble.message);
    });
    const evidence = createConsumedEvidence({
      client: name,
      watchKeys: false,
      pauseLog: { processed() {} },
      passedOffsets,
      latency: createLatencyLog(),
    });
    const processing = createProcessing({
      perRecordMs: 0,
      perPollMs: 0,
      client: {},
      commits,
      evidence,
      stopping: () => false,
      now: () => BEGIN + clock,
    });
    return {
      name: `${name}/${++started}`,
      evidence,
      passedOffsets,
      commits,
      processing,
      positions: new Map(),
      stored,
      seq: 0,
    };
  };

  const rebalance = async () => {
    const names = [...members.keys()].sort();
    const target = new Map(logs.map((_, p) => [p, names[p % Math.max(1, names.length)]]));
    for (const [name, member] of members) {
      const lost = [...member.positions.keys()].filter((p) => eager || target.get(p) !== name);
      if (lost.length === 0) continue;
      await member.commits.commitLast();
      for (const p of lost) {
        owners.delete(p);
        member.positions.delete(p);
        member.stored.delete(p);
        member.passedOffsets.forget(p);
        member.commits.forget(p);
      }
      report(member);
    }
    for (const [name, member] of members) {
      const gained = logs.map((_, p) => p).filter((p) => target.get(p) === name && owners.get(p) !== name);
      for (const p of gained) {
        owners.set(p, name);
        member.positions.set(p, beginning(logOf(p), earliest));
      }
      if (gained.length > 0) member.passedOffsets.assigned(gained);
    }
  };

  /** The reader moves from `from` to `to`: marks why it gets nothing in between. */
  const pass = (log: Log, from: number, to: number, known: boolean) => {
    for (let at = from; at < to && known; at++) {
      if (log.passed[at] === undefined && (at < log.start || !log.isRecord[at]))
        log.passed[at] = at < log.start ? 'Deleted' : 'WithoutRecord';
    }
  };

  const poll = async (member: Member, most: number) => {
    const polled: ConsumedRecord[] = [];
    const ends: Position[] = [];
    for (const [p, position] of member.positions) {
      if (polled.length >= most) break;
      const log = logOf(p);
      // A reader without a committed offset looks for the start of the log when it begins.
      let from = position.began === 'Earliest' ? log.start : position.next;
      // Nothing tells where a reader began that begins at the end, until it has got a record or reached the end.
      let known = position.began !== 'Latest';
      let at = served(log, { ...position, next: from }, earliest);
      if (at !== from && !earliest) {
        pass(log, from, log.start, known);
        from = at;
      }
      for (; at < endOf(log) && polled.length < most; at++) {
        if (!log.isRecord[at]) continue;
        pass(log, from, at, known);
        polled.push({ partition: p, offset: at, timestamp: BEGIN, bytes: 1 });
        log.processed[at] = (log.processed[at] ?? 0) + 1;
        from = at + 1;
        known = true;
      }
      const reached = at === endOf(log) && polled.length < most;
      if (reached) {
        pass(log, from, at, known);
        ends.push({ partition: p, offset: at });
        from = at;
      }
      // By now it has got a record or reached the end.
      member.positions.set(p, { next: from, began: 'Committed' });
    }
    if (polled.length > 0) {
      await member.processing.process(polled);
      await member.commits.pollProcessed();
    }
    for (const end of ends) if (member.passedOffsets.reachedEnd(end)) await member.commits.reachedEnd(end);
  };

  for (const one of deeds) {
    clock += 10;
    const present = [...members.keys()];
    const name = 'who' in one ? (present[one.who % present.length] ?? '') : '';
    const member = members.get(name);
    if (one.what === 'Join') {
      if (members.has(`c-${one.who}`)) continue;
      members.set(`c-${one.who}`, newMember(`c-${one.who}`));
      await rebalance();
    } else if (one.what === 'Leave' && member !== undefined) {
      await member.commits.commitLast();
      report(member);
      members.delete(name);
      for (const p of member.positions.keys()) owners.delete(p);
      await rebalance();
    } else if (one.what === 'Crash' && member !== undefined) {
      // Its last report comes from its journal: see posthumous.test.ts.
      report(member);
      members.delete(name);
      for (const p of member.positions.keys()) owners.delete(p);
      await rebalance();
    } else if (one.what === 'Poll' && member !== undefined) await poll(member, one.most);
    else if (one.what === 'Commit' && member !== undefined) {
      for (const [p, next] of member.stored) logOf(p).committed = next;
    } else if (one.what === 'Report' && member !== undefined) report(member);
    else if (one.what === 'Append') append(logOf(one.partition), one.stretch);
    else if (one.what === 'Compact') {
      const log = logOf(one.partition);
      const from = log.start + Math.floor((endOf(log) - log.start) * one.share);
      log.isRecord.fill(false, from, from + 3);
    } else if (one.what === 'Delete') {
      const log = logOf(one.partition);
      const to = log.start + Math.floor((endOf(log) - log.start) * one.share);
      const reader = members.get(owners.get(one.partition) ?? '')?.positions.get(one.partition);
      if (reader === undefined || to <= reader.next || to - reader.next > SHORT_GAP) log.start = to;
    }
    await answers();
  }
  for (const member of members.values()) report(member);
  expect(run.ignored).toBe(0);
  return { logs, delivery: view(run, BEGIN + 10_000_000).delivery };
}

/** The figures by a look at each offset. */
function counted(logs: Log[]) {
  const figures = { consumed: 0, duplicated: 0, skipped: 0, withoutRecord: 0, lostToRetention: 0 };
  for (const { isRecord, processed, passed } of logs) {
    const met = (at: number) => processed[at] !== undefined || passed[at] !== undefined;
    const offsets = isRecord.map((_, at) => at);
    const [first, last] = [offsets.find(met) ?? 0, offsets.findLast(met) ?? -1];
    for (let at = first; at <= last; at++) {
      const times = processed[at] ?? 0;
      figures.consumed += times;
      if (times > 1) figures.duplicated += times - 1;
      if (times === 0 && passed[at] === 'WithoutRecord') figures.withoutRecord++;
      if (times === 0 && passed[at] === 'Deleted') figures.lostToRetention++;
      if (!met(at)) figures.skipped++;
    }
  }
  return figures;
}

/** A member that begins at the end finds its committed offset deleted: the records up to its new position are skipped. */
const SKIPPED: History = {
  earliest: false,
  eager: false,
  mode: { mode: 'Poll' },
  logs: [[], [], []],
  deeds: [
    { what: 'Join', who: 0 },
    { what: 'Append', partition: 0, stretch: { isRecord: true, length: 5 } },
    { what: 'Poll', who: 0, most: 10 },
    { what: 'Leave', who: 0 },
    { what: 'Append', partition: 0, stretch: { isRecord: true, length: 5 } },
    { what: 'Delete', partition: 0, share: 0.7 },
    { what: 'Join', who: 1 },
    { what: 'Poll', who: 1, most: 10 },
    { what: 'Append', partition: 0, stretch: { isRecord: true, length: 5 } },
    { what: 'Poll', who: 1, most: 10 },
  ],
};

test('delivery equals a look at each offset', async () => {
  const seen = { consumed: 0, duplicated: 0, skipped: 0, withoutRecord: 0, lostToRetention: 0 };
  await fc.assert(
    fc.asyncProperty(history, async (story) => {
      const { logs, delivery } = await play(story);
      const expected = counted(logs);
      expect(delivery).toMatchObject(expected);
      for (const name of Object.keys(seen) as (keyof typeof seen)[]) seen[name] += expected[name];
    }),
    { numRuns: 120, examples: [[SKIPPED]] },
  );
  // Each of them occurs.
  expect(Object.entries(seen).filter(([, times]) => times === 0)).toEqual([]);
});

/** The snapshot that the operator would take at the end. */
const snapshot = (logs: Log[]): KafkaView => ({
  at: BEGIN,
  spreadMs: 0,
  brokers: [],
  topic: {
    name: 't',
    id: 'id-t',
    partitions: logs.map((log, index) => ({
      partition: index,
      leader: 0,
      replicas: [0],
      isr: [0],
      beginningOffset: log.start,
      endOffset: endOf(log),
    })),
  },
  group: {
    state: 'Empty',
    protocol: 'classic',
    members: [],
    committed: logs.map(({ committed }, index) => ({ partition: index, offset: committed })),
  },
  evidence: { topic: 'kafkalab-evidence', endOffsets: [] },
});

test('lag is the number of offsets that a member passes until it reaches the end', async () => {
  await fc.assert(
    fc.asyncProperty(history, async (story) => {
      const { logs } = await play(story);
      const lag = emptyLag();
      const sample = lagSampleOf(snapshot(logs), story.earliest ? 'Earliest' : 'Latest');
      if (sample !== undefined) addSample(lag, sample);
      const expected = logs.map((log) => {
        const reading = beginning(log, story.earliest);
        // Nobody knows where the end was when the group began.
        if (reading.began === 'Latest' && endOf(log) > log.start) return null;
        return endOf(log) - served(log, reading, story.earliest);
      });
      expect(lagView(lag)?.partitions.map((one) => one.lag)).toEqual(expected);
    }),
    { numRuns: 40 },
  );
});
