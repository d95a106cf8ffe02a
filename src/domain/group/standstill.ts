/** Who stood still around a change of the group: finds the pauses of partitions in the records processed, and fills them in. */
import type { EpochMs } from '../../contract/time.ts';
import type { ClockUsed } from '../clock/clock.ts';
import type { Rebalance } from '../figures/figures.ts';
import { addStretch, type Interval, longer, type Pause, pauseBefore, stopTheWorldMs, worthNoting } from './pauses.ts';
import { type Around, copied, copyAround, type Group, type Settled } from './state.ts';

export function workBegan(group: Group, partition: number, at: EpochMs, waitedMs: number, clock: ClockUsed): void {
  let processing = group.processing.get(partition);
  if (processing === undefined) {
    processing = { endedAt: undefined, endedBy: undefined, handedOver: false, working: 0 };
    group.processing.set(partition, processing);
  }
  notePause(group, partition, pauseBefore(processing, at, waitedMs, clock));
  processing.working++;
}

export function workEnded(
  group: Group,
  partition: number,
  work: Interval,
  clock: ClockUsed,
  longestPause: Interval | undefined,
): void {
  const processing = group.processing.get(partition);
  if (processing === undefined) return;
  if (longestPause !== undefined) notePause(group, partition, { ...longestPause, errorMs: 0 });
  processing.working = Math.max(0, processing.working - 1);
  if (processing.endedAt === undefined || work.to >= processing.endedAt) {
    processing.endedAt = work.to;
    processing.endedBy = clock;
    processing.handedOver = false;
  }
  const { change } = group;
  if (change !== undefined) {
    const around = aroundOf(change.around, partition);
    if (around.fresh) around.fresh = false;
    else addStretch(around.work, work);
  }
  eachPending(group, partition, (settled) => {
    addStretch(aroundOf(settled.around, partition).work, work);
    if (work.to >= settled.outline.settledAt) {
      settled.pending.delete(partition);
      group.pendingIn.set(partition, (group.pendingIn.get(partition) ?? 0) - 1);
      finish(settled);
    }
  });
}

/** A process gives these partitions up, or is dead and has left everything behind: what it did with them is known to the end. */
export function handedOver(group: Group, instance: string, partitions: Iterable<number>): void {
  for (const partition of partitions) {
    const processing = group.processing.get(partition);
    if (processing?.endedBy?.of === instance) processing.handedOver = true;
  }
}

function notePause(group: Group, partition: number, pause: Pause | undefined): void {
  if (pause === undefined) return;
  const noted = worthNoting(pause) ? { from: pause.from, to: pause.to } : undefined;
  const { change } = group;
  if (change !== undefined && pause.to >= change.at) {
    const around = aroundOf(change.around, partition);
    around.errorMs = Math.max(around.errorMs, pause.errorMs);
    if (pause.from <= change.lastAt) around.longest = longer(around.longest, noted);
    else around.beyond = longer(around.beyond, noted);
  }
  eachPending(group, partition, (settled) => {
    if (pause.to < settled.outline.at || pause.from > settled.outline.settledAt) return;
    const around = aroundOf(settled.around, partition);
    around.errorMs = Math.max(around.errorMs, pause.errorMs);
    around.longest = longer(around.longest, noted);
  });
}

function aroundOf(all: Map<number, Around>, partition: number): Around {
  let around = all.get(partition);
  if (around === undefined) {
    around = { longest: undefined, beyond: undefined, errorMs: 0, work: [], fresh: true };
    all.set(partition, around);
  }
  return around;
}

/** The settled changes that wait for a record of this partition, made this group's own first. */
function eachPending(group: Group, partition: number, visit: (settled: Settled) => void): void {
  if (!group.pendingIn.get(partition)) return;
  group.settled.forEach((settled, index) => {
    if (!settled.pending.has(partition)) return;
    let own = settled;
    if (settled.holder !== group) {
      own = {
        ...settled,
        holder: group,
        pending: new Set(settled.pending),
        around: copied(settled.around, copyAround),
      };
      group.settled[index] = own;
    }
    visit(own);
  });
}

/** Nothing pending: the figures are what they will stay, and what they were made from can go. */
export function finish(settled: Settled): void {
  if (settled.pending.size > 0) return;
  settled.final = complete(settled);
  settled.around = new Map();
}

const toMicros = (ms: number) => Math.round(ms * 1000) / 1000;

export function complete({ outline, around, pending }: Settled): Rebalance {
  const known = [...around].filter(([partition]) => !pending.has(partition)).sort(([a], [b]) => a - b);
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
