/** One admin connection to one Kafka cluster, and the views taken through it. */
import { Admin } from '@platformatic/kafka';
import type { KafkaView, TopicView } from '../../../contract/kafkaView.ts';
import type { KafkaNeed } from '../../../contract/needs.ts';
import { EVIDENCE_TOPIC } from '../../../domain/evidence/facts.ts';
import { preciseNow } from '../preciseNow.ts';
import { describeConfigs } from './configs.ts';
import { EvidenceTopic } from './evidenceTopic.ts';
import { Groups } from './groups.ts';
import { type Snapshot, type SnapshotRequest, takeSnapshot } from './snapshot.ts';
import { Snapshots } from './snapshots.ts';
import { TopicRequests } from './topicRequests.ts';
import { Topics } from './topics.ts';

const CLIENT_ID = 'kafka-lab-operator';

export class KafkaConnection {
  readonly admin: Admin;
  readonly topicRequests: TopicRequests;
  readonly #groups: Groups;
  readonly #topics: Topics;
  readonly #evidenceTopic: EvidenceTopic;
  readonly #clock: () => number;
  readonly #snapshots: Snapshots;

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
    this.#snapshots = new Snapshots((request) => this.#take(request), clock);
  }

  /**
   * A view that is at most `maxAgeMs` old. Throws SubjectError if Kafka answers, but not about this topic or group, and the
   * client library's error if it does not answer.
   */
  async view(
    topic: string | undefined,
    group: string | undefined,
    maxAgeMs: number,
    { configs, lastStableOffsets = false }: Pick<KafkaNeed, 'configs' | 'lastStableOffsets'> = {},
  ): Promise<KafkaView> {
    const snapshot = await this.#snapshots.of({ topic, group, lastStableOffsets }, maxAgeMs);
    const { at, spreadMs, brokers, topics, groups } = snapshot;
    return {
      at,
      spreadMs,
      brokers,
      ...(topic === undefined ? {} : { topic: topicOf(snapshot, topic, lastStableOffsets) }),
      ...(group === undefined ? {} : { group: groups.get(group) ?? null }),
      ...(configs === undefined ? {} : { configs: await describeConfigs(this.admin, configs, topic, brokers) }),
      evidence: {
        topic: EVIDENCE_TOPIC,
        endOffsets: topics.get(EVIDENCE_TOPIC)?.partitions.map(({ endOffset }) => endOffset) ?? [],
      },
    };
  }

  /** Makes the next view read Kafka again, after an action has changed it. */
  forget(): void {
    this.#snapshots.forget();
    this.#topics.forget();
  }

  async close(): Promise<void> {
    await Promise.all([this.admin.close(), this.topicRequests.close(), this.#groups.close()]);
  }

  async #take(request: SnapshotRequest): Promise<Snapshot> {
    await this.#evidenceTopic.ensure();
    const clients = { admin: this.admin, topics: this.#topics, groups: this.#groups, clock: this.#clock };
    const snapshot = await takeSnapshot(clients, request);
    if (snapshot.topics.get(EVIDENCE_TOPIC) === null) this.#evidenceTopic.deleted();
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
