import type { EpochMs } from '../../contract/time.ts';

/** Milliseconds since 1970 → RFC 3339 in UTC with milliseconds. */
export const iso = (at: EpochMs): string => new Date(at).toISOString();

/** RFC 3339 → milliseconds since 1970; undefined for what is absent or no time. */
export function epochMs(text: string | undefined): EpochMs | undefined {
  const at = text === undefined ? Number.NaN : Date.parse(text);
  return Number.isNaN(at) ? undefined : at;
}
