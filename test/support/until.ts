/**
 * Waits until a condition holds: the value that is neither undefined, null nor false. Throws with what was seen last
 * when it takes too long. `everyMs`: short for what costs nothing to look at, longer for a program started each time.
 */
export async function until<T>(
  what: string,
  look: () => T | Promise<T>,
  timeoutMs = 45_000,
  everyMs = 20,
): Promise<Exclude<T, undefined | null | false>> {
  const end = Date.now() + timeoutMs;
  let last: unknown;
  for (;;) {
    try {
      const value = await look();
      if (value !== undefined && value !== null && value !== false)
        return value as Exclude<T, undefined | null | false>;
      last = value;
    } catch (error) {
      last = error;
    }
    if (Date.now() > end) throw new Error(`${what}: not within ${timeoutMs} ms; last: ${String(last)}`);
    await new Promise((resolve) => setTimeout(resolve, everyMs));
  }
}
