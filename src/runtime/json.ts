/** Compares plain JSON values. */
import { createHash } from 'node:crypto';

type Fields = Record<string, unknown>;

const isFields = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** A copy of the value as it arrives over the network: without undefined fields and shared parts. */
export const plain = <T>(value: T): T => JSON.parse(JSON.stringify(value)) as T;

/** The canonical text of a value: equal for equal values in any order of fields. An undefined field counts as absent. */
export function canonical(value: unknown): string {
  return (
    JSON.stringify(value, (_key, part: unknown) =>
      isFields(part) ? Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1))) : part,
    ) ?? 'null'
  );
}

export const fingerprint = (value: unknown): string => createHash('sha256').update(canonical(value)).digest('base64');

/**
 * The part of `value` that `shape` covers: the fields of `shape`, and list entries by position together with the list's
 * length. Fields that others added are left out. Changes that others made to our fields remain visible.
 */
export function partOf(value: unknown, shape: unknown): unknown {
  if (Array.isArray(shape)) {
    if (!Array.isArray(value)) return value;
    return value.map((entry, index) => (index < shape.length ? partOf(entry, shape[index]) : entry));
  }
  if (isFields(shape) && isFields(value)) {
    return Object.fromEntries(
      Object.keys(shape)
        .filter((field) => Object.hasOwn(value, field))
        .map((field) => [field, partOf(value[field], shape[field])]),
    );
  }
  return value;
}
