/** The topics of Kafka's Admin API, for the stand-in of the Topic Operator. */
import { Admin, ConfigResourceTypes, ConfigSources, IncrementalAlterConfigOperationTypes } from '@platformatic/kafka';
import { protocolFailures, sentence } from '../../src/adapters/kafka/errors.ts';
import type { Topics } from './topicOperator.ts';

export function adminTopics(bootstrapBrokers: string[]): Topics & { close(): Promise<void> } {
  const admin = new Admin({ clientId: 'topic-operator', bootstrapBrokers, retries: 1 });
  admin.on('error', () => {});
  const call = async <T>(work: Promise<T>): Promise<T> => {
    try {
      return await work;
    } catch (error) {
      throw new Error(javaMessage(error));
    }
  };
  const resource = (topic: string) => ({ resourceType: ConfigResourceTypes.TOPIC, resourceName: topic });
  /** The settings of the topic itself. */
  async function configOf(topic: string): Promise<Record<string, string>> {
    const described = await call(admin.describeConfigs({ resources: [resource(topic)] }));
    const own = described
      .flatMap(({ configs }) => configs)
      .filter(({ configSource }) => configSource === ConfigSources.DYNAMIC_TOPIC_CONFIG);
    return Object.fromEntries(own.map(({ name, value }) => [name, value ?? '']));
  }
  return {
    async describe(topic) {
      if (!(await call(admin.listTopics())).includes(topic)) return null;
      const found = (await call(admin.metadata({ topics: [topic], forceUpdate: true }))).topics.get(topic);
      if (found === undefined) return null;
      const { partitions, id } = found;
      return {
        partitions: partitions.length,
        replicas: partitions[0]?.replicas.length ?? 0,
        id,
        config: await configOf(topic),
      };
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
    async configure(topic, changes) {
      const { SET, DELETE } = IncrementalAlterConfigOperationTypes;
      const configs = Object.entries(changes).map(([name, value]) =>
        value === null ? { name, configOperation: DELETE, value } : { name, configOperation: SET, value },
      );
      await call(admin.incrementalAlterConfigs({ resources: [{ ...resource(topic), configs }] }));
    },
    remove: (topic) => call(admin.deleteTopics({ topics: [topic] })),
    close: () => admin.close(),
  };
}

/** Names of Kafka's Java exceptions that do not follow from the name of the error. */
const JAVA: Record<string, string> = {
  INVALID_CONFIG: 'InvalidConfigurationException',
  INVALID_TOPIC_EXCEPTION: 'InvalidTopicException',
  TOPIC_ALREADY_EXISTS: 'TopicExistsException',
  TOPIC_AUTHORIZATION_FAILED: 'TopicAuthorizationException',
  CLUSTER_AUTHORIZATION_FAILED: 'ClusterAuthorizationException',
  REQUEST_TIMED_OUT: 'TimeoutException',
};

/** `org.apache.kafka.common.errors.InvalidConfigurationException: Unknown topic config name: x` */
function javaMessage(error: unknown): string {
  const [failure] = protocolFailures(error);
  if (failure === undefined) return `org.apache.kafka.common.errors.TimeoutException: ${sentence(error)}`;
  const { name, message } = failure;
  const words = name.split('_').map((word) => word.slice(0, 1) + word.slice(1).toLowerCase());
  return `org.apache.kafka.common.errors.${JAVA[name] ?? `${words.join('')}Exception`}: ${message}`;
}
