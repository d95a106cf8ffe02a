/** What a step waits for before it has settled, as a sentence: partitions, then members, then owners of the partitions. */
import type { ConsumerScaleStepStatus } from '../../api/consumerscale/status.ts';
import type { MemberView, RunView } from '../../domain/figures/figures.ts';
import { counted } from '../../domain/status/counted.ts';

/** The members that the schedule counts, and what they should be. `partitions`: live ones of the topic. */
interface Group {
  members: readonly Pick<MemberView, 'partitions'>[];
  figures: { rebalances: Pick<RunView['rebalances'], 'settled'> };
  others: number;
  membersPerReplica: number;
  partitions: number;
}

/** Answers `2 members in the group, 3 expected, rebalancing` */
export function membership(
  { consumers = 0, partitions: wanted = 0 }: ConsumerScaleStepStatus,
  { members, figures, others, membersPerReplica, partitions }: Group,
): string {
  // Consumers change once the topic has its partitions.
  if (partitions < wanted) return `the topic has ${counted(partitions, 'partition')}, ${wanted} expected`;
  const rebalancing = figures.rebalances.settled ? '' : ', rebalancing';
  const group = `${counted(members.length, 'member')} in the group, ${consumers * membersPerReplica + others} expected${rebalancing}`;
  const unowned = members.length === 0 ? [] : partitionsWithoutOwner(members, partitions);
  return unowned.length === 0 ? group : `${group}; ${listed(unowned)} no owner yet${UNOWNED}`;
}

/** Why consumers may leave a new partition alone for minutes. */
const UNOWNED =
  ' (consumers see new partitions when they refresh their metadata: metadata.max.age.ms, 5 minutes by default)';

function partitionsWithoutOwner(members: readonly { partitions: number[] }[], partitions: number): number[] {
  const owned = new Set(members.flatMap((member) => member.partitions));
  return Array.from({ length: partitions }, (_, partition) => partition).filter((partition) => !owned.has(partition));
}

/** `partition 6 has`, `partitions 6 and 7 have`, `partitions 0, 1, 2, 3, 4 and 7 more have` */
function listed(partitions: readonly number[]): string {
  const shown = partitions.length > LISTED + 1 ? partitions.slice(0, LISTED) : partitions;
  const more = partitions.length - shown.length;
  const parts = [...shown.map(String), ...(more > 0 ? [`${more} more`] : [])];
  const last = parts.pop();
  return parts.length === 0 ? `partition ${last} has` : `partitions ${parts.join(', ')} and ${last} have`;
}

/** Partitions that a message lists. */
const LISTED = 5;
