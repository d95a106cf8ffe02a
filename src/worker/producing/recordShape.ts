/** Value and key of message n of a client. */
import type { KeyShape, RecordShape } from '../../domain/workers/spec.ts';

const FIELD = Buffer.from(',"padding":"');
const END = Buffer.from('"}');
const SPACE = 0x20;
const LETTER_A = 0x41;

/**
 * {"cnt": n}, padded to exactly `sizeBytes` (never cut: a smaller size leaves it as short as it is). The padding is
 * pseudo-random capital letters, other ones for each n, as kafka-producer-perf-test makes them, so that
 * compression has the work that it has there.
 */
export function recordValue(shape: Pick<RecordShape, 'sizeBytes'>, n: number): Buffer {
  const short = `{"cnt":${n}}`;
  const size = shape.sizeBytes ?? 0;
  if (size <= short.length) return Buffer.from(short);
  const value = Buffer.allocUnsafe(size);
  const room = size - (short.length - 1) - FIELD.length - END.length;
  if (room < 0) {
    // Not enough for a field: JSON may end with spaces.
    value.fill(SPACE);
    value.write(short, 'latin1');
    return value;
  }
  let at = value.write(short, 0, short.length - 1, 'latin1');
  at += FIELD.copy(value, at);
  let state = Math.imul(n + 1, 0x9e3779b1) | 1;
  for (const end = at + room; at < end; at++) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    value[at] = LETTER_A + ((state >>> 8) % 26);
  }
  END.copy(value, at);
  return value;
}

/**
 * null: no key. Fixed: the given ones in turn. Sequence: key0, key1, … in turn.
 * Random: one of those; `random` gives numbers in [0, 1).
 */
export function recordKey(shape: KeyShape, n: number, random: () => number): string | null {
  switch (shape.mode) {
    case 'None':
      return null;
    case 'Fixed':
      return shape.values[n % shape.values.length] ?? null;
    case 'Sequence':
      return `key${n % shape.cardinality}`;
    case 'Random':
      return `key${Math.floor(random() * shape.cardinality)}`;
  }
}
