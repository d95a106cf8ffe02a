import { share } from './room.ts';

/** A wait ends at the latest after so many times its patience, whatever the machine does. */
const AT_MOST = 6;

/**
 * Waits until a condition holds: the value that is neither undefined, null nor false. Throws with what was seen last
 * when it takes too long: `patienceMs` without progress, where time counts less while the machine is crowded.
 * `everyMs`: short for what costs nothing to look at, longer for a program started each time. `progress`: while it
 * answers something else than before, what is waited for is on its way.
 */
export async function until<T>(
  what: string,
  look: () => T | Promise<T>,
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
      const value = await look();
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
      throw new Error(`${what}: not after ${now - began} ms (patience ${patienceMs} ms${of}); last: ${String(last)}`);
    }
    await new Promise((resolve) => setTimeout(resolve, everyMs));
  }
}
