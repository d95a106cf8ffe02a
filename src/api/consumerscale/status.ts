/** status of a ConsumerScale. */
import { z } from 'zod';
import { field, figure, text } from '../schema/schema.ts';
import * as shared from '../sharedStatus.ts';
import { at, ms, total } from '../sharedStatus.ts';

export const CONSUMER_SCALE_PHASES = ['Pending', 'Running', 'Completed', 'Failed'] as const;
export const STEP_PHASES = ['Pending', 'Running', 'Done', 'TimedOut', 'Failed'] as const;

const stepStatus = field(
  z.strictObject({
    consumers: total('Consumers of this step; absent until it has begun.').exactOptional(),
    partitions: total('Partitions of the topic in this step; absent until it has begun.').exactOptional(),
    stop: field(
      z.enum(['Graceful', 'Kill']),
      'Kill: the consumers that the step takes away end without a goodbye. Absent: Graceful.',
    ).exactOptional(),
    phase: shared.phase(
      STEP_PHASES,
      'Pending: not begun. Running. Done: its hold is over or its condition held. TimedOut: the condition did not hold in time; the schedule went on. Failed: could not be carried out, see message.',
    ),
    message: field(text(1024), 'What the step waits for, or why it failed.').exactOptional(),
    startedAt: at('The change was asked for.').exactOptional(),
    settledAt: at('Members and partitions were as asked and the group had settled.').exactOptional(),
    belowSince: at('The first look at lag since which all were under until.lagBelow.').exactOptional(),
    finishedAt: at('The step ended. With until and Done: the look at lag that decided it.').exactOptional(),
    rebalances: total('Rebalances within the step.').exactOptional(),
    partitionsMoved: total('Partitions that changed owner in these rebalances, summed.').exactOptional(),
    stopTheWorldMs: ms('The longest stop-the-world of these rebalances, in ms.').exactOptional(),
    longestPauseMs: ms('The longest pause of one partition in these rebalances, in ms.').exactOptional(),
    lag: field(
      z.strictObject({
        before: total('Records, when the step began.'),
        peak: total('Records, the most within the step.'),
        after: total('Records, at the end of the step (or now).'),
        drainedMs: ms(
          'From the begin of the step until lag was under until.lagBelow and stayed there to its end, in ms; absent where it was not.',
        ).exactOptional(),
      }),
      'What lag did within the step.',
    ).exactOptional(),
    idle: field(
      z.array(text(253)).max(1_000),
      'Ids of members that own no partition at the end of the step; over all steps together some 1,000 at most.',
    ).exactOptional(),
  }),
  'One step of the schedule.',
);

export const status = field(
  z.strictObject({
    phase: shared.phase(
      CONSUMER_SCALE_PHASES,
      'Pending: waits for its target. Running. Completed: every step has ended. Failed: a step could not be carried out.',
    ),
    observedGeneration: shared.observedGeneration,
    conditions: shared.conditions,
    currentStep: total(
      'Number of the step that runs, from 1; absent before the first and after the last.',
    ).exactOptional(),
    step: field(text(16), 'Steps begun of all, as text: 2/3.').exactOptional(),
    target: field(text(320), 'Kind and name of the target: LoadTest/lag.').exactOptional(),
    targetUid: field(text(64), 'metadata.uid of the target that the schedule began with.').exactOptional(),
    evidence: shared.evidence.exactOptional(),
    kafka: shared.kafkaFound.exactOptional(),
    waitingSince: at(
      'Since when the topic or the group is missing; the schedule fails when that lasts longer than 5 minutes.',
    ).exactOptional(),
    replicasAtStart: total('Consumers that the target had when the schedule began.').exactOptional(),
    partitionsAtStart: total('Partitions that the topic had when the schedule began.').exactOptional(),
    startedAt: at('The first step began.').exactOptional(),
    finishedAt: at('The last step had ended.').exactOptional(),
    restored: field(z.boolean(), 'afterwards: Restore has been carried out.').exactOptional(),
    lag: field(
      z.strictObject({
        total: total('Records, now or at the end of the schedule.'),
        peak: total('Records, the most within the schedule.'),
        at: at('When it was read.'),
        errorBound: field(figure(), 'Records by which the total may be off.').exactOptional(),
      }),
      'The group’s lag.',
    ).exactOptional(),
    steps: field(z.array(stepStatus).max(100), 'Per step of spec.steps, in that order.').exactOptional(),
    rebalances: shared.rebalances.exactOptional(),
    truncated: shared.truncated.exactOptional(),
  }),
  'What happened.',
);

export type ConsumerScaleStatus = z.output<typeof status>;
export type ConsumerScaleStepStatus = z.output<typeof stepStatus>;
