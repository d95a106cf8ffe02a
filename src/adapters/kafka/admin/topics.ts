/**
 * The brokers and the partitions of topics that may not exist. The client library fails a whole Metadata call for one
 * unknown topic, so topics that are known to be missing are left out of the call, until a list of all topics has them.
 */
import type { Admin } from '@platformatic/kafka';
import type { KafkaView, PartitionView } from '../../../contract/kafkaView.ts';
import { protocolFailures } from '../errors.ts';
import { topicIdOf } from './topicId.ts';

/** A partition without its offsets; its number is its index. */
export type PartitionShape = Pick<PartitionView, 'leader' | 'replicas' | 'isr'>;

export interface TopicShape {
  id: string;
  partitions: PartitionShape[];
}

export interface TopicMetadata {
  brokers: KafkaView['brokers'];
  /** By name; null: there is no such topic. */
  topics: Map<string, TopicShape | null>;
}

export class Topics {
  readonly #admin: Admin;
  readonly #missing = new Set<string>();

  constructor(admin: Admin) {
    this.#admin = admin;
  }

  /** Throws the client library's error when Kafka does not answer. */
  async describe(names: string[]): Promise<TopicMetadata> {
    if (names.some((name) => this.#missing.has(name))) await this.#findMissing(names);
    for (;;) {
      const present = names.filter((name) => !this.#missing.has(name));
      try {
        const metadata = await this.#admin.metadata({ topics: present, forceUpdate: true });
        return {
          brokers: [...metadata.brokers].map(([id, { host, port }]) => ({ id, host, port })),
          topics: new Map(names.map((name) => [name, shapeOf(metadata.topics.get(name))])),
        };
      } catch (error) {
        if (!isUnknownTopic(error)) throw error;
        const before = this.#missing.size;
        await this.#findMissing(names);
        if (this.#missing.size === before) throw error;
      }
    }
  }

  /** Forgets which topics are missing. */
  forget(): void {
    this.#missing.clear();
  }

  async #findMissing(names: string[]): Promise<void> {
    const existing = new Set(await this.#admin.listTopics({ includeInternals: true }));
    for (const name of names) {
      if (existing.has(name)) this.#missing.delete(name);
      else this.#missing.add(name);
    }
  }
}

const shapeOf = (topic: TopicShape | undefined): TopicShape | null =>
  topic === undefined ? null : { id: topicIdOf(topic.id), partitions: topic.partitions };

function isUnknownTopic(error: unknown): boolean {
  return (
    (error instanceof Error && error.message.startsWith('Unknown topic')) ||
    protocolFailures(error).some(({ name }) => name === 'UNKNOWN_TOPIC_OR_PARTITION')
  );
}
