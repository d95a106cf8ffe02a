/** The state machine of a schedule: from the recorded steps and what is observed to the steps and changes of this round. Pure. */
import type { ConsumerScaleStep } from '../../api/consumerscale/spec.ts';
import type { ConsumerScaleStepStatus } from '../../api/consumerscale/status.ts';
import type { EpochMs } from '../../contract/time.ts';
import { epochMs, iso } from '../../contract/time.ts';
import { lowBetween, type RunFigures } from '../../domain/fold/runFigures.ts';
import { counted } from '../../domain/status/counted.ts';
import { parseDuration } from '../../domain/status/duration.ts';
import { membersInSchedule } from './members.ts';
import { membership } from './membership.ts';

/** A step fails if its pods have not started, joined and settled within 10 minutes. */
const SETTLE_WITHIN_MS = 10 * 60_000;
/** The end of a step, and of the schedule, waits at most 30 s for lag samples that have not been read back. */
export const SAMPLES_WITHIN_MS = 30_000;

export interface StepInput {
  now: EpochMs;
  /** Live partitions of the topic. */
  partitions: number;
  /** The consumers and partitions that the target's spec asks for now. */
  replicas: number;
  partitionsAsked: number;
  clientsPerPod: number;
  figures: RunFigures;
  /** The group of an external target; undefined: the target is a LoadTest. */
  externalGroup: string | undefined;
  /** spec.consumers.others: members of the group that are not the target's. */
  others: number;
  /** Members of the group per replica of an external target; 1 for a LoadTest. */
  membersPerReplica: number;
}

export interface ScheduleProgress {
  steps: ConsumerScaleStepStatus[];
  /** Index of the step that runs; undefined: all have ended. */
  current?: number;
  /** New values for the target; absent: it has them. */
  consumers?: number;
  partitions?: number;
  /** What the step does or waits for. */
  message?: string;
}

/**
 * A step is recorded as started in one round and carried out in the next. An operator that dies in between continues with
 * the same step, and one that dies later finds it carried out.
 */
export function advance(
  spec: readonly ConsumerScaleStep[],
  before: readonly ConsumerScaleStepStatus[],
  input: StepInput,
): ScheduleProgress {
  const steps = spec.map((_, index) => before[index] ?? { phase: 'Pending' as const });
  const index = steps.findIndex(({ phase }) => phase === 'Pending' || phase === 'Running');
  const step = spec[index];
  const status = steps[index] && following(steps[index], spec, input);
  if (step === undefined || status === undefined || steps.some(({ phase }) => phase === 'Failed')) return { steps };
  const withStep = (next: ConsumerScaleStepStatus) => steps.with(index, next);

  if (status.phase === 'Pending') {
    const started = startStep(step, input);
    if (started.phase === 'Failed') return { steps: withStep(started) };
    return { steps: withStep(started), current: index, message: `starting step ${index + 1}` };
  }
  const { next, message } = continueStep(index, step, status, input);
  const wanted = next.phase === 'Running' ? changes(step, next, input) : {};
  return { steps: withStep(next), current: index, message, ...wanted };
}

/** The values that the target does not have yet. Partitions come first: without them more consumers would be idle. */
function changes(
  step: ConsumerScaleStep,
  { consumers }: ConsumerScaleStepStatus,
  { replicas, partitions, partitionsAsked }: StepInput,
): Pick<ScheduleProgress, 'consumers' | 'partitions'> {
  const wanted = step.partitions ?? 0;
  return {
    ...(wanted > partitionsAsked ? { partitions: wanted } : {}),
    ...(partitions >= wanted && consumers !== undefined && consumers !== replicas ? { consumers } : {}),
  };
}

/** The step of a schedule that scales no consumers has as many as the target has, whoever scales that. */
const following = (
  status: ConsumerScaleStepStatus,
  spec: readonly ConsumerScaleStep[],
  { replicas }: StepInput,
): ConsumerScaleStepStatus =>
  status.phase === 'Running' && spec.every(({ consumers }) => consumers === undefined)
    ? { ...status, consumers: replicas }
    : status;

/** A step that was interrupted starts again when its target runs again, because its figures were not those of the step. */
export const restartStep = (steps: readonly ConsumerScaleStepStatus[]): ConsumerScaleStepStatus[] =>
  steps.map((step) => (step.phase === 'Running' ? { phase: 'Pending' } : step));

function startStep(
  step: ConsumerScaleStep,
  { now, partitions, replicas, clientsPerPod }: StepInput,
): ConsumerScaleStepStatus {
  const after = Math.max(partitions, step.partitions ?? 0);
  const consumers =
    step.consumers === undefined ? replicas : typeof step.consumers === 'number' ? step.consumers : after;
  const killed = step.stop === 'Kill' ? { stop: step.stop } : {};
  const started = { consumers, partitions: after, ...killed, startedAt: iso(now) };
  const rest = consumers % clientsPerPod;
  if (rest === 0) return { ...started, phase: 'Running' };
  const fewer = consumers - rest;
  const advice = `write ${fewer > 0 ? `${fewer} or ` : ''}${fewer + clientsPerPod}, or use a LoadTest with clientsPerPod: 1`;
  return {
    ...started,
    phase: 'Failed',
    finishedAt: iso(now),
    message: `consumers: ${consumers} is not a multiple of clientsPerPod: ${clientsPerPod}; ${advice}`,
  };
}

// ---- the step that runs ---------------------------------------------------------------------

interface StepResult {
  next: ConsumerScaleStepStatus;
  /** For the ConsumerScale's condition. */
  message: string;
}

function continueStep(
  index: number,
  step: ConsumerScaleStep,
  status: ConsumerScaleStepStatus,
  input: StepInput,
): StepResult {
  const settledAt = settledAtOf(step, status, input);
  const settled = settledAt === undefined ? status : { ...status, settledAt: iso(settledAt) };
  const outcome =
    step.until === undefined
      ? holdOutcome(step.hold ?? '0s', status, settledAt, input)
      : untilOutcome(step.until, status, settledAt, input);
  const { belowSince: _before, ...withoutBelow } = settled;
  const current = { ...withoutBelow, ...(outcome.belowSince === undefined ? {} : { belowSince: outcome.belowSince }) };
  if ('waits' in outcome) {
    const { waits } = outcome;
    return { next: { ...current, message: waits }, message: `step ${index + 1}: ${waits}` };
  }
  const { phase, message, at = input.now } = outcome;
  const { message: _waited, ...rest } = current;
  return {
    next: { ...rest, phase, finishedAt: iso(at), ...(message === undefined ? {} : { message }) },
    message: message ?? `step ${index + 1} is done`,
  };
}

/** What a step still waits for, or how it ended. */
type StepOutcome = ({ waits: string } | { phase: 'Done' | 'TimedOut' | 'Failed'; message?: string; at?: EpochMs }) & {
  belowSince?: string;
};

/** The step ends a fixed time after it has settled. */
function holdOutcome(
  hold: string,
  status: ConsumerScaleStepStatus,
  settledAt: EpochMs | undefined,
  input: StepInput,
): StepOutcome {
  const { now, externalGroup, others, membersPerReplica } = input;
  if (settledAt !== undefined) {
    return now - settledAt >= parseDuration(hold) ? { phase: 'Done' } : { waits: `holding for ${hold}` };
  }
  const joined = membershipOf(status, input);
  if (now - startedAtOf(status, input) < SETTLE_WITHIN_MS) return { waits: joined };
  const each = membersPerReplica === 1 ? 'one member' : `${membersPerReplica} members (consumers.membersPerReplica)`;
  const group =
    externalGroup === undefined
      ? ''
      : `group ${externalGroup} must have ${each} per replica and ${others === 0 ? 'no others' : `${counted(others, 'other')} (consumers.others)`}; `;
  const message = `did not settle within ${SETTLE_WITHIN_MS / 60_000} minutes: ${joined}; ${group}check the Events and logs of the pods`;
  return { phase: 'Failed', message };
}

/** The step ends when lag has been low for a while after the step has settled, or with its timeout. */
function untilOutcome(
  until: NonNullable<ConsumerScaleStep['until']>,
  status: ConsumerScaleStepStatus,
  settledAt: EpochMs | undefined,
  input: StepInput,
): StepOutcome {
  const { now, figures } = input;
  const { lagBelow, timeout } = until;
  const timesOutAt = startedAtOf(status, input) + parseDuration(timeout);
  // Lag samples from before the step's change do not count for the step.
  const low =
    settledAt === undefined
      ? undefined
      : lowBetween(figures, settledAt, Math.min(now, timesOutAt), lagBelow, parseDuration(until.for));
  const below = low === undefined ? {} : { belowSince: iso(low.since) };
  // The end is the sample that decided it, so that the figures are those of the end. Times are written in whole ms.
  if (low?.heldAt !== undefined) return { phase: 'Done', at: Math.ceil(low.heldAt), ...below };
  const total = shownLag(figures.lag);
  if (now < timesOutAt) {
    const lag = `lag is ${total}, waiting until it is below ${lagBelow}`;
    return { waits: settledAt === undefined ? membershipOf(status, input) : lag, ...below };
  }
  const allRead = (figures.lag?.at ?? 0) >= timesOutAt || now >= timesOutAt + SAMPLES_WITHIN_MS;
  if (settledAt !== undefined && !allRead) {
    return { waits: `the timeout of ${timeout} has passed; reading the last lag samples`, ...below };
  }
  const stayed = parseDuration(until.for) === 0 ? `fall below ${lagBelow}` : `stay below ${lagBelow} for ${until.for}`;
  const message = `lag did not ${stayed} within ${timeout}, the last sample is ${total}; ${membershipOf(status, input)}`;
  return { phase: 'TimedOut', message, ...below };
}

/** `12`, or why it is not known. */
function shownLag(lag: StepInput['figures']['lag']): string {
  if (lag === null) return 'unknown';
  if (lag.unknown === 0) return String(lag.total);
  const partitions = lag.unknown === 1 ? '1 partition has' : `${lag.unknown} partitions have`;
  return `unknown (${partitions} no committed offset; write consumers.autoOffsetReset if you know where the group begins)`;
}

const startedAtOf = ({ startedAt }: ConsumerScaleStepStatus, { now }: StepInput): EpochMs => epochMs(startedAt) ?? now;

const membershipOf = (status: ConsumerScaleStepStatus, input: StepInput): string =>
  membership(status, { ...input, members: membersOf(input) });

const membersOf = ({ externalGroup, figures }: StepInput) => membersInSchedule(externalGroup !== undefined, figures);

/** Members and partitions are as asked, each partition has an owner, and no rebalance is in progress. */
function settledAtOf(step: ConsumerScaleStep, status: ConsumerScaleStepStatus, input: StepInput): EpochMs | undefined {
  const recorded = epochMs(status.settledAt);
  if (recorded !== undefined) return recorded;
  const { now, partitions, replicas, others, membersPerReplica, figures } = input;
  const asked = (status.consumers ?? 0) * membersPerReplica + others;
  if (replicas !== status.consumers || membersOf(input).length !== asked || !figures.rebalances.settled)
    return undefined;
  if (partitions < (step.partitions ?? 0)) return undefined;
  // Facts from before the step do not count for it.
  if (figures.latestAt < startedAtOf(status, input)) return undefined;
  const owned = figures.consumers.members.reduce((sum, member) => sum + member.partitions.length, 0);
  return asked === 0 || owned === partitions ? now : undefined;
}
