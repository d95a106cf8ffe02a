const NUMBER = '[0-9]+(\\.[0-9]+)?';
const MS = `${NUMBER}ms`;
const SECONDS = `${NUMBER}s(${MS})?`;
const MINUTES = `${NUMBER}m(${SECONDS}|${MS})?`;
const HOURS = `${NUMBER}h(${MINUTES}|${SECONDS}|${MS})?`;

/**
 * Pattern (RE2) of a duration as people write it: `500ms`, `60s`, `5m`, `1h30m`, `1.5s`.
 * The units are h, m, s and ms, the largest first, each at most once.
 */
export const DURATION_PATTERN = `^(${HOURS}|${MINUTES}|${SECONDS}|${MS})$`;

/** Units in ms, the largest first. */
export const UNITS = [
  ['h', 3_600_000],
  ['m', 60_000],
  ['s', 1_000],
  ['ms', 1],
] as const;

const PART = /([0-9]+(?:\.[0-9]+)?)(ms|h|m|s)/g;

/** Rounds to a microsecond, since sums and products of decimal fractions are not exact. */
export const toMicros = (ms: number) => Math.round(ms * 1000) / 1000;

/** Milliseconds of a duration, rounded to a microsecond. */
export function millisecondsOf(text: string): number {
  let ms = 0;
  for (const [, number, unit] of text.matchAll(PART)) {
    ms += Number(number) * (UNITS.find(([name]) => name === unit)?.[1] ?? 0);
  }
  return toMicros(ms);
}
