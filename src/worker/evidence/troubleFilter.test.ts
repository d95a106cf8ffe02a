import { expect, test } from '@jest/globals';
import { createTroubleFilter } from './troubleFilter.ts';

test('a code is reported once in ten seconds, another code immediately', () => {
  const filter = createTroubleFilter('prod-0');
  const down = { code: 'ALL_BROKERS_DOWN', message: 'all down' };
  expect(filter(down, 1000)).toEqual({ type: 'ClientError', client: 'prod-0', at: 1000, ...down });
  expect(filter(down, 10_999)).toBeUndefined();
  expect(filter({ code: 'TRANSPORT', message: 'gone' }, 2000)).toBeDefined();
  expect(filter(down, 11_000)).toBeDefined();
});
