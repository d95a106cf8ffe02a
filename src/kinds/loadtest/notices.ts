/** Events about rebalances: who lost and who gained, and what it cost. */
import type { Notice } from '../../contract/kind.ts';
import type { Rebalance } from '../../domain/figures/figures.ts';

/** Several at once (an operator that was away) are told one by one up to here, the rest in one sentence. */
const TOLD_ONE_BY_ONE = 10;

/** One notice for each rebalance after number `told`. */
export function rebalanceNotices(told: number, rebalances: readonly Rebalance[]): Notice[] {
  const fresh = rebalances.filter(({ number }) => number > told);
  const notices = fresh
    .slice(-TOLD_ONE_BY_ONE)
    .map((rebalance): Notice => ({ type: 'Normal', reason: 'Rebalanced', message: rebalanceSentence(rebalance) }));
  const untold = fresh.length - notices.length;
  return untold === 0
    ? notices
    : [
        { type: 'Normal', reason: 'Rebalanced', message: `${untold} more rebalances, see status.rebalances` },
        ...notices,
      ];
}

export function rebalanceSentence(rebalance: Rebalance): string {
  const { number, trigger, membersBefore, membersAfter, partitionsMoved, members, longestPauseMs, stopTheWorldMs } =
    rebalance;
  const changes = members
    .filter(({ gained, lost }) => gained.length + lost.length > 0)
    .slice(0, 10)
    .map(({ id, gained, lost }) =>
      [id, gained.length > 0 ? `+${gained.join(',')}` : '', lost.length > 0 ? `-${lost.join(',')}` : '']
        .filter((part) => part !== '')
        .join(' '),
    );
  return `rebalance ${number} (${trigger}): ${membersBefore} -> ${membersAfter} members, ${partitionsMoved} partitions moved [${changes.join('; ')}], longest pause ${Math.round(longestPauseMs)} ms, stop-the-world ${Math.round(stopTheWorldMs)} ms`;
}
