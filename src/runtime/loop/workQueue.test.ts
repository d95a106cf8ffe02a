import { expect, test } from '@jest/globals';
import { manualClock, settle } from '../../../test/support/kept.ts';
import { workQueue } from './workQueue.ts';

/** Work that ends when the test says so. */
function bench(concurrency = 2) {
  const clock = manualClock();
  const taken: string[] = [];
  const failed: string[] = [];
  const hands: { key: string; end: (error?: Error, lookAgainIn?: number) => void }[] = [];
  const queue = workQueue({
    work: (key) =>
      new Promise((resolve, reject) => {
        taken.push(key);
        const hand = {
          key,
          end: (error?: Error, lookAgainIn?: number) => {
            hands.splice(hands.indexOf(hand), 1);
            if (error) reject(error);
            else resolve(lookAgainIn);
          },
        };
        hands.push(hand);
      }),
    failed: (key) => failed.push(key),
    concurrency,
    backoff: { baseMs: 1_000, limitMs: 8_000 },
    clock,
    random: () => 1,
  });
  const end = async (key: string, error?: Error, lookAgainIn?: number) => {
    hands.find((hand) => hand.key === key)?.end(error, lookAgainIn);
    await settle();
  };
  return { clock, queue, taken, failed, hands, end };
}

const oops = new Error('oops');

test('a key that waits is not added twice', async () => {
  const { queue, taken, end } = bench(1);
  for (const key of ['a', 'b', 'b', 'c', 'b']) queue.add(key);
  expect(queue.depth).toBe(2);
  await end('a');
  await end('b');
  await end('c');
  expect(taken).toEqual(['a', 'b', 'c']);
});

test('a key added while in hand comes again afterwards, once', async () => {
  const { queue, taken, end } = bench(2);
  queue.add('a');
  queue.add('a');
  queue.add('a');
  expect(taken).toEqual(['a']);
  await end('a');
  expect(taken).toEqual(['a', 'a']);
  await end('a');
  expect(taken).toEqual(['a', 'a']);
});

test('no more keys in hand than there are hands', async () => {
  const { queue, hands, end } = bench(2);
  for (const key of ['a', 'b', 'c', 'd']) queue.add(key);
  expect(hands.map(({ key }) => key)).toEqual(['a', 'b']);
  await end('b');
  expect(hands.map(({ key }) => key)).toEqual(['a', 'c']);
});

test('a failing key waits 1, 2, 4, 8, 8 s, and adding it does not shorten that', async () => {
  const { clock, queue, taken, failed, end } = bench();
  queue.add('a');
  for (const seconds of [1, 2, 4, 8, 8]) {
    await end('a', oops);
    const before = taken.length;
    await clock.advance(seconds * 1_000 - 1);
    queue.add('a');
    await settle();
    expect(taken).toHaveLength(before);
    await clock.advance(1);
    expect(taken).toHaveLength(before + 1);
  }
  expect(failed).toHaveLength(5);
  // A success makes it start over.
  await end('a');
  queue.add('a');
  await end('a', oops);
  const before = taken.length;
  await clock.advance(1_000);
  expect(taken).toHaveLength(before + 1);
});

test('backoff of one key holds up no other', async () => {
  const { queue, taken, end } = bench(1);
  queue.add('a');
  await end('a', oops);
  queue.add('b');
  expect(taken).toEqual(['a', 'b']);
});

test('jitter shortens a wait by up to a half', async () => {
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
  const { queue, taken, end } = bench();
  queue.add('a');
  await end('a', oops);
  queue.addNow('a');
  expect(taken).toEqual(['a', 'a']);
});

test('looks again after the time that the work answers', async () => {
  const { clock, queue, taken, end } = bench();
  queue.add('a');
  await end('a', undefined, 5_000);
  await clock.advance(4_999);
  expect(taken).toHaveLength(1);
  await clock.advance(1);
  expect(taken).toHaveLength(2);
});

test('the earliest time counts, and work in between makes it void', async () => {
  const { clock, queue, taken, end } = bench();
  queue.addAfter('a', 5_000);
  queue.addAfter('a', 1_000);
  queue.addAfter('a', 9_000);
  await clock.advance(1_000);
  expect(taken).toEqual(['a']);
  await end('a');
  await clock.advance(60_000);
  expect(taken).toEqual(['a']);
});

test('stop drops what waits, and resolves when what is in hand is done', async () => {
  const { clock, queue, taken, end } = bench(1);
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
  expect(taken).toEqual(['a']);
  expect(clock.pending).toBe(0);
});

test('tells which key has been in hand for longest, also once it is stopped', async () => {
  const { clock, queue, end } = bench(2);
  const began = clock.now();
  expect(queue.longestInHand).toBeUndefined();
  queue.add('a');
  await clock.advance(1_000);
  queue.add('b');
  queue.add('c');
  queue.add('a');
  expect(queue.longestInHand).toEqual({ key: 'a', since: began });
  await clock.advance(1_000);
  await end('a');
  expect(queue.longestInHand).toEqual({ key: 'b', since: began + 1_000 });
  void queue.stop();
  expect(queue.longestInHand?.key).toBe('b');
  await end('b');
  await end('c');
  await end('a');
  expect(queue.longestInHand).toBeUndefined();
});
