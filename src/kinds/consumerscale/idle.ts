/** More consumers than partitions leave some idle: a schedule that asks for it is refused before anything is scaled. */
import type { ConsumerScaleStep } from '../../api/consumerscale/spec.ts';
import type { ConsumerScaleStepStatus } from '../../api/consumerscale/status.ts';

/**
 * The sentence of the refusal, or undefined. `partitions`: the topic's, now; `others`: members of the group that nobody
 * scales here. Steps that have begun are past judging.
 */
export function idleRefusal(
  steps: readonly ConsumerScaleStep[],
  begun: readonly ConsumerScaleStepStatus[],
  partitions: number,
  others = 0,
): string | undefined {
  let available = partitions;
  for (const [index, step] of steps.entries()) {
    available = Math.max(available, step.partitions ?? 0);
    if (begun[index]?.startedAt !== undefined) continue;
    const asked = step.consumers ?? 0;
    // Partitions: as many as there are.
    const consumers = typeof asked === 'number' ? asked : available;
    const members = consumers + others;
    if (consumers > 0 && members > available) {
      const beside = others === 0 ? '' : ` beside ${others} others of the group`;
      return `step ${index + 1} asks for ${consumers} consumers${beside}, but the topic has ${available} partitions: ${members - available} would be idle. Set spec.allowIdleConsumers: true to see that, or create another schedule with consumers: ${Math.max(0, available - others)} or partitions: ${members}`;
    }
  }
  return undefined;
}
