/** Where a schedule stands and what it asks for now: from the steps' recorded times and what is seen. Pure. */
import type { ConsumerScaleStep } from '../../api/consumerscale/spec.ts';
import type { ConsumerScaleStepStatus } from '../../api/consumerscale/status.ts';
import type { EpochMs } from '../../contract/time.ts';
import { epochMs, iso } from '../../contract/time.ts';
import { lowBetween, type RunFigures } from '../../domain/fold/runFigures.ts';
import { parseDuration } from '../../domain/status/duration.ts';

/** Pods start, join and settle within this time, or the step has failed. */
const SETTLE_WITHIN_MS = 10 * 60_000;
/** Looks at lag that have not been read back are waited for so long, at the end of a step and of the schedule. */
export const LOOKS_WITHIN_MS = 30_000;

export interface Sight {
  now: EpochMs;
  /** Live partitions of the topic. */
  partitions: number;
  /** The target's spec: consumers and partitions as asked for now. */
  replicas: number;
  partitionsAsked: number;
  clientsPerPod: number;
  figures: RunFigures;
  /** Their group, where they are somebody else's. */
  theirs: string | undefined;
  /** Members of the group that nobody scales here. */
  others: number;
}

export interface Progress {
  steps: ConsumerScaleStepStatus[];
  /** Index of the step that runs; undefined: all have ended. */
  current?: number;
  /** To be written to the target now; absent: as it should be. */
  consumers?: number;
  partitions?: number;
  /** What is going on. */
  message?: string;
}

/**
 * A step is recorded as begun in one round and carried out in the next: an operator that dies in between
 * goes on with the same step, and one that dies afterwards finds it done.
 */
export function advance(
  spec: readonly ConsumerScaleStep[],
  before: readonly ConsumerScaleStepStatus[],
  sight: Sight,
): Progress {
  const steps = spec.map((_, index) => before[index] ?? { phase: 'Pending' as const });
  const index = steps.findIndex(({ phase }) => phase === 'Pending' || phase === 'Running');
  const step = spec[index];
  const status = steps[index];
  if (step === undefined || status === undefined || steps.some(({ phase }) => phase === 'Failed')) return { steps };
  const replace = (now: ConsumerScaleStepStatus) => steps.map((old, i) => (i === index ? now : old));

  if (status.phase === 'Pending') {
    const begun = begin(step, sight);
    const next = { steps: replace(begun), current: index };
    return begun.phase === 'Failed' ? { steps: next.steps } : { ...next, message: `step ${index + 1} begins` };
  }
  const { now, message } = judge(index, step, status, sight);
  const wanted = now.phase === 'Running' ? changes(step, now, sight) : {};
  return { steps: replace(now), current: index, message, ...wanted };
}

/** What is not yet as the step asks. Partitions come first: until they are there, more consumers would be idle. */
function changes(
  step: ConsumerScaleStep,
  { consumers }: ConsumerScaleStepStatus,
  { replicas, partitions, partitionsAsked }: Sight,
): Pick<Progress, 'consumers' | 'partitions'> {
  const more = step.partitions ?? 0;
  const grown = partitions >= more;
  return {
    ...(more > partitionsAsked ? { partitions: more } : {}),
    ...(grown && consumers !== undefined && consumers !== replicas ? { consumers } : {}),
  };
}

/** A step that was interrupted begins anew when its target runs again: what it measured was not what it asked for. */
export const beginAnew = (steps: readonly ConsumerScaleStepStatus[]): ConsumerScaleStepStatus[] =>
  steps.map((step) => (step.phase === 'Running' ? { phase: 'Pending' } : step));

function begin(step: ConsumerScaleStep, { now, partitions, replicas, clientsPerPod }: Sight): ConsumerScaleStepStatus {
  const after = Math.max(partitions, step.partitions ?? 0);
  const consumers =
    step.consumers === undefined ? replicas : typeof step.consumers === 'number' ? step.consumers : after;
  const killed = step.stop === 'Kill' ? { stop: step.stop } : {};
  const started = { consumers, partitions: after, ...killed, startedAt: iso(now) };
  if (consumers % clientsPerPod !== 0) {
    return {
      ...started,
      phase: 'Failed',
      finishedAt: iso(now),
      message: `${consumers} consumers can't run ${clientsPerPod} to a pod: use multiples of ${clientsPerPod}, or a LoadTest with clientsPerPod: 1`,
    };
  }
  return { ...started, phase: 'Running' };
}

function judge(
  index: number,
  step: ConsumerScaleStep,
  status: ConsumerScaleStepStatus,
  sight: Sight,
): { now: ConsumerScaleStepStatus; message: string } {
  const { now, figures } = sight;
  const which = `step ${index + 1}`;
  const startedAt = epochMs(status.startedAt) ?? now;
  const settled = isSettled(step, status, sight, startedAt);
  const settledAt = epochMs(status.settledAt) ?? (settled ? now : undefined);
  const { until } = step;
  const timesOutAt = startedAt + parseDuration(until?.timeout ?? '0s');
  // Only looks at lag from after the step's change say something about the step.
  const low =
    until === undefined || settledAt === undefined
      ? undefined
      : lowBetween(figures, settledAt, Math.min(now, timesOutAt), until.lagBelow, parseDuration(until.for));
  const { belowSince: _since, ...without } = status;
  const current: ConsumerScaleStepStatus = {
    ...without,
    ...(settledAt === undefined ? {} : { settledAt: iso(settledAt) }),
    ...(low === undefined ? {} : { belowSince: iso(low.since) }),
  };
  const ends = (phase: 'Done' | 'TimedOut' | 'Failed', message?: string, at = now) => {
    const { message: _waited, ...rest } = current;
    return {
      now: { ...rest, phase, finishedAt: iso(at), ...(message === undefined ? {} : { message }) },
      message: message ?? `${which} is done`,
    };
  };
  const goesOn = (message: string) => ({ now: { ...current, message }, message: `${which}: ${message}` });
  const members = figures.consumers.members.length;
  const asked = sight.others === 0 ? `${status.consumers} consumers` : `${status.consumers} + ${sight.others} members`;
  const gathering = `${members} of ${asked} in the group${figures.rebalances.settled ? '' : ', rebalancing'}`;

  const nobody = sight.others === 0 ? 'nobody else' : `nobody else but ${sight.others} (consumers.others)`;
  const advice =
    sight.theirs === undefined ? '' : `each replica has to be one member of group ${sight.theirs}, and ${nobody}; `;
  if (until !== undefined) {
    // Up to the look that decided it, so that its figures are those of its end; times are written in whole ms.
    if (low?.heldAt !== undefined) return ends('Done', undefined, Math.ceil(low.heldAt));
    const { lagBelow, timeout } = until;
    const total = figures.lag?.total ?? 'unknown';
    if (now < timesOutAt) {
      return goesOn(settledAt === undefined ? gathering : `lag is ${total}, waiting for it to be below ${lagBelow}`);
    }
    const allRead = (figures.lag?.at ?? 0) >= timesOutAt || now >= timesOutAt + LOOKS_WITHIN_MS;
    if (settledAt !== undefined && !allRead) {
      return goesOn(`its time of ${timeout} is over, the last looks at lag are being read`);
    }
    return ends(
      'TimedOut',
      `lag was ${total} at the last look, and not seen below ${lagBelow} for ${until.for} within ${timeout}; ${gathering}`,
    );
  }
  if (settledAt === undefined) {
    return now - startedAt >= SETTLE_WITHIN_MS
      ? ends(
          'Failed',
          `did not settle within ${SETTLE_WITHIN_MS / 60_000} minutes: ${gathering}; ${advice}see the pods' events and logs`,
        )
      : goesOn(gathering);
  }
  const hold = parseDuration(step.hold ?? '0s');
  return now - settledAt >= hold ? ends('Done') : goesOn(`holds for ${step.hold}`);
}

/** Members and partitions are as asked, each partition has an owner, and the group does not move. */
function isSettled(
  step: ConsumerScaleStep,
  status: ConsumerScaleStepStatus,
  { partitions, replicas, others, figures }: Sight,
  startedAt: EpochMs,
): boolean {
  const { members } = figures.consumers;
  const asked = (status.consumers ?? 0) + others;
  if (replicas !== status.consumers || members.length !== asked || !figures.rebalances.settled) return false;
  if (partitions < (step.partitions ?? 0)) return false;
  // Facts from before the step say nothing about it.
  if (figures.latestAt < startedAt) return false;
  const owned = members.reduce((sum, member) => sum + member.partitions.length, 0);
  return asked === 0 || owned === partitions;
}
