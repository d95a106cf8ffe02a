/**
 * How far the producers of this pod are, in a small file, so that a restarted container goes on instead of starting
 * over. Written about once a second and at a clean stop: a container that is killed (SIGKILL, out of memory) sends
 * again what was settled after the last writing, at most about a second's messages, and what was under way.
 */
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod/mini';

const schema = z.object({ run: z.string(), settled: z.record(z.string(), z.int().check(z.gte(0))) });

export interface Checkpoint {
  /** Messages of the client's share that were acknowledged or had failed. */
  settledOf(client: string): number;
  /** Writes when something changed. Errors are thrown. */
  write(settled: Record<string, number>): void;
}

/** One of another run, or one that can't be read, counts as none. Without a folder nothing is kept. */
export function openCheckpoint(folder: string | undefined, run: string): Checkpoint {
  if (folder === undefined) return { settledOf: () => 0, write: () => {} };
  const file = join(folder, 'producers.json');
  let before: Record<string, number> = {};
  let written = '';
  try {
    const found = schema.parse(JSON.parse(readFileSync(file, 'utf8')));
    if (found.run === run) before = found.settled;
  } catch {
    // The first start of the pod.
  }
  return {
    settledOf: (client) => before[client] ?? 0,
    write(settled) {
      const text = JSON.stringify({ run, settled });
      if (text === written) return;
      mkdirSync(folder, { recursive: true });
      writeFileSync(`${file}.new`, text);
      renameSync(`${file}.new`, file);
      written = text;
    },
  };
}
