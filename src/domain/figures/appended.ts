/** Records that the brokers have appended to a topic, from its end offsets. */
import type { LagView } from './figures.ts';

/** Of all partitions, summed. */
export const endOffsets = (partitions: readonly { endOffset: number }[]): number =>
  partitions.reduce((sum, { endOffset }) => sum + endOffset, 0);

/**
 * Records that the brokers have appended to the topic since its end offsets, summed, were `before`: all that anybody
 * wrote. undefined where there is no look, and where the topic has been made anew since.
 */
export function appendedSince(before: number | undefined, lag: LagView | null): number | undefined {
  if (before === undefined || lag === null) return undefined;
  const appended = endOffsets(lag.partitions) - before;
  return appended < 0 ? undefined : appended;
}
