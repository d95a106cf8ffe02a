/**
 * One admin connection to one Kafka cluster, and the snapshots taken through it. Views that are requested within a few
 * milliseconds of each other share a snapshot, and the last snapshot serves later requests for the same topics and groups
 * while it is fresh.
 */
import { Admin } from '@platformatic/kafka';
import type { KafkaView, TopicView } from '../../../contract/kafkaView.ts';
import { EVIDENCE_TOPIC } from '../../../domain/evidence/facts.ts';
import { preciseNow } from '../preciseNow.ts';
import { EvidenceTopic } from './evidenceTopic.ts';
import { Groups } from './groups.ts';
import { type Snapshot, type SnapshotRequest, takeSnapshot } from './snapshot.ts';
import { TopicRequests } from './topicRequests.ts';
import { Topics } from './topics.ts';

const CLIENT_ID = 'kafka-lab-operator';
/** Requests within this time share a snapshot. */
const GATHER_MS = 10;

export class KafkaConnection {
  readonly admin: Admin;
  readonly topicRequests: TopicRequests;
  readonly #groups: Groups;
  readonly #topics: Topics;
  readonly #evidenceTopic: EvidenceTopic;
  readonly #clock: () => number;
  #last: Snapshot | undefined;
  /** The snapshot that still accepts requests. */
  #next: { request: SnapshotRequest; snapshot: Promise<Snapshot> } | undefined;

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
    // Failed calls reject by themselves; an error event without a listener would end the process.
    this.admin.on('error', () => {});
    this.topicRequests = new TopicRequests(this.admin, CLIENT_ID);
    this.#groups = new Groups(this.admin, CLIENT_ID);
    this.#topics = new Topics(this.admin);
    this.#evidenceTopic = new EvidenceTopic(this.admin);
  }

  /** A view that is at most `maxAgeMs` old. Throws the client library's error when Kafka does not answer. */
  async view(
    topic: string | undefined,
    group: string | undefined,
    maxAgeMs: number,
    lastStableOffsets = false,
  ): Promise<KafkaView> {
    const last = this.#last;
    const fresh =
      last !== undefined &&
      this.#clock() - last.at <= maxAgeMs &&
      (topic === undefined || (lastStableOffsets ? last.lastStable : last.topics).has(topic)) &&
      (group === undefined || last.groups.has(group));
    const snapshot = fresh ? last : await this.#request(topic, group, lastStableOffsets);
    const { at, spreadMs, brokers, topics, groups } = snapshot;
    return {
      at,
      spreadMs,
      brokers,
      ...(topic === undefined ? {} : { topic: topicOf(snapshot, topic, lastStableOffsets) }),
      ...(group === undefined ? {} : { group: groups.get(group) ?? null }),
      evidence: {
        topic: EVIDENCE_TOPIC,
        endOffsets: topics.get(EVIDENCE_TOPIC)?.partitions.map(({ endOffset }) => endOffset) ?? [],
      },
    };
  }

  /** Makes the next view read Kafka again, after an action has changed it. */
  forget(): void {
    this.#last = undefined;
    this.#topics.forget();
  }

  async close(): Promise<void> {
    await Promise.all([this.admin.close(), this.topicRequests.close(), this.#groups.close()]);
  }

  #request(topic: string | undefined, group: string | undefined, lastStableOffsets: boolean): Promise<Snapshot> {
    if (this.#next === undefined) {
      const request: SnapshotRequest = { topics: new Set([EVIDENCE_TOPIC]), lastStable: new Set(), groups: new Map() };
      const snapshot = new Promise<void>((resolve) => setTimeout(resolve, GATHER_MS)).then(() => {
        this.#next = undefined;
        return this.#take(request);
      });
      this.#next = { request, snapshot };
    }
    const { request, snapshot } = this.#next;
    if (topic !== undefined) request.topics.add(topic);
    if (topic !== undefined && lastStableOffsets) request.lastStable.add(topic);
    if (group !== undefined) request.groups.set(group, topic);
    return snapshot;
  }

  async #take(request: SnapshotRequest): Promise<Snapshot> {
    await this.#evidenceTopic.ensure();
    const clients = { admin: this.admin, topics: this.#topics, groups: this.#groups, clock: this.#clock };
    const snapshot = await takeSnapshot(clients, request);
    if (snapshot.topics.get(EVIDENCE_TOPIC) === null) this.#evidenceTopic.deleted();
    this.#last = snapshot;
    return snapshot;
  }
}

function topicOf({ topics, lastStable }: Snapshot, name: string, lastStableOffsets: boolean): TopicView | null {
  const topic = topics.get(name) ?? null;
  const offsets = lastStableOffsets ? lastStable.get(name) : undefined;
  if (topic === null || offsets === undefined) return topic;
  const partitions = topic.partitions.map((one) => {
    const lastStableOffset = offsets[one.partition] ?? 0;
    // The two ends are read at the same time by two requests, and a last stable offset is never past the end.
    return { ...one, lastStableOffset, endOffset: Math.max(one.endOffset, lastStableOffset) };
  });
  return { ...topic, partitions };
}
