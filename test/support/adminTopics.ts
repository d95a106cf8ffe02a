/** The topics of Kafka's Admin API, for the stand-in of the Topic Operator. */
import { Admin } from '@platformatic/kafka';
import { sentence } from '../../src/adapters/kafka/errors.ts';
import type { Topics } from './topicOperator.ts';

export function adminTopics(bootstrapBrokers: string[]): Topics & { close(): Promise<void> } {
  const admin = new Admin({ clientId: 'topic-operator', bootstrapBrokers, retries: 1 });
  admin.on('error', () => {});
  const call = async <T>(work: Promise<T>): Promise<T> => {
    try {
      return await work;
    } catch (error) {
      throw new Error(sentence(error));
    }
  };
  return {
    async describe(topic) {
      if (!(await call(admin.listTopics())).includes(topic)) return null;
      const found = (await call(admin.metadata({ topics: [topic], forceUpdate: true }))).topics.get(topic);
      if (found === undefined) return null;
      const { partitions, id } = found;
      return { partitions: partitions.length, replicas: partitions[0]?.replicas.length ?? 0, id };
    },
    create: (topic, partitions, replicas, config) =>
      call(
        admin.createTopics({
          topics: [{ topic, partitions, replicas }],
          configs: Object.entries(config).map(([name, value]) => ({ name, value })),
        }),
      ),
    raise: (topic, partitions) =>
      call(admin.createPartitions({ topics: [{ name: topic, count: partitions, assignments: null }] })),
    remove: (topic) => call(admin.deleteTopics({ topics: [topic] })),
    close: () => admin.close(),
  };
}
