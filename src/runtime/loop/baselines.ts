/**
 * The last application of each object: what was applied, and the server's result with defaults and normalised quantities. An
 * object that still equals the result needs no request. Baselines live in memory only. After a restart each object is applied
 * once more, which changes nothing.
 */
import { fingerprint, partOf } from '../json.ts';

export interface Baselines {
  /** Whether `desired` was the last application under this key and `live` still equals its result. */
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
