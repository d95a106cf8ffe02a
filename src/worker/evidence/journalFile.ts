/**
 * An append-only file of lines that survives a kill of the process: a finished write is in the kernel's page cache, so
 * only the loss of the node loses it. After a failed write the file is removed, since half a journal would be misleading.
 */
import { closeSync, mkdirSync, openSync, renameSync, rmSync, writeSync, writevSync } from 'node:fs';
import { dirname } from 'node:path';

/** One line with its line end. A text is ASCII, apart from names. */
export type Line = string | readonly Buffer[];

export interface JournalFile {
  /** False before the first `replace`, after a failed write and after `remove`. */
  isOpen(): boolean;
  /** In bytes. */
  size(): number;
  append(line: Line): void;
  /** Replaces the content, with an atomic rename. Creates the folder if it is missing. */
  replace(lines: Iterable<Line>): void;
  /** Removes the file; later writes do nothing. */
  remove(): void;
}

/** `failed` is called once, with the error of the write that failed. */
export function createJournalFile(path: string, failed: (why: string) => void): JournalFile {
  let fd: number | undefined;
  let size = 0;

  const write = (to: number, line: Line) => {
    const isText = typeof line === 'string';
    const length = isText ? line.length : line.reduce((sum, part) => sum + part.length, 0);
    const written = isText ? writeSync(to, line) : writevSync(to, line);
    if (written < length) throw new Error('no space left on the device');
    size += written;
  };
  const giveUp = (error: unknown) => {
    try {
      close();
    } catch {
      // The file can't be removed either.
    }
    failed((error as Error).message);
  };
  const close = () => {
    const last = fd;
    fd = undefined;
    rmSync(path, { force: true });
    if (last !== undefined) closeSync(last);
  };

  return {
    isOpen: () => fd !== undefined,
    size: () => size,
    append(line) {
      if (fd === undefined) return;
      try {
        write(fd, line);
      } catch (error) {
        giveUp(error);
      }
    },
    replace(lines) {
      const before = fd;
      try {
        mkdirSync(dirname(path), { recursive: true });
        const next = openSync(`${path}.new`, 'w');
        fd = next;
        size = 0;
        for (const line of lines) write(next, line);
        renameSync(`${path}.new`, path);
        if (before !== undefined) closeSync(before);
      } catch (error) {
        giveUp(error);
      }
    },
    remove() {
      if (fd !== undefined) close();
    },
  };
}
