/** Updates a key's share: its records and offsets in one partition. */
import type { KeyShare } from './facts.ts';

/** Counts one more acknowledged record. `offset` is null if the broker returned none. */
export function addRecord(share: KeyShare, offset: number | null): void {
  share[1] += 1;
  share[2] = knownOffset(Math.min, share[2], offset);
  share[3] = knownOffset(Math.max, share[3], offset);
}

/** Combines two offsets with `pick`. null stands for an unknown offset and loses to a known one. */
export const knownOffset = (
  pick: (a: number, b: number) => number,
  a: number | null,
  b: number | null,
): number | null => (a === null ? b : b === null ? a : pick(a, b));
