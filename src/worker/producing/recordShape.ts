/** The value and the key of a producer's n-th message. */
import type { KeyShape, RecordShape } from '../../domain/workers/spec.ts';

const FIELD = Buffer.from(',"padding":"');
const END = Buffer.from('"}');
const SPACE = 0x20;
const LETTER_A = 0x41;

/**
 * The JSON {"cnt": n}, padded to exactly `sizeBytes` and never truncated. The padding is pseudo-random capital letters that
 * differ from message to message, as in kafka-producer-perf-test, so compression has as much work as there.
 */
export function recordValue(shape: Pick<RecordShape, 'sizeBytes'>, n: number): Buffer {
  const short = `{"cnt":${n}}`;
  const size = shape.sizeBytes ?? 0;
  if (size <= short.length) return Buffer.from(short);
  const value = Buffer.allocUnsafe(size);
  const room = size - (short.length - 1) - FIELD.length - END.length;
  if (room < 0) {
    // No room for the padding field; JSON allows trailing spaces.
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
 * The key of message n; null: the record has none. Fixed: the given values in turn. Sequence: key0, key1, … in turn.
 * Random: any of those. `random` returns numbers in [0, 1).
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
