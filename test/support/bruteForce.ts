/** Delivery by brute force: a list of every record that consumers logged as processed, and deaths at random moments. */
import { readFileSync } from 'node:fs';
import { until } from './until.ts';

export interface Processed {
  partition: number;
  offset: number;
}

/** Those of a worker's log (worker/recordLog.ts); other lines of it are passed over. */
export const processedIn = (log: string): Processed[] =>
  log.split('\n').flatMap((line) => {
    if (!line.startsWith('{"record":[')) return [];
    const [partition, offset] = (JSON.parse(line) as { record: [number, number] }).record;
    return [{ partition, offset }];
  });

/** By looking at every record. */
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

/** Numbers from 0 up to 1, the same for the same seed (mulberry32). */
export function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Of epoll_wait, epoll_pwait and epoll_pwait2. */
const WAITING = process.arch === 'arm64' ? ['22', '441'] : ['232', '281', '441'];

/**
 * SIGKILL, while its event loop waits. A record's line in the log and its entry in the journal are two writings; a kill
 * between these would be a difference of one record that nothing but the judge's own log has made. What the client library's
 * threads do at that moment, what has been sent, taken, stored or committed, is as it happens to be.
 */
export async function kill9(pid: number): Promise<void> {
  const of = (name: string) => readFileSync(`/proc/${pid}/task/${pid}/${name}`, 'utf8');
  await until(`process ${pid} is killed while it waits`, async () => {
    process.kill(pid, 'SIGSTOP');
    await until(`process ${pid} stands still`, () => of('stat').split(') ').at(-1)?.startsWith('T'), 10_000, 1);
    const [call = ''] = of('syscall').split(' ');
    const waits = WAITING.includes(call);
    process.kill(pid, waits ? 'SIGKILL' : 'SIGCONT');
    return waits;
  });
}
