/**
 * One admin connection to one Kafka cluster. Everybody who asks for a view at about the same time
 * shares one round of requests: 100 labs on a cluster cost as many requests as one.
 */
import { Admin } from '@platformatic/kafka';
import type { GroupView, KafkaView, PartitionView, TopicView } from '../../../contract/kafkaView.ts';
import { EVIDENCE_TOPIC } from '../../../domain/evidence/facts.ts';
import { protocolFailures } from '../errors.ts';
import { preciseNow } from '../preciseNow.ts';
import { Groups } from './groups.ts';

/** Evidence is spread over this many partitions; a run keeps to one. */
const EVIDENCE_PARTITIONS = 6;
const EVIDENCE_CONFIG = {
  // Workers' clocks are lined up against the broker's, see domain/clock.ts.
  'message.timestamp.type': 'LogAppendTime',
  'cleanup.policy': 'delete',
  'retention.ms': String(7 * 24 * 3600 * 1000),
};
const CLIENT_ID = 'kafka-lab-operator';
/** Callers within this time share a round. */
const GATHER_MS = 10;

interface Asked {
  topics: Set<string>;
  groups: Map<string, string | undefined>;
}

interface Round {
  at: number;
  spreadMs: number;
  brokers: KafkaView['brokers'];
  topics: Map<string, TopicView | null>;
  groups: Map<string, GroupView | null>;
}

const LATEST = -1n;
const EARLIEST = -2n;

export class KafkaConnection {
  readonly admin: Admin;
  readonly #groups: Groups;
  readonly #clock: () => number;
  #evidenceReady = false;
  #last: Round | undefined;
  #next: { asked: Asked; round: Promise<Round> } | undefined;
  #missing = new Set<string>();

  constructor(bootstrapServers: string, clock: () => number = preciseNow) {
    this.#clock = clock;
    this.admin = new Admin({
      clientId: CLIENT_ID,
      bootstrapBrokers: bootstrapServers.split(',').map((server) => server.trim()),
      connectTimeout: 3_000,
      timeout: 5_000,
      retries: 1,
      retryDelay: 200,
    });
    // Metadata is refreshed by each round; the library's listeners would otherwise pile up unhandled.
    this.admin.on('error', () => {});
    this.#groups = new Groups(this.admin, CLIENT_ID);
  }

  /** Throws the library's error when Kafka does not answer. */
  async view(topic: string | undefined, group: string | undefined, maxAgeMs: number): Promise<KafkaView> {
    const last = this.#last;
    const fresh =
      last !== undefined &&
      this.#clock() - last.at <= maxAgeMs &&
      (topic === undefined || last.topics.has(topic)) &&
      (group === undefined || last.groups.has(group));
    const round = fresh ? last : await this.#join(topic, group);
    return {
      at: round.at,
      spreadMs: round.spreadMs,
      brokers: round.brokers,
      ...(topic === undefined ? {} : { topic: round.topics.get(topic) ?? null }),
      ...(group === undefined ? {} : { group: round.groups.get(group) ?? null }),
      evidence: {
        topic: EVIDENCE_TOPIC,
        endOffsets: round.topics.get(EVIDENCE_TOPIC)?.partitions.map((p) => p.endOffset) ?? [],
      },
    };
  }

  /** After a change made here: the next view asks Kafka again. */
  forget(): void {
    this.#last = undefined;
    this.#missing.clear();
  }

  async close(): Promise<void> {
    await Promise.all([this.admin.close(), this.#groups.close()]);
  }

  #join(topic: string | undefined, group: string | undefined): Promise<Round> {
    if (this.#next === undefined) {
      const asked: Asked = { topics: new Set([EVIDENCE_TOPIC]), groups: new Map() };
      const round = new Promise<void>((resolve) => setTimeout(resolve, GATHER_MS)).then(() => {
        this.#next = undefined;
        return this.#look(asked);
      });
      this.#next = { asked, round };
    }
    const { asked, round } = this.#next;
    if (topic !== undefined) asked.topics.add(topic);
    if (group !== undefined) asked.groups.set(group, topic);
    return round;
  }

  async #look(asked: Asked): Promise<Round> {
    await this.#ensureEvidenceTopic();
    const { brokers, shapes } = await this.#topicShapes([...asked.topics]);
    const groupIds = [...asked.groups.keys()];

    const at = this.#clock();
    const wanted = groupIds.map((groupId) => {
      const topic = asked.groups.get(groupId);
      const partitions = topic === undefined ? undefined : shapes.get(topic);
      return {
        groupId,
        topics:
          topic === undefined || partitions == null
            ? []
            : [{ name: topic, partitionIndexes: partitions.map((_, index) => index) }],
      };
    });
    const committed = groupIds.length === 0 ? [] : await this.admin.listConsumerGroupOffsets({ groups: wanted });
    const present = [...shapes].filter(([, partitions]) => partitions !== null) as [string, Shape[]][];
    const request = (timestamp: bigint) => ({
      topics: present.map(([name, partitions]) => ({
        name,
        partitions: partitions.map((_, partitionIndex) => ({ partitionIndex, timestamp })),
      })),
    });
    const ends = await this.admin.listOffsets(request(LATEST));
    const spreadMs = this.#clock() - at;
    const [beginnings, described] = await Promise.all([
      this.admin.listOffsets(request(EARLIEST)),
      this.#groups.describe(asked.groups),
    ]);

    const offsets = (listed: typeof ends, topic: string, partition: number) =>
      Number(
        listed.find((t) => t.name === topic)?.partitions.find((p) => p.partitionIndex === partition)?.offset ?? 0n,
      );
    const topics = new Map<string, TopicView | null>();
    for (const [name, shape] of shapes) {
      if (shape === null) {
        topics.set(name, null);
        continue;
      }
      const partitions = shape.map(
        (p, partition): PartitionView => ({
          partition,
          leader: p.leader,
          replicas: p.replicas,
          isr: p.isr,
          beginningOffset: offsets(beginnings, name, partition),
          endOffset: offsets(ends, name, partition),
        }),
      );
      topics.set(name, { name, partitions });
    }

    const groups = new Map<string, GroupView | null>();
    for (const groupId of groupIds) {
      const topic = asked.groups.get(groupId);
      const found = described.get(groupId);
      const positions = committed.find((g) => g.groupId === groupId)?.topics.find((t) => t.name === topic);
      const offsetsOf = (positions?.partitions ?? [])
        .map((p) => ({
          partition: p.partitionIndex,
          offset: p.committedOffset < 0n ? null : Number(p.committedOffset),
        }))
        .sort((a, b) => a.partition - b.partition);
      groups.set(groupId, found == null ? null : { ...found, committed: offsetsOf });
    }

    // Deleted under us: make it again with the next round.
    if (topics.get(EVIDENCE_TOPIC) === null) this.#evidenceReady = false;
    const round: Round = { at, spreadMs, brokers, topics, groups };
    this.#last = round;
    return round;
  }

  /** Per topic its partitions, null where there is no such topic. */
  async #topicShapes(names: string[]): Promise<{ brokers: KafkaView['brokers']; shapes: Map<string, Shape[] | null> }> {
    // The library refuses the whole call for one unknown topic, so those known to be missing are looked up by list.
    if (names.some((name) => this.#missing.has(name))) await this.#findMissing(names);
    for (;;) {
      const present = names.filter((name) => !this.#missing.has(name));
      try {
        const metadata = await this.admin.metadata({ topics: present, forceUpdate: true });
        const shapes = new Map<string, Shape[] | null>();
        for (const name of names) {
          shapes.set(name, metadata.topics.get(name)?.partitions ?? null);
        }
        const brokers = [...metadata.brokers].map(([id, { host, port }]) => ({ id, host, port }));
        return { brokers, shapes };
      } catch (error) {
        const before = this.#missing.size;
        if (!isUnknownTopic(error)) throw error;
        await this.#findMissing(names);
        if (this.#missing.size === before) throw error;
      }
    }
  }

  async #findMissing(names: string[]): Promise<void> {
    const existing = new Set(await this.admin.listTopics({ includeInternals: true }));
    for (const name of names) {
      if (existing.has(name)) this.#missing.delete(name);
      else this.#missing.add(name);
    }
  }

  async #ensureEvidenceTopic(): Promise<void> {
    if (this.#evidenceReady) return;
    const existing = await this.admin.listTopics({ includeInternals: true });
    if (!existing.includes(EVIDENCE_TOPIC)) {
      const { brokers } = await this.admin.metadata({ topics: [], forceUpdate: true });
      try {
        await this.admin.createTopics({
          topics: [{ topic: EVIDENCE_TOPIC, partitions: EVIDENCE_PARTITIONS, replicas: Math.min(3, brokers.size) }],
          configs: Object.entries(EVIDENCE_CONFIG).map(([name, value]) => ({ name, value })),
        });
      } catch (error) {
        if (!protocolFailures(error).some((f) => f.name === 'TOPIC_ALREADY_EXISTS')) throw error;
      }
    }
    this.#evidenceReady = true;
  }
}

interface Shape {
  leader: number;
  replicas: number[];
  isr: number[];
}

function isUnknownTopic(error: unknown): boolean {
  return (
    (error instanceof Error && error.message.startsWith('Unknown topic')) ||
    protocolFailures(error).some((f) => f.name === 'UNKNOWN_TOPIC_OR_PARTITION')
  );
}
