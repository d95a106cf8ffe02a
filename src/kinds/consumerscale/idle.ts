/** More consumers than partitions leave some idle: a schedule that asks for it is refused before anything is scaled. */
import type { ConsumerScaleStep, ConsumerScaleStepStatus } from '../../api/consumerScale.ts';

/** The sentence of the refusal, or undefined. `partitions`: the topic's, now; steps that have begun are past judging. */
export function idleRefusal(
  steps: readonly ConsumerScaleStep[],
  begun: readonly ConsumerScaleStepStatus[],
  partitions: number,
): string | undefined {
  let available = partitions;
  for (const [index, step] of steps.entries()) {
    available = Math.max(available, step.partitions ?? 0);
    if (begun[index]?.startedAt !== undefined) continue;
    if (typeof step.consumers === 'number' && step.consumers > available) {
      return `step ${index + 1} asks for ${step.consumers} consumers, but the topic has ${available} partitions: ${step.consumers - available} would be idle. Set spec.allowIdleConsumers: true to see that, or create another schedule with consumers: ${available} or partitions: ${step.consumers}`;
    }
  }
  return undefined;
}
