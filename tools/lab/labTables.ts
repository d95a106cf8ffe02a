/** The progress and the result of a lab as text, derived from the objects and their statuses. */
import type { ConsumerScale } from '../../src/api/consumerscale/consumerScale.ts';
import type { ConsumerScaleStepStatus } from '../../src/api/consumerscale/status.ts';
import type { Lab } from '../../src/api/lab/lab.ts';
import type { ExpectationStatus } from '../../src/api/lab/status.ts';
import type { LoadTest } from '../../src/api/loadtest/loadTest.ts';
import type { LoadTestStatus } from '../../src/api/loadtest/status.ts';
import { consumerPodName } from '../../src/domain/workers/workloads.ts';

type RebalancesStatus = NonNullable<LoadTestStatus['rebalances']>;
type RebalanceStatus = RebalancesStatus['recent'][number];

/** A LoadTest, and the ConsumerScale over its group if there is one. */
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

/** The current state of a trial in one line. */
export function progress(test: LoadTest, scale: ConsumerScale | undefined): string {
  const { status } = test;
  const parts = [
    status?.phase ?? 'Pending',
    `producers ${status?.producers?.ready ?? 0}/${test.spec.producers?.replicas ?? 0}`,
    `consumers ${status?.consumers?.ready ?? 0}/${test.spec.consumers?.replicas ?? 0} (${status?.consumers?.memberCount ?? 0} in the group)`,
    `${Math.round(status?.producers?.messagesPerSecond ?? 0)} msg/s in, ${Math.round(status?.consumers?.messagesPerSecond ?? 0)} out`,
    `lag ${status?.lag?.total ?? '-'}`,
    `rebalances ${status?.rebalances?.count ?? 0}`,
  ];
  const step = scale?.status?.step;
  const message = scale?.status?.conditions.find(({ type }) => type === 'Ready')?.message;
  return `${parts.join(' | ')}${step ? ` | step ${step}` : ''}${message ? `: ${message}` : ''}`;
}

/** The figures of each step of a schedule. */
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

/** Each rebalance with its time, trigger, members and costs. */
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

/** The result of a trial: steps, rebalances and delivery. */
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

/** The warnings among the conditions of a LoadTest, one line each. */
export const warnings = ({ status }: LoadTest): string[] =>
  (status?.conditions ?? [])
    .filter((condition) => WARNINGS.includes(condition.type) && condition.status === 'True')
    .map(({ type, message }) => `${type}: ${message}`);

// ---- graded labs ------------------------------------------------------------------------------

const verdict = ({ passed }: ExpectationStatus, open: string): string =>
  passed === undefined ? open : passed ? 'passed' : 'FAILED';

/** The progress of each step that has begun, and of its expectations: a key and a line. */
export function labProgress({ spec, status }: Lab): [of: string, line: string][] {
  return (status?.steps ?? []).flatMap((step, index): [string, string][] => {
    if (step.startedAt === undefined) return [];
    const name = `step ${index + 1}/${spec.steps.length} ${step.name}`;
    const done = step.doneAt !== undefined;
    const state = done ? 'done' : step.phase === 'Failed' ? `FAILED: ${step.message}` : (step.message ?? 'begins');
    const expected = !done ? [] : (step.expectations ?? []);
    return [
      [`${index}`, `${name}: ${state}`],
      ...expected.map((one, n): [string, string] => [
        `${index}.${n}`,
        `  ${verdict(one, 'waiting')}: ${one.that}${one.observed === undefined ? '' : ` (${one.observed})`}`,
      ]),
    ];
  });
}

const cut = (text: string, most: number): string => (text.length <= most ? text : `${text.slice(0, most - 1)}…`);

/** The result of a graded lab: its steps and expectations, the details of failed ones, and the verdict. */
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
      return ['', `Failed in step ${index + 1} (${name}): ${that}`, ...why, `  observed: ${observed ?? 'nothing'}`];
    }),
  );
  const message = status?.conditions.find(({ type }) => type === 'Ready')?.message ?? '';
  const heading = spec.title === undefined ? [] : [spec.title];
  return [
    ...heading,
    table(['step', 'what', 'phase', 'expected', 'verdict', 'observed'], rows),
    ...failed,
    '',
    `${status?.phase ?? 'Pending'}: ${message}`,
  ].join('\n');
}

// ---- protocols side by side -------------------------------------------------------------------

/** The rebalances that began within a step. The first step also gets the ones before it, of the first consumers. */
function within(
  steps: readonly ConsumerScaleStepStatus[],
  index: number,
  all: readonly RebalanceStatus[],
): RebalanceStatus[] {
  const { startedAt, finishedAt } = steps[index] ?? {};
  if (startedAt === undefined) return [];
  return all.filter(({ at }) => (index === 0 || at >= startedAt) && (finishedAt === undefined || at < finishedAt));
}

/** The longest pause of some partitions. `?`: unknown, because there has been no record since. */
function longestOf(rebalances: readonly RebalanceStatus[], is: (partition: number, one: RebalanceStatus) => boolean) {
  const known = rebalances.flatMap((one) => one.pauses.filter(({ partition }) => is(partition, one)));
  if (known.length > 0) return `${Math.max(...known.map(({ ms }) => ms))} ms`;
  return rebalances.some((one) => one.pending?.some((partition) => is(partition, one))) ? '?' : '0 ms';
}

const moved = (partition: number, { members }: RebalanceStatus): boolean =>
  members.some(({ gained, lost }) => gained.includes(partition) || lost.includes(partition));

/** The consumers of a step: from its status, or from the spec if it has not begun. */
function consumersOf(scale: ConsumerScale | undefined, index: number): number {
  const asked = scale?.spec.steps[index]?.consumers;
  return scale?.status?.steps?.[index]?.consumers ?? (typeof asked === 'number' ? asked : 0);
}

/** The change from one step to the next: `2nd joins`, `4th leaves`. */
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

/** The usual name of a protocol: its assignor, with `static` for static members, or KIP-848. */
function protocolName({ spec }: LoadTest): string {
  const { identity, config } = (spec.consumers ?? { config: {} }) as Handling;
  const assignor =
    config['group.protocol'] === 'consumer' ? 'KIP-848' : (config['partition.assignment.strategy'] ?? 'range');
  return identity === 'Static' ? `${assignor}, static` : assignor;
}

const slowMemberOf = ({ spec }: LoadTest) => (spec.consumers as Handling | undefined)?.processing?.slowMember;

/** Whether a partition stays with the slow member, which is the first consumer. */
const slowKept =
  (test: LoadTest) =>
  (partition: number, { members }: RebalanceStatus): boolean =>
    slowMemberOf(test) !== undefined &&
    members.some(({ name, kept }) => name === consumerPodName(test.metadata.name, 0) && kept.includes(partition));

const handlers = (test: LoadTest): string => {
  const slow = slowMemberOf(test);
  return slow === undefined ? 'fast' : `one slow (${slow.perPoll} per poll)`;
};

/** A table that compares the same schedule under several protocols, step by step. */
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
      'pause: moved',
      'kept by fast members',
      'kept by the slow member',
      'stop-the-world',
    ],
    rows,
  );
}
