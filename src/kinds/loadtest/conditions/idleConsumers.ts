/** The condition IdleConsumers, which names the members without a partition of any topic and the reason, and an Event at begin and end. */

import type { LoadTest } from '../../../api/loadtest/loadTest.ts';
import { setCondition } from '../../../contract/conditions.ts';
import type { Notice } from '../../../contract/kind.ts';
import type { Condition } from '../../../contract/kubernetes.ts';
import type { RunView } from '../../../domain/figures/figures.ts';
import { counted } from '../../../domain/status/counted.ts';

/** Members named in the message; status.consumers.idle lists all. */
const NAMED = 5;

/**
 * `partitions`: live partitions of the topic. While these or the figures are unknown, and while the group rebalances, the
 * condition stays as it was.
 */
export function evaluateIdleConsumers(
  loadTest: LoadTest,
  conditions: Condition[],
  figures: RunView | undefined,
  partitions: number | undefined,
  now: number,
): { conditions: Condition[]; events: Notice[] } {
  if (loadTest.spec.consumers === undefined || figures === undefined || !figures.rebalances.settled || !partitions) {
    return { conditions, events: [] };
  }
  const type = 'IdleConsumers';
  const was = conditions.find((condition) => condition.type === type)?.status === 'True';
  const { idle } = figures.consumers;
  const members = ofTopic(figures);
  const is = idle.length > 0;
  const tooMany = members.length > partitions;
  const message = !is
    ? 'every member owns a partition'
    : tooMany
      ? surplus(loadTest, figures, partitions)
      : unexplained(figures, partitions);
  const events: Notice[] = [];
  if (is && !was) events.push({ type: 'Warning', reason: type, message });
  if (!is && was) events.push({ type: 'Normal', reason: 'IdleConsumersOver', message });
  const condition = {
    type,
    status: is ? ('True' as const) : ('False' as const),
    reason: !is ? 'NoneIdle' : tooMany ? 'MoreMembersThanPartitions' : 'NoPartitionAssigned',
    message,
    observedGeneration: loadTest.metadata.generation,
  };
  return { conditions: setCondition(conditions, condition, now), events };
}

/** Members of the group that may own partitions of the topic. */
const ofTopic = ({ consumers }: RunView): RunView['consumers']['members'] =>
  consumers.members.filter(({ otherTopicsOnly }) => otherTopicsOnly !== true);

/** There are more members than partitions, so every assignor leaves some idle. */
function surplus({ spec, status }: LoadTest, figures: RunView, partitions: number): string {
  const { idle } = figures.consumers;
  const members = ofTopic(figures);
  const { replicas, clientsPerPod } = spec.consumers ?? { replicas: 0, clientsPerPod: 1 };
  const fewer = Math.max(0, replicas - idle.length);
  const enough = fewer - (fewer % clientsPerPod);
  const raise = spec.topic.management === 'Auto' && status?.topic?.created === false;
  const add =
    spec.topic.management === 'Existing'
      ? `add partitions to topic ${spec.topic.name}`
      : `add partitions (spec.topic.partitions: ${members.length}${raise ? ', spec.topic.raiseExisting: true' : ''})`;
  const remove =
    enough === 0 ? '' : ` or remove ${someConsumers(replicas - enough)} (spec.consumers.replicas: ${enough})`;
  return `${counts(members.length, partitions)}: ${named(idle)} no partition, because each partition has one owner; ${add}${remove}`;
}

function unexplained(figures: RunView, partitions: number): string {
  const { consumers, rebalances } = figures;
  const { idle } = consumers;
  const members = ofTopic(figures);
  const last = rebalances.list.at(-1);
  const most = Math.max(...members.map((member) => member.partitions.length));
  const owners = members
    .filter((member) => member.partitions.length === most && most > 1)
    .map(({ name }) => name)
    .slice(0, NAMED);
  const instead =
    owners.length === 0 ? '' : `, while ${owners.join(', ')} ${owners.length === 1 ? 'has' : 'have'} ${most}`;
  const since = last === undefined ? '' : ` since rebalance ${last.number} (${last.trigger}, ${last.protocol})`;
  return `${counts(members.length, partitions)}: ${named(idle)} no partition${instead}${since}`;
}

const counts = (members: number, partitions: number): string =>
  `${counted(members, 'member')}, ${counted(partitions, 'partition')}`;
const someConsumers = (consumers: number): string => (consumers === 1 ? 'a consumer' : `${consumers} consumers`);

function named(ids: readonly string[]): string {
  const more = ids.length - NAMED;
  const shown = ids.slice(0, NAMED).join(', ');
  return `${shown}${more > 0 ? ` and ${more} more` : ''} ${ids.length === 1 ? 'has' : 'have'}`;
}
