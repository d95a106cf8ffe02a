/** Appends the operator's own facts to the evidence of runs, with acks=all and an idempotent producer. */
import { randomBytes } from 'node:crypto';
import type kafka from '@confluentinc/kafka-javascript';
import type { Fact, Report } from '../../../domain/evidence/facts.ts';
import { ActionError } from '../../../runtime/ports.ts';
import { preciseNow } from '../preciseNow.ts';
import { Producer } from './librdkafka.ts';

/** Kafka's delivery.timeout.ms: a report that is not acknowledged by then has failed and is planned again. */
const DELIVERY_TIMEOUT_MS = 10_000;

export class EvidenceWriter {
  readonly #producer: kafka.Producer;
  readonly #instance = `operator/${randomBytes(4).toString('hex')}`;
  readonly #clock: () => number;
  #seq = 0;
  #connected: Promise<void> | undefined;

  constructor(bootstrapServers: string, clock: () => number = preciseNow) {
    this.#clock = clock;
    this.#producer = new Producer({
      'bootstrap.servers': bootstrapServers,
      'client.id': 'kafka-lab-operator-evidence',
      'enable.idempotence': true,
      acks: -1,
      'linger.ms': 5,
      'delivery.timeout.ms': DELIVERY_TIMEOUT_MS,
      'request.timeout.ms': 5_000,
      dr_cb: true,
    });
    this.#producer.setPollInterval(20);
    // librdkafka reconnects by itself. A failure that matters shows in a delivery report.
    this.#producer.on('event.error', () => {});
    this.#producer.on('delivery-report', (error, report) => {
      const settle = report.opaque as ((error: unknown) => void) | undefined;
      settle?.(error);
    });
  }

  /** Resolves when the brokers have acknowledged the report. Throws ActionError Unreachable if they don't in time. */
  async append(run: string, topic: string, partition: number, facts: Fact[]): Promise<void> {
    await this.#connect();
    this.#seq += 1;
    const report: Report = { v: 1, run, instance: this.#instance, seq: this.#seq, sentAt: this.#clock(), facts };
    await new Promise<void>((resolve, reject) => {
      const settle = (error: unknown) =>
        error ? reject(new ActionError('Unreachable', `reporting to ${topic}: ${String(error)}`)) : resolve();
      this.#producer.produce(topic, partition, Buffer.from(JSON.stringify(report)), run, undefined, settle);
    });
  }

  async close(): Promise<void> {
    if (this.#connected === undefined) return;
    await this.#connected.catch(() => {});
    await new Promise<void>((resolve) => this.#producer.flush(2_000, () => resolve()));
    await new Promise<void>((resolve) => this.#producer.disconnect(2_000, () => resolve()));
  }

  #connect(): Promise<void> {
    this.#connected ??= new Promise<void>((resolve, reject) => {
      this.#producer.connect({ timeout: 5_000 }, (error) => {
        if (error) {
          this.#connected = undefined;
          reject(new ActionError('Unreachable', `connecting to Kafka for evidence: ${error.message}`));
        } else resolve();
      });
    });
    return this.#connected;
  }
}
