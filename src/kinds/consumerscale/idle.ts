/** The refusal of schedules with more consumers than partitions, before anything is scaled. */
import type { ConsumerScaleStep } from '../../api/consumerscale/spec.ts';
import type { ConsumerScaleStepStatus } from '../../api/consumerscale/status.ts';
import { counted } from '../../domain/status/counted.ts';

/**
 * The refusal as a sentence, or undefined. `partitions`: live partitions of the topic. `others`: members of the group that
 * are not the target's. `perReplica`: members that each replica has. Steps that have started are not checked.
 */
export function idleRefusal(
  steps: readonly ConsumerScaleStep[],
  started: readonly ConsumerScaleStepStatus[],
  partitions: number,
  { others, perReplica }: { others: number; perReplica: number } = { others: 0, perReplica: 1 },
): string | undefined {
  let available = partitions;
  for (const [index, step] of steps.entries()) {
    available = Math.max(available, step.partitions ?? 0);
    if (started[index]?.startedAt !== undefined) continue;
    const asked = step.consumers ?? 0;
    // consumers: Partitions
    const consumers = typeof asked === 'number' ? asked : available;
    const members = consumers * perReplica + others;
    if (consumers > 0 && members > available) {
      const besides = others === 0 ? '' : ` besides ${counted(others, 'other member')} of the group`;
      const each = perReplica === 1 ? '' : ` with ${perReplica} members each`;
      return `step ${index + 1} asks for ${consumers} consumers${each}${besides}, but the topic has ${available} partitions: ${members - available} would be idle. Set spec.allowIdleConsumers: true to allow that, or create another ConsumerScale with consumers: ${Math.max(0, Math.floor((available - others) / perReplica))} or partitions: ${members}`;
    }
  }
  return undefined;
}
