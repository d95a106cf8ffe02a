/** The program of the operator: reads its settings, connects the parts, acts while it leads, stops cleanly. */
import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { type ServerType, serve } from '@hono/node-server';
import { KafkaClusters } from '../adapters/kafka/clusters.ts';
import { kubernetesCluster } from '../adapters/kubernetes/cluster.ts';
import { connect, loadKubeConfig } from '../adapters/kubernetes/connection.ts';
import { rest } from '../adapters/kubernetes/rest.ts';
import { podWorkers } from '../adapters/workers/workers.ts';
import { consumerScaleKind } from '../kinds/consumerscale/plan.ts';
import { labKind } from '../kinds/lab/plan.ts';
import { loadTestKind } from '../kinds/loadtest/plan.ts';
import { systemClock } from '../runtime/clock.ts';
import { leadWhenElected } from '../runtime/leader.ts';
import { createRuntime } from '../runtime/loop/runtime.ts';
import { operatorConfig } from './operator/config.ts';
import { holderIdentity, isHolderOfPod } from './operator/holder.ts';
import { operatorLog } from './operator/log.ts';
import { operatorMetrics } from './operator/metrics.ts';
import { operatorServer } from './operator/server.ts';

/** Timeout of a clean stop. Kubernetes allows 30 s (terminationGracePeriodSeconds). */
const STOP_TIMEOUT_MS = 25_000;

const { config, connection } = readSettings();
const log = operatorLog(config.logLevel);

let leading = false;
let interrupted = false;
const metrics = operatorMetrics({ queueDepth: () => runtime.queueDepth, leading: () => leading });
const cluster = kubernetesCluster({ rest: rest({ connection, onRequest: metrics.requested }) });
const kafka = new KafkaClusters(config.bootstrapServers, log);
const runtime = createRuntime({
  kinds: [
    loadTestKind({
      image: config.workerImage,
      bootstrapServers: config.bootstrapServers,
      ...(config.strimzi ? { strimzi: config.strimzi } : {}),
    }),
    consumerScaleKind(config),
    labKind(),
  ],
  cluster,
  kafka,
  workers: podWorkers(cluster),
  evidence: kafka,
  clock: systemClock,
  random: Math.random,
  log,
  metrics,
  instance: config.podName,
  ...(config.namespaces ? { namespaces: config.namespaces } : {}),
});

const stop = new AbortController();

const app = operatorServer(
  () => ({
    synced: runtime.synced,
    trouble: runtime.trouble,
    stopping: stop.signal.aborted,
    leading,
    interrupted,
    longestActive: runtime.longestActive,
    now: Date.now(),
  }),
  metrics.registry,
);
const server: ServerType = serve({ fetch: app.fetch, port: config.port }, ({ port }) =>
  log.info('listening', { port }),
);
server.once('error', (error) => die(`port ${config.port} can't be used: ${error.message}`));

for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  process.on(signal, () => {
    if (stop.signal.aborted) return;
    log.info(`stopping: ${signal}`);
    stop.abort();
    setTimeout(() => die(`did not stop within ${STOP_TIMEOUT_MS / 1000} s`), STOP_TIMEOUT_MS).unref();
  });
}
process.on('unhandledRejection', (error) => {
  die(`unexpected: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
});

log.info('starting', {
  server: connection.server,
  namespaces: config.namespaces ?? 'all',
  kafka: config.bootstrapServers,
});
runtime.start();
const tenure = await leadWhenElected(
  {
    cluster,
    namespace: config.podNamespace,
    name: config.leaseName,
    identity: holderIdentity(config.podName, randomUUID()),
    // A restarted container does not wait for the lease of the previous one. Host names, unlike pod names, may not be unique.
    ...(config.inPod ? { predecessor: isHolderOfPod(config.podName) } : {}),
    clock: systemClock,
    random: Math.random,
    log,
  },
  stop.signal,
  async (lost) => {
    leading = true;
    interrupted = false;
    try {
      await runtime.lead(stop.signal, lost);
    } finally {
      leading = false;
      interrupted = lost.aborted;
    }
  },
);
// Another process may have acted meanwhile. A new process stands by without anything left over from this one.
if (tenure === 'Lost') die('exiting because the lease was lost');
await Promise.all([runtime.stop(), kafka.end()]);
await connection.close();
server.close();
log.info('stopped');
process.exit(0);

function readSettings() {
  try {
    return { config: operatorConfig(process.env, hostname()), connection: connect(loadKubeConfig()) };
  } catch (error) {
    operatorLog('info').error(`the operator can't start: ${(error as Error).message}`);
    process.exit(1);
  }
}

function die(why: string): never {
  log.error(why);
  process.exit(1);
}
