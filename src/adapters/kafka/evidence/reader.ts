/**
 * Reads the evidence topic back and folds it, one state per run. A run is read from the offset that
 * its status names, so an operator that starts again arrives at the same figures.
 */
import { randomBytes } from 'node:crypto';
import type kafka from '@confluentinc/kafka-javascript';
import type { Known } from '../../../contract/kind.ts';
import type { EvidenceNeed } from '../../../contract/needs.ts';
import type { EpochMs } from '../../../contract/time.ts';
import { parseReport } from '../../../domain/evidence/parse.ts';
import { emptyRun, fold, type Run } from '../../../domain/fold/run.ts';
import { figuresOf, type RunFigures } from '../../../domain/fold/runFigures.ts';
import { KafkaConsumer } from './librdkafka.ts';

interface Reading {
  need: EvidenceNeed;
  run: Run;
  /** Next offset to fold; what comes again after a seek back for another run is passed over. */
  next: number;
  /** Where the partition ended when reading began; undefined: not asked yet. */
  until: number | undefined;
  trouble: string | undefined;
}

/** A method that the binding has and its types leave out. */
interface Patience {
  setDefaultIsTimeoutOnlyForFirstMessage(only: boolean): void;
}

const BATCH = 1_000;
/** Runs whose evidence grew are looked at again at most this often. */
const NOTIFY_MS = 200;

export class EvidenceReader {
  readonly #consumer: kafka.KafkaConsumer;
  readonly #topic: string;
  readonly #onChange: (run: string) => void;
  readonly #readings = new Map<string, Reading>();
  readonly #positions = new Map<number, number>();
  /** Partitions to begin, to go back in, or (undefined) to leave, before the next poll: never while one is under way. */
  readonly #moves = new Map<number, number | undefined>();
  readonly #changed = new Set<string>();
  #connected: Promise<void> | undefined;
  #notifying: NodeJS.Timeout | undefined;
  #closed = false;
  #consuming = false;
  #trouble: string | undefined;

  constructor(bootstrapServers: string, topic: string, onChange: (run: string) => void) {
    this.#topic = topic;
    this.#onChange = onChange;
    this.#consumer = new KafkaConsumer(
      {
        'bootstrap.servers': bootstrapServers,
        'client.id': 'kafka-lab-operator-evidence',
        // Never joined: partitions are assigned by hand and nothing is committed.
        'group.id': `kafka-lab-operator-evidence-${randomBytes(4).toString('hex')}`,
        'enable.auto.commit': false,
        'fetch.wait.max.ms': 100,
        'fetch.error.backoff.ms': 200,
        'queued.max.messages.kbytes': 16_384,
        'auto.offset.reset': 'earliest',
      },
      {},
    );
    this.#consumer.setDefaultConsumeTimeout(100);
    // Else a call goes on gathering while reports come less than that apart, up to a whole batch: seconds, with many clients.
    (this.#consumer as unknown as Patience).setDefaultIsTimeoutOnlyForFirstMessage(true);
    this.#consumer.on('event.error', (error) => {
      this.#trouble = error.message;
    });
  }

  /** The figures of a run as of `now`, or how far reading has come. The first call for a run begins to read it. */
  open(need: EvidenceNeed, now: EpochMs): Known<RunFigures> {
    const reading = this.#readings.get(need.run) ?? this.#begin(need);
    if (reading.trouble !== undefined) return { unavailable: reading.trouble };
    if (reading.until === undefined) {
      return { unavailable: `evidence: waiting for topic ${this.#topic}${this.#trouble ? ` (${this.#trouble})` : ''}` };
    }
    if (reading.next < reading.until) {
      return { unavailable: `evidence: read up to offset ${reading.next} of ${reading.until}` };
    }
    return { known: figuresOf(reading.run, now) };
  }

  close(run: string): void {
    const reading = this.#readings.get(run);
    if (reading === undefined) return;
    this.#readings.delete(run);
    const { partition } = reading.need;
    if (![...this.#readings.values()].some((other) => other.need.partition === partition)) {
      this.#moves.set(partition, undefined);
    }
  }

  async end(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#notifying);
    if (this.#connected === undefined) return;
    await this.#connected.catch(() => {});
    await new Promise<void>((resolve) => this.#consumer.disconnect(() => resolve()));
  }

  #begin(need: EvidenceNeed): Reading {
    const reading: Reading = { need, run: emptyRun(), next: need.offset, until: undefined, trouble: undefined };
    this.#readings.set(need.run, reading);
    this.#connect()
      .then(() => this.#findEnd(reading))
      .catch((error: unknown) => {
        reading.trouble = `evidence: ${error instanceof Error ? error.message : String(error)}`;
        // The next look begins anew.
        this.#readings.delete(need.run);
        this.#notify(need.run);
      });
    return reading;
  }

  async #findEnd(reading: Reading): Promise<void> {
    const { partition, offset, run } = reading.need;
    const { low, high } = await new Promise<{ low: number; high: number }>((resolve, reject) => {
      this.#consumer.queryWatermarkOffsets(this.#topic, partition, 5_000, (error, offsets) =>
        error ? reject(error) : resolve({ low: Number(offsets.lowOffset), high: Number(offsets.highOffset) }),
      );
    });
    if (this.#closed || this.#readings.get(run) !== reading) return;
    reading.next = Math.max(offset, low);
    reading.until = high;
    const lowest = [...this.#readings.values()]
      .filter((other) => other.need.partition === partition && other.until !== undefined)
      .map((other) => other.next);
    const from = Math.min(...lowest);
    if (this.#moves.has(partition) || (this.#positions.get(partition) ?? Number.POSITIVE_INFINITY) > from) {
      this.#moves.set(partition, from);
    }
    this.#notify(run);
    if (!this.#consuming) this.#consume();
  }

  #move(): void {
    if (this.#moves.size === 0) return;
    for (const [partition, offset] of this.#moves) {
      if (offset === undefined) this.#positions.delete(partition);
      else this.#positions.set(partition, offset);
    }
    this.#moves.clear();
    this.#consumer.assign(
      [...this.#positions].map(([partition, offset]) => ({ topic: this.#topic, partition, offset })),
    );
  }

  #connect(): Promise<void> {
    this.#connected ??= new Promise<void>((resolve, reject) => {
      this.#consumer.connect({ timeout: 5_000 }, (error) => {
        if (error) {
          this.#connected = undefined;
          reject(error);
        } else resolve();
      });
    });
    return this.#connected;
  }

  #consume(): void {
    if (this.#closed) return;
    this.#move();
    this.#consuming = this.#positions.size > 0;
    if (!this.#consuming) return;
    this.#consumer.consume(BATCH, (error, messages) => {
      if (this.#closed) return;
      if (error) this.#trouble = error.message;
      else if (messages.length > 0) {
        this.#trouble = undefined;
        for (const message of messages) this.#take(message);
      }
      // An empty answer took the consume timeout already.
      setImmediate(() => this.#consume());
    });
  }

  #take({ partition, offset, key, value, timestamp }: kafka.Message): void {
    const position = this.#positions.get(partition);
    if (position === undefined || offset < position) return;
    this.#positions.set(partition, offset + 1);
    const run = key?.toString();
    for (const reading of this.#readings.values()) {
      if (reading.need.partition !== partition || offset < reading.next) continue;
      reading.next = offset + 1;
      if (reading.need.run !== run) {
        if (reading.next === reading.until) this.#notify(reading.need.run);
        continue;
      }
      const report = parseReport(value?.toString() ?? '');
      if (report !== undefined) {
        reading.run = fold(reading.run, { offset, appendedAt: timestamp ?? 0, report });
      }
      this.#notify(reading.need.run);
    }
  }

  #notify(run: string): void {
    this.#changed.add(run);
    this.#notifying ??= setTimeout(() => {
      this.#notifying = undefined;
      const runs = [...this.#changed];
      this.#changed.clear();
      for (const changed of runs) this.#onChange(changed);
    }, NOTIFY_MS);
  }
}
