/** Points in time, as numbers in the contract and the figures, and as text in a status. Nothing here reads a clock. */

/** Milliseconds since 1970 (UTC). */
export type EpochMs = number;

/** Milliseconds since 1970 → RFC 3339 in UTC with milliseconds. */
export const iso = (at: EpochMs): string => new Date(at).toISOString();

/** RFC 3339 → milliseconds since 1970. undefined: the text is absent or not a time. */
export function epochMs(text: string | undefined): EpochMs | undefined {
  const at = text === undefined ? Number.NaN : Date.parse(text);
  return Number.isNaN(at) ? undefined : at;
}

/** Milliseconds since 1970 → RFC 3339 in UTC with seconds, as Kubernetes writes a metav1.Time. */
export const isoSeconds = (at: EpochMs): string => `${iso(Math.floor(at / 1000) * 1000).slice(0, -5)}Z`;

/** Milliseconds since 1970 → time of day in UTC, e.g. `14:05:09`. */
export const timeOfDay = (at: EpochMs): string => iso(at).slice(11, 19);
