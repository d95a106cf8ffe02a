/** Where the records of a key are: its offsets in one partition. */
import type { KeyShare } from './facts.ts';

/** One more record of a producer's own; `offset` null: the broker did not tell it. */
export function addRecord(share: KeyShare, offset: number | null): void {
  share[1] += 1;
  share[2] = ofBoth(Math.min, share[2], offset);
  share[3] = ofBoth(Math.max, share[3], offset);
}

/** The one of two offsets that `which` chooses; null: unknown. */
export const ofBoth = (which: (a: number, b: number) => number, a: number | null, b: number | null): number | null =>
  a === null ? b : b === null ? a : which(a, b);
