/** Durations as text, such as `1h30m`. */
import { DURATION_PATTERN, millisecondsOf, toMicros, UNITS } from '../../api/schema/duration.ts';

const PATTERN = new RegExp(DURATION_PATTERN);
const EXAMPLES = '"500ms", "60s", "5m" or "1h30m"';

/**
 * Parses `500ms`, `60s`, `5m`, `1h30m` or `1.5s` into milliseconds, with a precision of 1 µs.
 * @throws Error with a sentence that explains what is wrong and what to write instead.
 */
export function parseDuration(text: string): number {
  const trimmed = text.trim();
  if (trimmed === '') throw new Error(`a duration is missing: write a number with a unit, such as ${EXAMPLES}`);
  if (/^[0-9]+(\.[0-9]+)?$/.test(trimmed)) {
    throw new Error(`"${text}" has no unit: write "${trimmed}s" for seconds or "${trimmed}ms" for milliseconds`);
  }
  if (trimmed.startsWith('-')) {
    throw new Error(`"${text}" is negative: write a duration of zero or more, such as ${EXAMPLES}`);
  }
  if (!PATTERN.test(text)) {
    throw new Error(
      `"${text}" is not a duration: write numbers with the units h, m, s, ms, largest first, without spaces, such as ${EXAMPLES}`,
    );
  }
  const ms = millisecondsOf(text);
  if (ms > Number.MAX_SAFE_INTEGER) throw new Error(`"${text}" is too long: write a duration such as ${EXAMPLES}`);
  return ms;
}

/**
 * Formats milliseconds with a precision of 1 µs: 90000 → `1m30s`. The text parses back to the same value.
 * @throws Error if `ms` is negative or not finite.
 */
export function formatDuration(ms: number): string {
  if (!Number.isFinite(ms) || ms < 0) throw new Error(`${ms} is not a duration: pass 0 ms or more`);
  let rest = toMicros(ms);
  let text = '';
  for (const [unit, size] of UNITS) {
    const count = unit === 'ms' ? toMicros(rest) : Math.floor(rest / size);
    if (count > 0) text += `${count}${unit}`;
    rest %= size;
  }
  return text === '' ? '0s' : text;
}
