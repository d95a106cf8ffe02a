/** Points in time, as the contract and the figures have them. */

/** Milliseconds since 1970 (UTC). */
export type EpochMs = number;
