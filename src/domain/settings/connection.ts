/** Where the Kafka cluster of a resource is. */
import type { KafkaConnection } from '../../api/shared.ts';

/** status.kafka, once the addresses were read from the Kafka resource. */
export interface KafkaFound {
  bootstrapServers: string;
}

/** Empty: the operator's default connection, unless it `isUnknown`. */
export function serversOf(
  spec: KafkaConnection | undefined,
  found: KafkaFound | undefined,
): { bootstrapServers?: string } {
  const bootstrapServers = spec?.bootstrapServers ?? (spec === undefined ? undefined : found?.bootstrapServers);
  return bootstrapServers === undefined ? {} : { bootstrapServers };
}

/** The addresses have not been read from the Kafka resource yet: nothing may be asked of Kafka. */
export const isUnknown = (spec: KafkaConnection | undefined, found: KafkaFound | undefined): boolean =>
  spec?.strimzi !== undefined && found === undefined;
