/** Events about rebalances: which members lost and gained partitions, and the pauses. */
import type { Notice } from '../../contract/kind.ts';
import type { Rebalance } from '../../domain/figures/figures.ts';
import { counted } from '../../domain/status/counted.ts';

/** More new rebalances than these, e.g. after an operator was away, share one Event. */
const MOST_EVENTS = 10;
/** Members listed in an Event. */
const MOST_MEMBERS = 10;

/** `reported`: number of the newest rebalance that has an Event. */
export function rebalanceNotices(reported: number, rebalances: readonly Rebalance[]): Notice[] {
  const fresh = rebalances.filter(({ number }) => number > reported);
  const notices = fresh
    .slice(-MOST_EVENTS)
    .map((rebalance): Notice => ({ type: 'Normal', reason: 'Rebalanced', message: rebalanceSentence(rebalance) }));
  const others = fresh.length - notices.length;
  return others === 0
    ? notices
    : [
        {
          type: 'Normal',
          reason: 'Rebalanced',
          message: `${counted(others, 'more rebalance')}, see status.rebalances`,
        },
        ...notices,
      ];
}

function rebalanceSentence(rebalance: Rebalance): string {
  const { number, trigger, membersBefore, membersAfter, partitionsMoved, members, longestPauseMs, stopTheWorldMs } =
    rebalance;
  const changes = members
    .filter(({ gained, lost }) => gained.length + lost.length > 0)
    .slice(0, MOST_MEMBERS)
    .map(({ name, gained, lost }) =>
      [name, gained.length > 0 ? `+${gained.join(',')}` : '', lost.length > 0 ? `-${lost.join(',')}` : '']
        .filter((part) => part !== '')
        .join(' '),
    );
  return `rebalance ${number} (${trigger}): ${membersBefore} -> ${membersAfter} members, ${counted(partitionsMoved, 'partition')} moved [${changes.join('; ')}], longest pause ${Math.round(longestPauseMs)} ms, stop-the-world ${Math.round(stopTheWorldMs)} ms`;
}
