// The progress output of the cluster: one line per finished step with its duration. On a terminal, a last line shows the
// running steps. Steps may run in parallel.
import { setTimeout as sleep } from 'node:timers/promises';

const seconds = (since: number): string => `${((Date.now() - since) / 1000).toFixed(1)} s`;

interface Running {
  what: string;
  since: number;
  /** What the step is waiting for. */
  detail?: string;
}

const running = new Set<Running>();
const terminal = process.stderr.isTTY === true;
const CLEAR = '\r\x1b[K';
let drawing: NodeJS.Timeout | undefined;

function draw(): void {
  const parts = [...running].map(
    ({ what, since, detail }) => `${what} ${seconds(since)}${detail === undefined ? '' : `: ${detail}`}`,
  );
  const line = parts.join(' | ').replaceAll('\n', ' ');
  process.stderr.write(`${CLEAR}${line.slice(0, Math.max(20, (process.stderr.columns ?? 80) - 1))}`);
}

function begin(what: string): Running {
  const one = { what, since: Date.now() };
  running.add(one);
  if (terminal) drawing ??= setInterval(draw, 500);
  return one;
}

function end(one: Running): void {
  running.delete(one);
  if (running.size > 0) return;
  clearInterval(drawing);
  drawing = undefined;
}

export function note(line: string): void {
  process.stderr.write(`${terminal ? CLEAR : ''}  ${line}\n`);
}

export async function step<T>(what: string, work: () => Promise<T> | T): Promise<T> {
  const one = begin(what);
  try {
    const result = await work();
    note(`${seconds(one.since).padStart(8)}  ${what}`);
    return result;
  } catch (error) {
    note(`failed after ${seconds(one.since)}: ${what}`);
    throw error;
  } finally {
    end(one);
  }
}

/** Without a terminal, a wait that is longer than this prints one line with its cause. */
const QUIET_MS = 15_000;

/** Repeats `check` until it returns undefined. Any other result is the cause of the wait. Throws after `limitSeconds`. */
export async function waitFor(
  what: string,
  limitSeconds: number,
  check: () => Promise<string | undefined>,
): Promise<void> {
  const start = Date.now();
  let printed = false;
  let shown: Running | undefined;
  try {
    for (;;) {
      const missing = await check().catch((error: Error) => error.message.split('\n').slice(0, 3).join(' '));
      if (missing === undefined) return;
      if (Date.now() - start > limitSeconds * 1000)
        throw new Error(`${what}: timed out after ${limitSeconds} s: ${missing}`);
      shown ??= begin(what);
      shown.detail = missing;
      if (!printed && !terminal && Date.now() - start > QUIET_MS) {
        note(`waiting for ${what} (${seconds(start)}): ${missing}`);
        printed = true;
      }
      await sleep(200);
    }
  } finally {
    if (shown) end(shown);
  }
}
