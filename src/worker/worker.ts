/** All clients of one process: names them, shares out the messages, gathers their evidence, stops them together. */
import type { Fact, Started } from '../domain/evidence/facts.ts';
import type { PartitionerShape, WorkerSpec } from '../domain/workers/spec.ts';
import type { ConsumerClient, ConsumerEvents, ProducerClient, ProducerEvents } from './clients/port.ts';
import { createConsumer } from './consuming/consumer.ts';
import { createRecordLog } from './consuming/recordLog.ts';
import type { Journal } from './evidence/journal.ts';
import { createEvidenceReporter, EVIDENCE_PROPERTIES, type EvidenceReporter } from './evidence/reporter.ts';
import { createTroubles } from './evidence/troubles.ts';
import type { Log } from './process/log.ts';
import type { Health, Metric } from './process/server.ts';
import { type EpochMs, within } from './process/time.ts';
import type { Checkpoint } from './producing/checkpoint.ts';
import { createProducer } from './producing/producer.ts';
import { shareOf, slownessOf } from './producing/share.ts';

/** A consumer's work is reported so often, and so are producers until all of the process produce. */
const REPORT_MS = 250;
/** Producers at work: each report costs the brokers as much as a record, so those that send few report less often. */
const PRODUCER_REPORT_MS = 1_000;
const SLOW_PRODUCER_REPORT_MS = 3_000;
/** Records a second of the process, below which its producers are slow. */
const SLOW = 20;
/** Clients that connect at the same time: each takes a thread of libuv's pool meanwhile. */
const CONNECTING = 8;
/** Together less than terminationGracePeriodSeconds (30). */
const STOP_MS = 15_000;
const LAST_REPORT_MS = 10_000;

/** The client library; evidence always goes by librdkafka, whichever it is. */
export interface Library {
  evidence(
    settings: { topic: string; partition: number; name: string; config: Record<string, string> },
    events: ProducerEvents,
  ): ProducerClient;
  producer(
    settings: { topic: string; name: string; config: Record<string, string>; partitioner: PartitionerShape },
    events: ProducerEvents,
  ): ProducerClient;
  consumer(
    settings: {
      topic: string;
      name: string;
      config: Record<string, string>;
      group: string;
      autoCommit: boolean;
      explained: boolean;
    },
    events: ConsumerEvents,
  ): ConsumerClient;
  /** Those of the properties that the evidence producer needs too. */
  connectionProperties(config: Record<string, string>): Record<string, string>;
}

export interface WorkerOptions {
  spec: WorkerSpec;
  podName: string;
  /** Ordinal of the pod: its clients are podIndex × clientsPerPod and the following. */
  podIndex: number;
  /** Node or host name. */
  host: string;
  /** Unique per process start. */
  instance: string;
  library: Library;
  checkpoint: Checkpoint;
  journal: Journal;
  now(): EpochMs;
  random(): number;
  log: Log;
  /** A client can't work any more: the process has to begin anew. */
  failed(why: string): void;
  /** Absent: records are not logged. */
  writeRecord?: (line: string) => void;
}

export interface Worker extends Health {
  /** Resolves when all clients work; rejects when their settings are refused. */
  start(): Promise<void>;
  /** Stops all clients and sends the last reports, within 26 s. False: a call of the client library has not come back. */
  stop(cause?: 'Terminated' | 'Error'): Promise<boolean>;
}

/** What producers and consumers have in common here. */
interface Client {
  start(): Promise<void>;
  ready(): boolean;
  takeFacts(): Fact[];
  stop(timeoutMs: number, cause: 'Terminated' | 'Error'): Promise<boolean>;
}

/** Of the clients of a pod; they outlive its restarts. */
export const clientNames = (podName: string, clientsPerPod: number): string[] =>
  Array.from({ length: clientsPerPod }, (_, n) => (clientsPerPod === 1 ? podName : `${podName}.${n}`));

type ReporterOptions = Pick<WorkerOptions, 'spec' | 'podName' | 'instance' | 'library' | 'journal' | 'now' | 'log'>;

function reporterOf({ spec, podName, instance, library, journal, now, log }: ReporterOptions): EvidenceReporter {
  const troubles = createTroubles('evidence');
  return createEvidenceReporter({
    run: spec.run,
    instance,
    journal,
    now,
    trouble(trouble) {
      const news = troubles(trouble, now());
      if (news !== undefined) log.warn(`evidence: ${news.code}: ${news.message}`);
    },
    makeClient: (events) =>
      library.evidence(
        {
          topic: spec.evidence.topic,
          partition: spec.evidence.partition,
          name: `${podName}-evidence`,
          config: { ...library.connectionProperties(spec.config), ...EVIDENCE_PROPERTIES },
        },
        events,
      ),
  });
}

/** Tells what the process that was here before left in the journal, and nothing else. True: all of it, within the time. */
export async function tellWhatIsLeft(options: ReporterOptions, timeoutMs: number): Promise<boolean> {
  const { journal } = options;
  if (journal.left.length === 0) return true;
  const reporter = reporterOf(options);
  const tell = async () => {
    await reporter.connect();
    return reporter.close(timeoutMs);
  };
  if ((await within(timeoutMs, tell())) !== true) return false;
  journal.end();
  return true;
}

export function createWorker(options: WorkerOptions): Worker {
  const { spec, podName, podIndex, library, checkpoint, journal, now, random, log } = options;
  const { work, topic, clientsPerPod } = spec;
  const names = clientNames(podName, clientsPerPod);
  const reporter = reporterOf(options);
  const report = (facts: Fact[]) => reporter.report(facts);
  const common = { report, now, log };

  const producers =
    work.role !== 'Producer'
      ? []
      : names.map((name, n) => {
          const share =
            work.messages && shareOf(work.messages.total, work.messages.clients, podIndex * clientsPerPod + n);
          return createProducer({
            ...common,
            ...(share === undefined ? {} : { share }),
            name,
            work,
            random,
            settledBefore: checkpoint.settledOf(name),
            makeClient: (events) =>
              library.producer({ topic, name, config: spec.config, partitioner: work.partitioner }, events),
          });
        });
  const autoCommit = work.role === 'Consumer' && work.commit.mode === 'Auto';
  // Commits in quick succession are what is measured there.
  const explained = work.role === 'Consumer' && work.commit.mode !== 'Record' && work.commit.mode !== 'Every';
  const consumers =
    work.role !== 'Consumer'
      ? []
      : names.map((name, n) => {
          // Names of pods, and so these ids, outlive restarts.
          const { staticMembersOf } = work;
          const config =
            staticMembersOf === undefined
              ? spec.config
              : { ...spec.config, 'group.instance.id': `${staticMembersOf}.${name}` };
          return createConsumer({
            ...common,
            name,
            work,
            failed: options.failed,
            perPollMs: slownessOf(work.slowMember, podIndex * clientsPerPod + n),
            journal: (run) => journal.worked(name, run),
            ...(options.writeRecord && { recordLog: createRecordLog(options.writeRecord) }),
            makeClient: (events) =>
              library.consumer({ topic, name, config, group: work.group, autoCommit, explained }, events),
          });
        });
  const clients: Client[] = [...producers, ...consumers];
  let gathering: NodeJS.Timeout | undefined;
  let slowedDown = false;

  const writeCheckpoint = () => {
    if (producers.length === 0) return;
    try {
      checkpoint.write(Object.fromEntries(producers.map((producer, n) => [names[n], producer.settled()])));
    } catch (error) {
      log.warn(`the state of the producers can't be kept: ${(error as Error).message}`);
    }
  };
  const gather = () => {
    const allReady = clients.every((client) => client.ready());
    report(clients.flatMap((client) => client.takeFacts()));
    writeCheckpoint();
    if (!allReady || work.role === 'Consumer' || slowedDown) return;
    slowedDown = true;
    clearInterval(gathering);
    const perSecond = (work.messagesPerSecond ?? Number.POSITIVE_INFINITY) * clientsPerPod;
    gathering = setInterval(gather, perSecond < SLOW ? SLOW_PRODUCER_REPORT_MS : PRODUCER_REPORT_MS);
  };

  const startAll = async () => {
    const waiting = [...clients];
    const next = async () => {
      for (let client = waiting.shift(); client !== undefined; client = waiting.shift()) await client.start();
    };
    await Promise.all(Array.from({ length: CONNECTING }, next));
  };

  return {
    async start() {
      const started = { type: 'Started', at: now(), role: work.role, host: options.host } as const;
      const about: Pick<Started, 'static' | 'library'> = {};
      if (work.role === 'Consumer' && work.staticMembersOf !== undefined) about.static = true;
      if (work.kafkajs !== undefined) about.library = 'kafkajs';
      report(names.map((client): Fact => ({ ...started, client, ...about })));
      gathering = setInterval(gather, REPORT_MS);
      await Promise.all([reporter.connect(), startAll()]);
    },
    async stop(cause = 'Terminated') {
      clearInterval(gathering);
      const stopped = await within(STOP_MS + 1_000, Promise.all(clients.map((client) => client.stop(STOP_MS, cause))));
      writeCheckpoint();
      const reported = await reporter.close(LAST_REPORT_MS);
      if (!reported) log.warn(`${reporter.counts().waiting} reports could not be sent: Kafka does not answer`);
      const cleanly = reported && stopped !== 'TimedOut' && stopped.every((each) => each);
      if (cleanly) journal.end();
      return cleanly;
    },
    waitingFor() {
      const unready = names.filter((_, n) => !clients[n]?.ready());
      if (unready.length > 0) return `${unready.length} of ${names.length} clients (${unready[0]})`;
      return undefined;
    },
    metrics() {
      const { sent, acknowledged, waiting, dropped } = reporter.counts();
      const metrics: Metric[] = [
        counter('kafkalab_worker_reports_sent_total', 'Reports made for the evidence topic.', sent),
        counter('kafkalab_worker_reports_acknowledged_total', 'Reports that Kafka has taken.', acknowledged),
        { name: 'kafkalab_worker_reports_waiting', help: 'Reports not taken yet.', type: 'gauge', value: waiting },
        counter('kafkalab_worker_reports_dropped_total', 'Reports lost because too many waited.', dropped),
      ];
      if (producers.length > 0) {
        const totals = producers.map((producer) => producer.totals());
        metrics.push(
          counter('kafkalab_worker_records_sent_total', 'Records handed to the client.', sum(totals, 'attempted')),
          counter('kafkalab_worker_records_acknowledged_total', 'Records acknowledged.', sum(totals, 'acknowledged')),
          counter('kafkalab_worker_records_failed_total', 'Records that were not delivered.', sum(totals, 'failed')),
          counter(
            'kafkalab_worker_bytes_acknowledged_total',
            'Bytes of keys and values acknowledged.',
            sum(totals, 'bytes'),
          ),
        );
      } else {
        const totals = consumers.map((consumer) => consumer.totals());
        metrics.push(
          counter('kafkalab_worker_records_processed_total', 'Records processed.', sum(totals, 'records')),
          counter('kafkalab_worker_bytes_processed_total', 'Bytes of keys and values processed.', sum(totals, 'bytes')),
        );
      }
      return metrics;
    },
  };
}

const counter = (name: string, help: string, value: number): Metric => ({ name, help, type: 'counter', value });
const sum = <K extends string>(all: Record<K, number>[], key: K): number =>
  all.reduce((total, each) => total + each[key], 0);
