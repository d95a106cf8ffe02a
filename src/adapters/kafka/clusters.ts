/** The runtime's Kafka and EvidenceReader ports: one connection, writer and reader for each Kafka cluster that labs name. */
import type { ActionResult, KafkaAction } from '../../contract/actions.ts';
import type { KafkaView } from '../../contract/kafkaView.ts';
import type { Known } from '../../contract/kind.ts';
import type { EvidenceNeed, KafkaNeed } from '../../contract/needs.ts';
import type { EpochMs } from '../../contract/time.ts';
import { EVIDENCE_TOPIC, type Fact } from '../../domain/evidence/facts.ts';
import type { EvidenceReader as EvidencePort, Kafka, Log } from '../../runtime/ports.ts';
import { act } from './admin/actions.ts';
import { KafkaConnection } from './admin/connection.ts';
import { SubjectError } from './admin/snapshots.ts';
import { Clients } from './clients.ts';
import { sentence } from './errors.ts';
import { EvidenceReader } from './evidence/reader.ts';
import { EvidenceWriter } from './evidence/writer.ts';

/** Timeout of a view: enough for a request to fail over to another broker, and short enough for a person who waits. */
const VIEW_TIMEOUT_MS = 8_000;
/** After a failed view a cluster is left alone for this long. */
const COOL_DOWN_MS = 3_000;
/** Age up to which a view may be reused, unless the need says otherwise. */
const MAX_AGE_MS = 900;
const CLOSE_TIMEOUT_MS = 5_000;
/** Unused clients are looked for with this period. */
const CLOSE_UNUSED_MS = 60_000;
const NO_KAFKA_NAMED =
  'no Kafka is named: write spec.kafka.bootstrapServers, or start the operator with BOOTSTRAP_SERVERS';

/** How the last view of a cluster ended. `why`: it was not answered. */
interface Outcome {
  at: number;
  why?: string;
}

export class KafkaClusters implements Kafka, EvidencePort {
  readonly #defaultServers: string;
  readonly #connections: Clients<KafkaConnection>;
  readonly #writers: Clients<EvidenceWriter>;
  readonly #readers: Clients<EvidenceReader>;
  readonly #closing: NodeJS.Timeout;
  /** By bootstrap servers, as written by the user. */
  readonly #outcomes = new Map<string, Outcome>();
  // By run.
  readonly #listeners = new Map<string, () => void>();
  readonly #serversOfRuns = new Map<string, string>();

  /** `clock`: for the time without use, in ms. */
  constructor(defaultBootstrapServers: string, log: Pick<Log, 'warn'>, clock = () => performance.now()) {
    this.#defaultServers = defaultBootstrapServers;
    this.#connections = new Clients({
      make: (servers) => new KafkaConnection(servers),
      close: (connection) => connection.close(),
      clock,
    });
    this.#writers = new Clients({
      make: (servers) => new EvidenceWriter(servers, log),
      close: (writer) => writer.close(),
      clock,
    });
    this.#readers = new Clients({
      make: (servers) => new EvidenceReader(servers, EVIDENCE_TOPIC, (run) => this.#listeners.get(run)?.(), log),
      close: (reader) => reader.end(),
      isBusy: (servers) => [...this.#serversOfRuns.values()].includes(servers),
      clock,
    });
    this.#closing = setInterval(() => void this.closeUnused(), CLOSE_UNUSED_MS).unref();
  }

  async view(need: KafkaNeed): Promise<Known<KafkaView>> {
    const servers = need.bootstrapServers ?? this.#defaultServers;
    if (servers === '') return { unavailable: NO_KAFKA_NAMED };
    const began = performance.now();
    const last = this.#outcomes.get(servers);
    if (last?.why !== undefined && began - last.at < COOL_DOWN_MS) return { unavailable: last.why };
    const { topic, group, maxAgeMs = MAX_AGE_MS } = need;
    try {
      const viewed = this.#connections.call(servers, (connection) => connection.view(topic, group, maxAgeMs, need));
      const view = await within(VIEW_TIMEOUT_MS, viewed);
      this.#outcomes.set(servers, { at: performance.now() });
      return { known: view };
    } catch (error) {
      if (error instanceof SubjectError || this.#hasAnsweredSince(servers, began)) {
        const cause = error instanceof SubjectError ? error.cause : error;
        return { unavailable: `Kafka at ${servers} answers, but not about ${subjectOf(need)}: ${sentence(cause)}` };
      }
      const why = `Kafka at ${servers} does not answer: ${sentence(error)}`;
      this.#outcomes.set(servers, { at: performance.now(), why });
      return { unavailable: why };
    }
  }

  async act(action: KafkaAction): Promise<ActionResult | undefined> {
    const servers = action.bootstrapServers ?? this.#defaultServers;
    if (action.type !== 'Report') return this.#connections.call(servers, (connection) => act(connection, action));
    const { run, topic, partition, facts } = action;
    await this.#writers.call(servers, (writer) => writer.append(run, topic, partition, facts as Fact[]));
    return undefined;
  }

  open(need: EvidenceNeed, now: EpochMs): Known<unknown> {
    const servers = need.bootstrapServers ?? this.#defaultServers;
    this.#serversOfRuns.set(need.run, servers);
    return this.#readers.get(servers).open(need, now);
  }

  onChange(run: string, changed: () => void): void {
    this.#listeners.set(run, changed);
  }

  close(run: string): void {
    this.#listeners.delete(run);
    const servers = this.#serversOfRuns.get(run);
    this.#serversOfRuns.delete(run);
    if (servers !== undefined) this.#readers.find(servers)?.close(run);
  }

  /** Closes the clients of clusters that no resource has used for some minutes. */
  async closeUnused(): Promise<void> {
    for (const [servers, { at }] of this.#outcomes) {
      if (performance.now() - at > CLOSE_UNUSED_MS) this.#outcomes.delete(servers);
    }
    await Promise.all([this.#connections, this.#writers, this.#readers].map((clients) => clients.closeUnused()));
  }

  /** Closes all clients within 5 s. A client that takes longer is left to the end of the process. */
  async end(): Promise<void> {
    clearInterval(this.#closing);
    const closed = Promise.all([this.#connections, this.#writers, this.#readers].map((clients) => clients.closeAll()));
    await within(CLOSE_TIMEOUT_MS, closed).catch(() => {});
  }

  /** Whether the last view of the cluster was answered, after `time`. */
  #hasAnsweredSince(servers: string, time: number): boolean {
    const last = this.#outcomes.get(servers);
    return last !== undefined && last.why === undefined && last.at > time;
  }
}

function subjectOf({ topic, group }: KafkaNeed): string {
  const named = [
    ...(topic === undefined ? [] : [`topic ${topic}`]),
    ...(group === undefined ? [] : [`group ${group}`]),
  ];
  return named.length > 0 ? named.join(' and ') : `topic ${EVIDENCE_TOPIC}`;
}

/** Rejects when the promise takes longer than `ms`. The promise itself keeps running. */
async function within<T>(ms: number, work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${ms / 1000} s`)), ms);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
