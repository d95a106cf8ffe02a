import { ADDRESSES_HINT, areAddresses, plainAddresses } from '../../api/settings/addresses.ts';

/** The operator's settings, read from environment variables. */
export interface OperatorConfig {
  /** Kafka of the LoadTests without spec.kafka: host:port, separated by commas. Empty: none. */
  bootstrapServers: string;
  /** The Kafka resource of Strimzi (kafka.strimzi.io) behind bootstrapServers. Absent: none. */
  strimzi?: { cluster: string; namespace: string };
  /** Image of producers and consumers. */
  workerImage: string;
  /** Watched namespaces. Absent: all. */
  namespaces?: string[];
  /** POD_NAME, or the host name. */
  podName: string;
  /** podName comes from POD_NAME, so it is the name of a pod. */
  inPod: boolean;
  podNamespace: string;
  leaseName: string;
  logLevel: string;
  port: number;
}

const LEVELS = ['error', 'warn', 'info', 'debug'];

/** Throws an Error whose message names the wrong variable and says what to write. */
export function operatorConfig(env: Record<string, string | undefined>, hostname: string): OperatorConfig {
  const namespaces = (env.WATCH_NAMESPACES ?? '')
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '');
  const wrong = namespaces.find((name) => !/^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/.test(name));
  if (wrong !== undefined) {
    throw new Error(
      `WATCH_NAMESPACES: "${wrong}" is not a valid namespace name. Separate names by commas; leave it empty for all namespaces.`,
    );
  }
  const logLevel = env.LOG_LEVEL || 'info';
  if (!LEVELS.includes(logLevel))
    throw new Error(`LOG_LEVEL: "${logLevel}" is not a log level. Write one of ${LEVELS.join(', ')}.`);
  const port = Number(env.PORT || 8081);
  if (!Number.isInteger(port) || port < 0 || port > 65_535) {
    throw new Error(`PORT: "${env.PORT}" is not a port. Write a whole number from 0 to 65535.`);
  }
  const strimzi = { cluster: env.STRIMZI_CLUSTER ?? '', namespace: env.STRIMZI_NAMESPACE ?? '' };
  if ((strimzi.cluster === '') !== (strimzi.namespace === '')) {
    throw new Error(
      'STRIMZI_CLUSTER and STRIMZI_NAMESPACE name the Kafka resource behind BOOTSTRAP_SERVERS. Set both of them or neither.',
    );
  }
  const servers = env.BOOTSTRAP_SERVERS ?? '';
  if (servers.trim() !== '' && !areAddresses(servers)) {
    throw new Error(
      `BOOTSTRAP_SERVERS: "${servers}" is not a list of addresses: ${ADDRESSES_HINT}. Leave it empty for none.`,
    );
  }
  return {
    bootstrapServers: plainAddresses(servers),
    ...(strimzi.cluster === '' ? {} : { strimzi }),
    workerImage: env.WORKER_IMAGE || 'kafka-lab-operator:dev',
    ...(namespaces.length > 0 ? { namespaces: [...new Set(namespaces)] } : {}),
    podName: env.POD_NAME || hostname,
    inPod: Boolean(env.POD_NAME),
    podNamespace: env.POD_NAMESPACE || 'default',
    leaseName: env.LEASE_NAME || 'kafka-lab-operator',
    logLevel,
    port,
  };
}
