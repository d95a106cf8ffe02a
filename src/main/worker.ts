/** A worker pod: producers or consumers of one run. All that it does is in KAFKALAB_WORKER (see domain/workerSpec.ts). */
import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import {
  NODE_NAME_ENV,
  POD_INDEX_ENV,
  POD_NAME_ENV,
  RECORD_LOG_ENV,
  STATE_DIR_ENV,
  WORKER_PORT,
  WORKER_SPEC_ENV,
} from '../domain/workers/environment.ts';
import { connectionProperties } from '../worker/clients/connectionProperties.ts';
import { librdkafkaConsumer, librdkafkaProducer } from '../worker/clients/librdkafka.ts';
import { openJournal } from '../worker/evidence/journal.ts';
import { beginAnewAtOnce, endAtOnce } from '../worker/process/endAtOnce.ts';
import { createLog } from '../worker/process/log.ts';
import { serve } from '../worker/process/server.ts';
import { createStopMode } from '../worker/process/stopMode.ts';
import { now } from '../worker/process/time.ts';
import { openCheckpoint } from '../worker/producing/checkpoint.ts';
import { parseWorkerSpec } from '../worker/spec.ts';
import { clientNames, createWorker, type Library, tellWhatIsLeft } from '../worker/worker.ts';

/** Set by a process that is to end as by SIGKILL, for the one in its place. */
const LAST_WORDS_ENV = 'KAFKALAB_LAST_WORDS';
/** Of the 30 s that a pod has for its end, on a machine that may be busy. */
const LAST_WORDS_MS = 10_000;

const { env } = process;
const podName = env[POD_NAME_ENV] || hostname();
const log = createLog({ pod: podName });

let spec: ReturnType<typeof parseWorkerSpec>;
try {
  spec = parseWorkerSpec(env[WORKER_SPEC_ENV] ?? '');
} catch (error) {
  log.error(`${WORKER_SPEC_ENV}: ${(error as Error).message}`);
  process.exit(1);
}

// Calls of the client library that wait hold a thread of libuv's pool each; its size is read when it is first used.
process.env.UV_THREADPOOL_SIZE ??= String(Math.min(64, spec.clientsPerPod + 3));

const { bootstrapServers, work } = spec;
async function libraryOf(): Promise<Library> {
  const librdkafka: Library = {
    evidence: ({ partition, ...settings }, events) =>
      librdkafkaProducer({ ...settings, bootstrapServers, partitioner: { mode: 'Explicit', partition } }, events),
    producer: (settings, events) => librdkafkaProducer({ ...settings, bootstrapServers }, events),
    consumer: (settings, events) => librdkafkaConsumer({ ...settings, bootstrapServers }, events),
    connectionProperties,
  };
  if (work.kafkajs === undefined) return librdkafka;
  // Loaded where it is used: hundreds of pods need not pay for it.
  if (work.role === 'Producer') {
    const { kafkajs: options } = work;
    const { kafkajsProducer } = await import('../worker/clients/kafkajsProducer.ts');
    return {
      ...librdkafka,
      producer: ({ topic, name, partitioner }, events) =>
        kafkajsProducer({ topic, name, bootstrapServers, options, partitioner }, events),
    };
  }
  const { kafkajs: options } = work;
  const { kafkajsConsumer } = await import('../worker/clients/kafkajsConsumer.ts');
  return {
    ...librdkafka,
    consumer: (settings, events) => kafkajsConsumer({ ...settings, bootstrapServers, options }, events),
  };
}

/** A folder that outlives a restart of the container, not of the pod (an emptyDir); absent: what a process did not tell dies with it. */
const folder = env[STATE_DIR_ENV] || undefined;
const { role } = spec.work;
const instance = `${podName}/${randomBytes(4).toString('hex')}`;
const common = {
  spec,
  podName,
  instance,
  library: await libraryOf(),
  journal: openJournal({
    // A producer's totals go on from its checkpoint.
    folder: role === 'Consumer' ? folder : undefined,
    run: spec.run,
    instance,
    clients: clientNames(podName, spec.clientsPerPod),
    now,
    failed: (why) => log.warn(`what is not reported yet can't be kept, and is lost if the process is killed: ${why}`),
  }),
  now,
  log,
};

/** As a shell tells of SIGKILL. */
const KILLED = 137;
if (env[LAST_WORDS_ENV] !== undefined) {
  await tellWhatIsLeft(common, LAST_WORDS_MS);
  endAtOnce(KILLED);
}

const worker = createWorker({
  ...common,
  podIndex: Number(env[POD_INDEX_ENV] ?? 0),
  host: env[NODE_NAME_ENV] || hostname(),
  checkpoint: openCheckpoint(folder, spec.run),
  random: Math.random,
  failed: (why) => void stop(why, 'Error'),
  ...(env[RECORD_LOG_ENV] === '1' && { writeRecord: (line: string) => void process.stdout.write(line) }),
});

let stopping = false;
async function stop(why: string, cause: 'Terminated' | 'Error'): Promise<void> {
  if (stopping) return;
  stopping = true;
  log.info(`stopping: ${why}`);
  const cleanly = await worker.stop(cause);
  const code = cause === 'Error' ? 1 : 0;
  // An ordinary exit waits for the threads of calls that have not come back.
  if (!cleanly) endAtOnce(code);
  process.exit(code);
}
const stopMode = createStopMode(spec.run, now);

process.on('SIGTERM', () => {
  if (stopMode.now() === 'Kill') {
    // The pod goes with its journal, so another process tells at once what is in there.
    if (role === 'Consumer' && folder !== undefined) beginAnewAtOnce({ ...env, [LAST_WORDS_ENV]: '1' });
    endAtOnce(KILLED);
  }
  void stop('SIGTERM', 'Terminated');
});
process.on('SIGINT', () => void stop('SIGINT', 'Terminated'));
process.on('unhandledRejection', (error) => {
  log.error(error instanceof Error ? (error.stack ?? error.message) : String(error));
  void stop('an unexpected error', 'Error');
});

log.info(`${role.toLowerCase()} of ${spec.loadTest}: ${spec.clientsPerPod} client(s), topic ${spec.topic}`);
await serve(Number(env.KAFKALAB_PORT || WORKER_PORT), worker, stopMode);
try {
  await worker.start();
  if (!stopping) log.info('all clients are connected', { sinceStartMs: Math.round(performance.now()) });
} catch (error) {
  await stop((error as Error).message, 'Error');
}
