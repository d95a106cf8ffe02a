/**
 * Distributions as HDR histograms. Workers record values and send deltas, and the fold merges them.
 * Durations are recorded in µs and returned in ms, with a precision of 1 %. Plain numbers have a precision of 0.1 %, so they
 * are exact up to 2,000.
 */
import {
  build,
  decodeFromCompressedBase64,
  encodeIntoCompressedBase64,
  type Histogram as HdrHistogram,
} from 'hdr-histogram-js';
import type { LatencySummary } from '../figures/figures.ts';
import type { EncodedHistogram } from './facts.ts';

/** `scale`: histogram units per unit of the recorded value. Durations arrive in ms and are stored in µs. */
const UNITS = {
  // Two digits, because the cost of reading a delta grows with its buckets, and hundreds arrive per second.
  ms: { scale: 1000, digits: 2 },
  count: { scale: 1, digits: 3 },
} as const;
export type Unit = keyof typeof UNITS;

/** One hour in µs. Longer values count as one hour, so an outlier cannot make the histogram grow. */
const HIGHEST = 3_600_000_000;

/**
 * Number of decoded single-value deltas that are cached. A slow client sends one value per report, and few distinct deltas
 * occur: the cache makes the evidence of hundreds of slow producers several times faster to read.
 */
const SINGLES_KEPT = 1_000;

export interface Recorder {
  /** Records `value` `times` times, in the unit of the recorder. NaN is ignored; negative values count as 0. */
  record(value: number, times?: number): void;
  /** The values recorded since the last call; undefined if there are none. */
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
  /** Returns false and changes nothing if `encoded` is not a histogram. */
  merge(encoded: EncodedHistogram): boolean;
  /** Number of recorded values. */
  readonly count: number;
  /** The upper end of the bucket in which the percentile lies, in the unit of the distribution. null without a value. */
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
        // The smallest positive percentile stands for the minimum: the 0th one would be the lower end of its bucket.
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
