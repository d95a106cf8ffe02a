import { expect, test } from '@jest/globals';
import { until } from './until.ts';

const PATIENCE_MS = 40;

test('gives what was waited for', async () => {
  let looks = 0;
  expect(await until('three looks', () => (looks++ === 3 ? 'there' : undefined))).toBe('there');
});

test('says what was seen last, an error too', async () => {
  await expect(until('nothing', () => undefined, PATIENCE_MS)).rejects.toThrow(/nothing: not after .* last: undefined/);
  const broken = () => Promise.reject(new Error('away'));
  await expect(until('an answer', broken, PATIENCE_MS)).rejects.toThrow(/an answer: .* last: Error: away/);
});

test('waits on while there is progress, and ends all the same', async () => {
  let looks = 0;
  const began = Date.now();
  const waiting = until(
    'the end',
    () => {
      looks += 1;
      return undefined;
    },
    PATIENCE_MS,
    5,
    () => looks,
  );
  await expect(waiting).rejects.toThrow('without progress');
  expect(Date.now() - began).toBeGreaterThan(3 * PATIENCE_MS);
});
