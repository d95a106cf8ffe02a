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
