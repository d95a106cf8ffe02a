/** status of a ConsumerScale. */
import { z } from 'zod';
import { field, figure, sentences, text } from '../schema/schema.ts';
import * as shared from '../sharedStatus.ts';
import { at, ms, total } from '../sharedStatus.ts';

export const CONSUMER_SCALE_PHASES = ['Pending', 'Running', 'Completed', 'Failed'] as const;
export const STEP_PHASES = ['Pending', 'Running', 'Done', 'TimedOut', 'Failed'] as const;

const STEP_PHASE = sentences(
  'Phase of the step.',
  'Pending: not started.',
  'Running: started.',
  'Done: its hold is over, or its condition was met.',
  'TimedOut: its condition was not met in time, and the schedule continued.',
  'Failed: it could not be carried out; see message.',
);

const stepLag = field(
  z.strictObject({
    before: total('Lag at the start of the step, in records.'),
    peak: total('Highest lag within the step, in records.'),
    after: total('Lag at the end of the step (or now), in records.'),
    drainedMs: ms(
      sentences(
        'Time from the start of the step until lag fell below until.lagBelow, in ms.',
        'Absent: it did not, or rose again before the end of the step.',
      ),
    ).exactOptional(),
  }),
  'Lag of the group within the step.',
);

const TARGET_VERSION = sentences(
  'metadata.resourceVersion of the target from which on it has had the consumers of the step.',
  'A later version with another number is the change of another writer, and the schedule stops.',
  'Absent: not known yet.',
);

const stepStatus = field(
  z.strictObject({
    consumers: total('Number of consumers in this step. Absent: not started.').exactOptional(),
    partitions: total('Number of partitions in this step. Absent: not started.').exactOptional(),
    stop: field(z.enum(['Graceful', 'Kill']), 'How removed consumers stop. Absent: Graceful.').exactOptional(),
    phase: shared.phase(STEP_PHASES, STEP_PHASE),
    message: field(text(1024), 'What the step is waiting for, or why it failed.').exactOptional(),
    startedAt: at('Time at which the change was requested.').exactOptional(),
    targetVersion: field(text(64), TARGET_VERSION).exactOptional(),
    settledAt: at('Time at which the group had settled with the requested members and partitions.').exactOptional(),
    belowSince: at('Time from which all readings of lag have been below until.lagBelow.').exactOptional(),
    finishedAt: at(
      'Time at which the step ended. With until, time of the reading of lag that ended it.',
    ).exactOptional(),
    rebalances: total('Number of rebalances within the step.').exactOptional(),
    partitionsMoved: total('Sum of partitionsMoved over these rebalances.').exactOptional(),
    stopTheWorldMs: ms('Largest stopTheWorldMs of these rebalances.').exactOptional(),
    longestPauseMs: ms('Longest pause of one partition in these rebalances, in ms.').exactOptional(),
    lag: stepLag.exactOptional(),
    idle: field(
      z.array(text(253)).max(1_000),
      'Names of the members that own no partition at the end of the step. About 1000 for all steps together.',
    ).exactOptional(),
  }),
  'Status of one step.',
);

const PHASE = sentences(
  'Phase of the schedule.',
  'Pending: waiting for its target, or for another schedule over it.',
  'Running: started.',
  'Completed: every step has ended.',
  'Failed: a step could not be carried out, or others scaled the target; see condition Ready.',
);

const RESTORED = sentences(
  'true: afterwards: Restore has been carried out.',
  'false: it has not been, because others scale the target.',
  'Absent: not yet, or not asked for.',
);

const lag = field(
  z.strictObject({
    total: total('Lag now, or at the end of the schedule, in records.'),
    peak: total('Highest lag within the schedule, in records.'),
    at: at('Time at which total was read.'),
    errorBound: field(figure(), 'Maximum error of total, in records.').exactOptional(),
  }),
  'Lag of the group.',
);

export const status = field(
  z.strictObject({
    phase: shared.phase(CONSUMER_SCALE_PHASES, PHASE),
    observedGeneration: shared.observedGeneration,
    conditions: shared.conditions,
    currentStep: total('Number of the running step, from 1. Absent: no step is running.').exactOptional(),
    step: field(text(16), 'Steps started and steps in all, e.g. 2/3.').exactOptional(),
    target: field(text(320), 'Kind and name of the target, e.g. LoadTest/lag.').exactOptional(),
    targetUid: field(text(64), 'metadata.uid of the target when the schedule started.').exactOptional(),
    evidence: shared.evidence.exactOptional(),
    kafka: shared.kafkaFound.exactOptional(),
    waitingSince: at(
      'Time from which the topic or the group has been missing. The schedule fails after 5 minutes.',
    ).exactOptional(),
    replicasAtStart: total('Number of consumers of the target when the schedule started.').exactOptional(),
    membersPerReplica: total(
      'Number of members of the group in each replica of the target, as consumers.membersPerReplica says or as learnt. Absent: not known.',
    ).exactOptional(),
    partitionsAtStart: total('Number of partitions of the topic when the schedule started.').exactOptional(),
    startedAt: at('Time at which the first step started.').exactOptional(),
    finishedAt: at('Time at which the last step ended.').exactOptional(),
    restored: field(z.boolean(), RESTORED).exactOptional(),
    lag: lag.exactOptional(),
    steps: field(z.array(stepStatus).max(100), 'Status of each step, in the order of spec.steps.').exactOptional(),
    rebalances: shared.rebalances.exactOptional(),
    truncated: shared.truncated.exactOptional(),
  }),
  'Progress and figures of the schedule.',
);

export type ConsumerScaleStatus = z.output<typeof status>;
export type ConsumerScaleStepStatus = z.output<typeof stepStatus>;
