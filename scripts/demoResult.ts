/** The tables that `make demo` ends with, from the two statuses alone. */
import type { ConsumerScale } from '../src/api/consumerScale.ts';
import type { LoadTest } from '../src/api/loadTest.ts';

function table(head: string[], rows: (string | number)[][]): string {
  const all = [head, ...rows.map((row) => row.map(String))];
  const widths = head.map((_, column) => Math.max(...all.map((row) => (row[column] ?? '').length)));
  const line = (row: string[]) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd();
  return [line(head), widths.map((width) => '-'.repeat(width)).join('  '), ...all.slice(1).map(line)].join('\n');
}

const seconds = (ms: number | undefined): string => (ms === undefined ? '-' : `${(ms / 1000).toFixed(1)} s`);

export function result(test: LoadTest, scale: ConsumerScale): string {
  const steps = scale.status?.steps ?? [];
  const byStep = table(
    [
      'step',
      'consumers',
      'partitions',
      'phase',
      'lag before',
      'peak',
      'after',
      'drained in',
      'rebalances',
      'moved',
      'longest pause',
      'stop-the-world',
    ],
    steps.map((step, index) => [
      index + 1,
      step.consumers ?? '-',
      step.partitions ?? '-',
      step.phase,
      step.lag?.before ?? '-',
      step.lag?.peak ?? '-',
      step.lag?.after ?? '-',
      seconds(step.lag?.drainedMs),
      step.rebalances ?? 0,
      step.partitionsMoved ?? 0,
      `${step.longestPauseMs ?? 0} ms`,
      `${step.stopTheWorldMs ?? 0} ms`,
    ]),
  );
  const rebalances = test.status?.rebalances;
  const byRebalance = table(
    ['#', 'at', 'trigger', 'members', 'moved', 'longest pause', 'stop-the-world', 'who gained and lost'],
    (rebalances?.recent ?? []).map((rebalance) => [
      rebalance.number,
      rebalance.at.slice(11, 19),
      rebalance.trigger,
      `${rebalance.membersBefore} -> ${rebalance.membersAfter}`,
      rebalance.partitionsMoved,
      `${rebalance.longestPauseMs} ms`,
      `${rebalance.stopTheWorldMs} ms`,
      rebalance.members
        .filter(({ gained, lost }) => gained.length + lost.length > 0)
        .map(
          ({ id, gained, lost }) =>
            `${id}${gained.length > 0 ? ` +${gained}` : ''}${lost.length > 0 ? ` -${lost}` : ''}`,
        )
        .join('; '),
    ]),
  );
  const { producers, delivery } = test.status ?? {};
  return [
    'Lag by step (records; measured by committed offsets)',
    byStep,
    '',
    `Rebalances (${rebalances?.count ?? 0})`,
    byRebalance,
    '',
    `Produced ${delivery?.produced ?? 0}, consumed ${delivery?.consumed ?? 0}, duplicated ${delivery?.duplicated ?? 0}, skipped ${delivery?.skipped ?? 0}; send latency p50 ${producers?.latencyMs?.p50 ?? '-'} ms, p99 ${producers?.latencyMs?.p99 ?? '-'} ms`,
  ].join('\n');
}
