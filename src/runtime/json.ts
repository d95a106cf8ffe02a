/** Comparing plain JSON values. */
import { createHash } from 'node:crypto';

type Fields = Record<string, unknown>;

const isFields = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** The value as it will be after a trip over the wire: no undefined fields, no shared parts. */
export const plain = <T>(value: T): T => JSON.parse(JSON.stringify(value)) as T;

/** One text for equal values, whatever the order of their fields; undefined fields count as absent. */
export function canonical(value: unknown): string {
  return (
    JSON.stringify(value, (_key, part: unknown) =>
      isFields(part) ? Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1))) : part,
    ) ?? 'null'
  );
}

export const fingerprint = (value: unknown): string => createHash('sha256').update(canonical(value)).digest('base64');

/**
 * The part of `value` that `shape` speaks of: its fields, and its list entries by position (with the list's
 * length). What others added to the object is left out; what they changed of ours shows.
 */
export function partOf(value: unknown, shape: unknown): unknown {
  if (Array.isArray(shape)) {
    if (!Array.isArray(value)) return value;
    return value.map((entry, index) => (index < shape.length ? partOf(entry, shape[index]) : entry));
  }
  if (isFields(shape) && isFields(value)) {
    return Object.fromEntries(
      Object.keys(shape)
        .filter((field) => field in value)
        .map((field) => [field, partOf(value[field], shape[field])]),
    );
  }
  return value;
}
