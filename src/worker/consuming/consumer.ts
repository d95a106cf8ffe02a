/** One consuming client: polls, has the records processed, follows rebalances, stops cleanly. */
import type { Fact, PassedOffsets } from '../../domain/evidence/facts.ts';
import type { ConsumerSpec } from '../../domain/workers/spec.ts';
import type { ClientTrouble, ConsumerClient, ConsumerEvents, Position, RebalanceContext } from '../clients/port.ts';
import type { WorkSpan } from '../evidence/leftBehind.ts';
import { createTroubleFilter } from '../evidence/troubleFilter.ts';
import type { Log } from '../process/log.ts';
import { type EpochMs, within } from '../process/time.ts';
import { createCommits, LAST_COMMIT_MS } from './commit.ts';
import { createConsumedEvidence } from './consumedEvidence.ts';
import { createLatencyLog } from './latency.ts';
import { createPassedOffsetsLog } from './passedOffsets.ts';
import { createPauseLog } from './pauseLog.ts';
import { createProcessing } from './processing.ts';
import type { RecordLog } from './recordLog.ts';

/** An idle poll returns after this time. Like every poll it restarts max.poll.interval.ms. */
const IDLE_POLL_MS = 100;
/** A consumer without other news reports that it is alive after this time. */
const ALIVE_MS = 3_000;
/** Part of the time for a stop that is kept for leaving the group. */
const LEAVE_MS = 4_000;

export interface ConsumerOptions {
  /** Readable name, also the client.id. */
  name: string;
  work: ConsumerSpec;
  /** Time spent on each poll with records, besides perRecordMs, in ms. */
  perPollMs: number;
  /** A group without a valid position begins at the end of the log: auto.offset.reset=latest. */
  resetsToLatest: boolean;
  /** Absent: records are not logged. */
  recordLog?: RecordLog;
  /** Writes a journal entry; called before the offsets are stored or committed, see evidence/journal.ts. */
  journal?(span: WorkSpan): void;
  /** The same for offsets that were passed without a record. */
  journalPassed?(passed: PassedOffsets[]): void;
  makeClient(events: ConsumerEvents): ConsumerClient;
  report(facts: Fact[]): void;
  /** The client can't continue after a fatal error. Called for each one. */
  failed(why: string): void;
  now(): EpochMs;
  log: Log;
}

export interface Consumer {
  /** Connects, subscribes and starts polling. Rejects when the client refuses its settings. */
  start(): Promise<void>;
  /** Subscribed and polling. */
  ready(): boolean;
  /** What was consumed since the last call, or an Alive fact if the consumer has reported nothing for ALIVE_MS. */
  takeFacts(): Fact[];
  totals(): { records: number; bytes: number };
  /**
   * Finishes the current record (the slow member's waiting is cut short), commits, leaves the group and reports the end,
   * within about `timeoutMs`. Resolves with false if a call of the client library has not returned.
   */
  stop(timeoutMs: number, cause?: 'Terminated' | 'Error'): Promise<boolean>;
}

const sorted = (partitions: Iterable<number>): number[] => [...partitions].sort((a, b) => a - b);
const list = (partitions: Iterable<number>): string => sorted(partitions).join(',') || 'nothing';

export function createConsumer(options: ConsumerOptions): Consumer {
  const { name, work, perPollMs, recordLog, journal, journalPassed, now, log } = options;
  let filterTrouble = createTroubleFilter(name);
  const owned = new Set<number>();
  let reportedAt = now();
  let polling = false;
  let stopping = false;
  /** The consumer gives up its partitions in order to leave the group, after its last commit. */
  let leaving = false;
  /** The last commit before leaving succeeded: no processed record is uncommitted. */
  let allCommitted = false;
  let loop: Promise<void> = Promise.resolve();

  /** Ends of partitions that the client reached in this poll, after its records. */
  let ends: Position[] = [];

  const client = options.makeClient({ assigned, revoked, reachedEnd: (position) => void ends.push(position), trouble });
  const passedOffsets = createPassedOffsetsLog({
    client,
    resetsToLatest: options.resetsToLatest,
    ...(journalPassed && { journal: journalPassed }),
  });
  const commits = createCommits(work.commit, client, trouble);
  const pauseLog = createPauseLog(name, log);
  const latency = createLatencyLog();
  const evidence = createConsumedEvidence({
    client: name,
    watchKeys: work.keys === true,
    passedOffsets,
    latency,
    ...(journal && { journal }),
    pauseLog,
    ...(recordLog && { recordLog }),
  });
  const processing = createProcessing({
    perRecordMs: work.perRecordMs,
    perPollMs,
    client,
    commits,
    evidence,
    ...(recordLog && { stopwatch: recordLog }),
    stopping: () => stopping,
    now,
  });

  function report(facts: Fact[]): void {
    if (facts.length === 0) return;
    reportedAt = now();
    options.report(facts);
  }

  function trouble(event: ClientTrouble): void {
    // The library commits the same offsets once more by itself, when the group may have removed this member already.
    if (allCommitted && event.code === 'COMMIT_REFUSED') return;
    // For example the broker fences this group.instance.id. Only a new client can continue.
    if (event.code === 'FATAL') options.failed(`${name}: ${event.message}`);
    const fact = filterTrouble(event, now());
    if (fact === undefined) return;
    log.warn(`${event.code}: ${event.message}`, { client: name });
    report([fact]);
  }

  const logRebalance = (message: string, { memberId, protocol, reason }: RebalanceContext) =>
    log.info(message, { client: name, memberId, protocol, reason });

  function assigned(partitions: number[], context: RebalanceContext): void {
    // Errors after a new assignment are news even if they were reported before.
    filterTrouble = createTroubleFilter(name);
    for (const partition of partitions) owned.add(partition);
    pauseLog.expect(owned);
    passedOffsets.assigned(partitions);
    const gained = partitions.length === 0 ? '' : ` (gained ${list(partitions)})`;
    logRebalance(`assigned ${list(owned)}${gained}`, context);
    report([
      ...evidence.take(now(), false),
      { type: 'Assigned', client: name, at: now(), ...context, gained: partitions, owned: sorted(owned) },
    ]);
  }

  async function revoked(partitions: number[], lost: boolean, context: RebalanceContext): Promise<void> {
    if (partitions.length === 0) return;
    // While leaving, the last commit is made and the client accepts no more.
    if (!lost && !leaving) await commits.commitLast();
    for (const partition of partitions) {
      owned.delete(partition);
      pauseLog.forget(partition);
      passedOffsets.forget(partition);
      commits.forget(partition);
    }
    const cause = lost ? 'Lost' : stopping ? 'Closed' : 'Revoked';
    const kept = owned.size > 0 ? ` (kept ${list(owned)})` : '';
    logRebalance(`${lost ? 'lost' : 'revoked'} ${list(partitions)}${kept}`, context);
    report([
      ...evidence.take(now(), false),
      { type: 'Revoked', client: name, at: now(), ...context, lost: partitions, owned: sorted(owned), cause },
    ]);
  }

  /** Commits the ends that are past the last processed record: Kafka's Java client commits these positions, too. */
  const commitEnds = async () => {
    for (const position of ends) {
      latency.reachedEnd(position, now());
      if (!passedOffsets.reachedEnd(position)) continue;
      passedOffsets.save();
      await commits.reachedEnd(position);
    }
    ends = [];
  };

  const pollUntilStopped = async () => {
    let returnedAt = now();
    while (!stopping) {
      evidence.pollInterval(now() - returnedAt);
      ends = [];
      const polled = await client.poll(work.maxPollRecords, IDLE_POLL_MS);
      returnedAt = now();
      if (stopping) continue;
      if (polled.length > 0) {
        evidence.polled(polled.length);
        if (!(await processing.process(polled))) continue;
        await commits.pollProcessed();
      }
      if (ends.length > 0) await commitEnds();
    }
  };

  return {
    async start() {
      await client.connect();
      if (stopping) return;
      polling = true;
      log.info(`subscribed in group ${work.group}`, { client: name });
      loop = pollUntilStopped();
    },
    ready: () => polling && !stopping,
    takeFacts() {
      const at = now();
      const facts: Fact[] = evidence.take(at, true);
      if (facts.length === 0 && polling && at - reportedAt >= ALIVE_MS) {
        facts.push({ type: 'Alive', client: name, at, owned: sorted(owned) });
      }
      if (facts.length > 0) reportedAt = at;
      return facts;
    },
    totals: evidence.totals,
    async stop(timeoutMs, cause = 'Terminated') {
      stopping = true;
      processing.cutShort();
      report([{ type: 'Stopping', client: name, at: now(), cause }]);
      client.wake();
      const ended = await within(timeoutMs - LAST_COMMIT_MS - LEAVE_MS, loop);
      if (ended === 'TimedOut') log.warn('the current record takes too long: leaving without it', { client: name });
      await commits.commitLast();
      report(evidence.take(now(), false));
      leaving = true;
      allCommitted = !commits.pending();
      const left = await within(LEAVE_MS, client.close());
      if (left === 'TimedOut') log.warn('the group does not answer: leaving without LeaveGroup', { client: name });
      report([{ type: 'Stopped', client: name, at: now() }]);
      log.info(`stopped: ${evidence.totals().records} records processed`, { client: name });
      return ended !== 'TimedOut' && left !== 'TimedOut';
    },
  };
}
