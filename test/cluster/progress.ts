// What a person sees while the cluster starts: each step, what it waits for, how long it took.
import { setTimeout as sleep } from 'node:timers/promises';

const say = (line: string): void => void process.stderr.write(`${line}\n`);
const seconds = (since: number): string => `${((Date.now() - since) / 1000).toFixed(1)} s`;

export function note(line: string): void {
  say(`  ${line}`);
}

export async function step<T>(what: string, work: () => Promise<T> | T): Promise<T> {
  const start = Date.now();
  say(`> ${what}`);
  try {
    const result = await work();
    note(`${seconds(start)}`);
    return result;
  } catch (error) {
    note(`failed after ${seconds(start)}`);
    throw error;
  }
}

/** Asks again and again until `check` gives undefined; otherwise it gives what is still missing. */
export async function waitFor(
  what: string,
  limitSeconds: number,
  check: () => Promise<string | undefined>,
): Promise<void> {
  const start = Date.now();
  let lastSaid = start;
  for (;;) {
    const missing = await check().catch((error: Error) => error.message.split('\n').slice(0, 3).join(' '));
    if (missing === undefined) return;
    if (Date.now() - start > limitSeconds * 1000)
      throw new Error(`${what}: not there after ${limitSeconds} s: ${missing}`);
    if (Date.now() - lastSaid > 5000) {
      note(`waiting for ${what} (${seconds(start)}): ${missing}`);
      lastSaid = Date.now();
    }
    await sleep(200);
  }
}
