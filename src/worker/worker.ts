/** All clients of one worker process: starts them, reports their evidence together, stops them together. */
import type { Fact, Started } from '../domain/evidence/facts.ts';
import type { ConsumerSpec, ProducerSpec } from '../domain/workers/spec.ts';
import { type Consumer, createConsumer } from './consuming/consumer.ts';
import { createRecordLog } from './consuming/recordLog.ts';
import { perPollMsOf } from './consuming/slowMember.ts';
import { consumerMetrics, producerMetrics, reportMetrics } from './metrics.ts';
import type { Health } from './process/server.ts';
import { within } from './process/time.ts';
import type { Checkpoint } from './producing/checkpoint.ts';
import { createProducer, type Producer } from './producing/producer.ts';
import { shareOf } from './producing/share.ts';
import { createReporter, type ReportingOptions } from './reporting.ts';

/** Interval between the reports of consumers, and of producers until all producers of the process are ready. */
const REPORT_MS = 250;
/** Interval between the reports of running producers. A report costs the brokers as much as a record. */
const PRODUCER_REPORT_MS = 1_000;
const SLOW_PRODUCER_REPORT_MS = 3_000;
/** A process whose producers together send fewer records per second than this reports slowly. */
const SLOW_RECORDS_PER_SECOND = 20;
/** At most this many clients connect at the same time, because each holds a thread of libuv's pool meanwhile. */
const CONNECTING = 8;
/** Timeouts of a stop: of the clients, then of the last reports. Together they fit into terminationGracePeriodSeconds (30). */
const STOP_MS = 15_000;
const LAST_REPORT_MS = 10_000;

export interface WorkerOptions extends ReportingOptions {
  /** Ordinal of the pod: its first client is client podIndex × clientsPerPod of the run. */
  podIndex: number;
  /** Node or host name. */
  host: string;
  checkpoint: Checkpoint;
  random(): number;
  /** A client can't continue; only a new process can. Called for each fatal error. */
  failed(why: string): void;
  /** Absent: records are not logged. */
  writeRecord?: (line: string) => void;
}

export interface Worker extends Health {
  /** Resolves when all clients are connected. Rejects when a client refuses its settings. */
  start(): Promise<void>;
  /** Stops all clients and sends the last reports, within 26 s. Resolves with false if a library call has not returned. */
  stop(cause?: 'Terminated' | 'Error'): Promise<boolean>;
}

/** What producers and consumers have in common. */
interface Client {
  start(): Promise<void>;
  ready(): boolean;
  takeFacts(): Fact[];
  stop(timeoutMs: number, cause: 'Terminated' | 'Error'): Promise<boolean>;
}

/** The names of a pod's clients, which outlive its restarts: `<pod name>`, or `<pod name>.<n>` if there are several. */
export const clientNames = (podName: string, clientsPerPod: number): string[] =>
  Array.from({ length: clientsPerPod }, (_, n) => (clientsPerPod === 1 ? podName : `${podName}.${n}`));

type Report = (facts: Fact[]) => void;

function createProducers(options: WorkerOptions, work: ProducerSpec, names: string[], report: Report): Producer[] {
  const { spec, podIndex, library, checkpoint, now, random, log } = options;
  const { topic, config, clientsPerPod } = spec;
  return names.map((name, n) => {
    const index = podIndex * clientsPerPod + n;
    const share = work.messages && shareOf(work.messages.total, work.messages.clients, index);
    return createProducer({
      name,
      work,
      ...(share === undefined ? {} : { share }),
      settledBefore: checkpoint.settledOf(name),
      makeClient: (events) => library.producer({ topic, name, config, partitioner: work.partitioner }, events),
      report,
      now,
      random,
      log,
    });
  });
}

function createConsumers(options: WorkerOptions, work: ConsumerSpec, names: string[], report: Report): Consumer[] {
  const { spec, podIndex, library, journal, now, log, failed, writeRecord } = options;
  const { topic, clientsPerPod } = spec;
  const { group, commit, staticMembersOf } = work;
  const autoCommit = commit.mode === 'Auto';
  // Explanations slow each commit down, and these modes commit after every few records.
  const explained = commit.mode !== 'Record' && commit.mode !== 'Every';
  return names.map((name, n) => {
    // Client names outlive restarts of the pod, and so do these ids.
    const config =
      staticMembersOf === undefined
        ? spec.config
        : { ...spec.config, 'group.instance.id': `${staticMembersOf}.${name}` };
    return createConsumer({
      name,
      work,
      resetsToLatest: config['auto.offset.reset'] !== 'earliest',
      perPollMs: perPollMsOf(work.slowMember, podIndex * clientsPerPod + n),
      ...(writeRecord && { recordLog: createRecordLog(writeRecord) }),
      journal: (span) => journal.addWork(name, span),
      journalPassed: (passed) => journal.addPassed(name, passed),
      makeClient: (events) => library.consumer({ topic, name, config, group, autoCommit, explained }, events),
      report,
      failed,
      now,
      log,
    });
  });
}

export function createWorker(options: WorkerOptions): Worker {
  const { spec, podName, checkpoint, journal, now, log } = options;
  const { work, clientsPerPod } = spec;
  const names = clientNames(podName, clientsPerPod);
  const reporter = createReporter(options);
  const report = (facts: Fact[]) => reporter.report(facts);
  const producers = work.role === 'Producer' ? createProducers(options, work, names, report) : [];
  const consumers = work.role === 'Consumer' ? createConsumers(options, work, names, report) : [];
  const clients: Client[] = [...producers, ...consumers];
  let reportTimer: NodeJS.Timeout | undefined;
  let slowedDown = false;

  const writeCheckpoint = () => {
    if (producers.length === 0) return;
    try {
      checkpoint.write(Object.fromEntries(producers.map((producer, n) => [names[n], producer.settled()])));
    } catch (error) {
      log.warn(`the producers' progress can't be saved: ${(error as Error).message}`);
    }
  };

  const reportAll = () => {
    const allReady = clients.every((client) => client.ready());
    report(clients.flatMap((client) => client.takeFacts()));
    writeCheckpoint();
    if (allReady && work.role === 'Producer' && !slowedDown) slowDown(work);
  };
  const slowDown = ({ messagesPerSecond = Number.POSITIVE_INFINITY }: ProducerSpec) => {
    slowedDown = true;
    clearInterval(reportTimer);
    const slow = messagesPerSecond * clientsPerPod < SLOW_RECORDS_PER_SECOND;
    reportTimer = setInterval(reportAll, slow ? SLOW_PRODUCER_REPORT_MS : PRODUCER_REPORT_MS);
  };

  const reportStarted = () => {
    const started = { type: 'Started', at: now(), role: work.role, host: options.host } as const;
    const about: Pick<Started, 'static' | 'library'> = {};
    if (work.role === 'Consumer' && work.staticMembersOf !== undefined) about.static = true;
    if (work.kafkajs !== undefined) about.library = 'kafkajs';
    report(names.map((client): Fact => ({ ...started, client, ...about })));
  };
  const startClients = async () => {
    const waiting = [...clients];
    const startNext = async () => {
      for (let client = waiting.shift(); client !== undefined; client = waiting.shift()) await client.start();
    };
    await Promise.all(Array.from({ length: CONNECTING }, startNext));
  };

  return {
    async start() {
      reportStarted();
      reportTimer = setInterval(reportAll, REPORT_MS);
      await Promise.all([reporter.connect(), startClients()]);
    },
    async stop(cause = 'Terminated') {
      clearInterval(reportTimer);
      const stopped = await within(STOP_MS + 1_000, Promise.all(clients.map((client) => client.stop(STOP_MS, cause))));
      writeCheckpoint();
      const reported = await reporter.close(LAST_REPORT_MS);
      if (!reported) log.warn(`${reporter.counts().waiting} reports could not be sent: Kafka does not answer`);
      const cleanly = reported && stopped !== 'TimedOut' && stopped.every((each) => each);
      if (cleanly) journal.remove();
      return cleanly;
    },
    waitingFor() {
      const unready = names.filter((_, n) => !clients[n]?.ready());
      return unready.length > 0 ? `${unready.length} of ${names.length} clients (${unready[0]})` : undefined;
    },
    metrics: () => [
      ...reportMetrics(reporter.counts()),
      ...(producers.length > 0
        ? producerMetrics(producers.map((producer) => producer.totals()))
        : consumerMetrics(consumers.map((consumer) => consumer.totals()))),
    ],
  };
}
