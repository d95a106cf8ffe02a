import { expect, test } from '@jest/globals';
import { manualClock, settle } from '../../../test/support/kept.ts';
import { workQueue } from './workQueue.ts';

/** A queue whose work ends when the test calls `end`. */
function bench(concurrency = 2) {
  const clock = manualClock();
  const started: string[] = [];
  const failed: string[] = [];
  const active: { key: string; end: (error?: Error, lookAgainIn?: number) => void }[] = [];
  const queue = workQueue({
    work: (key) =>
      new Promise((resolve, reject) => {
        started.push(key);
        const work = {
          key,
          end: (error?: Error, lookAgainIn?: number) => {
            active.splice(active.indexOf(work), 1);
            if (error) reject(error);
            else resolve(lookAgainIn);
          },
        };
        active.push(work);
      }),
    failed: (key) => failed.push(key),
    concurrency,
    backoff: { baseMs: 1_000, limitMs: 8_000 },
    clock,
    random: () => 1,
  });
  const end = async (key: string, error?: Error, lookAgainIn?: number) => {
    active.find((work) => work.key === key)?.end(error, lookAgainIn);
    await settle();
  };
  return { clock, queue, started, failed, active, end };
}

const oops = new Error('oops');

test('a key waits at most once', async () => {
  const { queue, started, end } = bench(1);
  for (const key of ['a', 'b', 'b', 'c', 'b']) queue.add(key);
  expect(queue.depth).toBe(2);
  await end('a');
  await end('b');
  await end('c');
  expect(started).toEqual(['a', 'b', 'c']);
});

test('a key that is added while active runs once more afterwards', async () => {
  const { queue, started, end } = bench(2);
  queue.add('a');
  queue.add('a');
  queue.add('a');
  expect(started).toEqual(['a']);
  await end('a');
  expect(started).toEqual(['a', 'a']);
  await end('a');
  expect(started).toEqual(['a', 'a']);
});

test('the number of active keys stays within the concurrency', async () => {
  const { queue, active, end } = bench(2);
  for (const key of ['a', 'b', 'c', 'd']) queue.add(key);
  expect(active.map(({ key }) => key)).toEqual(['a', 'b']);
  await end('b');
  expect(active.map(({ key }) => key)).toEqual(['a', 'c']);
});

test('a failing key waits 1, 2, 4, 8, 8 s even if it is added again', async () => {
  const { clock, queue, started, failed, end } = bench();
  queue.add('a');
  for (const seconds of [1, 2, 4, 8, 8]) {
    await end('a', oops);
    const before = started.length;
    await clock.advance(seconds * 1_000 - 1);
    queue.add('a');
    await settle();
    expect(started).toHaveLength(before);
    await clock.advance(1);
    expect(started).toHaveLength(before + 1);
  }
  expect(failed).toHaveLength(5);
  // A success resets the backoff.
  await end('a');
  queue.add('a');
  await end('a', oops);
  const before = started.length;
  await clock.advance(1_000);
  expect(started).toHaveLength(before + 1);
});

test('the backoff of one key does not delay another key', async () => {
  const { queue, started, end } = bench(1);
  queue.add('a');
  await end('a', oops);
  queue.add('b');
  expect(started).toEqual(['a', 'b']);
});

test('jitter shortens a wait by up to one half', async () => {
  const clock = manualClock();
  let calls = 0;
  const queue = workQueue({
    work: async () => {
      calls += 1;
      throw oops;
    },
    failed: () => {},
    backoff: { baseMs: 1_000, limitMs: 8_000 },
    clock,
    random: () => 0,
  });
  queue.add('a');
  await settle();
  await clock.advance(499);
  expect(calls).toBe(1);
  await clock.advance(1);
  expect(calls).toBe(2);
});

test('addNow ends the backoff', async () => {
  const { queue, started, end } = bench();
  queue.add('a');
  await end('a', oops);
  queue.addNow('a');
  expect(started).toEqual(['a', 'a']);
});

test('a key runs again after the time that its work returned', async () => {
  const { clock, queue, started, end } = bench();
  queue.add('a');
  await end('a', undefined, 5_000);
  await clock.advance(4_999);
  expect(started).toHaveLength(1);
  await clock.advance(1);
  expect(started).toHaveLength(2);
});

test('the earliest of several times counts until the key runs', async () => {
  const { clock, queue, started, end } = bench();
  queue.addAfter('a', 5_000);
  queue.addAfter('a', 1_000);
  queue.addAfter('a', 9_000);
  await clock.advance(1_000);
  expect(started).toEqual(['a']);
  await end('a');
  await clock.advance(60_000);
  expect(started).toEqual(['a']);
});

test('stop drops waiting keys and resolves when the active ones are done', async () => {
  const { clock, queue, started, end } = bench(1);
  queue.add('a');
  queue.add('a');
  queue.add('b');
  queue.addAfter('c', 10);
  let stopped = false;
  const ended = queue.stop().then(() => {
    stopped = true;
  });
  queue.add('d');
  await clock.advance(1_000);
  expect(stopped).toBe(false);
  await end('a', undefined, 10);
  await ended;
  await clock.advance(1_000);
  expect(started).toEqual(['a']);
  expect(clock.pending).toBe(0);
});

test('longestActive is the key that has run for longest, also during the stop', async () => {
  const { clock, queue, end } = bench(2);
  const began = clock.now();
  expect(queue.longestActive).toBeUndefined();
  queue.add('a');
  await clock.advance(1_000);
  queue.add('b');
  queue.add('c');
  queue.add('a');
  expect(queue.longestActive).toEqual({ key: 'a', since: began });
  await clock.advance(1_000);
  await end('a');
  expect(queue.longestActive).toEqual({ key: 'b', since: began + 1_000 });
  void queue.stop();
  expect(queue.longestActive?.key).toBe('b');
  await end('b');
  await end('c');
  await end('a');
  expect(queue.longestActive).toBeUndefined();
});

/** A queue whose keys wait outside until the test calls `answer`, and then record that they go on. */
function outside(concurrency: number) {
  const began: string[] = [];
  const wentOn: string[] = [];
  const waits = new Map<string, PromiseWithResolvers<void>>();
  const queue = workQueue({
    async work(key, withoutSlot) {
      began.push(key);
      if (key.startsWith('healthy')) return undefined;
      const wait = Promise.withResolvers<void>();
      waits.set(key, wait);
      await withoutSlot(() => wait.promise);
      wentOn.push(key);
      return undefined;
    },
    failed: () => {},
    concurrency,
    clock: manualClock(),
    random: () => 1,
  });
  const answer = async (key: string) => {
    waits.get(key)?.resolve();
    await settle();
  };
  return { queue, began, wentOn, answer };
}

test('keys that wait outside hold no slot', async () => {
  const { queue, began, wentOn } = outside(2);
  const dead = Array.from({ length: 12 }, (_, index) => `dead-${index}`);
  for (const key of [...dead, 'healthy']) queue.add(key);
  await settle();
  expect(began).toEqual([...dead, 'healthy']);
  for (let round = 2; round <= 20; round++) {
    queue.add('healthy');
    await settle();
    expect(began.filter((key) => key === 'healthy')).toHaveLength(round);
  }
  expect(wentOn).toEqual([]);
  expect(queue.depth).toBe(0);
});

test('a key that waits outside is active: it is not begun twice, and a stop waits for it', async () => {
  const { queue, began, answer } = outside(1);
  queue.add('a');
  queue.add('a');
  await settle();
  expect(began).toEqual(['a']);
  expect(queue.longestActive?.key).toBe('a');
  await answer('a');
  expect(began).toEqual(['a', 'a']);
  let stopped = false;
  void queue.stop().then(() => {
    stopped = true;
  });
  await settle();
  expect(stopped).toBe(false);
  await answer('a');
  expect(stopped).toBe(true);
});

test('a key that comes back waits for a slot, and goes before keys that have not begun', async () => {
  const began: string[] = [];
  const [outsideOver, slotOver] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const queue = workQueue({
    async work(key, withoutSlot) {
      began.push(key);
      if (key === 'back') {
        await withoutSlot(() => outsideOver.promise);
        began.push('back again');
      }
      if (key === 'busy') await slotOver.promise;
      return undefined;
    },
    failed: () => {},
    concurrency: 1,
    clock: manualClock(),
    random: () => 1,
  });
  for (const key of ['back', 'busy', 'new']) queue.add(key);
  outsideOver.resolve();
  await settle();
  expect(began).toEqual(['back', 'busy']);
  slotOver.resolve();
  await settle();
  expect(began).toEqual(['back', 'busy', 'back again', 'new']);
});

test('a wait outside that fails fails its key, and its slot is free', async () => {
  const began: string[] = [];
  const failed: string[] = [];
  const queue = workQueue({
    async work(key, withoutSlot) {
      began.push(key);
      if (key === 'a') await withoutSlot(() => Promise.reject(oops));
      return undefined;
    },
    failed: (key) => failed.push(key),
    concurrency: 1,
    clock: manualClock(),
    random: () => 1,
  });
  for (const key of ['a', 'b', 'c']) queue.add(key);
  await settle();
  expect(failed).toEqual(['a']);
  expect(began).toEqual(['a', 'b', 'c']);
});
