import { createRequire } from 'node:module';
import { expect, test } from '@jest/globals';
import { isFatal } from './fatal.ts';

const { err2str } = createRequire(import.meta.url)('@confluentinc/kafka-javascript/librdkafka.js') as {
  err2str(code: number): string;
};

test.each<[what: string, error: unknown, fatal: boolean]>([
  ['an event with librdkafka’s text of the code', new Error(err2str(-150)), true],
  ['a delivery report or a call', Object.assign(new Error('x'), { code: -150 }), true],
  ['an error that the binding marks', { code: 45, isFatal: true }, true],
  ['all brokers down', new Error(err2str(-187)), false],
  ['a timeout', Object.assign(new Error(err2str(-192)), { code: -192, isFatal: false }), false],
  ['no error', null, false],
])('%s', (_what, error, fatal) => {
  expect(isFatal(error)).toBe(fatal);
});
