/** One snapshot of some topics and groups of a Kafka cluster. */
import { type Admin, FetchIsolationLevels } from '@platformatic/kafka';
import type { GroupView, KafkaView, PartitionView, TopicView } from '../../../contract/kafkaView.ts';
import type { DescribedGroup, Groups } from './groups.ts';
import type { TopicShape, Topics } from './topics.ts';

export interface SnapshotRequest {
  topics: Set<string>;
  /** Those of `topics` whose last stable offsets are wanted. */
  lastStable: Set<string>;
  /** The topic whose committed offsets and assignments are wanted, by group. */
  groups: Map<string, string | undefined>;
}

/** As in KafkaView, for several topics and groups. null: there is no such topic or group. */
export interface Snapshot extends Pick<KafkaView, 'at' | 'spreadMs' | 'brokers'> {
  request: SnapshotRequest;
  topics: Map<string, TopicView | null>;
  /** By topic and partition, for the topics whose last stable offsets were wanted. Empty: there is no such topic. */
  lastStable: Map<string, readonly number[]>;
  groups: Map<string, GroupView | null>;
}

export interface SnapshotClients {
  admin: Admin;
  topics: Topics;
  groups: Groups;
  /** In ms since 1970. */
  clock: () => number;
}

/** ListOffsets: the timestamps that stand for the end and the beginning of a partition. */
const LATEST = -1n;
const EARLIEST = -2n;

type PresentTopics = Map<string, TopicShape>;
type ListedOffsets = Awaited<ReturnType<Admin['listOffsets']>>;
type CommittedOffsets = Awaited<ReturnType<Admin['listConsumerGroupOffsets']>>;

/**
 * Reads committed offsets first and end offsets right after them, because lag is their difference and `spreadMs` bounds
 * its error. Throws the client library's error when Kafka does not answer.
 */
export async function takeSnapshot(clients: SnapshotClients, request: SnapshotRequest): Promise<Snapshot> {
  const { admin, clock } = clients;
  const { brokers, topics } = await clients.topics.describe([...request.topics]);
  const present: PresentTopics = new Map([...topics].flatMap(([name, shape]) => (shape ? [[name, shape]] : [])));

  const at = clock();
  const committed = await committedOffsets(admin, request.groups, present);
  const [ends, lastStable] = await Promise.all([
    admin.listOffsets(offsetsRequest(present, LATEST)),
    lastStableOffsets(admin, request.lastStable, present),
  ]);
  const spreadMs = clock() - at;
  const [beginnings, described] = await Promise.all([
    admin.listOffsets(offsetsRequest(present, EARLIEST)),
    clients.groups.describe(request.groups),
  ]);

  return {
    request,
    at,
    spreadMs,
    brokers,
    topics: topicViews([...topics.keys()], present, beginnings, ends),
    lastStable,
    groups: groupViews(request.groups, described, committed),
  };
}

async function committedOffsets(
  admin: Admin,
  groups: SnapshotRequest['groups'],
  present: PresentTopics,
): Promise<CommittedOffsets> {
  if (groups.size === 0) return [];
  const wanted = [...groups].map(([groupId, topic]) => {
    const shape = topic === undefined ? undefined : present.get(topic);
    return {
      groupId,
      topics:
        topic === undefined || shape === undefined
          ? []
          : [{ name: topic, partitionIndexes: shape.partitions.map((_, index) => index) }],
    };
  });
  return admin.listConsumerGroupOffsets({ groups: wanted });
}

const offsetsRequest = (present: PresentTopics, timestamp: bigint) => ({
  topics: [...present].map(([name, { partitions }]) => ({
    name,
    partitions: partitions.map((_, partitionIndex) => ({ partitionIndex, timestamp })),
  })),
});

async function lastStableOffsets(
  admin: Admin,
  wanted: ReadonlySet<string>,
  present: PresentTopics,
): Promise<Snapshot['lastStable']> {
  const asked: PresentTopics = new Map([...present].filter(([name]) => wanted.has(name)));
  const isolationLevel = FetchIsolationLevels.READ_COMMITTED;
  const request = { ...offsetsRequest(asked, LATEST), isolationLevel };
  const offsetOf = offsetLookup(asked.size === 0 ? [] : await admin.listOffsets(request));
  return new Map(
    [...wanted].map((name) => [
      name,
      (asked.get(name)?.partitions ?? []).map((_, partition) => offsetOf(name, partition)),
    ]),
  );
}

function topicViews(
  names: string[],
  present: PresentTopics,
  beginnings: ListedOffsets,
  ends: ListedOffsets,
): Snapshot['topics'] {
  const [beginningOf, endOf] = [offsetLookup(beginnings), offsetLookup(ends)];
  return new Map(
    names.map((name) => {
      const shape = present.get(name);
      if (shape === undefined) return [name, null];
      const partitions = shape.partitions.map(
        ({ leader, replicas, isr }, partition): PartitionView => ({
          partition,
          leader,
          replicas,
          isr,
          beginningOffset: beginningOf(name, partition),
          endOffset: endOf(name, partition),
        }),
      );
      return [name, { name, id: shape.id, partitions }];
    }),
  );
}

/** The offset of a partition in an answer to ListOffsets; 0 where the answer has none. */
function offsetLookup(listed: ListedOffsets): (topic: string, partition: number) => number {
  const byTopic = new Map(
    listed.map(({ name, partitions }) => [
      name,
      new Map(partitions.map(({ partitionIndex, offset }) => [partitionIndex, offset])),
    ]),
  );
  return (topic, partition) => Number(byTopic.get(topic)?.get(partition) ?? 0n);
}

function groupViews(
  groups: SnapshotRequest['groups'],
  described: Map<string, DescribedGroup | null>,
  committed: CommittedOffsets,
): Snapshot['groups'] {
  return new Map(
    [...groups].map(([groupId, topic]) => {
      const group = described.get(groupId);
      if (group === undefined || group === null) return [groupId, null];
      const answer = committed.find((each) => each.groupId === groupId)?.topics.find(({ name }) => name === topic);
      const offsets = (answer?.partitions ?? [])
        .map(({ partitionIndex, committedOffset }) => ({
          partition: partitionIndex,
          // Kafka answers -1 for a partition without a committed offset.
          offset: committedOffset < 0n ? null : Number(committedOffset),
        }))
        .sort((a, b) => a.partition - b.partition);
      return [groupId, { ...group, committed: offsets }];
    }),
  );
}
