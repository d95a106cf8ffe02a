/**
 * Folds the evidence of one run. The same reports in the same order always give the same figures. Another order gives the same
 * figures too if the reports of each process keep theirs and no report is more than `WAIT_MS` late.
 */

import type { EpochMs } from '../../contract/time.ts';
import {
  type ClockEvidence,
  clockCorrection,
  clockErrorMs,
  newClock,
  observeDelay,
  observeRoundTrip,
  type ProcessClock,
} from '../clock/clock.ts';
import {
  addConsumed,
  type Consumers,
  consumerFailed,
  consumerSeen,
  consumerStopped,
  noConsumers,
} from '../delivery/consumers.ts';
import { addSample, emptyLag, type LagRecord, readableEnd } from '../delivery/lag.ts';
import { addRange, emptyOffsets, fillHoles, hasOffset, type OffsetSet } from '../delivery/offsetRanges.ts';
import { type ProducedEnds, producedEnds } from '../delivery/producedEnds.ts';
import {
  acknowledgedBy,
  addProduced,
  noProducers,
  type Producers,
  producerFailed,
  producerStopped,
} from '../delivery/producers.ts';
import type { Consumed, Fact, LagSample, Report, ReportAt, Scaled } from '../evidence/facts.ts';
import { parseFact } from '../evidence/parse.ts';
import type { MissingEvidence } from '../figures/missingEvidence.ts';
import { applyEvent } from '../group/group.ts';
import { emptyGroup, type Group } from '../group/state.ts';
import { type ClientFact, emptyTimeline, type Happening, insert, type Timeline, takeUntil } from '../group/timeline.ts';
import { addProcessed, type KeyOrder, noKeyOrder, settleOrder } from '../keys/keyOrder.ts';

/** A report that is at most this late, by the broker's clock, is still sorted into its place. */
const WAIT_MS = 10_000;
/** Largest accepted lead of a fact's time over its report's time, for clocks that are set back between the two. */
const CLOCK_STEP_MS = 5_000;
/** Limit of holes (records of other runs) among the offsets seen. */
const HOLES_KEPT = 1_000;

/** One process that reports. */
interface Instance {
  /** Number of its last report. */
  seq: number;
  clock: ClockEvidence;
  /** Corrected time of its newest event. Events keep the order of the process even if its clock is corrected. */
  newest: EpochMs;
  /** Part of its posthumous evidence arrived too late to be sorted into its place. */
  incomplete: boolean;
}

/** The state of a run. `fold` changes it in place. The functions of view.ts only read it. */
export interface Run {
  instances: Map<string, Instance>;
  /** Offsets of the reports seen. */
  seen: OffsetSet;
  /** Events of the last `WAIT_MS`. */
  timeline: Timeline;
  /** The group as of `WAIT_MS` before the newest report. */
  group: Group;
  newestAppendedAt: EpochMs;
  producers: Producers;
  consumers: Consumers;
  order: KeyOrder;
  /** Producers, by process and client. */
  producing: Set<string>;
  lag: LagRecord;
  /** They no longer hold once a record is acknowledged after them. */
  producedEnds: ProducedEnds | undefined;
  /** The newest sample. */
  lagSample: LagSample | undefined;
  /** The newest sample with a member list. */
  membersSample: LagSample | undefined;
  /** The newest fact per scaled resource. */
  scaled: Map<Scaled['what'], Scaled>;
  latestAt: EpochMs;
  /** Number of reports folded. */
  reports: number;
  /** Evidence that could not be read; undefined: none is known to be missing. */
  missing: MissingEvidence | undefined;
  /** Number of invalid reports, and of facts that are invalid in whole or in part. */
  ignored: number;
  /** Cache of view.ts: the group at the time of the last view. */
  shown: { reports: number; until: EpochMs; group: Group } | undefined;
}

export const emptyRun = (): Run => ({
  instances: new Map(),
  seen: emptyOffsets(),
  timeline: emptyTimeline(),
  group: emptyGroup(),
  newestAppendedAt: 0,
  producers: noProducers(),
  consumers: noConsumers(),
  order: noKeyOrder(),
  producing: new Set(),
  lag: emptyLag(),
  producedEnds: undefined,
  lagSample: undefined,
  membersSample: undefined,
  scaled: new Map(),
  latestAt: 0,
  reports: 0,
  missing: undefined,
  ignored: 0,
  shown: undefined,
});

/**
 * Folds one report into the run, in place, and returns the run. A repeated report (by offset, or by number within its process)
 * changes nothing. Invalid input is counted in `ignored`.
 */
export function fold(run: Run, reportAt: ReportAt): Run {
  if (!isReport(reportAt)) {
    run.ignored++;
    return run;
  }
  const { offset, appendedAt, report } = reportAt;
  if (hasOffset(run.seen, offset)) return run;
  addRange(run.seen, [offset, offset + 1]);
  fillHoles(run.seen, HOLES_KEPT);
  const instance = instanceOf(run, report.instance);
  if (report.seq <= instance.seq) return run;
  instance.seq = report.seq;
  observeClock(instance.clock, appendedAt, report);
  run.reports++;
  run.newestAppendedAt = Math.max(run.newestAppendedAt, appendedAt);
  for (const event of takeUntil(run.timeline, run.newestAppendedAt - WAIT_MS)) applyEvent(run.group, event);
  settleOrder(run.order, run.newestAppendedAt - WAIT_MS);
  foldFacts(contextOf(run, instance, report), report);
  return run;
}

/** The log of the evidence topic begins anew: its offsets are others from now on. What was folded before stays. */
export function logBeginsAnew(run: Run): Run {
  run.seen = emptyOffsets();
  run.missing = { ...run.missing, recreated: true };
  return run;
}

/** The offsets from `from` up to but not including `to` were deleted before they were read. */
export function withoutOffsets(run: Run, from: number, to: number): Run {
  const before = run.missing?.deleted ?? { from, to };
  run.missing = { ...run.missing, deleted: { from: Math.min(before.from, from), to: Math.max(before.to, to) } };
  return run;
}

function isReport({ offset, appendedAt, report }: ReportAt): boolean {
  return (
    Number.isSafeInteger(offset) &&
    offset >= 0 &&
    Number.isFinite(appendedAt) &&
    typeof report === 'object' &&
    report !== null &&
    typeof report.instance === 'string' &&
    Number.isSafeInteger(report.seq) &&
    Number.isFinite(report.sentAt) &&
    Array.isArray(report.facts)
  );
}

function instanceOf(run: Run, name: string): Instance {
  let instance = run.instances.get(name);
  if (instance === undefined) {
    instance = { seq: 0, clock: newClock(), newest: 0, incomplete: false };
    run.instances.set(name, instance);
  }
  return instance;
}

function observeClock(clock: ClockEvidence, appendedAt: EpochMs, report: Report): void {
  // A posthumous report is sent long after its `sentAt`, so its delay shows nothing about the clock.
  if (report.posthumous !== true) observeDelay(clock, appendedAt - report.sentAt);
  if (Number.isFinite(report.roundTripMs)) observeRoundTrip(clock, report.roundTripMs as number);
}

/** What the facts of one report share. */
interface FoldContext {
  run: Run;
  instance: Instance;
  /** The instance is dead, see `isTooLate`. */
  posthumous: boolean;
  /** Name of the instance. */
  name: string;
  seq: number;
  /** Milliseconds to add to the instance's times. */
  shift: number;
  clock: ProcessClock;
  /** Number of the next event within the report. */
  index: number;
}

function contextOf(run: Run, instance: Instance, { instance: name, seq, posthumous }: Report): FoldContext {
  const shift = clockCorrection(instance.clock);
  const clock = { process: name, correction: shift, errorMs: clockErrorMs(instance.clock) };
  return { run, instance, posthumous: posthumous === true, name, seq, shift, clock, index: 0 };
}

function foldFacts(context: FoldContext, { facts, sentAt }: Report): void {
  const { run, shift } = context;
  for (const raw of facts) {
    const fact = parseFact(raw);
    if (fact === undefined || fact.at > sentAt + CLOCK_STEP_MS) {
      run.ignored++;
      continue;
    }
    run.latestAt = Math.max(run.latestAt, fact.at + shift);
    if (!foldFact(context, fact)) run.ignored++;
  }
}

/** Returns false if a part of the fact is invalid. */
function foldFact(context: FoldContext, fact: Fact): boolean {
  const { run, shift } = context;
  if (fact.type === 'LagSample') {
    foldSample(context, fact);
    return true;
  }
  if (fact.type === 'Scaled') {
    const last = run.scaled.get(fact.what);
    if (last === undefined || fact.at >= last.at) run.scaled.set(fact.what, fact);
    addEvent(context, fact.at + shift, fact);
    return true;
  }
  const key = `${context.name} ${fact.client}`;
  if (fact.type === 'Produced' || (fact.type === 'Started' && fact.role === 'Producer')) run.producing.add(key);
  if (fact.type === 'Produced') return addProduced(run.producers, key, fact, shift);
  if (run.producing.has(key)) {
    if (fact.type === 'Stopped') producerStopped(run.producers, key);
    if (fact.type === 'ClientError') producerFailed(run.producers, fact, shift);
    return true;
  }
  consumerSeen(run.consumers, key, fact.at + shift);
  if (fact.type === 'Consumed') return foldConsumed(context, key, fact);
  foldClientFact(context, key, fact);
  return true;
}

function foldSample(context: FoldContext, fact: LagSample): void {
  const { run, shift, clock } = context;
  const sample = { ...fact, at: fact.at + shift };
  addSample(run.lag, sample);
  run.producedEnds = producedEnds(run.producedEnds, sample, acknowledgedBy(run.producers));
  if (run.lagSample === undefined || fact.at >= run.lagSample.at) run.lagSample = fact;
  if (fact.members !== undefined && fact.at >= (run.membersSample?.at ?? 0)) run.membersSample = fact;
  const { at: sampleAt, groupState, groupMembers, protocol, members, membersAsAt } = fact;
  addEvent(context, sampleAt + shift, {
    type: 'GroupDescribed',
    sampleAt,
    partitionCount: fact.partitions.length,
    logSample: { spreadMs: fact.spreadMs, errorMs: clock.errorMs, ends: endsOf(fact) },
    groupState,
    groupMembers,
    ...(protocol && { protocol }),
    ...(members && { members }),
    ...(membersAsAt && { membersAsAt }),
  });
}

/** The end of the log for the group, by partition. */
function endsOf({ partitions }: LagSample): (number | undefined)[] {
  const ends: (number | undefined)[] = [];
  for (const one of partitions) ends[one.partition] = readableEnd(one);
  return ends;
}

/** Returns false if a part of the fact is invalid. */
function foldConsumed(context: FoldContext, key: string, fact: Consumed): boolean {
  const { run, shift, clock } = context;
  const valid = addConsumed(run.consumers, key, fact, shift);
  addProcessed(run.order, key, fact, shift, clock.errorMs);
  return addWorkEvents(context, fact) && valid;
}

function foldClientFact(context: FoldContext, key: string, fact: ClientFact): void {
  const { run, instance, shift } = context;
  if (fact.type === 'Stopped' || fact.type === 'Died') consumerStopped(run.consumers, key);
  if (fact.type === 'ClientError') consumerFailed(run.consumers, fact, shift);
  instance.newest = Math.max(instance.newest, fact.at + shift);
  if (isTooLate(context, instance.newest) || (fact.type === 'Died' && instance.incomplete)) return;
  addEvent(context, instance.newest, fact);
}

/** Adds the begin and the end of each batch to the timeline. Returns false if a batch ends before it begins. */
function addWorkEvents(context: FoldContext, { client, partitions }: Consumed): boolean {
  const { shift, clock } = context;
  let valid = true;
  for (const { partition, ranges, firstBeganAt, firstWaitedMs, lastEndedAt, longestPause } of partitions) {
    if (lastEndedAt < firstBeganAt) {
      valid = false;
      continue;
    }
    const beganAt = firstBeganAt + shift;
    if (isTooLate(context, beganAt)) continue;
    const within = longestPause && {
      from: Math.max(firstBeganAt, longestPause.from) + shift,
      to: Math.min(lastEndedAt, longestPause.to) + shift,
    };
    addEvent(context, beganAt, {
      type: 'WorkBegan',
      client,
      partition,
      offset: ranges[0]?.[0],
      waitedMs: firstWaitedMs,
      clock,
    });
    addEvent(context, lastEndedAt + shift, {
      type: 'WorkEnded',
      client,
      partition,
      beganAt,
      clock,
      ...(within && { longestPause: within }),
    });
  }
  return valid;
}

/**
 * A posthumous event is older than the group's state, so the timeline leaves it out. The group would treat it as happening now:
 * as work or a callback of a member that no longer exists. Its records still count as delivered.
 */
function isTooLate({ run, instance, posthumous }: FoldContext, at: EpochMs): boolean {
  if (!posthumous || at >= run.group.time) return false;
  instance.incomplete = true;
  return true;
}

function addEvent(context: FoldContext, at: EpochMs, what: Happening): void {
  const { run, name, seq } = context;
  insert(run.timeline, { at, instance: name, seq, index: context.index++, what });
}
