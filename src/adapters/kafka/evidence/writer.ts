/** Appends the operator's own facts to the evidence of runs, with acks=all and an idempotent producer. */
import { randomBytes } from 'node:crypto';
import type kafka from '@confluentinc/kafka-javascript';
import type { Fact, Report } from '../../../domain/evidence/facts.ts';
import { ActionError, type Log } from '../../../runtime/ports.ts';
import { preciseNow } from '../preciseNow.ts';
import { isFatal } from './fatal.ts';
import { Producer } from './librdkafka.ts';

/** Kafka's delivery.timeout.ms: a report that is not acknowledged by then has failed and is planned again. */
const DELIVERY_TIMEOUT_MS = 10_000;
const DISCONNECT_TIMEOUT_MS = 2_000;

type Settle = (error: unknown) => void;

/** One producer. After a fatal error another takes its place. */
interface Client {
  producer: kafka.Producer;
  connected: Promise<void> | undefined;
  /** The reports that are under way. */
  underWay: Set<Settle>;
}

export class EvidenceWriter {
  readonly #makeProducer: () => kafka.Producer;
  readonly #log: Pick<Log, 'warn'>;
  readonly #instance = `operator/${randomBytes(4).toString('hex')}`;
  readonly #clock: () => number;
  #seq = 0;
  #client: Client | undefined;

  constructor(
    bootstrapServers: string,
    log: Pick<Log, 'warn'>,
    clock: () => number = preciseNow,
    makeProducer = () => evidenceProducer(bootstrapServers),
  ) {
    this.#makeProducer = makeProducer;
    this.#log = log;
    this.#clock = clock;
  }

  /** Resolves when the brokers have acknowledged the report. Throws ActionError Unreachable if they don't in time. */
  async append(run: string, topic: string, partition: number, facts: Fact[]): Promise<void> {
    this.#client ??= this.#start();
    const client = this.#client;
    await this.#connect(client);
    this.#seq += 1;
    const report: Report = { v: 1, run, instance: this.#instance, seq: this.#seq, sentAt: this.#clock(), facts };
    const value = Buffer.from(JSON.stringify(report));
    await new Promise<void>((resolve, reject) => {
      const settle: Settle = (error) => {
        client.underWay.delete(settle);
        if (error) reject(new ActionError('Unreachable', `reporting to ${topic}: ${String(error)}`));
        else resolve();
      };
      client.underWay.add(settle);
      try {
        client.producer.produce(topic, partition, value, run, undefined, settle);
      } catch (error) {
        settle(error);
        this.#ended(client, error);
      }
    });
  }

  async close(): Promise<void> {
    if (this.#client?.connected === undefined) return;
    const { producer, connected } = this.#client;
    await connected.catch(() => {});
    await new Promise<void>((resolve) => producer.flush(DISCONNECT_TIMEOUT_MS, () => resolve()));
    await new Promise<void>((resolve) => producer.disconnect(DISCONNECT_TIMEOUT_MS, () => resolve()));
  }

  #start(): Client {
    const client: Client = { producer: this.#makeProducer(), connected: undefined, underWay: new Set() };
    // librdkafka reconnects by itself. Any other failure that matters shows in a delivery report.
    client.producer.on('event.error', (error) => this.#ended(client, error));
    client.producer.on('delivery-report', (error, report) => {
      (report.opaque as Settle | undefined)?.(error);
      this.#ended(client, error);
    });
    return client;
  }

  /** After a fatal error: the reports under way have failed, and the next report gets a new producer. */
  #ended(client: Client, error: unknown): void {
    if (!isFatal(error) || this.#client !== client) return;
    this.#client = undefined;
    this.#log.warn('the evidence producer had a fatal error; another takes its place', { error: String(error) });
    for (const settle of [...client.underWay]) settle(error);
    client.producer.disconnect(DISCONNECT_TIMEOUT_MS, () => {});
  }

  #connect(client: Client): Promise<void> {
    client.connected ??= new Promise<void>((resolve, reject) => {
      client.producer.connect({ timeout: 5_000 }, (error) => {
        if (error) {
          client.connected = undefined;
          reject(new ActionError('Unreachable', `connecting to Kafka for evidence: ${error.message}`));
        } else resolve();
      });
    });
    return client.connected;
  }
}

export function evidenceProducer(bootstrapServers: string): kafka.Producer {
  const producer = new Producer({
    'bootstrap.servers': bootstrapServers,
    'client.id': 'kafka-lab-operator-evidence',
    'enable.idempotence': true,
    acks: -1,
    'linger.ms': 5,
    'delivery.timeout.ms': DELIVERY_TIMEOUT_MS,
    'request.timeout.ms': 5_000,
    dr_cb: true,
  });
  producer.setPollInterval(20);
  return producer;
}
