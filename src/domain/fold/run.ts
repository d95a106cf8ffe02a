/**
 * One run, folded from its evidence: the same reports in the same order always give the same figures, and so do they
 * in any order in which the reports of each process keep theirs and none comes more than `WAIT_MS` late.
 */
import type { EpochMs } from '../../contract/time.ts';
import {
  type ClockEvidence,
  type ClockUsed,
  clockCorrection,
  clockErrorMs,
  clocksApartMs,
  newClock,
  observeDelay,
  observeRoundTrip,
} from '../clock/clock.ts';
import { indexAfter } from '../clock/inOrder.ts';
import {
  addConsumed,
  type Consumers,
  consumerFailed,
  consumerSeen,
  consumerStopped,
  consumersView,
  noConsumers,
} from '../delivery/consumers.ts';
import { addSample, emptyLag, type LagRecord, lagView } from '../delivery/lag.ts';
import { addRange, emptyOffsets, fillHoles, hasOffset, type OffsetSet } from '../delivery/offsetRanges.ts';
import {
  addProduced,
  noProducers,
  type Producers,
  producerFailed,
  producerStopped,
  producersView,
} from '../delivery/producers.ts';
import type { Consumed, Fact, LagSample, ReportAt, Scaled } from '../evidence/facts.ts';
import { parseFact } from '../evidence/parse.ts';
import type { MemberView, RunView } from '../figures/figures.ts';
import { foreigners, foreignUnrest } from '../group/external.ts';
import { passTime, rebalances, step } from '../group/group.ts';
import { copyGroup, emptyGroup, type Group, liveMembers } from '../group/state.ts';
import { emptyTimeline, type Happening, insert, type Timeline, takeUntil } from '../group/timeline.ts';
import { addMet, type KeyOrder, noKeyOrder, orderOf, settleOrder } from '../keys/keyOrder.ts';
import { keysView } from '../keys/keys.ts';

/** A report may be so late, against the broker's clock, and still be put in its place. */
const WAIT_MS = 10_000;
/**
 * A view leaves out what happened in the last moment, so that what it shows of rebalances stays true: a callback is
 * reported at once and has this long to arrive. With the quiet time a rebalance shows 800 ms after its last callback.
 */
const SHOW_AFTER_MS = 400;
/** A fact is older than its report; a clock that is set in between may make it seem newer. */
const CLOCK_STEP_MS = 5_000;
/** Offsets seen are remembered exactly, with so many holes (records of other runs) among them. */
const HOLES = 1_000;

/** One process that reports. */
interface Instance {
  seq: number;
  clock: ClockEvidence;
  /** Time of its newest callback: its own order holds even when its clock is corrected. */
  newest: EpochMs;
  /** Something of what it left behind came too late to be put in its place. */
  gaps: boolean;
}

/** What is known of a run. Opaque: `fold` changes it in place, `view` and the other questions don't. */
export interface Run {
  instances: Map<string, Instance>;
  seen: OffsetSet;
  timeline: Timeline;
  /** As of `WAIT_MS` before the newest report; what came since waits in the timeline. */
  group: Group;
  newestAppendedAt: EpochMs;
  producers: Producers;
  consumers: Consumers;
  order: KeyOrder;
  /** Clients that said that they are producers, by process and client. */
  producing: Set<string>;
  lag: LagRecord;
  lagSample: LagSample | undefined;
  /** The newest one that lists the members. */
  membersSample: LagSample | undefined;
  scaled: Map<Scaled['what'], Scaled>;
  latestAt: EpochMs;
  /** Reports folded. */
  reports: number;
  /** Facts that were not understood, in whole or in part, and reports that were none. */
  ignored: number;
  /** The group as last shown; only kept to save doing it again. */
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
  lagSample: undefined,
  membersSample: undefined,
  scaled: new Map(),
  latestAt: 0,
  reports: 0,
  ignored: 0,
  shown: undefined,
});

/**
 * Takes in one report, in place, and gives the same run back. A report seen before (by its offset, or by number within
 * its process) changes nothing; what is not understood is counted in `ignored`.
 */
export function fold(run: Run, reportAt: ReportAt): Run {
  const { offset, appendedAt, report } = reportAt;
  if (!isReport(reportAt)) {
    run.ignored++;
    return run;
  }
  if (hasOffset(run.seen, offset)) return run;
  addRange(run.seen, [offset, offset + 1]);
  fillHoles(run.seen, HOLES);
  const instance = instanceOf(run, report.instance);
  if (report.seq <= instance.seq) return run;
  instance.seq = report.seq;
  const posthumous = report.posthumous === true;
  // What was said before a death is sent long after: that way says nothing about the clock.
  if (!posthumous) observeDelay(instance.clock, appendedAt - report.sentAt);
  if (Number.isFinite(report.roundTripMs)) observeRoundTrip(instance.clock, report.roundTripMs as number);
  const shift = clockCorrection(instance.clock);
  run.reports++;
  run.newestAppendedAt = Math.max(run.newestAppendedAt, appendedAt);
  for (const event of takeUntil(run.timeline, run.newestAppendedAt - WAIT_MS)) step(run.group, event);
  settleOrder(run.order, run.newestAppendedAt - WAIT_MS);
  const clock = { of: report.instance, correction: shift, errorMs: clockErrorMs(instance.clock) };
  const place = { run, instance, posthumous, name: report.instance, seq: report.seq, shift, clock, index: 0 };
  for (const raw of report.facts) {
    const fact = parseFact(raw);
    if (fact === undefined || fact.at > report.sentAt + CLOCK_STEP_MS) {
      run.ignored++;
      continue;
    }
    run.latestAt = Math.max(run.latestAt, fact.at + shift);
    if (!take(place, fact)) run.ignored++;
  }
  return run;
}

/** The figures as of `now`, by the operator's clock. Does not change the run. */
export function view(run: Run, now: EpochMs): RunView {
  const group = groupAsOf(run, now - SHOW_AFTER_MS);
  const list = rebalances(group);
  const settled = group.change === undefined && !foreignUnrest(group) && !callbackWaits(run, now - SHOW_AFTER_MS);
  const { consumers, delivery } = consumersView(run.consumers, run.latestAt);
  const producers = producersView(run.producers, run.latestAt);
  const members = memberViews(group);
  return {
    producers,
    keys: keysView(run.producers.placed, (keys) =>
      orderOf(run.order, keys, now - SHOW_AFTER_MS, clocksApartMs(producersClocks(run))),
    ),
    consumers: {
      ...consumers,
      members,
      idle: settled ? members.filter(({ partitions }) => partitions.length === 0).map(({ id }) => id) : [],
    },
    delivery: { produced: producers.acknowledged, ...delivery },
    lag: lagView(run.lag),
    rebalances: {
      count: group.count,
      settled,
      partitionsMoved: list.reduce((sum, one) => sum + one.partitionsMoved, group.partitionsMoved),
      longestPauseMs: list.reduce((longest, one) => Math.max(longest, one.longestPauseMs), group.longestPauseMs),
      longestStopTheWorldMs: list.reduce(
        (longest, one) => Math.max(longest, one.stopTheWorldMs),
        group.longestStopTheWorldMs,
      ),
      list,
    },
    latestAt: run.latestAt,
  };
}

// ---- fold -------------------------------------------------------------------------------------

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
    instance = { seq: 0, clock: newClock(), newest: 0, gaps: false };
    run.instances.set(name, instance);
  }
  return instance;
}

interface Place {
  run: Run;
  instance: Instance;
  /** The instance is dead; see `tooLate`. */
  posthumous: boolean;
  name: string;
  seq: number;
  shift: number;
  clock: ClockUsed;
  /** Of the next event within the report. */
  index: number;
}

/** False when a part of it was not understood. */
function take(place: Place, fact: Fact): boolean {
  const { run, shift } = place;
  if (fact.type === 'LagSample') {
    addSample(run.lag, { ...fact, at: fact.at + shift });
    if (run.lagSample === undefined || fact.at >= run.lagSample.at) run.lagSample = fact;
    if (fact.members !== undefined && fact.at >= (run.membersSample?.at ?? 0)) run.membersSample = fact;
    const { at: sampleAt, groupState, groupMembers, protocol, members, membersAsAt } = fact;
    happen(place, sampleAt + shift, {
      type: 'Looked',
      sampleAt,
      partitionCount: fact.partitions.length,
      groupState,
      groupMembers,
      ...(protocol && { protocol }),
      ...(members && { members }),
      ...(membersAsAt && { membersAsAt }),
    });
    return true;
  }
  if (fact.type === 'Scaled') {
    const last = run.scaled.get(fact.what);
    if (last === undefined || fact.at >= last.at) run.scaled.set(fact.what, fact);
    happen(place, fact.at + shift, fact);
    return true;
  }
  const key = `${place.name} ${fact.client}`;
  if (fact.type === 'Produced' || (fact.type === 'Started' && fact.role === 'Producer')) run.producing.add(key);
  if (fact.type === 'Produced') return addProduced(run.producers, key, fact, shift);
  if (run.producing.has(key)) {
    if (fact.type === 'Stopped') producerStopped(run.producers, key);
    if (fact.type === 'ClientError') producerFailed(run.producers, fact.code);
    return true;
  }
  const at = fact.at + shift;
  consumerSeen(run.consumers, key, at);
  if (fact.type === 'Consumed') {
    const understood = addConsumed(run.consumers, key, fact, shift);
    addMet(run.order, key, fact, shift, place.clock.errorMs);
    return worked(place, fact) && understood;
  }
  if (fact.type === 'Stopped' || fact.type === 'Died') consumerStopped(run.consumers, key);
  if (fact.type === 'ClientError') consumerFailed(run.consumers, fact, shift);
  place.instance.newest = Math.max(place.instance.newest, at);
  if (tooLate(place, place.instance.newest) || (fact.type === 'Died' && place.instance.gaps)) return true;
  happen(place, place.instance.newest, fact);
  return true;
}

function worked(place: Place, { client, partitions }: Consumed): boolean {
  const { shift, clock } = place;
  let understood = true;
  for (const { partition, firstBeganAt, firstWaitedMs, lastEndedAt, longestPause } of partitions) {
    if (lastEndedAt < firstBeganAt) {
      understood = false;
      continue;
    }
    const beganAt = firstBeganAt + shift;
    if (tooLate(place, beganAt)) continue;
    const within = longestPause && {
      from: Math.max(firstBeganAt, longestPause.from) + shift,
      to: Math.min(lastEndedAt, longestPause.to) + shift,
    };
    happen(place, beganAt, { type: 'WorkBegan', client, partition, waitedMs: firstWaitedMs, clock });
    happen(place, lastEndedAt + shift, {
      type: 'WorkEnded',
      client,
      partition,
      beganAt,
      clock,
      ...(within && { longestPause: within }),
    });
  }
  return understood;
}

/**
 * Of what a dead process left behind the group takes only what can still be put in its place. What others did since has
 * been taken in by then: an end of work from before it, or a callback, would be taken for something that happens now, by a
 * member that is no more. It counts for what was delivered all the same.
 */
function tooLate({ run, instance, posthumous }: Place, at: EpochMs): boolean {
  if (!posthumous || at >= run.group.time) return false;
  instance.gaps = true;
  return true;
}

function happen(place: Place, at: EpochMs, what: Happening): void {
  insert(place.run.timeline, { at, instance: place.name, seq: place.seq, index: place.index++, what });
}

// ---- view -------------------------------------------------------------------------------------

/** The group with all that happened up to `until` taken in. */
function groupAsOf(run: Run, until: EpochMs): Group {
  const { shown } = run;
  if (shown !== undefined && shown.reports === run.reports && shown.until === until) return shown.group;
  const group = copyGroup(run.group);
  for (const event of run.timeline.waiting.slice(0, indexAfter(run.timeline.waiting, until))) step(group, event);
  passTime(group, until);
  run.shown = { reports: run.reports, until, group };
  return group;
}

/** Of the processes of its producers: whichever of them wrote a record, its timestamp is by one of these. */
function producersClocks({ producing, instances }: Run): ClockEvidence[] {
  const processes = new Set([...producing].map((key) => key.slice(0, key.indexOf(' '))));
  return [...processes].flatMap((process) => instances.get(process)?.clock ?? []);
}

const callbackWaits = ({ timeline }: Run, until: EpochMs) =>
  timeline.waiting
    .slice(indexAfter(timeline.waiting, until))
    .some(({ what }) => what.type === 'Assigned' || what.type === 'Revoked');

function memberViews(group: Group): MemberView[] {
  const { picture } = group.broker;
  const theirs = picture === undefined ? [] : [...foreigners(group, picture).values()];
  const taken = new Set(theirs.flatMap(({ partitions }) => partitions));
  const ours = liveMembers(group).map(
    ({ client, memberId, host, owned }): MemberView => ({
      id: client,
      memberId,
      host,
      partitions: [...owned].filter((partition) => !taken.has(partition)).sort((a, b) => a - b),
      source: 'Clients',
    }),
  );
  return [
    ...ours,
    ...theirs.map((one): MemberView => ({ ...one, partitions: [...one.partitions], source: 'Broker' })),
  ].sort((a, b) => (a.id < b.id ? -1 : a.id > b.id ? 1 : 0));
}
