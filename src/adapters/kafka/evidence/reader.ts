/**
 * Reads the evidence topic of one Kafka cluster and folds it into one state per run. Each run is read from the offset in
 * its status, so a restarted operator arrives at the same figures.
 */
import { randomBytes } from 'node:crypto';
import type kafka from '@confluentinc/kafka-javascript';
import type { Known } from '../../../contract/kind.ts';
import type { EvidenceNeed } from '../../../contract/needs.ts';
import type { EpochMs } from '../../../contract/time.ts';
import { parseReport } from '../../../domain/evidence/parse.ts';
import { emptyRun, fold, logBeginsAnew, type Run, withoutOffsets } from '../../../domain/fold/run.ts';
import { figuresOf, type RunFigures } from '../../../domain/fold/runFigures.ts';
import type { Log } from '../../../runtime/ports.ts';
import { KafkaConsumer } from './librdkafka.ts';

interface Reading {
  need: EvidenceNeed;
  run: Run;
  /** Next offset to fold. Lower offsets come again after a seek back for another run, and are skipped. */
  next: number;
  /** End offset of the partition when reading began; undefined: not known yet. */
  until: number | undefined;
  trouble: string | undefined;
}

/** A method that the binding's types lack. */
interface FirstMessageTimeout {
  setDefaultIsTimeoutOnlyForFirstMessage(only: boolean): void;
}

/** At most this many records per call of `consume`. */
const BATCH = 1_000;
const CONSUME_TIMEOUT_MS = 100;
const REQUEST_TIMEOUT_MS = 5_000;
/** Changes within this time are notified together. */
const NOTIFY_MS = 200;

export class EvidenceReader {
  readonly #consumer: kafka.KafkaConsumer;
  readonly #topic: string;
  readonly #onChange: (run: string) => void;
  readonly #log: Pick<Log, 'warn'>;
  readonly #readings = new Map<string, Reading>();
  /** Next offset to consume, by partition. */
  readonly #positions = new Map<number, number>();
  /**
   * Positions to set before the next `consume`; undefined: the partition is no longer read. Never applied during a call of
   * `consume`.
   */
  readonly #seeks = new Map<number, number | undefined>();
  /** Runs with news that #onChange has not been called for. */
  readonly #changed = new Set<string>();
  #connected: Promise<void> | undefined;
  #notifying: NodeJS.Timeout | undefined;
  #closed = false;
  #consuming = false;
  #trouble: string | undefined;

  constructor(bootstrapServers: string, topic: string, onChange: (run: string) => void, log: Pick<Log, 'warn'>) {
    this.#topic = topic;
    this.#onChange = onChange;
    this.#log = log;
    this.#consumer = new KafkaConsumer(
      {
        'bootstrap.servers': bootstrapServers,
        'client.id': 'kafka-lab-operator-evidence',
        // The group is never joined: partitions are assigned explicitly and nothing is committed.
        'group.id': `kafka-lab-operator-evidence-${randomBytes(4).toString('hex')}`,
        'enable.auto.commit': false,
        'fetch.wait.max.ms': 100,
        'fetch.error.backoff.ms': 200,
        'queued.max.messages.kbytes': 16_384,
        'topic.metadata.refresh.interval.ms': 10_000, // a recreated topic is found by then; the default is 5 minutes
      },
      // A topic setting: librdkafka ignores it among the others. It matters where retention has deleted the offset to read, and
      // in a recreated topic.
      { 'auto.offset.reset': 'earliest' },
    );
    this.#consumer.setDefaultConsumeTimeout(CONSUME_TIMEOUT_MS);
    // Otherwise a call keeps waiting for a full batch while reports arrive faster than the timeout: seconds, with many clients.
    (this.#consumer as unknown as FirstMessageTimeout).setDefaultIsTimeoutOnlyForFirstMessage(true);
    this.#consumer.on('event.error', (error) => {
      this.#trouble = error.message;
    });
  }

  /** The figures of a run as of `now`, or how far it has been read. The first call for a run starts reading it. */
  open(need: EvidenceNeed, now: EpochMs): Known<RunFigures> {
    const reading = this.#readings.get(need.run) ?? this.#begin(need);
    if (reading.trouble !== undefined) return { unavailable: reading.trouble };
    if (reading.until === undefined) {
      return { unavailable: `evidence: waiting for topic ${this.#topic}${this.#trouble ? ` (${this.#trouble})` : ''}` };
    }
    if (reading.next < reading.until) {
      return { unavailable: `evidence: read up to offset ${reading.next} of ${reading.until}` };
    }
    return { known: figuresOf(reading.run, now, reading.next) };
  }

  close(run: string): void {
    const reading = this.#readings.get(run);
    if (reading === undefined) return;
    this.#readings.delete(run);
    const { partition } = reading.need;
    if (![...this.#readings.values()].some((other) => other.need.partition === partition)) {
      this.#seeks.set(partition, undefined);
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
        // The next call of `open` starts again.
        this.#readings.delete(need.run);
        this.#notify(need.run);
      });
    return reading;
  }

  async #findEnd(reading: Reading): Promise<void> {
    const { partition, offset, run } = reading.need;
    const { low, high } = await new Promise<{ low: number; high: number }>((resolve, reject) => {
      this.#consumer.queryWatermarkOffsets(this.#topic, partition, REQUEST_TIMEOUT_MS, (error, offsets) =>
        error ? reject(error) : resolve({ low: Number(offsets.lowOffset), high: Number(offsets.highOffset) }),
      );
    });
    if (this.#closed || this.#readings.get(run) !== reading) return;
    // A log that ends before the run began is a recreated topic: the run's reports are in it from its beginning.
    if (offset > high) logBeginsAnew(reading.run);
    else if (offset < low) withoutOffsets(reading.run, offset, low);
    reading.next = offset > high ? low : Math.max(offset, low);
    reading.until = high;
    this.#seekFor(partition);
    this.#notify(run);
    if (!this.#consuming) this.#consume();
  }

  /** Reads the partition from the lowest offset that one of its runs needs. */
  #seekFor(partition: number): void {
    const lowest = [...this.#readings.values()]
      .filter((other) => other.need.partition === partition && other.until !== undefined)
      .map((other) => other.next);
    const from = Math.min(...lowest);
    if (this.#seeks.has(partition) || (this.#positions.get(partition) ?? Number.POSITIVE_INFINITY) > from) {
      this.#seeks.set(partition, from);
    }
  }

  #applySeeks(): void {
    if (this.#seeks.size === 0) return;
    for (const [partition, offset] of this.#seeks) {
      if (offset === undefined) this.#positions.delete(partition);
      else this.#positions.set(partition, offset);
    }
    this.#seeks.clear();
    this.#consumer.assign(
      [...this.#positions].map(([partition, offset]) => ({ topic: this.#topic, partition, offset })),
    );
  }

  #connect(): Promise<void> {
    this.#connected ??= new Promise<void>((resolve, reject) => {
      this.#consumer.connect({ timeout: REQUEST_TIMEOUT_MS }, (error) => {
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
    this.#applySeeks();
    this.#consuming = this.#positions.size > 0;
    if (!this.#consuming) return;
    this.#consumer.consume(BATCH, (error, messages) => {
      if (this.#closed) return;
      if (error) this.#trouble = error.message;
      else if (messages.length > 0) {
        this.#trouble = undefined;
        for (const message of messages) this.#foldRecord(message);
      }
      // No delay is needed after an empty batch: it took CONSUME_TIMEOUT_MS.
      setImmediate(() => this.#consume());
    });
  }

  #foldRecord({ partition, offset, key, value, timestamp }: kafka.Message): void {
    const position = this.#positions.get(partition);
    // A record from before a seek comes again, after the earlier ones that a run lacks.
    if (position === undefined || this.#seeks.has(partition)) return;
    if (offset < position) this.#beginAnew(partition, offset);
    this.#positions.set(partition, offset + 1);
    const run = key?.toString();
    for (const reading of this.#readings.values()) {
      // Before its end is known a reading has not been placed: its reports would be folded without the earlier ones.
      if (reading.need.partition !== partition || reading.until === undefined || offset < reading.next) continue;
      // Offsets have no holes otherwise: nothing in the topic is transactional or compacted.
      if (offset > reading.next) withoutOffsets(reading.run, reading.next, offset);
      const before = reading.next;
      reading.next = offset + 1;
      if (reading.need.run !== run) {
        if (reading.next >= reading.until && before < reading.until) this.#notify(reading.need.run);
        continue;
      }
      const report = parseReport(value?.toString() ?? '');
      if (report === undefined) this.#unparsable(run, partition, offset);
      else reading.run = fold(reading.run, { offset, appendedAt: timestamp ?? 0, report });
      this.#notify(reading.need.run);
    }
  }

  /** `run`: the key of the record. */
  #unparsable(run: string, partition: number, offset: number): void {
    this.#log.warn('a record of the evidence topic is no report, so figures lack it', {
      topic: this.#topic,
      partition,
      offset,
      run,
    });
  }

  /** The topic was recreated: offsets never go back otherwise, because librdkafka drops what it fetched before a seek. */
  #beginAnew(partition: number, offset: number): void {
    for (const reading of this.#readings.values()) {
      if (reading.need.partition !== partition) continue;
      reading.run = logBeginsAnew(reading.run);
      reading.next = offset;
      if (reading.until !== undefined) reading.until = offset;
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
