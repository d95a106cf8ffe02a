/**
 * A queue of keys, one per resource. A key waits at most once and is processed once at a time. A key that is added while it
 * is being processed runs again afterwards. A key that failed waits for the end of its backoff. A key that waits for something
 * outside of the operator gives its slot to other keys.
 */

import type { EpochMs } from '../../contract/time.ts';
import { type Backoff, waitAfter } from '../backoff.ts';
import type { Clock, Random } from '../ports.ts';

/** A key that is being processed. */
export interface ActiveKey {
  key: string;
  since: EpochMs;
}

/**
 * Waits for something outside, such as Kafka, while other keys use the slot. Afterwards it waits for a slot again. A key waits
 * for one thing at a time.
 */
export type WithoutSlot = <T>(wait: () => Promise<T>) => Promise<T>;

export interface WorkQueue {
  /** Processes the key as soon as a slot is free, and after the end of its backoff. */
  add(key: string): void;
  /** Like `add`, but ends the key's backoff: use it for a change that may have removed the cause. */
  addNow(key: string): void;
  /** Adds the key after `ms`. The earliest of several times counts. */
  addAfter(key: string, ms: number): void;
  /** The number of keys that wait for a slot, without those that wait for a time. */
  readonly depth: number;
  /** The active key that has run for longest. */
  readonly longestActive: ActiveKey | undefined;
  /** Drops all waiting keys and starts no more. Resolves when the active keys are done. */
  stop(): Promise<void>;
}

export interface WorkQueueOptions {
  /** Processes a key. The queue adds the key again after the returned number of milliseconds. An error starts the backoff. */
  work(key: string, withoutSlot: WithoutSlot): Promise<number | undefined>;
  /** Called after an error of `work`. */
  failed(key: string, error: unknown): void;
  /** The number of slots: keys that are processed at the same time, without those that wait outside (default 8). */
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
  /** The active keys and their start times, oldest first. Those that wait outside are among them. */
  const active = new Map<string, EpochMs>();
  /** The number of slots in use. */
  let busy = 0;
  /** Active keys that have waited outside and want a slot again, oldest first. */
  const returning: (() => void)[] = [];
  /** Keys that were added while active. */
  const again = new Set<string>();
  const timers = new Map<string, Timer>();
  const failures = new Map<string, { count: number; notBefore: EpochMs }>();
  let filling = false;
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
    const remaining = (failures.get(key)?.notBefore ?? 0) - clock.now();
    if (remaining > 0) {
      addAfter(key, remaining);
      return;
    }
    if (active.has(key)) again.add(key);
    else waiting.add(key);
    next();
  }

  /** Fills the free slots. Keys that have begun come first, so that a flood of new ones does not hold them up. */
  function next(): void {
    // A key that starts may wait outside at once and call this again: the loop below goes on with its slot.
    if (filling) return;
    filling = true;
    fill();
    filling = false;
  }

  function fill(): void {
    while (busy < concurrency) {
      const goOn = returning.shift();
      const [key] = waiting;
      if (goOn !== undefined) {
        busy += 1;
        goOn();
      } else if (key !== undefined && !stopped) {
        waiting.delete(key);
        dropTimer(key);
        active.set(key, clock.now());
        busy += 1;
        void run(key);
      } else return;
    }
  }

  const withoutSlot: WithoutSlot = async (wait) => {
    busy -= 1;
    next();
    try {
      return await wait();
    } finally {
      const slot = new Promise<void>((resolve) => returning.push(resolve));
      next();
      await slot;
    }
  };

  async function run(key: string): Promise<void> {
    try {
      const lookAgainIn = await options.work(key, withoutSlot);
      failures.delete(key);
      if (lookAgainIn !== undefined) addAfter(key, lookAgainIn);
    } catch (error) {
      const count = (failures.get(key)?.count ?? 0) + 1;
      const wait = waitAfter(count, backoff, random);
      failures.set(key, { count, notBefore: clock.now() + wait });
      options.failed(key, error);
      addAfter(key, wait);
    } finally {
      active.delete(key);
      busy -= 1;
      if (again.delete(key)) add(key);
      if (stopped && active.size === 0) drained?.();
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
    get longestActive() {
      const first = active.entries().next();
      return first.done ? undefined : { key: first.value[0], since: first.value[1] };
    },
    stop() {
      stopped = true;
      waiting.clear();
      again.clear();
      for (const key of [...timers.keys()]) dropTimer(key);
      return new Promise((resolve) => {
        drained = resolve;
        if (active.size === 0) resolve();
      });
    },
  };
}
