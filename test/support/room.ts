/** How crowded this machine's CPU is. Tests wait longer, and begin later, where others use it too. */
import { readFileSync } from 'node:fs';
import { cpus } from 'node:os';

/** Threads that want the CPU, for each core: up to this, what is waited for gets its turn soon enough. */
const CROWDED = 4;
/** And beyond this it is better to wait with more. Pods that start bring a dozen for a moment. */
const FULL = 12;

/** Threads that run or wait for a core at this moment, for each core; 0 where the kernel does not say. */
function runnablePerCore(): number {
  try {
    return Number(/ (\d+)\/\d+ /.exec(readFileSync('/proc/loadavg', 'utf8'))?.[1] ?? 0) / cpus().length;
  } catch {
    return 0;
  }
}

const AVERAGED_OVER_MS = 10_000;
let looked = 0;
let crowd = 0;

/**
 * The part of a second that counts as waited: all of it while there is room, and less the more threads want each core,
 * since what is waited for goes on that much slower.
 */
export function share(now: number): number {
  const since = now - looked;
  if (since >= 500) {
    const weight = Math.min(1, since / AVERAGED_OVER_MS);
    crowd += (runnablePerCore() - crowd) * weight;
    looked = now;
  }
  return crowd <= CROWDED ? 1 : CROWDED / crowd;
}

/** Over five seconds: by then the pods of what began before have begun to start. */
const SAMPLES = 20;
const LOOK_EVERY_MS = 250;

/** Waits until the machine has room for more, at most for `limitMs`. */
export async function room(limitMs: number): Promise<void> {
  const end = Date.now() + limitMs;
  while (Date.now() < end) {
    let sum = 0;
    for (let n = 0; n < SAMPLES; n++) {
      sum += runnablePerCore();
      await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
    }
    if (sum / SAMPLES < FULL) return;
  }
}
