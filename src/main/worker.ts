/**
 * The program of a worker pod: the producers or consumers of one run, as described by the WorkerSpec in KAFKALAB_WORKER
 * (see domain/workers/spec.ts).
 */
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
import type { WorkerSpec } from '../domain/workers/spec.ts';
import { openJournal } from '../worker/evidence/journal.ts';
import { exitImmediately, restartImmediately } from '../worker/process/exitImmediately.ts';
import { createLog } from '../worker/process/log.ts';
import { serve } from '../worker/process/server.ts';
import { createStopMode } from '../worker/process/stopMode.ts';
import { now } from '../worker/process/time.ts';
import { openCheckpoint } from '../worker/producing/checkpoint.ts';
import { type ReportingOptions, reportLeftBehind } from '../worker/reporting.ts';
import { parseWorkerSpec } from '../worker/spec.ts';
import { clientNames, createWorker } from '../worker/worker.ts';
import { libraryFor } from './worker/library.ts';
import { createLifecycle, handleSignals, SIGKILL_EXIT_CODE } from './worker/lifecycle.ts';

/** Set for a process that replaces a crashed consumer only to report what its journal holds. */
const REPORT_ONLY_ENV = 'KAFKALAB_REPORT_ONLY';
/** Timeout of that. A pod has 30 s to end, perhaps on a busy node. */
const REPORT_ONLY_MS = 10_000;

const { env } = process;
const podName = env[POD_NAME_ENV] || hostname();
const log = createLog({ pod: podName });
const spec = readSpec();
const { role } = spec.work;

// A waiting call of the client library holds a thread of libuv's pool, whose size is read at its first use.
process.env.UV_THREADPOOL_SIZE ??= String(Math.min(64, spec.clientsPerPod + 3));

/** A folder that outlives the container but not the pod (an emptyDir). Absent: a crash loses what is not reported. */
const stateFolder = env[STATE_DIR_ENV] || undefined;
/** Only consumers keep a journal. A producer's totals continue from its checkpoint. */
const journalFolder = role === 'Consumer' ? stateFolder : undefined;
const instance = `${podName}/${randomBytes(4).toString('hex')}`;

const reporting: ReportingOptions = {
  spec,
  podName,
  instance,
  library: await libraryFor(spec),
  journal: openJournal({
    folder: journalFolder,
    run: spec.run,
    instance,
    clients: clientNames(podName, spec.clientsPerPod),
    now,
    failed: (why) => log.warn(`the journal can't be written, so a crash loses work that is not reported yet: ${why}`),
  }),
  now,
  log,
};

if (env[REPORT_ONLY_ENV] !== undefined) {
  await reportLeftBehind(reporting, REPORT_ONLY_MS);
  exitImmediately(SIGKILL_EXIT_CODE);
}

const lifecycle = createLifecycle(log, (cause) => worker.stop(cause));
const worker = createWorker({
  ...reporting,
  podIndex: Number(env[POD_INDEX_ENV] ?? 0),
  host: env[NODE_NAME_ENV] || hostname(),
  checkpoint: openCheckpoint(stateFolder, spec.run),
  random: Math.random,
  failed: (why) => void lifecycle.stop(why, 'Error'),
  ...(env[RECORD_LOG_ENV] === '1' && { writeRecord: (line: string) => void process.stdout.write(line) }),
});
const stopMode = createStopMode(spec.run, now);
handleSignals(lifecycle, stopMode, log, crash);

log.info(`${role.toLowerCase()} of ${spec.loadTest}: ${spec.clientsPerPod} client(s), topic ${spec.topic}`);
await serve(Number(env.KAFKALAB_PORT || WORKER_PORT), worker, stopMode);
try {
  await worker.start();
  if (!lifecycle.stopping()) log.info('all clients are connected', { sinceStartMs: Math.round(performance.now()) });
} catch (error) {
  await lifecycle.stop((error as Error).message, 'Error');
}

function readSpec(): WorkerSpec {
  try {
    return parseWorkerSpec(env[WORKER_SPEC_ENV] ?? '');
  } catch (error) {
    log.error(`${WORKER_SPEC_ENV}: ${(error as Error).message}`);
    process.exit(1);
  }
}

/** The pod is deleted with its journal, so a process in this one's place reports first what the journal holds. */
function crash(): never {
  if (journalFolder !== undefined) restartImmediately({ ...env, [REPORT_ONLY_ENV]: '1' });
  exitImmediately(SIGKILL_EXIT_CODE);
}
