/** The members of the group that a schedule counts, and how many of them a replica of an external target has. */
import type { ConsumerScale } from '../../api/consumerscale/consumerScale.ts';
import type { MemberView, RunView } from '../../domain/figures/figures.ts';
import type { Target } from './target.ts';

/**
 * Over a LoadTest: its own consumers. Over an external target: all members except those that subscribe to other topics
 * only, which belong to another service with the same group.id.
 */
export const membersInSchedule = (external: boolean, { consumers }: RunView): MemberView[] =>
  consumers.members.filter(({ source, otherTopicsOnly }) =>
    external ? otherTopicsOnly !== true : source === 'Clients',
  );

/**
 * As the spec says, or as recorded, or learnt from a settled group while all replicas are ready. undefined: not known
 * yet, or the members are no multiple of the replicas.
 */
export function membersPerReplica(
  { spec, status }: ConsumerScale,
  { consumers, ready }: Target,
  figures: RunView,
): number | undefined {
  const known = spec.consumers?.membersPerReplica ?? status?.membersPerReplica;
  if (known !== undefined || spec.consumers === undefined) return known;
  // During the schedule, members and replicas may be those of different moments. The first ones of a target that had
  // none are all new.
  if (status?.startedAt !== undefined && status.replicasAtStart !== 0) return undefined;
  const replicas = consumers?.replicas ?? 0;
  if (replicas === 0 || ready < replicas || !figures.rebalances.settled) return undefined;
  const each = (membersInSchedule(true, figures).length - spec.consumers.others) / replicas;
  return Number.isInteger(each) && each >= 1 ? each : undefined;
}
