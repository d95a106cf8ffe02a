const NUMBER = '[0-9]+(\\.[0-9]+)?';
const MS = `${NUMBER}ms`;
const SECONDS = `${NUMBER}s(${MS})?`;
const MINUTES = `${NUMBER}m(${SECONDS}|${MS})?`;
const HOURS = `${NUMBER}h(${MINUTES}|${SECONDS}|${MS})?`;

/**
 * A length of time as people write it, for schemas (RE2): `500ms`, `60s`, `5m`, `1h30m`, `1.5s`.
 * Units h, m, s, ms, from the largest to the smallest, each at most once.
 */
export const DURATION_PATTERN = `^(${HOURS}|${MINUTES}|${SECONDS}|${MS})$`;

/** In ms, from the largest to the smallest. */
export const UNITS = [
  ['h', 3_600_000],
  ['m', 60_000],
  ['s', 1_000],
  ['ms', 1],
] as const;

const PART = /([0-9]+(?:\.[0-9]+)?)(ms|h|m|s)/g;

/** To a microsecond: sums and products of decimal fractions are not exact. */
export const toMicros = (ms: number) => Math.round(ms * 1000) / 1000;

/** Milliseconds of a text of that pattern, to a microsecond. */
export function millisecondsOf(text: string): number {
  let ms = 0;
  for (const [, number, unit] of text.matchAll(PART)) {
    ms += Number(number) * (UNITS.find(([name]) => name === unit)?.[1] ?? 0);
  }
  return toMicros(ms);
}
