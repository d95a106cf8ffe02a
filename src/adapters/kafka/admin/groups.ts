/**
 * Consumer groups as their coordinators describe them. DescribeGroups describes classic groups; a group of
 * `group.protocol=consumer` (KIP-848) is `Dead` and without members there and needs ConsumerGroupDescribe. The protocol of
 * such a group is remembered, so that classic groups share one request per coordinator.
 */
import { type Admin, ConnectionPool, consumerGroupDescribeV0, FindCoordinatorKeyTypes } from '@platformatic/kafka';
import type { GroupMemberView, GroupView } from '../../../contract/kafkaView.ts';

/** A group without its committed offsets. Its members' partitions are those of one topic. */
export type DescribedGroup = Omit<GroupView, 'committed'>;

const { api: describeConsumerGroups } = consumerGroupDescribeV0;
type ConsumerGroup = Awaited<ReturnType<typeof describeConsumerGroups.async>>['groups'][number];
type ClassicGroup = NonNullable<ReturnType<Awaited<ReturnType<Admin['describeGroups']>>['get']>>;

export class Groups {
  readonly #admin: Admin;
  readonly #connections: ConnectionPool;
  /** Groups whose last answer was that of the consumer protocol. */
  readonly #consumerGroups = new Set<string>();
  /** Whether the brokers have ConsumerGroupDescribe; undefined before they were asked. */
  #supported: boolean | undefined;

  constructor(admin: Admin, clientId: string) {
    this.#admin = admin;
    this.#connections = new ConnectionPool(clientId, { connectTimeout: 3_000, requestTimeout: 5_000 });
  }

  /**
   * `asked`: by group, the topic whose partitions are wanted. null: there is no such group. Throws the client library's
   * error when Kafka does not answer.
   */
  async describe(asked: ReadonlyMap<string, string | undefined>): Promise<Map<string, DescribedGroup | null>> {
    const found = new Map<string, DescribedGroup | null>([...asked.keys()].map((group) => [group, null]));
    await this.#describeConsumerGroups(
      [...asked.keys()].filter((group) => this.#consumerGroups.has(group)),
      asked,
      found,
    );
    const others = [...asked.keys()].filter((group) => found.get(group) === null);
    if (others.length === 0) return found;
    await this.#describeClassicGroups(others, asked, found);
    await this.#describeConsumerGroups(
      others.filter((group) => found.get(group) === null),
      asked,
      found,
    );
    return found;
  }

  async close(): Promise<void> {
    await this.#connections.close();
  }

  /** Brokers before Kafka 3.7 don't know the request and would close the connection. */
  async #supportsConsumerGroups(): Promise<boolean> {
    this.#supported ??= (await this.#admin.listApis()).some(({ apiKey }) => apiKey === describeConsumerGroups.key);
    return this.#supported;
  }

  async #describeClassicGroups(
    groups: string[],
    asked: ReadonlyMap<string, string | undefined>,
    found: Map<string, DescribedGroup | null>,
  ): Promise<void> {
    const described = await this.#admin.describeGroups({ groups });
    for (const name of groups) {
      const group = described.get(name);
      if (group === undefined || (group.state === 'Dead' && group.members.size === 0)) continue;
      found.set(name, classicGroup(group, asked.get(name)));
    }
  }

  async #describeConsumerGroups(
    groups: string[],
    asked: ReadonlyMap<string, string | undefined>,
    found: Map<string, DescribedGroup | null>,
  ): Promise<void> {
    if (groups.length === 0 || !(await this.#supportsConsumerGroups())) return;
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

/** The library throws if one of the groups has an error; the whole answer is in that error. */
async function describeOn(
  connection: Awaited<ReturnType<ConnectionPool['get']>>,
  groups: string[],
): Promise<ConsumerGroup[]> {
  try {
    return (await describeConsumerGroups.async(connection, groups, false)).groups;
  } catch (error) {
    const answer = (error as { response?: { groups?: ConsumerGroup[] } }).response;
    if (answer?.groups?.every(({ errorCode }) => EXPECTED_ERRORS.has(errorCode))) return answer.groups;
    throw error;
  }
}

/** Kafka's error numbers for a group that is not one of the consumer protocol, or none. */
const EXPECTED_ERRORS = new Set([
  0,
  35, // UNSUPPORTED_VERSION: Kafka 3.7 to 3.9 have the request, but by default not the protocol
  69, // GROUP_ID_NOT_FOUND: an unknown group, or a classic one
]);

function classicGroup(group: ClassicGroup, topic: string | undefined): DescribedGroup {
  return {
    state: pascalCase(group.state),
    protocol: 'classic',
    ...(group.protocol ? { assignor: group.protocol } : {}),
    members: [...group.members.values()].map((member) => ({
      memberId: member.id,
      clientId: member.clientId,
      host: hostOf(member.clientHost),
      ...(member.groupInstanceId ? { groupInstanceId: member.groupInstanceId } : {}),
      partitions: sorted((topic === undefined ? undefined : member.assignments?.get(topic)?.partitions) ?? []),
      ...elsewhere(
        topic,
        [...(member.assignments?.values() ?? [])].map(({ topic: name, partitions }) => ({ name, partitions })),
        member.metadata?.topics ?? [],
      ),
    })),
  };
}

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
        ...elsewhere(
          topic,
          member.assignment.topicPartitions.map(({ topicName: name, partitions }) => ({ name, partitions })),
          member.subscribedTopicRegex ? [] : member.subscribedTopicNames,
        ),
        target: partitionsOf(member.targetAssignment),
        epoch: member.memberEpoch,
      }),
    ),
  };
}

/** What the member does besides the `topic`. `subscribed`: none while the broker lists no subscription. */
function elsewhere(
  topic: string | undefined,
  assigned: { name: string; partitions: number[] }[],
  subscribed: string[],
): Pick<GroupMemberView, 'otherPartitions' | 'otherTopicsOnly'> {
  if (topic === undefined) return {};
  const others = assigned.filter(({ name }) => name !== topic);
  const otherPartitions = others.reduce((sum, { partitions }) => sum + partitions.length, 0);
  return {
    ...(otherPartitions === 0 ? {} : { otherPartitions }),
    ...(subscribed.length > 0 && !subscribed.includes(topic) ? { otherTopicsOnly: true } : {}),
  };
}

/** Brokers put a slash before the address. */
const hostOf = (clientHost: string) => clientHost.replace(/^\//, '');
const sorted = (partitions: number[]) => [...partitions].sort((a, b) => a - b);

/** Kafka's name of a group state: PreparingRebalance, where the library has PREPARING_REBALANCE. */
function pascalCase(state: string): string {
  return /^[A-Z_]+$/.test(state)
    ? state.toLowerCase().replace(/(?:^|_)([a-z])/g, (_, letter: string) => letter.toUpperCase())
    : state;
}
