/** A producer's evidence: running totals of what became of its records, reported as Produced facts. */
import type { Produced } from '../../domain/evidence/facts.ts';
import { createRecorder } from '../../domain/evidence/histogram.ts';
import type { Delivery } from '../clients/port.ts';
import { createPlacements } from '../evidence/placements.ts';
import type { EpochMs } from '../process/time.ts';

export interface ProducerTotals {
  /** Records given to the client, those that it refused included. */
  attempted: number;
  acknowledged: number;
  failed: number;
  /** Bytes of keys and values of the acknowledged records. */
  bytes: number;
}

export interface ProducedEvidence {
  /** The client took a record at `at`, or refused it. */
  attempted(at: EpochMs): void;
  /** A delivery report without an error. The delivery's token is the time of sending. */
  acknowledged(delivery: Delivery, at: EpochMs): void;
  /** A record was not delivered. `code`: Kafka's error name. */
  failed(code: string): void;
  /** Makes the next `take` return a fact even if nothing else changes. */
  touch(): void;
  /** A live view, not a copy. */
  totals(): Readonly<ProducerTotals>;
  /** Records that are neither acknowledged nor failed. */
  inFlight(): number;
  /** The totals as facts, if they changed since the last call. Many keys take several facts with the same totals. */
  take(at: EpochMs, done: boolean): Produced[];
}

export function createProducedEvidence(client: string): ProducedEvidence {
  const latency = createRecorder();
  const errors: Record<string, number> = {};
  const placements = createPlacements();
  const totals: ProducerTotals = { attempted: 0, acknowledged: 0, failed: 0, bytes: 0 };
  let firstSentAt: EpochMs | undefined;
  let lastAcknowledgedAt: EpochMs | undefined;
  let changed = false;

  return {
    attempted(at) {
      totals.attempted += 1;
      firstSentAt ??= at;
      changed = true;
    },
    acknowledged({ token: sentAt, bytes, key, partition, offset }, at) {
      if (partition !== undefined) placements.add(partition, key, offset);
      totals.acknowledged += 1;
      totals.bytes += bytes;
      lastAcknowledgedAt = at;
      latency.record(at - sentAt);
      changed = true;
    },
    failed(code) {
      totals.failed += 1;
      errors[code] = (errors[code] ?? 0) + 1;
      changed = true;
    },
    touch() {
      changed = true;
    },
    totals: () => totals,
    inFlight: () => totals.attempted - totals.acknowledged - totals.failed,
    take(at, done) {
      if (!changed) return [];
      changed = false;
      const encoded = latency.takeEncoded();
      const fact: Produced = { type: 'Produced', client, at, ...totals, done };
      if (firstSentAt !== undefined) fact.firstSentAt = firstSentAt;
      if (lastAcknowledgedAt !== undefined) fact.lastAcknowledgedAt = lastAcknowledgedAt;
      if (totals.failed > 0) fact.errors = { ...errors };
      const [places = {}, ...more] = placements.take();
      // Latencies add up over facts, so only the first of several has them.
      const first: Produced = { ...fact, ...places, ...(encoded !== undefined && { latency: encoded }) };
      return [first, ...more.map((part): Produced => ({ ...fact, ...part }))];
    },
  };
}
