/**
 * How long a record waited in the log: by its timestamp, as far as the operator's samples of the log agree. A record whose
 * offset was not below the end in one sample, and was in the next, became readable between the two. So a timestamp of another
 * place or time (mirrored or replayed records, a wrong clock) makes no false pause and hides none.
 */
import type { EpochMs } from '../../contract/time.ts';

/** The ends of the log in one sample of the operator. */
export interface LogSample {
  /** The ends were read after `at`, by the broker's clock, and at most `spreadMs` later. */
  readonly at: EpochMs;
  readonly spreadMs: number;
  /** Largest error of `at`, in ms. */
  readonly errorMs: number;
  /** The end of the log for the group, by partition. */
  readonly ends: readonly (number | undefined)[];
}

/** How long a record waited, in ms. */
export interface Waited {
  readonly ms: number;
  /** If its timestamp is not of this log, it waited between `leastMs` and `mostMs`. Otherwise both are equal to `ms`. */
  readonly leastMs: number;
  readonly mostMs: number;
}

/** A record whose processing began. */
export interface BegunRecord {
  readonly partition: number;
  /** undefined: unknown. */
  readonly offset: number | undefined;
  /** By its timestamp, in ms. */
  readonly waitedMs: number;
}

/** Samples kept: one a second for a minute. */
const SAMPLES_KEPT = 60;
/** A producer may take this long to write a record. An older timestamp is not of this log. */
const WRITING_MS = 1_000;

/** The samples with one more. The list is not changed in place. */
export const withLogSample = (samples: readonly LogSample[], sample: LogSample): readonly LogSample[] => [
  ...samples.slice(1 - SAMPLES_KEPT),
  sample,
];

/**
 * `b`: when processing of the record began, with an error of at most `errorMs`. `a`: how long the record had waited before
 * then does not matter.
 */
export function waited(
  samples: readonly LogSample[],
  record: BegunRecord,
  a: EpochMs,
  b: EpochMs,
  errorMs: number,
): Waited {
  const { waitedMs } = record;
  const { least, most } = waitedBetween(samples, record, a, b, errorMs);
  if (waitedMs < least || waitedMs > most + WRITING_MS) {
    // No sample shows the record before it was read: a quiet topic.
    return { ms: least > 0 ? most : 0, leastMs: least, mostMs: most };
  }
  return exactly(Math.min(waitedMs, most));
}

export const exactly = (ms: number): Waited => ({ ms, leastMs: ms, mostMs: ms });

/** What the samples prove: the record waited at least and at most this long. */
function waitedBetween(
  samples: readonly LogSample[],
  { partition, offset }: BegunRecord,
  a: EpochMs,
  b: EpochMs,
  errorMs: number,
): { least: number; most: number } {
  let least = 0;
  for (let index = samples.length - 1; index >= 0 && offset !== undefined; index--) {
    const sample = samples[index] as LogSample;
    const end = sample.ends[partition];
    if (end === undefined || sample.at > b) continue;
    const error = errorMs + sample.errorMs;
    if (end <= offset) return { least, most: b - sample.at + error };
    least = Math.max(least, b - sample.at - sample.spreadMs - error);
    if (sample.at <= a) break;
  }
  return { least, most: Number.POSITIVE_INFINITY };
}
