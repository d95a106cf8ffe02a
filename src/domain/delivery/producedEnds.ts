/**
 * The ends of the log that include every acknowledged record of a run's producers: the end offsets of the first sample that was
 * taken after the newest acknowledgement. What other producers append later lies beyond them.
 */
import type { EpochMs } from '../../contract/time.ts';
import type { LagSample } from '../evidence/facts.ts';
import type { Acknowledged } from './producers.ts';

export interface ProducedEnds {
  /** Time of the sample. */
  readonly at: EpochMs;
  /** End offset by partition. */
  readonly endOffsets: ReadonlyMap<number, number>;
}

/** The ends, if they include all that has been acknowledged by now. */
export function ifWhole(
  ends: ProducedEnds | undefined,
  { records, until = 0 }: Acknowledged,
): ProducedEnds | undefined {
  if (ends === undefined || ends.at < until) return undefined;
  // With acks: "0" a record is acknowledged before the broker appends it.
  const appended = [...ends.endOffsets.values()].reduce((sum, endOffset) => sum + endOffset, 0);
  return appended >= records ? ends : undefined;
}

/** The ends after one more sample: those that are known stay while they are whole. */
export const producedEnds = (
  ends: ProducedEnds | undefined,
  { at, partitions }: LagSample,
  acknowledged: Acknowledged,
): ProducedEnds | undefined =>
  ifWhole(ends, acknowledged) ??
  ifWhole({ at, endOffsets: new Map(partitions.map((one) => [one.partition, one.endOffset])) }, acknowledged);
