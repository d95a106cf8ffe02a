import { expect, test } from '@jest/globals';
import { troubleOfLog } from './errors.ts';

test.each([
  [4, 'MAXPOLL', '[thrd:main]: Application maximum poll interval exceeded', 'MAX_POLL_EXCEEDED'],
  [7, 'JOIN', '[thrd:main]: Group "g": join', undefined],
  [
    7,
    'COORD',
    '[thrd:main]: Group "g": marking the coordinator (1) dead: Local: Required feature not supported by broker: ConsumerGroupHeartbeatRequest not supported by broker',
    'UNSUPPORTED_VERSION',
  ],
])('a line of severity %i from %s', (severity, fac, message, code) => {
  expect(troubleOfLog({ severity, fac, message })?.code).toBe(code);
});
