/**
 * Keys waiting to be worked on. A key waits at most once and is in one pair of hands at a time; a key added
 * while it is being worked on comes again afterwards. A key that failed waits out its backoff.
 */

import type { EpochMs } from '../../contract/time.ts';
import { type Backoff, waitAfter } from '../backoff.ts';
import type { Clock, Random } from '../ports.ts';

export interface InHand {
  key: string;
  since: EpochMs;
}

export interface WorkQueue {
  /** As soon as there are hands; a key in backoff not before it ends. */
  add(key: string): void;
  /** The same, forgetting the key's backoff: something changed that may well have cured it. */
  addNow(key: string): void;
  /** Look again after `ms`; the earliest such time of a key counts. */
  addAfter(key: string, ms: number): void;
  /** Keys waiting for hands (not those waiting for a time). */
  readonly depth: number;
  /** The key that has been worked on for longest, of those in hand now. */
  readonly longestInHand: InHand | undefined;
  /** Takes no more keys in hand, drops all that wait; resolves when the keys in hand are done. */
  stop(): Promise<void>;
}

export interface WorkQueueOptions {
  /** Works on a key; the queue looks again after the milliseconds that it answers. Throws → backoff. */
  work(key: string): Promise<number | undefined>;
  /** Called after a throw. */
  failed(key: string, error: unknown): void;
  /** Keys worked on at a time (default 8). */
  concurrency?: number;
  /** Default 500 ms to 60 s. */
  backoff?: Backoff;
  clock: Clock;
  random: Random;
}

interface Timer {
  due: EpochMs;
  cancel: () => void;
}

export function workQueue(options: WorkQueueOptions): WorkQueue {
  const { clock, random } = options;
  const concurrency = options.concurrency ?? 8;
  const backoff = options.backoff ?? { baseMs: 500, limitMs: 60_000 };
  const waiting = new Set<string>();
  /** Since when; in the order in which they were taken. */
  const inHand = new Map<string, EpochMs>();
  /** Added while in hand. */
  const again = new Set<string>();
  const timers = new Map<string, Timer>();
  const failures = new Map<string, { count: number; notBefore: EpochMs }>();
  let stopped = false;
  let drained: (() => void) | undefined;

  function dropTimer(key: string): void {
    timers.get(key)?.cancel();
    timers.delete(key);
  }

  function addAfter(key: string, ms: number): void {
    if (stopped) return;
    const due = clock.now() + ms;
    const timer = timers.get(key);
    if (timer && timer.due <= due) return;
    timer?.cancel();
    const cancel = clock.after(ms, () => {
      timers.delete(key);
      add(key);
    });
    timers.set(key, { due, cancel });
  }

  function add(key: string): void {
    if (stopped) return;
    const rest = (failures.get(key)?.notBefore ?? 0) - clock.now();
    if (rest > 0) {
      addAfter(key, rest);
      return;
    }
    if (inHand.has(key)) again.add(key);
    else waiting.add(key);
    next();
  }

  function next(): void {
    for (const key of waiting) {
      if (stopped || inHand.size >= concurrency) return;
      waiting.delete(key);
      dropTimer(key);
      inHand.set(key, clock.now());
      void take(key);
    }
  }

  async function take(key: string): Promise<void> {
    try {
      const lookAgainIn = await options.work(key);
      failures.delete(key);
      if (lookAgainIn !== undefined) addAfter(key, lookAgainIn);
    } catch (error) {
      const count = (failures.get(key)?.count ?? 0) + 1;
      const wait = waitAfter(count, backoff, random);
      failures.set(key, { count, notBefore: clock.now() + wait });
      options.failed(key, error);
      addAfter(key, wait);
    } finally {
      inHand.delete(key);
      if (again.delete(key)) add(key);
      if (stopped && inHand.size === 0) drained?.();
      next();
    }
  }

  return {
    add,
    addNow(key) {
      failures.delete(key);
      add(key);
    },
    addAfter,
    get depth() {
      return waiting.size;
    },
    get longestInHand() {
      const first = inHand.entries().next();
      return first.done ? undefined : { key: first.value[0], since: first.value[1] };
    },
    stop() {
      stopped = true;
      waiting.clear();
      again.clear();
      for (const key of [...timers.keys()]) dropTimer(key);
      return new Promise((resolve) => {
        drained = resolve;
        if (inHand.size === 0) resolve();
      });
    },
  };
}
