/** The load of this machine's CPU. Under load, tests wait longer and begin later. */
import { readFileSync } from 'node:fs';
import { cpus } from 'node:os';

/** Runnable threads per core. Up to this number, time counts fully as waited. */
const CROWDED = 4;
/** Runnable threads per core. From this number on, test files do not begin. Starting pods add a dozen for a moment. */
const FULL = 12;

/** The current number of runnable threads per core. 0: the kernel does not report it. */
function runnablePerCore(): number {
  try {
    return Number(/ (\d+)\/\d+ /.exec(readFileSync('/proc/loadavg', 'utf8'))?.[1] ?? 0) / cpus().length;
  } catch {
    return 0;
  }
}

const AVERAGED_OVER_MS = 10_000;
let sampledAt = 0;
let crowd = 0;

/** The share of elapsed time that counts as waited. It falls with the load, because the tested programs get slower, too. */
export function share(now: number): number {
  const since = now - sampledAt;
  if (since >= 500) {
    const weight = Math.min(1, since / AVERAGED_OVER_MS);
    crowd += (runnablePerCore() - crowd) * weight;
    sampledAt = now;
  }
  return crowd <= CROWDED ? 1 : CROWDED / crowd;
}

/** The samples of five seconds. By then the pods of the test files before are starting. */
const SAMPLES = 20;
const SAMPLE_EVERY_MS = 250;

/** Waits until the machine has free CPU, for at most `limitMs`. */
export async function room(limitMs: number): Promise<void> {
  const end = Date.now() + limitMs;
  while (Date.now() < end) {
    let sum = 0;
    for (let n = 0; n < SAMPLES; n++) {
      sum += runnablePerCore();
      await new Promise((resolve) => setTimeout(resolve, SAMPLE_EVERY_MS));
    }
    if (sum / SAMPLES < FULL) return;
  }
}
