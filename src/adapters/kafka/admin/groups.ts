/**
 * Groups as their coordinators describe them. There are two kinds: classic ones (DescribeGroups), and those of
 * `group.protocol=consumer` (KIP-848, ConsumerGroupDescribe), of which DescribeGroups says `Dead` without members. Which
 * kind a group is shows by its answer and is remembered, so that classic groups share one request per coordinator.
 */
import { type Admin, ConnectionPool, consumerGroupDescribeV0, FindCoordinatorKeyTypes } from '@platformatic/kafka';
import type { GroupMemberView, GroupView } from '../../../contract/kafkaView.ts';

/** A group without what was committed; members without partitions of other topics. */
export type DescribedGroup = Omit<GroupView, 'committed'>;

const { api: describeConsumerGroups } = consumerGroupDescribeV0;
type ConsumerGroup = Awaited<ReturnType<typeof describeConsumerGroups.async>>['groups'][number];

export class Groups {
  readonly #admin: Admin;
  readonly #connections: ConnectionPool;
  /** Groups that were found to be of the consumer protocol. */
  readonly #consumerGroups = new Set<string>();
  #known: boolean | undefined;

  constructor(admin: Admin, clientId: string) {
    this.#admin = admin;
    this.#connections = new ConnectionPool(clientId, { connectTimeout: 3_000, requestTimeout: 5_000 });
  }

  /** `asked`: group → topic whose partitions are told. null: no such group. Throws the library's error when Kafka does not answer. */
  async describe(asked: ReadonlyMap<string, string | undefined>): Promise<Map<string, DescribedGroup | null>> {
    const found = new Map<string, DescribedGroup | null>([...asked.keys()].map((group) => [group, null]));
    await this.#describeConsumerGroups(
      [...asked.keys()].filter((group) => this.#consumerGroups.has(group)),
      asked,
      found,
    );
    const unknown = [...asked.keys()].filter((group) => found.get(group) === null);
    if (unknown.length === 0) return found;
    const described = await this.#admin.describeGroups({ groups: unknown });
    for (const group of unknown) {
      const classic = described.get(group);
      if (classic === undefined || (classic.state === 'Dead' && classic.members.size === 0)) continue;
      const topic = asked.get(group);
      found.set(group, {
        state: pascalCase(classic.state),
        protocol: 'classic',
        ...(classic.protocol ? { assignor: classic.protocol } : {}),
        members: [...classic.members.values()].map((member) => ({
          memberId: member.id,
          clientId: member.clientId,
          host: hostOf(member.clientHost),
          ...(member.groupInstanceId ? { groupInstanceId: member.groupInstanceId } : {}),
          partitions: sorted((topic === undefined ? undefined : member.assignments?.get(topic)?.partitions) ?? []),
        })),
      });
    }
    await this.#describeConsumerGroups(
      unknown.filter((group) => found.get(group) === null),
      asked,
      found,
    );
    return found;
  }

  async close(): Promise<void> {
    await this.#connections.close();
  }

  /** Brokers know the request from Kafka 3.7 on; older ones would break the connection off. */
  async #supported(): Promise<boolean> {
    this.#known ??= (await this.#admin.listApis()).some(({ apiKey }) => apiKey === describeConsumerGroups.key);
    return this.#known;
  }

  async #describeConsumerGroups(
    groups: string[],
    asked: ReadonlyMap<string, string | undefined>,
    found: Map<string, DescribedGroup | null>,
  ): Promise<void> {
    if (groups.length === 0 || !(await this.#supported())) return;
    const byCoordinator = new Map<string, { host: string; port: number; groups: string[] }>();
    for (const { key, host, port } of await this.#admin.findCoordinator({
      keys: groups,
      keyType: FindCoordinatorKeyTypes.GROUP,
    })) {
      const coordinator = byCoordinator.get(`${host}:${port}`) ?? { host, port, groups: [] };
      coordinator.groups.push(key);
      byCoordinator.set(`${host}:${port}`, coordinator);
    }
    await Promise.all(
      [...byCoordinator.values()].map(async (coordinator) => {
        const connection = await this.#connections.get(coordinator);
        for (const group of await describeOn(connection, coordinator.groups)) {
          if (group.errorCode !== 0) this.#consumerGroups.delete(group.groupId);
          else {
            this.#consumerGroups.add(group.groupId);
            found.set(group.groupId, consumerGroup(group, asked.get(group.groupId)));
          }
        }
      }),
    );
  }
}

/** The library throws where one of the groups has an error; the whole answer is in it. */
async function describeOn(
  connection: Awaited<ReturnType<ConnectionPool['get']>>,
  groups: string[],
): Promise<ConsumerGroup[]> {
  try {
    return (await describeConsumerGroups.async(connection, groups, false)).groups;
  } catch (error) {
    const answer = (error as { response?: { groups?: ConsumerGroup[] } }).response;
    const understood = ({ errorCode }: ConsumerGroup) => errorCode === 0 || errorCode === GROUP_ID_NOT_FOUND;
    if (answer?.groups?.every(understood)) return answer.groups;
    throw error;
  }
}

const GROUP_ID_NOT_FOUND = 69;

function consumerGroup(group: ConsumerGroup, topic: string | undefined): DescribedGroup {
  const partitionsOf = ({ topicPartitions }: ConsumerGroup['members'][number]['assignment']) =>
    sorted(topicPartitions.filter(({ topicName }) => topicName === topic).flatMap(({ partitions }) => partitions));
  return {
    state: group.groupState,
    protocol: 'consumer',
    ...(group.assignorName ? { assignor: group.assignorName } : {}),
    epoch: group.groupEpoch,
    members: group.members.map(
      (member): GroupMemberView => ({
        memberId: member.memberId,
        clientId: member.clientId,
        host: hostOf(member.clientHost),
        ...(member.instanceId ? { groupInstanceId: member.instanceId } : {}),
        partitions: partitionsOf(member.assignment),
        target: partitionsOf(member.targetAssignment),
        epoch: member.memberEpoch,
      }),
    ),
  };
}

const hostOf = (clientHost: string) => clientHost.replace(/^\//, '');
const sorted = (partitions: number[]) => [...partitions].sort((a, b) => a - b);

/** The library says PREPARING_REBALANCE where Kafka's tools say PreparingRebalance. */
function pascalCase(state: string): string {
  return /^[A-Z_]+$/.test(state)
    ? state.toLowerCase().replace(/(?:^|_)([a-z])/g, (_, letter: string) => letter.toUpperCase())
    : state;
}
