// What a person sees while the cluster is made: one line for each step, with its time, when it ends; on a terminal also
// a line below them that says what is going on. Steps may run side by side.
import { setTimeout as sleep } from 'node:timers/promises';

const seconds = (since: number): string => `${((Date.now() - since) / 1000).toFixed(1)} s`;

interface Running {
  what: string;
  since: number;
  /** What it waits for now. */
  detail?: string;
}

const running = new Set<Running>();
const terminal = process.stderr.isTTY === true;
const CLEAR = '\r\x1b[K';
let drawing: NodeJS.Timeout | undefined;

function draw(): void {
  const told = [...running].map(
    ({ what, since, detail }) => `${what} ${seconds(since)}${detail === undefined ? '' : `: ${detail}`}`,
  );
  const line = told.join(' | ').replaceAll('\n', ' ');
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

/** After this it is said once, where nothing but lines can be shown, what is waited for. */
const QUIET_MS = 15_000;

/** Asks again and again until `check` gives undefined; otherwise it gives what is still missing. */
export async function waitFor(
  what: string,
  limitSeconds: number,
  check: () => Promise<string | undefined>,
): Promise<void> {
  const start = Date.now();
  let said = false;
  let shown: Running | undefined;
  try {
    for (;;) {
      const missing = await check().catch((error: Error) => error.message.split('\n').slice(0, 3).join(' '));
      if (missing === undefined) return;
      if (Date.now() - start > limitSeconds * 1000)
        throw new Error(`${what}: not there after ${limitSeconds} s: ${missing}`);
      shown ??= begin(what);
      shown.detail = missing;
      if (!said && !terminal && Date.now() - start > QUIET_MS) {
        note(`waiting for ${what} (${seconds(start)}): ${missing}`);
        said = true;
      }
      await sleep(200);
    }
  } finally {
    if (shown) end(shown);
  }
}
