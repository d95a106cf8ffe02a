/**
 * Distributions as HDR histograms: recorded by workers, sent as deltas, merged by the fold, never averaged.
 * Durations are recorded in microseconds and summed up in ms, to 1 %; plain numbers to 0.1 %, so exactly up to 2,000.
 */
import {
  build,
  decodeFromCompressedBase64,
  encodeIntoCompressedBase64,
  type Histogram as HdrHistogram,
} from 'hdr-histogram-js';
import type { LatencySummary } from '../figures/figures.ts';
import type { EncodedHistogram } from './facts.ts';

/** `scale`: what one unit of the recorded value is in the histogram: durations come in ms and are kept in µs. */
const UNITS = {
  // Two digits: the cost of reading a delta grows with its buckets, and there are hundreds a second.
  ms: { scale: 1000, digits: 2 },
  count: { scale: 1, digits: 3 },
} as const;
export type Unit = keyof typeof UNITS;

/** An hour in µs: a longer value counts as an hour, so that a wild one cannot make the histogram grow. */
const HIGHEST = 3_600_000_000;

/**
 * A client that does little has one value a report, and there are only so many of them: those are not decoded again,
 * which makes the evidence of hundreds of slow producers several times faster to read.
 */
const SINGLES_KEPT = 1_000;

export interface Recorder {
  /** Counts a value (ms or plain, as created), once or so often; what is no number is left out, what is negative counts as 0. */
  record(value: number, times?: number): void;
  /** What was recorded since the last call; undefined where that was nothing. */
  takeEncoded(): EncodedHistogram | undefined;
}

export function createRecorder(unit: Unit = 'ms'): Recorder {
  const { scale, digits } = UNITS[unit];
  let histogram = build({ numberOfSignificantValueDigits: digits });
  return {
    record(value, times = 1) {
      if (Number.isNaN(value)) return;
      histogram.recordValueWithCount(Math.min(HIGHEST, Math.max(0, Math.round(value * scale))), times);
    },
    takeEncoded() {
      if (histogram.totalCount === 0) return undefined;
      const encoded = encodeIntoCompressedBase64(histogram);
      histogram = build({ numberOfSignificantValueDigits: digits });
      return encoded;
    },
  };
}

/** The sum of many deltas. */
export interface Distribution {
  /** False, and nothing is changed, when `encoded` is no histogram. */
  merge(encoded: EncodedHistogram): boolean;
  /** Values recorded. */
  readonly count: number;
  /** null while there is no value. Percentiles are the highest value that cannot be told from the true one. */
  percentile(percent: number): number | null;
  summary(): LatencySummary | null;
}

export function createDistribution(unit: Unit = 'ms'): Distribution {
  const { scale, digits } = UNITS[unit];
  const sum = build({ bitBucketSize: 64, numberOfSignificantValueDigits: digits, highestTrackableValue: HIGHEST });
  const at = (percent: number) => Math.min(sum.getValueAtPercentile(percent), sum.maxValue) / scale;
  const single = new Map<EncodedHistogram, { value: number; count: number }>();
  return {
    merge(encoded) {
      let one = single.get(encoded);
      if (one === undefined) {
        const delta = decode(encoded);
        if (delta === undefined || delta.maxValue > 2 * HIGHEST) return false;
        // The 0th percentile would be the lower end of its bucket, all others are upper ends.
        if (delta.getValueAtPercentile(Number.MIN_VALUE) !== delta.getValueAtPercentile(100)) {
          sum.add(delta);
          return true;
        }
        one = { value: delta.maxValue, count: delta.totalCount };
        if (single.size >= SINGLES_KEPT) single.clear();
        single.set(encoded, one);
      }
      sum.recordValueWithCount(one.value, one.count);
      return true;
    },
    get count() {
      return sum.totalCount;
    },
    percentile(percent) {
      return sum.totalCount === 0 ? null : at(percent);
    },
    summary() {
      if (sum.totalCount === 0) return null;
      return { p50: at(50), p95: at(95), p99: at(99), max: sum.maxValue / scale };
    },
  };
}

function decode(encoded: EncodedHistogram): HdrHistogram | undefined {
  try {
    return decodeFromCompressedBase64(encoded);
  } catch {
    return undefined;
  }
}
