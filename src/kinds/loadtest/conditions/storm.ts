/**
 * Rebalance storms: a group that rebalances again and again though nobody changed it. A rebalance counts when no change
 * of scale, partitions or pods explains it. It counts for a minute; one after an exceeded `max.poll.interval.ms` for
 * three such intervals where that is longer (by default 15 minutes), because it can't come more often. When three count
 * at the same time a storm has begun; when none counts any more it is over.
 */
import type { EpochMs } from '../../../contract/time.ts';
import type { Rebalance, RebalanceTrigger } from '../../../domain/figures/figures.ts';

/** So many that count at the same time are a storm. */
export const STORM_REBALANCES = 3;
export const STORM_MS = 60_000;
/** What nothing explains may be the second round of a change that was asked for, so long after it: members take part at their next heartbeat and poll. */
const SECOND_ROUND_MS = 15_000;
const POLL_INTERVALS = 3;

export interface Storm {
  /** What put members out most often; Unknown: nobody was put out. */
  cause: 'PollIntervalExceeded' | 'SessionExpired' | 'Unknown';
  /** Those of the storm that count, oldest first. */
  rebalances: Rebalance[];
}

const PUT_OUT: ReadonlySet<RebalanceTrigger> = new Set(['PollIntervalExceeded', 'SessionExpired']);

/** How long a rebalance counts. */
export const countsForMs = (trigger: RebalanceTrigger, maxPollIntervalMs: number): number =>
  trigger === 'PollIntervalExceeded' ? Math.max(STORM_MS, POLL_INTERVALS * maxPollIntervalMs) : STORM_MS;

/** The storm that goes on at `now`, or undefined. `rebalances`: oldest first. */
export function stormAt(rebalances: readonly Rebalance[], maxPollIntervalMs: number, now: EpochMs): Storm | undefined {
  const stillCounts = (at: EpochMs) => (one: Rebalance) => at - one.at <= countsForMs(one.trigger, maxPollIntervalMs);
  let counting: Rebalance[] = [];
  let storm: Rebalance[] = [];
  let explainedAt = Number.NEGATIVE_INFINITY;
  for (const rebalance of rebalances) {
    counting = counting.filter(stillCounts(rebalance.at));
    if (counting.length === 0) storm = [];
    if (!counts(rebalance, counting, explainedAt)) {
      if (rebalance.trigger !== 'Unknown') explainedAt = rebalance.settledAt;
      continue;
    }
    counting.push(rebalance);
    if (storm.length > 0) storm.push(rebalance);
    else if (counting.length >= STORM_REBALANCES) storm = [...counting];
  }
  if (storm.length === 0 || !counting.some(stillCounts(now))) return undefined;
  return { cause: causeOf(storm), rebalances: storm };
}

function counts(rebalance: Rebalance, counting: Rebalance[], explainedAt: EpochMs): boolean {
  const { trigger, asked, at, protocol, partitionsMoved } = rebalance;
  if (asked) return false;
  if (PUT_OUT.has(trigger)) return true;
  // Who joins while others have just been put out is one of them that comes back.
  if (trigger === 'MemberJoined') return counting.length > 0;
  // Where nobody gives up what it keeps, a round that moves nothing costs nothing.
  const idle = partitionsMoved === 0 && (protocol === 'Cooperative' || protocol === 'Consumer');
  return trigger === 'Unknown' && !idle && at - explainedAt > SECOND_ROUND_MS;
}

function causeOf(storm: readonly Rebalance[]): Storm['cause'] {
  const times = (trigger: RebalanceTrigger) => storm.filter((one) => one.trigger === trigger).length;
  const exceeded = times('PollIntervalExceeded');
  const expired = times('SessionExpired');
  if (exceeded + expired === 0) return 'Unknown';
  return exceeded >= expired ? 'PollIntervalExceeded' : 'SessionExpired';
}
