/** One consuming client: polls, spends the handler's time on each record, commits as asked, reports what happened. */
import type { Consumed, Fact, OffsetRange } from '../domain/evidence.ts';
import { createRecorder } from '../domain/histogram.ts';
import type { ConsumerSpec } from '../domain/workerSpec.ts';
import { appendOffset, createBatch, pauseBefore } from './batch.ts';
import type {
  ClientTrouble,
  ConsumedRecord,
  ConsumerClient,
  ConsumerEvents,
  Position,
  RebalanceContext,
} from './clients/port.ts';
import { handleEach } from './handling.ts';
import { createKeyWatch } from './keyWatch.ts';
import type { WorkRun } from './leftBehind.ts';
import type { Log } from './log.ts';
import type { RecordLog } from './recordLog.ts';
import { type EpochMs, until, within } from './time.ts';
import { createTroubles } from './troubles.ts';

/** An idle poll returns after this time: it also counts as a poll for max.poll.interval.ms. */
const IDLE_POLL_MS = 100;
/** With nothing else to say for this long, a consumer says that it is alive. */
const ALIVE_MS = 3_000;
/** A commit that the coordinator does not answer is given up after this: Kafka's default.api.timeout.ms. */
const COMMIT_MS = 60_000;
/** The same for the commit before partitions are given up, for which the group waits. */
const LAST_COMMIT_MS = 4_000;
/** Kept of the time for stopping: for the last commit and for leaving the group. */
const LEAVE_MS = 4_000;
/** Of records of a partition that are processed at the same moment, the keys of so many, spread evenly, are looked at: it costs as much as all else. */
const KEYS_AT_ONCE = 16;
/** Pauses under it are not worth a line in the log. */
const LOGGED_PAUSE_MS = 10;

export interface ConsumerOptions {
  /** Readable name, also client.id. */
  name: string;
  work: ConsumerSpec;
  /** Spent on each poll that returned records, besides perRecordMs; in ms. */
  perPollMs: number;
  /** Absent: records are not written. */
  recordLog?: RecordLog;
  /** Called before the offsets are stored or committed, so that no death can leave work untold that is not done again; see journal.ts. */
  journal?(run: WorkRun): void;
  makeClient(events: ConsumerEvents): ConsumerClient;
  report(facts: Fact[]): void;
  /** The client can't work any more; said again for each of its fatal errors. */
  failed(why: string): void;
  now(): EpochMs;
  log: Log;
}

export interface Consumer {
  /** Connects, subscribes and begins to poll. Rejects when the settings are refused. */
  start(): Promise<void>;
  /** Subscribed and polling. */
  ready(): boolean;
  /** What was consumed since the last call; an Alive when there was nothing for a while. */
  takeFacts(): Fact[];
  totals(): { records: number; bytes: number };
  /**
   * Finishes the record in hand (what a slow member spends on a poll is cut short), commits, leaves the group, says goodbye; takes at most about so long.
   * False: a call of the client library has not come back.
   */
  stop(timeoutMs: number, cause?: 'Terminated' | 'Error'): Promise<boolean>;
}

const sorted = (partitions: Iterable<number>): number[] => [...partitions].sort((a, b) => a - b);
const list = (partitions: Iterable<number>): string => sorted(partitions).join(',') || 'nothing';

export function createConsumer(options: ConsumerOptions): Consumer {
  const { name, work, perPollMs, recordLog, journal, now, log } = options;
  const { commit } = work;
  const batch = createBatch();
  const keys = work.keys === true ? createKeyWatch() : undefined;
  const endToEnd = createRecorder();
  let troubles = createTroubles(name);
  const owned = new Set<number>();
  /** Next offset of partitions with processed records that this client has not committed itself (or stored, for Auto). */
  const uncommitted = new Map<number, number>();
  const lastEndedAt = new Map<number, EpochMs>();
  /** Partitions whose first record after a rebalance is awaited, for the log. */
  const watched = new Set<number>();
  const sizes = createRecorder('count');
  let polls = 0;
  let recordsMax = 0;
  let longestIntervalMs = 0;
  let sinceCommit = 0;
  let records = 0;
  let bytes = 0;
  let saidSomethingAt = now();
  let polling = false;
  let stopping = false;
  /** It gives up its partitions to leave the group, after its last commit. */
  let leaving = false;
  /** Its last commit before leaving was taken: nothing that it processed is open. */
  let allCommitted = false;
  /** The client wants no more of the records in hand to be begun. */
  let interrupted = false;
  let cutShort: (() => void) | undefined;
  let loop: Promise<void> = Promise.resolve();

  const say = (facts: Fact[]) => {
    if (facts.length === 0) return;
    saidSomethingAt = now();
    options.report(facts);
  };

  const trouble = (event: ClientTrouble) => {
    // The library commits the same offsets once more by itself, when the group may not know this member any more.
    if (allCommitted && event.code === 'COMMIT_REFUSED') return;
    // E.g. the broker refuses its group.instance.id. Only another client can begin anew.
    if (event.code === 'FATAL') options.failed(`${name}: ${event.message}`);
    const fact = troubles(event, now());
    if (fact === undefined) return;
    log.warn(`${event.code}: ${event.message}`, { client: name });
    say([fact]);
  };

  /** `passing`: the next report is soon, and what was met of keys may wait for it. */
  const takeConsumed = (passing = false): Fact[] => {
    const partitions = batch.take();
    const [met, ...more] = keys?.take(!passing) ?? [];
    if (partitions.length === 0 && polls === 0 && met === undefined) return [];
    const fact: Consumed = { type: 'Consumed', client: name, at: now(), partitions, ...met };
    const encoded = endToEnd.takeEncoded();
    if (encoded !== undefined) fact.endToEnd = encoded;
    const encodedSizes = sizes.takeEncoded();
    if (encodedSizes !== undefined) {
      fact.polls = { count: polls, recordsMax, sizes: encodedSizes, longestIntervalMs };
      longestIntervalMs = 0;
    }
    polls = 0;
    recordsMax = 0;
    return [
      fact,
      ...more.map((part): Consumed => ({ ...part, type: 'Consumed', client: name, at: fact.at, partitions: [] })),
    ];
  };

  const positions = (): Position[] => [...uncommitted].map(([partition, offset]) => ({ partition, offset }));

  /** Waits for the coordinator: for Auto only at the end of an ownership, as Kafka's Java client does. */
  const commitNow = async (timeoutMs: number) => {
    sinceCommit = 0;
    if (uncommitted.size === 0) return;
    const taken = positions();
    try {
      await client.commit(taken, timeoutMs);
      for (const { partition, offset } of taken) {
        if (uncommitted.get(partition) === offset) uncommitted.delete(partition);
      }
    } catch (error) {
      const { code, message } = error as { code: string; message: string };
      trouble({ code, message: `commit: ${message}` });
    }
  };

  const mayBegin = () => !stopping && !interrupted;

  /** Called once per record, or once per run of records that took no time. Gives what is to be waited for. */
  const afterRecords = (partition: number, nextOffset: number, count: number): Promise<void> | undefined => {
    uncommitted.set(partition, nextOffset);
    sinceCommit += count;
    const committed = commitAsAsked(partition, nextOffset);
    return client.processed === undefined ? committed : tellProcessed({ partition, offset: nextOffset }, committed);
  };

  const tellProcessed = async (position: Position, committed: Promise<void> | undefined) => {
    if (committed !== undefined) await committed;
    if ((await client.processed?.(position)) === false) interrupted = true;
  };

  const commitAsAsked = (partition: number, nextOffset: number): Promise<void> | undefined => {
    if (commit.mode === 'Auto') {
      try {
        client.store([{ partition, offset: nextOffset }]);
      } catch (error) {
        const { code, message } = error as { code: string; message: string };
        trouble({ code, message: `storing an offset: ${message}` });
      }
    } else if (commit.mode === 'Record' || (commit.mode === 'Every' && sinceCommit >= commit.records)) {
      return commitNow(COMMIT_MS);
    }
    return undefined;
  };

  const note = (record: ConsumedRecord, beganAt: EpochMs, endedAt: EpochMs) => {
    const { partition, offset, timestamp, bytes: size } = record;
    if (watched.size > 0 && watched.delete(partition)) {
      const before = lastEndedAt.get(partition);
      const pauseMs = before === undefined ? 0 : pauseBefore(beganAt, timestamp, before);
      if (pauseMs >= LOGGED_PAUSE_MS) {
        log.info(`paused ${Math.round(pauseMs)} ms on partition ${partition}`, { client: name, partition, pauseMs });
      }
    }
    recordLog?.processed(record);
    batch.add({ partition, offset, bytes: size, timestamp, beganAt, endedAt });
    keys?.add(record, beganAt, endedAt);
    endToEnd.record(Math.max(0, beganAt - timestamp));
    lastEndedAt.set(partition, endedAt);
    records += 1;
    bytes += size;
  };

  /** Those from `from` up to `limit` that follow each other in one partition, the first of which began and the last ended then. */
  const keep = (polled: readonly ConsumedRecord[], from: number, limit: number, beganAt: EpochMs, endedAt: EpochMs) => {
    const { partition, timestamp } = polled[from] as ConsumedRecord;
    const ranges: OffsetRange[] = [];
    let size = 0;
    for (let index = from; index < limit; index++) {
      const { offset, bytes: more } = polled[index] as ConsumedRecord;
      appendOffset(ranges, offset);
      size += more;
    }
    journal?.({ partition, ranges, bytes: size, timestamp, beganAt, endedAt });
  };

  /** Those that shared a timer. */
  const noteTogether = (some: readonly ConsumedRecord[], beganAt: EpochMs, eachMs: number) => {
    const at = (index: number) => beganAt + index * eachMs;
    for (let from = 0, to = 1; journal !== undefined && from < some.length; from = to) {
      for (to = from + 1; some[to]?.partition === some[from]?.partition && to < some.length; ) to++;
      keep(some, from, to, at(from), at(to));
    }
    for (const [index, record] of some.entries()) note(record, at(index), at(index + 1));
  };

  /** Those that follow in the same partition, at the same moment: millions a minute, so what they share is done once. Gives the index after them. */
  const noteAtOnce = (polled: ConsumedRecord[], from: number, limit: number, at: EpochMs): number => {
    const { partition } = polled[from - 1] as ConsumedRecord;
    let { timestamp } = polled[from - 1] as ConsumedRecord;
    const between = Math.ceil((limit - from) / KEYS_AT_ONCE);
    let alike = 0;
    let to = from;
    for (; to < limit; to++) {
      const record = polled[to] as ConsumedRecord;
      if (record.partition !== partition) break;
      if (record.timestamp !== timestamp) {
        if (alike > 0) endToEnd.record(Math.max(0, at - timestamp), alike);
        timestamp = record.timestamp;
        alike = 0;
      }
      alike += 1;
      batch.addAtOnce(record.offset, record.bytes);
      if ((to - from) % between === 0) keys?.add(record, at, at);
      recordLog?.processed(record);
      bytes += record.bytes;
    }
    if (alike > 0) endToEnd.record(Math.max(0, at - timestamp), alike);
    if (to > from) keys?.add(polled[to - 1] as ConsumedRecord, at, at);
    records += to - from;
    return to;
  };

  /** Records that take no time: one look at the clock per run of records of a partition, or per record when each is committed. */
  const handleAtOnce = async (polled: ConsumedRecord[]) => {
    for (let from = 0; from < polled.length && mayBegin(); ) {
      const first = polled[from] as ConsumedRecord;
      const beganAt = now();
      recordLog?.began();
      recordLog?.ended();
      const most =
        commit.mode === 'Record' ? 1 : commit.mode === 'Every' ? commit.records - sinceCommit : polled.length;
      const limit = Math.min(polled.length, from + Math.max(1, most));
      note(first, beganAt, beganAt);
      const to = noteAtOnce(polled, from + 1, limit, beganAt);
      if (journal !== undefined) keep(polled, from, to, beganAt, beganAt);
      const waiting = afterRecords(first.partition, (polled[to - 1] as ConsumedRecord).offset + 1, to - from);
      if (waiting !== undefined) await waiting;
      from = to;
    }
  };

  const handle = async (polled: ConsumedRecord[]) => {
    if (work.perRecordMs === 0) {
      await handleAtOnce(polled);
      return;
    }
    await handleEach(
      polled,
      work.perRecordMs,
      now,
      () => !mayBegin(),
      { ended: noteTogether, handled: ({ partition, offset }) => afterRecords(partition, offset + 1, 1) },
      recordLog,
    );
  };

  /** The last record of a poll of the slow member. */
  const handleSlowly = async (record: ConsumedRecord) => {
    const beganAt = now();
    recordLog?.began();
    await until(beganAt + work.perRecordMs);
    if (!stopping) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, perPollMs);
        cutShort = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
    recordLog?.ended();
    noteTogether([record], beganAt, now() - beganAt);
    await afterRecords(record.partition, record.offset + 1, 1);
  };

  const pollOn = async () => {
    let returnedAt = now();
    while (!stopping) {
      longestIntervalMs = Math.max(longestIntervalMs, now() - returnedAt);
      interrupted = false;
      const polled = await client.poll(work.maxPollRecords, IDLE_POLL_MS);
      returnedAt = now();
      if (stopping || polled.length === 0) continue;
      polls += 1;
      recordsMax = Math.max(recordsMax, polled.length);
      sizes.record(polled.length);
      const last = perPollMs > 0 ? polled.pop() : undefined;
      await handle(polled);
      if (last !== undefined && mayBegin()) await handleSlowly(last);
      if (commit.mode === 'Poll') await commitNow(COMMIT_MS);
    }
  };

  const assigned = (partitions: number[], context: RebalanceContext) => {
    // What puts it out of the group again is news.
    troubles = createTroubles(name);
    for (const partition of partitions) owned.add(partition);
    for (const partition of owned) watched.add(partition);
    const gained = partitions.length === 0 ? '' : ` (gained ${list(partitions)})`;
    const fields = { client: name, memberId: context.memberId, protocol: context.protocol, reason: context.reason };
    log.info(`assigned ${list(owned)}${gained}`, fields);
    say([
      ...takeConsumed(),
      { type: 'Assigned', client: name, at: now(), ...context, gained: partitions, owned: sorted(owned) },
    ]);
  };

  const revoked = async (partitions: number[], lost: boolean, context: RebalanceContext) => {
    if (partitions.length === 0) return;
    // When it leaves they are committed already, and the client takes no commits any more.
    if (!lost && !leaving && commit.mode !== 'Never') await commitNow(LAST_COMMIT_MS);
    for (const partition of partitions) {
      owned.delete(partition);
      watched.delete(partition);
      uncommitted.delete(partition);
    }
    const cause = lost ? 'Lost' : stopping ? 'Closed' : 'Revoked';
    const fields = { client: name, memberId: context.memberId, protocol: context.protocol, reason: context.reason };
    log.info(
      `${lost ? 'lost' : 'revoked'} ${list(partitions)}${owned.size > 0 ? ` (kept ${list(owned)})` : ''}`,
      fields,
    );
    say([
      ...takeConsumed(),
      { type: 'Revoked', client: name, at: now(), ...context, lost: partitions, owned: sorted(owned), cause },
    ]);
  };

  const client = options.makeClient({ assigned, revoked, trouble });

  return {
    async start() {
      await client.connect();
      if (stopping) return;
      polling = true;
      log.info(`subscribed in group ${work.group}`, { client: name });
      loop = pollOn();
    },
    ready: () => polling && !stopping,
    takeFacts() {
      const facts = takeConsumed(true);
      const at = now();
      if (facts.length === 0 && polling && at - saidSomethingAt >= ALIVE_MS) {
        facts.push({ type: 'Alive', client: name, at, owned: sorted(owned) });
      }
      if (facts.length > 0) saidSomethingAt = at;
      return facts;
    },
    totals: () => ({ records, bytes }),
    async stop(timeoutMs, cause = 'Terminated') {
      stopping = true;
      cutShort?.();
      say([{ type: 'Stopping', client: name, at: now(), cause }]);
      client.wake();
      const ended = await within(timeoutMs - LAST_COMMIT_MS - LEAVE_MS, loop);
      if (ended === 'TimedOut') log.warn('the record in hand takes too long: leaving without it', { client: name });
      if (commit.mode !== 'Never') await commitNow(LAST_COMMIT_MS);
      say(takeConsumed());
      leaving = true;
      allCommitted = uncommitted.size === 0;
      const left = await within(LEAVE_MS, client.close());
      if (left === 'TimedOut') log.warn('the group does not answer: leaving without goodbye', { client: name });
      say([{ type: 'Stopped', client: name, at: now() }]);
      log.info(`stopped: ${records} records processed`, { client: name });
      return ended !== 'TimedOut' && left !== 'TimedOut';
    },
  };
}
