/** The operator's settings, from the environment. */

export interface OperatorConfig {
  /** Kafka for labs that name none. */
  bootstrapServers: string;
  /** The Kafka resource (kafka.strimzi.io) behind bootstrapServers, where there is one. */
  strimzi?: { cluster: string; namespace: string };
  workerImage: string;
  /** undefined: all. */
  namespaces?: string[];
  /** The host's name where the environment says none. */
  podName: string;
  /** Whether podName is known to be that of a pod of Kubernetes. */
  inPod: boolean;
  podNamespace: string;
  leaseName: string;
  logLevel: string;
  port: number;
}

const LEVELS = ['error', 'warn', 'info', 'debug'];

/** Throws with a sentence that names the variable and what to write. */
export function operatorConfig(env: Record<string, string | undefined>, hostname: string): OperatorConfig {
  const namespaces = (env.WATCH_NAMESPACES ?? '')
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '');
  const wrong = namespaces.find((name) => !/^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/.test(name));
  if (wrong !== undefined) {
    throw new Error(
      `WATCH_NAMESPACES: "${wrong}" is no name of a namespace; write names with commas between them, or nothing for all.`,
    );
  }
  const logLevel = env.LOG_LEVEL || 'info';
  if (!LEVELS.includes(logLevel)) throw new Error(`LOG_LEVEL: "${logLevel}" is not one of ${LEVELS.join(', ')}.`);
  const port = Number(env.PORT || 8081);
  if (!Number.isInteger(port) || port < 0 || port > 65_535) {
    throw new Error(`PORT: "${env.PORT}" is not a whole number from 0 to 65535.`);
  }
  const strimzi = { cluster: env.STRIMZI_CLUSTER ?? '', namespace: env.STRIMZI_NAMESPACE ?? '' };
  if ((strimzi.cluster === '') !== (strimzi.namespace === '')) {
    throw new Error(
      'STRIMZI_CLUSTER and STRIMZI_NAMESPACE name the Kafka resource behind BOOTSTRAP_SERVERS: set both, or neither.',
    );
  }
  return {
    bootstrapServers: env.BOOTSTRAP_SERVERS ?? '',
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
