/** The addresses of a Kafka resource of Strimzi, by its listeners. */
import type { StrimziView } from './lookup.ts';
import { watchedNamespace } from './resources.ts';

interface ListenerSpec {
  name: string;
  type?: string;
  tls?: boolean;
  authentication?: unknown;
}

interface KafkaResource {
  spec?: { kafka?: { listeners?: ListenerSpec[] } };
  status?: { listeners?: { name?: string; bootstrapServers?: string; certificates?: string[] }[] };
}

const PLAIN =
  'a listener without TLS and authentication, e.g. {name: plain, port: 9092, type: internal, tls: false}, in the Kafka resource';

/** What a run records of the Kafka resource. */
interface KafkaFound {
  bootstrapServers: string;
  topicNamespace?: string;
}

/** Addresses of a listener that clients without certificates and passwords can use; or why there are none. */
export function bootstrapServers(
  { at, apiVersion, kafka }: StrimziView,
  listener: string | undefined,
): { known: KafkaFound } | { refused: string } | { waits: string } {
  const what = `Kafka ${at.namespace}/${at.cluster}`;
  if (apiVersion === undefined) {
    return {
      refused: `the API server has no Kafka of kafka.strimzi.io (v1 or v1beta2): install Strimzi, or create another LoadTest with kafka: {bootstrapServers: my-kafka:9092}`,
    };
  }
  if (kafka === null) {
    return {
      refused: `${what} of kafka.strimzi.io does not exist: create it, or create another LoadTest with the right kafka.strimzi (cluster, namespace)`,
    };
  }
  const { spec, status } = kafka as KafkaResource;
  const offered = spec?.kafka?.listeners ?? [];
  const chosen =
    listener === undefined
      ? offered.find((one) => one.type === 'internal' && isPlain(one))
      : offered.find(({ name }) => name === listener);
  const names = offered.filter(isPlain).map(({ name }) => name);
  const instead =
    names.length > 0 ? `create another LoadTest with kafka.strimzi.listener: ${names.join(' or ')}` : `write ${PLAIN}`;
  if (chosen === undefined) {
    return listener === undefined
      ? {
          refused: `${what} has no internal listener without TLS and authentication, and this operator has no certificates or passwords yet: ${instead}`,
        }
      : { refused: `${what} has no listener ${listener}: ${instead}` };
  }
  const told = status?.listeners?.find(({ name }) => name === chosen.name);
  if (chosen.tls === true || (told?.certificates ?? []).length > 0) {
    return {
      refused: `listener ${chosen.name} of ${what} uses TLS, for which this operator has no certificates yet: ${instead}`,
    };
  }
  if (chosen.authentication !== undefined) {
    return {
      refused: `listener ${chosen.name} of ${what} asks for authentication, for which this operator has no credentials yet: ${instead}`,
    };
  }
  if (!told?.bootstrapServers) {
    return { waits: `${what} does not tell an address of listener ${chosen.name} yet (status.listeners)` };
  }
  const topicNamespace = watchedNamespace(kafka);
  return {
    known: { bootstrapServers: told.bootstrapServers, ...(topicNamespace === undefined ? {} : { topicNamespace }) },
  };
}

const isPlain = ({ tls, authentication }: ListenerSpec): boolean => tls !== true && authentication === undefined;
