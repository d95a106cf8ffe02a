/**
 * Rebalance storms: a group rebalances again and again although nobody changed it. A rebalance counts if no change of the
 * scale, the partitions or the pods explains it. It counts for 60 s. After an exceeded `max.poll.interval.ms` it counts
 * for three such intervals if that is longer (15 minutes by default), because it cannot repeat sooner. A storm begins when
 * three rebalances count at the same time, and ends when none counts.
 */
import type { EpochMs } from '../../../contract/time.ts';
import type { Rebalance, RebalanceTrigger } from '../../../domain/figures/figures.ts';

/** Rebalances that count at the same time and make a storm. */
export const STORM_REBALANCES = 3;
export const STORM_MS = 60_000;
/**
 * An unexplained rebalance within 15 s of a requested change may be its second round: members rejoin with their next
 * heartbeat and poll.
 */
const SECOND_ROUND_MS = 15_000;
const POLL_INTERVALS = 3;

export interface Storm {
  /** The most frequent reason for which the group removed a member; Unknown: it removed none. */
  cause: 'PollIntervalExceeded' | 'SessionExpired' | 'Unknown';
  /** The rebalances of the storm, oldest first. */
  rebalances: Rebalance[];
}

const REMOVALS: ReadonlySet<RebalanceTrigger> = new Set(['PollIntervalExceeded', 'SessionExpired']);

export const countsForMs = (trigger: RebalanceTrigger, maxPollIntervalMs: number): number =>
  trigger === 'PollIntervalExceeded' ? Math.max(STORM_MS, POLL_INTERVALS * maxPollIntervalMs) : STORM_MS;

/** The storm at `now`; undefined: there is none. `rebalances`: oldest first. */
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
  if (REMOVALS.has(trigger)) return true;
  // A member that joins shortly after removals is a removed one that returns.
  if (trigger === 'MemberJoined') return counting.length > 0;
  // Under these protocols members keep their partitions, so a round without moves costs nothing.
  const harmless = partitionsMoved === 0 && (protocol === 'Cooperative' || protocol === 'Consumer');
  return trigger === 'Unknown' && !harmless && at - explainedAt > SECOND_ROUND_MS;
}

function causeOf(storm: readonly Rebalance[]): Storm['cause'] {
  const times = (trigger: RebalanceTrigger) => storm.filter((one) => one.trigger === trigger).length;
  const exceeded = times('PollIntervalExceeded');
  const expired = times('SessionExpired');
  if (exceeded + expired === 0) return 'Unknown';
  return exceeded >= expired ? 'PollIntervalExceeded' : 'SessionExpired';
}
