/** Counts the records that the brokers have appended to a topic, from its end offsets. */
import type { LagView } from './figures.ts';

/** Sum of the end offsets of all partitions. */
export const endOffsets = (partitions: readonly { endOffset: number }[]): number =>
  partitions.reduce((sum, { endOffset }) => sum + endOffset, 0);

/**
 * Records appended by any producer since the sum of the topic's end offsets was `before`. undefined without a lag sample, and
 * if the topic has been recreated since.
 */
export function appendedSince(before: number | undefined, lag: LagView | null): number | undefined {
  if (before === undefined || lag === null) return undefined;
  const appended = endOffsets(lag.partitions) - before;
  return appended < 0 ? undefined : appended;
}
