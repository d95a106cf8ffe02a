/** The runtime's Kafka and EvidenceReader ports: one connection, writer and reader for each Kafka cluster that labs name. */
import type { ActionResult, KafkaAction } from '../../contract/actions.ts';
import type { KafkaView } from '../../contract/kafkaView.ts';
import type { Known } from '../../contract/kind.ts';
import type { EvidenceNeed, KafkaNeed } from '../../contract/needs.ts';
import type { EpochMs } from '../../contract/time.ts';
import type { Fact } from '../../domain/evidence/facts.ts';
import type { EvidenceReader as EvidencePort, Kafka, Log } from '../../runtime/ports.ts';
import { act } from './admin/actions.ts';
import { KafkaConnection } from './admin/connection.ts';
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
const NO_KAFKA_NAMED =
  'no Kafka is named: write spec.kafka.bootstrapServers, or start the operator with BOOTSTRAP_SERVERS';

export class KafkaClusters implements Kafka, EvidencePort {
  readonly #defaultServers: string;
  readonly #log: Pick<Log, 'warn'>;
  // By bootstrap servers, as written by the user.
  readonly #connections = new Map<string, KafkaConnection>();
  readonly #writers = new Map<string, EvidenceWriter>();
  readonly #readers = new Map<string, EvidenceReader>();
  readonly #failures = new Map<string, { at: number; why: string }>();
  // By run.
  readonly #listeners = new Map<string, () => void>();
  readonly #serversOfRuns = new Map<string, string>();

  constructor(defaultBootstrapServers: string, log: Pick<Log, 'warn'>) {
    this.#defaultServers = defaultBootstrapServers;
    this.#log = log;
  }

  async view(need: KafkaNeed): Promise<Known<KafkaView>> {
    const servers = need.bootstrapServers ?? this.#defaultServers;
    if (servers === '') return { unavailable: NO_KAFKA_NAMED };
    const failure = this.#failures.get(servers);
    if (failure !== undefined && performance.now() - failure.at < COOL_DOWN_MS) return { unavailable: failure.why };
    const { topic, group, maxAgeMs = MAX_AGE_MS, lastStableOffsets } = need;
    try {
      const view = await within(
        VIEW_TIMEOUT_MS,
        this.#connection(servers).view(topic, group, maxAgeMs, lastStableOffsets),
      );
      this.#failures.delete(servers);
      return { known: view };
    } catch (error) {
      const why = `Kafka at ${servers} does not answer: ${sentence(error)}`;
      this.#failures.set(servers, { at: performance.now(), why });
      return { unavailable: why };
    }
  }

  async act(action: KafkaAction): Promise<ActionResult | undefined> {
    const servers = action.bootstrapServers ?? this.#defaultServers;
    if (action.type === 'Report') {
      await this.#writer(servers).append(action.run, action.topic, action.partition, action.facts as Fact[]);
      return undefined;
    }
    return act(this.#connection(servers), action);
  }

  open(need: EvidenceNeed, now: EpochMs): Known<unknown> {
    const servers = need.bootstrapServers ?? this.#defaultServers;
    this.#serversOfRuns.set(need.run, servers);
    let reader = this.#readers.get(servers);
    if (reader === undefined) {
      reader = new EvidenceReader(servers, need.topic, (run) => this.#listeners.get(run)?.(), this.#log);
      this.#readers.set(servers, reader);
    }
    return reader.open(need, now);
  }

  onChange(run: string, changed: () => void): void {
    this.#listeners.set(run, changed);
  }

  close(run: string): void {
    this.#listeners.delete(run);
    const servers = this.#serversOfRuns.get(run);
    this.#serversOfRuns.delete(run);
    if (servers !== undefined) this.#readers.get(servers)?.close(run);
  }

  /** Closes all clients within 5 s. A client that takes longer is left to the end of the process. */
  async end(): Promise<void> {
    const closing = [
      ...[...this.#connections.values()].map((connection) => connection.close()),
      ...[...this.#writers.values()].map((writer) => writer.close()),
      ...[...this.#readers.values()].map((reader) => reader.end()),
    ];
    await within(CLOSE_TIMEOUT_MS, Promise.allSettled(closing)).catch(() => {});
  }

  #connection(servers: string): KafkaConnection {
    let connection = this.#connections.get(servers);
    if (connection === undefined) {
      connection = new KafkaConnection(servers);
      this.#connections.set(servers, connection);
    }
    return connection;
  }

  #writer(servers: string): EvidenceWriter {
    let writer = this.#writers.get(servers);
    if (writer === undefined) {
      writer = new EvidenceWriter(servers, this.#log);
      this.#writers.set(servers, writer);
    }
    return writer;
  }
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
