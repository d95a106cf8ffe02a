/** The bootstrap servers of a resource's Kafka cluster. */
import { plainAddresses } from '../../api/settings/addresses.ts';
import type { KafkaConnection } from '../../api/shared.ts';

/** status.kafka: the addresses read from the Strimzi Kafka resource, or the operator's default when the run began. */
export interface KafkaFound {
  bootstrapServers: string;
  /** Namespace of the KafkaTopics. Absent: that of the Kafka resource. */
  topicNamespace?: string;
}

/** The addresses to connect to. An empty object stands for the operator's default Kafka, unless `isUnknown`. */
export function serversOf(
  spec: KafkaConnection | undefined,
  found: KafkaFound | undefined,
): { bootstrapServers?: string } {
  const bootstrapServers = spec?.bootstrapServers ?? found?.bootstrapServers;
  return bootstrapServers === undefined ? {} : { bootstrapServers: plainAddresses(bootstrapServers) };
}

/** The addresses have not been read from the Strimzi Kafka resource yet, so no request to Kafka is possible. */
export const isUnknown = (spec: KafkaConnection | undefined, found: KafkaFound | undefined): boolean =>
  spec?.strimzi !== undefined && found === undefined;
