/** Finds the pauses of partitions around a change of the group, from the records processed before and after it. */
import type { EpochMs } from '../../contract/time.ts';
import type { ProcessClock } from '../clock/clock.ts';
import type { Rebalance } from '../figures/figures.ts';
import { addWork, type Interval, isPause, longer, type Pause, pauseBefore, stopTheWorldMs } from './pauses.ts';
import { copied, copyPauses, type Group, type PartitionPauses, type Settled } from './state.ts';
import { type BegunRecord, waited } from './timeInLog.ts';

export function workBegan(group: Group, record: BegunRecord, at: EpochMs, clock: ProcessClock): void {
  const { partition } = record;
  let processing = group.processing.get(partition);
  if (processing === undefined) {
    processing = { endedAt: undefined, endedBy: undefined, evidenceComplete: false, working: 0 };
    group.processing.set(partition, processing);
  }
  const inLog = waited(group.logSamples, record, processing.endedAt ?? at, at, clock.errorMs);
  notePause(group, partition, pauseBefore(processing, at, inLog, clock));
  processing.working++;
}

export function workEnded(
  group: Group,
  partition: number,
  work: Interval,
  clock: ProcessClock,
  longestPause: Interval | undefined,
): void {
  const processing = group.processing.get(partition);
  if (processing === undefined) return;
  if (longestPause !== undefined) notePause(group, partition, { ...longestPause, errorMs: 0 });
  processing.working = Math.max(0, processing.working - 1);
  if (processing.endedAt === undefined || work.to >= processing.endedAt) {
    processing.endedAt = work.to;
    processing.endedBy = clock;
    processing.evidenceComplete = false;
  }
  const { change } = group;
  if (change !== undefined) {
    const pauses = pausesOf(change.pauses, partition);
    if (pauses.awaitsFirstBatch) pauses.awaitsFirstBatch = false;
    else addWork(pauses.work, work);
  }
  forEachPending(group, partition, (settled) => {
    addWork(pausesOf(settled.pauses, partition).work, work);
    if (work.to >= settled.outline.settledAt) {
      settled.pending.delete(partition);
      group.pendingIn.set(partition, (group.pendingIn.get(partition) ?? 0) - 1);
      finishIfComplete(settled);
    }
  });
}

/** A process revoked these partitions, or died with a readable journal. Its evidence for them is complete. */
export function markEvidenceComplete(group: Group, instance: string, partitions: Iterable<number>): void {
  for (const partition of partitions) {
    const processing = group.processing.get(partition);
    if (processing?.endedBy?.process === instance) processing.evidenceComplete = true;
  }
}

/** Adds a pause to the change in progress and to the settled changes that it overlaps. */
function notePause(group: Group, partition: number, pause: Pause | undefined): void {
  if (pause === undefined) return;
  const noted = isPause(pause) ? { from: pause.from, to: pause.to } : undefined;
  const { change } = group;
  if (change !== undefined && pause.to >= change.at) {
    const pauses = pausesOf(change.pauses, partition);
    pauses.errorMs = Math.max(pauses.errorMs, pause.errorMs);
    if (pause.from <= change.lastAt) pauses.longest = longer(pauses.longest, noted);
    else pauses.longestAfter = longer(pauses.longestAfter, noted);
  }
  forEachPending(group, partition, (settled) => {
    if (pause.to < settled.outline.at || pause.from > settled.outline.settledAt) return;
    const pauses = pausesOf(settled.pauses, partition);
    pauses.errorMs = Math.max(pauses.errorMs, pause.errorMs);
    pauses.longest = longer(pauses.longest, noted);
  });
}

function pausesOf(all: Map<number, PartitionPauses>, partition: number): PartitionPauses {
  let pauses = all.get(partition);
  if (pauses === undefined) {
    pauses = { longest: undefined, longestAfter: undefined, errorMs: 0, work: [], awaitsFirstBatch: true };
    all.set(partition, pauses);
  }
  return pauses;
}

/** Visits the settled changes that wait for a record of this partition. A change held by another group is copied first. */
function forEachPending(group: Group, partition: number, visit: (settled: Settled) => void): void {
  if (!group.pendingIn.get(partition)) return;
  group.settled.forEach((settled, index) => {
    if (!settled.pending.has(partition)) return;
    let own = settled;
    if (settled.holder !== group) {
      own = {
        ...settled,
        holder: group,
        pending: new Set(settled.pending),
        pauses: copied(settled.pauses, copyPauses),
      };
      group.settled[index] = own;
    }
    visit(own);
  });
}

/** Fixes the figures once nothing is pending, and drops the data that they were made from. */
export function finishIfComplete(settled: Settled): void {
  if (settled.pending.size > 0) return;
  settled.final = toRebalance(settled);
  settled.pauses = new Map();
}

const toMicros = (ms: number) => Math.round(ms * 1000) / 1000;

/** The rebalance with all pauses known so far. */
export function toRebalance({ outline, pauses: all, pending }: Settled): Rebalance {
  const known = [...all].filter(([partition]) => !pending.has(partition)).sort(([a], [b]) => a - b);
  const pauses = known.flatMap(([partition, { longest }]) =>
    longest === undefined ? [] : [{ partition, ...longest }],
  );
  const others = known.flatMap(([, { longest, work }]) => (longest === undefined ? [work] : []));
  const errorMs = known.reduce((most, [, one]) => Math.max(most, one.errorMs), 0);
  return {
    ...outline,
    ...(outline.source === 'Broker' ? {} : { errorBoundMs: Math.ceil(errorMs * 1000) / 1000 }),
    stopTheWorldMs: toMicros(stopTheWorldMs(pauses, others)),
    longestPauseMs: pauses.reduce((longest, { from, to }) => Math.max(longest, toMicros(to - from)), 0),
    pauses: pauses.map(({ partition, from, to }) => ({ partition, ms: toMicros(to - from), from, to })),
    pending: [...pending].sort((a, b) => a - b),
  };
}
