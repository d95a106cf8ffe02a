/** Rebalances as the status shows them, within the bounds of the CRD. */
import type { LoadTestStatus } from '../../api/loadtest/status.ts';
import { iso } from '../../contract/time.ts';
import type { Rebalance } from '../figures/figures.ts';

export type RebalancesStatus = NonNullable<LoadTestStatus['rebalances']>;

/** Bounds in the CRD. */
const MOST_RECENT = 50;
const MOST_ENTRIES = 1_000;
const MOST_PARTITIONS = 10_000;
const LONGEST_REASON = 1_024;
const LONGEST_NAME = 253;
/** Rounding error of pauses, which the status shows in whole ms. */
const ROUNDING_MS = 0.5;
/** Limit for the status. The whole object may have 256 KiB. */
const MOST_BYTES = 240 * 1024;

function rebalanceStatus(rebalance: Rebalance): RebalancesStatus['recent'][number] {
  const {
    asked: _asked,
    pending,
    pauses,
    members,
    reason,
    at,
    settledAt,
    stopTheWorldMs,
    longestPauseMs,
    ...others
  } = rebalance;
  const { resolutionMs, errorBoundMs, ...rest } = others;
  return {
    ...rest,
    at: iso(at),
    settledAt: iso(settledAt),
    ...(resolutionMs === undefined ? {} : { resolutionMs: Math.round(resolutionMs) }),
    stopTheWorldMs: Math.round(stopTheWorldMs),
    longestPauseMs: Math.round(longestPauseMs),
    ...(errorBoundMs === undefined ? {} : { errorBoundMs: Math.ceil((errorBoundMs + ROUNDING_MS) * 10) / 10 }),
    reason: reason.slice(0, LONGEST_REASON),
    pauses: longest(pauses).map(({ partition, ms }) => ({ partition, ms: Math.round(ms) })),
    ...(pending.length === 0 ? {} : { pending: pending.slice(0, MOST_PARTITIONS) }),
    members: members
      .slice(0, MOST_ENTRIES)
      .map(({ name, ...partitions }) => ({ name: name.slice(0, LONGEST_NAME), ...partitions })),
  };
}

/** At most `MOST_ENTRIES` pauses, the longest, in their original order. */
function longest(pauses: Rebalance['pauses']): Rebalance['pauses'] {
  if (pauses.length <= MOST_ENTRIES) return pauses;
  const kept = new Set([...pauses].sort((a, b) => b.ms - a.ms).slice(0, MOST_ENTRIES));
  return pauses.filter((pause) => kept.has(pause));
}

/** `count`: number of all rebalances, if `list` has only the last ones. */
export function rebalancesStatus(list: readonly Rebalance[], settled: boolean, count = list.length): RebalancesStatus {
  return {
    count,
    settled,
    partitionsMoved: list.reduce((sum, { partitionsMoved }) => sum + partitionsMoved, 0),
    longestPauseMs: Math.round(Math.max(0, ...list.map(({ longestPauseMs }) => longestPauseMs))),
    longestStopTheWorldMs: Math.round(Math.max(0, ...list.map(({ stopTheWorldMs }) => stopTheWorldMs))),
    recent: list.slice(-MOST_RECENT).map(rebalanceStatus),
  };
}

const bytesOf = (status: object): number => new TextEncoder().encode(JSON.stringify(status)).length;
export const isTooLarge = (status: object): boolean => bytesOf(status) > MOST_BYTES;

/** Drops the oldest recent rebalances until the status has at most `MOST_BYTES`, but keeps at least `least` of them. */
export function withinSize<S extends { rebalances?: RebalancesStatus }>(status: S, least = 0): S {
  let small = status;
  while (small.rebalances !== undefined && small.rebalances.recent.length > least && isTooLarge(small)) {
    const { recent } = small.rebalances;
    small = { ...small, rebalances: { ...small.rebalances, recent: recent.slice(Math.ceil(recent.length / 2)) } };
  }
  return small;
}

/** The omitted rebalances, as an entry of `status.truncated`; empty if none are omitted. */
export function rebalancesLeftOut({ rebalances }: { rebalances?: RebalancesStatus }): string[] {
  if (rebalances === undefined || rebalances.recent.length === rebalances.count) return [];
  return [`rebalances.recent: the last ${rebalances.recent.length} of ${rebalances.count}`];
}
