import { expect, test } from '@jest/globals';
import { createTroubles } from './troubles.ts';

test('a code is told once in ten seconds, another one at once', () => {
  const troubles = createTroubles('prod-0');
  const down = { code: 'ALL_BROKERS_DOWN', message: 'all down' };
  expect(troubles(down, 1000)).toEqual({ type: 'ClientError', client: 'prod-0', at: 1000, ...down });
  expect(troubles(down, 10_999)).toBeUndefined();
  expect(troubles({ code: 'TRANSPORT', message: 'gone' }, 2000)).toBeDefined();
  expect(troubles(down, 11_000)).toBeDefined();
});
