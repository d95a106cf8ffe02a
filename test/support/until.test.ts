import { expect, test } from '@jest/globals';
import { until } from './until.ts';

const PATIENCE_MS = 40;

test('until returns the value of a successful check', async () => {
  let checks = 0;
  expect(await until('three checks', () => (checks++ === 3 ? 'there' : undefined))).toBe('there');
});

test('the error has the result of the last check', async () => {
  await expect(until('nothing', () => undefined, PATIENCE_MS)).rejects.toThrow(
    /nothing: timed out after .* last: undefined/,
  );
  const broken = () => Promise.reject(new Error('away'));
  await expect(until('an answer', broken, PATIENCE_MS)).rejects.toThrow(/an answer: .* last: Error: away/);
});

test('progress restarts the patience up to the hard limit', async () => {
  let checks = 0;
  const began = Date.now();
  const waiting = until(
    'the end',
    () => {
      checks += 1;
      return undefined;
    },
    PATIENCE_MS,
    5,
    () => checks,
  );
  await expect(waiting).rejects.toThrow('without progress');
  expect(Date.now() - began).toBeGreaterThan(3 * PATIENCE_MS);
});
