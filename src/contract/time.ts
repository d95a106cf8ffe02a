/** Points in time: how the contract and the figures hold them, and how a status shows them. Reads no clock. */

/** Milliseconds since 1970 (UTC). */
export type EpochMs = number;

/** Milliseconds since 1970 → RFC 3339 in UTC with milliseconds. */
export const iso = (at: EpochMs): string => new Date(at).toISOString();

/** RFC 3339 → milliseconds since 1970; undefined for what is absent or no time. */
export function epochMs(text: string | undefined): EpochMs | undefined {
  const at = text === undefined ? Number.NaN : Date.parse(text);
  return Number.isNaN(at) ? undefined : at;
}

/** RFC 3339 in UTC with seconds, as metav1.Time is written. */
export const isoSeconds = (at: EpochMs): string => `${iso(Math.floor(at / 1000) * 1000).slice(0, -5)}Z`;

/** `14:05:09`, in UTC. */
export const timeOfDay = (at: EpochMs): string => iso(at).slice(11, 19);
