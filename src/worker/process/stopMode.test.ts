import { expect, test } from '@jest/globals';
import { KILL_HOLDS_MS } from '../../domain/workers/stopMode.ts';
import { createStopMode } from './stopMode.ts';

const KILL = '{"stop":"Kill"}';

function worker() {
  const clock = { at: 1_000 };
  return { clock, mode: createStopMode('uid-1', () => clock.at) };
}

test('a stop is graceful until the operator has said otherwise', () => {
  const { mode } = worker();
  expect(mode.now()).toBe('Graceful');
  expect(mode.ask('Bearer uid-1', KILL)).toEqual({ status: 200, text: 'Kill\n' });
  expect(mode.now()).toBe('Kill');
  expect(mode.ask('Bearer uid-1', '{"stop":"Graceful"}').status).toBe(200);
  expect(mode.now()).toBe('Graceful');
});

test.each([
  ['nobody in particular', undefined, KILL, 403],
  ['somebody of another run', 'Bearer uid-2', KILL, 403],
  ['a word that is none', 'Bearer uid-1', '{"stop":"Murder"}', 400],
  ['no JSON', 'Bearer uid-1', 'Kill', 400],
  ['nothing', 'Bearer uid-1', '', 400],
])('%s changes nothing', (_who, authorization, body, status) => {
  const { mode } = worker();
  expect(mode.ask(authorization, body).status).toBe(status);
  expect(mode.now()).toBe('Graceful');
});

test('a Kill that nothing followed is forgotten; said again, it holds anew', () => {
  const { clock, mode } = worker();
  mode.ask('Bearer uid-1', KILL);
  clock.at += KILL_HOLDS_MS - 1;
  expect(mode.now()).toBe('Kill');
  mode.ask('Bearer uid-1', KILL);
  clock.at += KILL_HOLDS_MS - 1;
  expect(mode.now()).toBe('Kill');
  clock.at += 1;
  expect(mode.now()).toBe('Graceful');
});
