/**
 * CreateTopics and DeleteTopics, each sent once. The client library's own calls hide whose topic it is: they answer two
 * simultaneous requests for one topic with one result, and repeat a request whose answer was lost.
 */
import { type Admin, ConnectionPool, createTopicsV7, deleteTopicsV6 } from '@platformatic/kafka';
import type { KafkaAction } from '../../../contract/actions.ts';
import { topicIdOf, uuidOf } from './topicId.ts';

type CreateTopic = Extract<KafkaAction, { type: 'CreateTopic' }>;

/** How long the controller may wait until the brokers know the topic. */
const TIMEOUT_MS = 5_000;

export class TopicRequests {
  readonly #admin: Admin;
  readonly #connections: ConnectionPool;

  constructor(admin: Admin, clientId: string) {
    this.#admin = admin;
    this.#connections = new ConnectionPool(clientId, { connectTimeout: 3_000, requestTimeout: 2 * TIMEOUT_MS });
  }

  /** The id of the created topic. Throws the client library's error. */
  async create({ topic, partitions, replicas, config }: CreateTopic): Promise<string> {
    const request = {
      name: topic,
      numPartitions: partitions,
      replicationFactor: replicas,
      assignments: [],
      configs: Object.entries(config).map(([name, value]) => ({ name, value })),
    };
    const { topics } = await createTopicsV7.api.async(await this.#controller(), [request], TIMEOUT_MS, false);
    const [created] = topics;
    if (created === undefined) throw new Error('Kafka answered without a topic');
    return topicIdOf(created.topicId);
  }

  /** Throws the client library's error. */
  async delete(topicId: string): Promise<void> {
    const request = { name: null, topicId: uuidOf(topicId) };
    await deleteTopicsV6.api.async(await this.#controller(), [request], TIMEOUT_MS);
  }

  async close(): Promise<void> {
    await this.#connections.close();
  }

  /** With KRaft, Kafka names any broker, which forwards the request. */
  async #controller() {
    const { controllerId, brokers } = await this.#admin.metadata({ topics: [], forceUpdate: true });
    const controller = brokers.get(controllerId) ?? [...brokers.values()][0];
    if (controller === undefined) throw new Error('Kafka names no broker');
    return this.#connections.get(controller);
  }
}
