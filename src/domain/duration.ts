import { DURATION_PATTERN } from '../api/duration.ts';

const UNITS = [
  ['h', 3_600_000],
  ['m', 60_000],
  ['s', 1_000],
  ['ms', 1],
] as const;

const WHOLE = new RegExp(DURATION_PATTERN);
const PART = /([0-9]+(?:\.[0-9]+)?)(ms|h|m|s)/g;
const SHOWN = '"500ms", "60s", "5m" or "1h30m"';

/** To a microsecond: sums and products of decimal fractions are not exact. */
const rounded = (ms: number) => Math.round(ms * 1000) / 1000;

/**
 * `500ms`, `60s`, `5m`, `1h30m`, `1.5s` → milliseconds (fractions down to a microsecond are kept).
 * @throws Error with a sentence that says what to write instead.
 */
export function parseDuration(text: string): number {
  const trimmed = text.trim();
  if (trimmed === '') throw new Error(`a duration is missing: write a number with a unit, such as ${SHOWN}`);
  if (/^[0-9]+(\.[0-9]+)?$/.test(trimmed)) {
    throw new Error(`"${text}" has no unit: write "${trimmed}s" for seconds or "${trimmed}ms" for milliseconds`);
  }
  if (trimmed.startsWith('-')) {
    throw new Error(`"${text}" is negative: write a duration of zero or more, such as ${SHOWN}`);
  }
  if (!WHOLE.test(text)) {
    throw new Error(
      `"${text}" is not a duration: write numbers with the units h, m, s, ms, largest first, without spaces, such as ${SHOWN}`,
    );
  }
  let ms = 0;
  for (const [, number, unit] of text.matchAll(PART)) {
    ms += Number(number) * (UNITS.find(([name]) => name === unit)?.[1] ?? 0);
  }
  if (ms > Number.MAX_SAFE_INTEGER) throw new Error(`"${text}" is too long: write a duration such as ${SHOWN}`);
  return rounded(ms);
}

/**
 * Milliseconds (zero or more, to a microsecond) → a text that parses back to them: 90000 → `1m30s`.
 * @throws Error when `ms` is negative or not finite.
 */
export function formatDuration(ms: number): string {
  if (!Number.isFinite(ms) || ms < 0) throw new Error(`${ms} is not a duration: give milliseconds of zero or more`);
  let rest = rounded(ms);
  let text = '';
  for (const [unit, size] of UNITS) {
    const count = unit === 'ms' ? rounded(rest) : Math.floor(rest / size);
    if (count > 0) text += `${count}${unit}`;
    rest %= size;
  }
  return text === '' ? '0s' : text;
}
