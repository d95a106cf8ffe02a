import { share } from './room.ts';

/** The hard limit of a wait, as a multiple of its patience. */
const AT_MOST = 6;

/**
 * Waits until `check` returns a value other than undefined, null or false, and returns this value. Throws with the last value or
 * error after `patienceMs` without progress. Under load, time counts only partly (see room.ts). `everyMs`: the period of checks,
 * longer for a check that starts a program. `progress`: a change of its result restarts the patience.
 */
export async function until<T>(
  what: string,
  check: () => T | Promise<T>,
  patienceMs = 45_000,
  everyMs = 20,
  progress?: () => unknown,
): Promise<Exclude<T, undefined | null | false>> {
  const began = Date.now();
  let before = began;
  let waited = 0;
  let last: unknown;
  let seen: unknown;
  for (;;) {
    try {
      const value = await check();
      if (value !== undefined && value !== null && value !== false)
        return value as Exclude<T, undefined | null | false>;
      last = value;
    } catch (error) {
      last = error;
    }
    const now = Date.now();
    waited += (now - before) * share(now);
    before = now;
    const stands = progress?.();
    if (stands !== seen) waited = 0;
    seen = stands;
    if (waited > patienceMs || now - began > AT_MOST * patienceMs) {
      const of = progress === undefined ? '' : ' without progress';
      throw new Error(
        `${what}: timed out after ${now - began} ms (patience ${patienceMs} ms${of}); last: ${String(last)}`,
      );
    }
    await new Promise((resolve) => setTimeout(resolve, everyMs));
  }
}
