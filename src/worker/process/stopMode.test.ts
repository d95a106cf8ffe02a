import { expect, test } from '@jest/globals';
import { KILL_HOLDS_MS } from '../../domain/workers/stopMode.ts';
import { createStopMode } from './stopMode.ts';

const KILL = '{"stop":"Kill"}';

function worker() {
  const clock = { at: 1_000 };
  return { clock, mode: createStopMode('uid-1', () => clock.at) };
}

test('a stop is graceful unless the operator announced a Kill', () => {
  const { mode } = worker();
  expect(mode.current()).toBe('Graceful');
  expect(mode.handle('Bearer uid-1', KILL)).toEqual({ status: 200, text: 'Kill\n' });
  expect(mode.current()).toBe('Kill');
  expect(mode.handle('Bearer uid-1', '{"stop":"Graceful"}').status).toBe(200);
  expect(mode.current()).toBe('Graceful');
});

test.each([
  ['no token', undefined, KILL, 403],
  ['the token of another run', 'Bearer uid-2', KILL, 403],
  ['an unknown mode', 'Bearer uid-1', '{"stop":"Murder"}', 400],
  ['a body that is not JSON', 'Bearer uid-1', 'Kill', 400],
  ['an empty body', 'Bearer uid-1', '', 400],
])('a request with %s is refused and changes nothing', (_what, authorization, body, status) => {
  const { mode } = worker();
  expect(mode.handle(authorization, body).status).toBe(status);
  expect(mode.current()).toBe('Graceful');
});

test('an announced Kill expires, and announcing it again renews it', () => {
  const { clock, mode } = worker();
  mode.handle('Bearer uid-1', KILL);
  clock.at += KILL_HOLDS_MS - 1;
  expect(mode.current()).toBe('Kill');
  mode.handle('Bearer uid-1', KILL);
  clock.at += KILL_HOLDS_MS - 1;
  expect(mode.current()).toBe('Kill');
  clock.at += 1;
  expect(mode.current()).toBe('Graceful');
});
