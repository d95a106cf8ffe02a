/** Delivery by brute force: counts every record that the consumers logged, and kills processes at random moments. */
import { readFileSync } from 'node:fs';
import { until } from './until.ts';

export interface Processed {
  partition: number;
  offset: number;
}

/** The processed records in the log of a worker (see recordLog.ts). Other lines are skipped. */
export const processedIn = (log: string): Processed[] =>
  log.split('\n').flatMap((line) => {
    if (!line.startsWith('{"record":[')) return [];
    const [partition, offset] = (JSON.parse(line) as { record: [number, number] }).record;
    return [{ partition, offset }];
  });

/** The delivery figures of a list of all processed records. */
export function delivered(all: readonly Processed[]): { consumed: number; duplicated: number; skipped: number } {
  const partitions = Map.groupBy(all, ({ partition }) => partition);
  const delivery = { consumed: all.length, duplicated: 0, skipped: 0 };
  for (const records of partitions.values()) {
    const offsets = new Set(records.map(({ offset }) => offset));
    delivery.duplicated += records.length - offsets.size;
    const span = Math.max(...offsets) - Math.min(...offsets) + 1;
    delivery.skipped += span - offsets.size;
  }
  return delivery;
}

/** Random numbers in [0, 1) that depend only on the seed (mulberry32). */
export function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** The system call numbers of epoll_wait, epoll_pwait and epoll_pwait2. */
const WAITING = process.arch === 'arm64' ? ['22', '441'] : ['232', '281', '441'];

/**
 * Sends SIGKILL while the event loop of the process waits. A worker writes each record to its log and to its journal. A kill
 * between the two writes would look like a lost record, although only the log of the test differs. The state of the client
 * library is arbitrary at that moment: what it has sent, received, stored or committed.
 */
export async function kill9(pid: number): Promise<void> {
  const of = (name: string) => readFileSync(`/proc/${pid}/task/${pid}/${name}`, 'utf8');
  await until(`process ${pid} is killed while it waits`, async () => {
    process.kill(pid, 'SIGSTOP');
    await until(`process ${pid} is stopped`, () => of('stat').split(') ').at(-1)?.startsWith('T'), 10_000, 1);
    const [call = ''] = of('syscall').split(' ');
    const waits = WAITING.includes(call);
    process.kill(pid, waits ? 'SIGKILL' : 'SIGCONT');
    return waits;
  });
}
