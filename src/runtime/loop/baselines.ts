/**
 * What was applied last and what the server made of it (it fills in defaults and rewrites quantities), so that
 * an object that still is as it was left needs no request. Kept in memory: after a restart each object is
 * applied once more, which changes nothing.
 */
import { fingerprint, partOf } from '../json.ts';

export interface Baselines {
  /** Whether `desired` was applied last under this key, and `live` still has what the server made of it. */
  unchanged(key: string, desired: unknown, live: unknown): boolean;
  applied(key: string, desired: unknown, result: unknown): void;
  forget(key: string): void;
}

export function baselines(): Baselines {
  const last = new Map<string, { desired: string; result: string }>();
  return {
    unchanged(key, desired, live) {
      const before = last.get(key);
      return (
        before !== undefined &&
        before.desired === fingerprint(desired) &&
        before.result === fingerprint(partOf(live, desired))
      );
    },
    applied(key, desired, result) {
      last.set(key, { desired: fingerprint(desired), result: fingerprint(partOf(result, desired)) });
    },
    forget(key) {
      last.delete(key);
    },
  };
}
