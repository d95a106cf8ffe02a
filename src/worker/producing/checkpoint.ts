/**
 * A file with the progress of this pod's producers, from which a restarted container continues. It is written with every
 * report (each 0.25 to 3 s) and at a clean stop. A container that is killed (SIGKILL, out of memory) sends again the
 * messages settled since the last write and those that were in flight.
 */
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod/mini';

const schema = z.object({ run: z.string(), settled: z.record(z.string(), z.int().check(z.gte(0))) });

export interface Checkpoint {
  /** Messages of the client's share that an earlier process of the pod saw acknowledged or failed. */
  settledOf(client: string): number;
  /** Writes the file if `settled` (messages by client) has changed. Throws the file system's errors. */
  write(settled: Record<string, number>): void;
}

/** Ignores a file of another run and an unreadable one. Without a folder nothing is kept. */
export function openCheckpoint(folder: string | undefined, run: string): Checkpoint {
  if (folder === undefined) return { settledOf: () => 0, write: () => {} };
  const file = join(folder, 'producers.json');
  let before: Record<string, number> = {};
  let written = '';
  try {
    const found = schema.parse(JSON.parse(readFileSync(file, 'utf8')));
    if (found.run === run) before = found.settled;
  } catch {
    // The pod's first process, or a broken file.
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
