/** What a lab shows and ends with, as text, from the objects and their statuses alone. */
import type { ConsumerScale } from '../../src/api/consumerscale/consumerScale.ts';
import type { ConsumerScaleStepStatus } from '../../src/api/consumerscale/status.ts';
import type { Lab } from '../../src/api/lab/lab.ts';
import type { ExpectationStatus } from '../../src/api/lab/status.ts';
import type { LoadTest } from '../../src/api/loadtest/loadTest.ts';
import type { LoadTestStatus } from '../../src/api/loadtest/status.ts';
import { consumerPodName } from '../../src/domain/workers/workloads.ts';

type RebalancesStatus = NonNullable<LoadTestStatus['rebalances']>;
type RebalanceStatus = RebalancesStatus['recent'][number];

/** A LoadTest and the schedule over its group, where there is one. */
export interface Trial {
  test: LoadTest;
  scale?: ConsumerScale;
}

export function table(head: string[], rows: (string | number)[][]): string {
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

/** One line of how it stands. */
export function progress(test: LoadTest, scale: ConsumerScale | undefined): string {
  const { status } = test;
  const parts = [
    status?.phase ?? 'Pending',
    `producers ${status?.producers?.ready ?? 0}/${test.spec.producers?.replicas ?? 0}`,
    `consumers ${status?.consumers?.ready ?? 0}/${test.spec.consumers?.replicas ?? 0} (${status?.consumers?.members.length ?? 0} in the group)`,
    `${Math.round(status?.producers?.messagesPerSecond ?? 0)} msg/s in, ${Math.round(status?.consumers?.messagesPerSecond ?? 0)} out`,
    `lag ${status?.lag?.total ?? '-'}`,
    `rebalances ${status?.rebalances?.count ?? 0}`,
  ];
  const step = scale?.status?.step;
  const message = scale?.status?.conditions.find(({ type }) => type === 'Ready')?.message;
  return `${parts.join(' | ')}${step ? ` | step ${step}` : ''}${message ? `: ${message}` : ''}`;
}

/** What each step of a schedule cost. */
export const stepTable = (steps: readonly ConsumerScaleStepStatus[]): string =>
  table(
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

/** Each rebalance: when, why, who, and what it cost. */
export const rebalanceTable = (recent: readonly RebalanceStatus[]): string =>
  table(
    ['#', 'at', 'trigger', 'members', 'moved', 'longest pause', 'stop-the-world', 'who gained and lost'],
    recent.map((rebalance) => [
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
          ({ name, gained, lost }) =>
            `${name}${gained.length > 0 ? ` +${gained}` : ''}${lost.length > 0 ? ` -${lost}` : ''}`,
        )
        .join('; '),
    ]),
  );

const deliveryLine = ({ producers, delivery }: Partial<LoadTestStatus>): string =>
  `Produced ${delivery?.produced ?? 0}, consumed ${delivery?.consumed ?? 0}, duplicated ${delivery?.duplicated ?? 0}, skipped ${delivery?.skipped ?? 0}; send latency p50 ${producers?.latencyMs?.p50 ?? '-'} ms, p99 ${producers?.latencyMs?.p99 ?? '-'} ms`;

/** What a lab ends with: steps, rebalances, delivery. */
export function result(test: LoadTest, scale: ConsumerScale | undefined): string {
  const rebalances = test.status?.rebalances;
  return [
    ...(scale === undefined
      ? []
      : ['Lag by step (records; measured by committed offsets)', stepTable(scale.status?.steps ?? []), '']),
    `Rebalances (${rebalances?.count ?? 0})`,
    rebalanceTable(rebalances?.recent ?? []),
    '',
    deliveryLine(test.status ?? {}),
  ].join('\n');
}

const WARNINGS = ['LagHigh', 'RebalanceStorm', 'IdleConsumers', 'Stalled'];

/** What the LoadTest's conditions warn of, a line each. */
export const warnings = ({ status }: LoadTest): string[] =>
  (status?.conditions ?? [])
    .filter((condition) => WARNINGS.includes(condition.type) && condition.status === 'True')
    .map(({ type, message }) => `${type}: ${message}`);

// ---- a lab that grades itself -----------------------------------------------------------------

const verdict = ({ passed }: ExpectationStatus, open: string): string =>
  passed === undefined ? open : passed ? 'passed' : 'FAILED';

/** What can be said of each step that has begun and of each of its expectations: what it is about, and a line. */
export function labProgress({ spec, status }: Lab): [of: string, line: string][] {
  return (status?.steps ?? []).flatMap((step, index): [string, string][] => {
    if (step.startedAt === undefined) return [];
    const name = `step ${index + 1}/${spec.steps.length} ${step.name}`;
    const done = step.doneAt !== undefined;
    const how = done
      ? 'has taken place'
      : step.phase === 'Failed'
        ? `FAILED: ${step.message}`
        : (step.message ?? 'begins');
    const expected = !done ? [] : (step.expectations ?? []);
    return [
      [`${index}`, `${name}: ${how}`],
      ...expected.map((one, n): [string, string] => [
        `${index}.${n}`,
        `  ${verdict(one, 'waiting')}: ${one.that}${one.observed === undefined ? '' : ` (${one.observed})`}`,
      ]),
    ];
  });
}

const cut = (text: string, most: number): string => (text.length <= most ? text : `${text.slice(0, most - 1)}…`);

/** What a graded lab ends with: its steps and expectations, those that failed in full, and the verdict. */
export function labResult({ spec, status }: Lab): string {
  const steps = status?.steps ?? [];
  const rows = steps.flatMap((step, index) => {
    const [first = [], ...others] = (step.expectations ?? []).map((one) => [
      cut(one.that, 80),
      verdict(one, 'not judged'),
      cut(one.observed ?? '', 60),
    ]);
    return [[index + 1, step.name, step.phase, ...first], ...others.map((row) => ['', '', '', ...row])];
  });
  const failed = steps.flatMap(({ name, expectations = [] }, index) =>
    expectations.flatMap(({ passed, that, observed }, n) => {
      if (passed !== false) return [];
      const { because } = spec.steps[index]?.expect[n] ?? {};
      const why = because === undefined ? [] : [`  expected because ${because}`];
      return ['', `Not seen in step ${index + 1} (${name}): ${that}`, ...why, `  seen: ${observed ?? 'nothing'}`];
    }),
  );
  const message = status?.conditions.find(({ type }) => type === 'Ready')?.message ?? '';
  const heading = spec.title === undefined ? [] : [spec.title];
  return [
    ...heading,
    table(['step', 'what', 'phase', 'expected', 'verdict', 'seen'], rows),
    ...failed,
    '',
    `${status?.phase ?? 'Pending'}: ${message}`,
  ].join('\n');
}

// ---- protocols side by side -------------------------------------------------------------------

/** Rebalances that began within a step; the first consumers may have joined before the schedule began. */
function within(
  steps: readonly ConsumerScaleStepStatus[],
  index: number,
  all: readonly RebalanceStatus[],
): RebalanceStatus[] {
  const { startedAt, finishedAt } = steps[index] ?? {};
  if (startedAt === undefined) return [];
  return all.filter(({ at }) => (index === 0 || at >= startedAt) && (finishedAt === undefined || at < finishedAt));
}

/** The longest pause of some partitions: `-` for none of them, `?` where no record since tells it. */
function longestOf(rebalances: readonly RebalanceStatus[], is: (partition: number, one: RebalanceStatus) => boolean) {
  const known = rebalances.flatMap((one) => one.pauses.filter(({ partition }) => is(partition, one)));
  if (known.length > 0) return `${Math.max(...known.map(({ ms }) => ms))} ms`;
  return rebalances.some((one) => one.pending?.some((partition) => is(partition, one))) ? '?' : '0 ms';
}

const moved = (partition: number, { members }: RebalanceStatus): boolean =>
  members.some(({ gained, lost }) => gained.includes(partition) || lost.includes(partition));

/** As the step found it, or as it is written where it has not begun. */
function consumersOf(scale: ConsumerScale | undefined, index: number): number {
  const asked = scale?.spec.steps[index]?.consumers;
  return scale?.status?.steps?.[index]?.consumers ?? (typeof asked === 'number' ? asked : 0);
}

/** `2nd joins`, `4th leaves`; what changes from one step to the next. */
function eventName(before: number, after: number): string {
  if (before === after) return 'no change';
  const first = ordinal(Math.min(before, after) + 1);
  const last = ordinal(Math.max(before, after));
  const what = after > before ? 'join' : 'leave';
  return first === last ? `${last} ${what}s` : `${first} to ${last} ${what}`;
}

const ordinal = (n: number): string => `${n}${['st', 'nd', 'rd'][n - 1] ?? 'th'}`;

interface Handling {
  identity?: string;
  processing?: { slowMember?: { perPoll: string } };
  config: Record<string, string>;
}

/** As people call it: assignor, static, or KIP-848. */
function protocolName({ spec }: LoadTest): string {
  const { identity, config } = (spec.consumers ?? { config: {} }) as Handling;
  const assignor =
    config['group.protocol'] === 'consumer' ? 'KIP-848' : (config['partition.assignment.strategy'] ?? 'range');
  return identity === 'Static' ? `${assignor}, static` : assignor;
}

const slowMemberOf = ({ spec }: LoadTest) => (spec.consumers as Handling | undefined)?.processing?.slowMember;

/** Partitions that stay with the slow member, which is the first one. */
const slowKept =
  (test: LoadTest) =>
  (partition: number, { members }: RebalanceStatus): boolean =>
    slowMemberOf(test) !== undefined &&
    members.some(({ name, kept }) => name === consumerPodName(test.metadata.name, 0) && kept.includes(partition));

const handlers = (test: LoadTest): string => {
  const slow = slowMemberOf(test);
  return slow === undefined ? 'quick' : `one slow (${slow.perPoll} a poll)`;
};

/** The same schedule under several protocols: one table, event by event. A step is an event where its consumers differ from the one before. */
export function sideBySide(trials: readonly Trial[]): string {
  const events = trials[0]?.scale?.status?.steps?.length ?? 0;
  const rows = Array.from({ length: events }, (_, index) =>
    trials.map(({ test, scale }) => {
      const steps = scale?.status?.steps ?? [];
      const step = steps[index];
      const before = index === 0 ? 0 : consumersOf(scale, index - 1);
      const name = [eventName(before, consumersOf(scale, index)), protocolName(test), handlers(test)];
      if (step === undefined || step.phase === 'Pending') return [...name, '-', '-', '-', '-', '-'];
      const withSlow = slowKept(test);
      const rebalances = within(steps, index, test.status?.rebalances?.recent ?? []);
      const movedCount = rebalances.reduce((sum, { partitionsMoved }) => sum + partitionsMoved, 0);
      const stopped = Math.max(0, ...rebalances.map(({ stopTheWorldMs }) => stopTheWorldMs));
      return [
        ...name,
        movedCount,
        movedCount === 0 ? '-' : longestOf(rebalances, moved),
        longestOf(rebalances, (partition, one) => !moved(partition, one) && !withSlow(partition, one)),
        slowMemberOf(test) === undefined ? '-' : longestOf(rebalances, withSlow),
        stopped === 0 ? 'no' : `${stopped} ms`,
      ];
    }),
  ).flat();
  return table(
    [
      'event',
      'protocol',
      'handlers',
      'moved',
      'pause of the moved',
      'of those that quick ones keep',
      'that the slow one keeps',
      'whole group stood still',
    ],
    rows,
  );
}
