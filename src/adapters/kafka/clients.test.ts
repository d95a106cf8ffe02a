import { expect, test } from '@jest/globals';
import { Clients } from './clients.ts';

const MINUTE = 60_000;

function kept() {
  let now = 0;
  const made: string[] = [];
  const closed: string[] = [];
  const busy = new Set<string>();
  const clients = new Clients<string>({
    make: (servers) => {
      made.push(servers);
      return `client of ${servers}`;
    },
    close: async (client) => void closed.push(client),
    isBusy: (servers) => busy.has(servers),
    clock: () => now,
  });
  const pass = async (minutes: number) => {
    now += minutes * MINUTE;
    await clients.closeUnused();
  };
  return { clients, made, closed, busy, pass };
}

test('a client that is used stays, and one that is not used for more than 5 minutes is closed and made again', async () => {
  const { clients, made, closed, pass } = kept();
  clients.get('a');
  clients.get('b');
  await pass(5);
  clients.get('a');
  expect(clients.find('c')).toBeUndefined();
  await pass(1);
  expect(closed).toEqual(['client of b']);
  clients.get('b');
  expect(made).toEqual(['a', 'b', 'b']);
});

test('a client is not closed during a call, and the time without use begins at the end of the call', async () => {
  const { clients, closed, pass } = kept();
  const call = Promise.withResolvers<string>();
  const answer = clients.call('a', () => call.promise);
  await pass(20);
  expect(closed).toEqual([]);
  call.resolve('answer');
  expect(await answer).toBe('answer');
  await pass(5);
  expect(closed).toEqual([]);
  await pass(1);
  expect(closed).toEqual(['client of a']);
});

test('a failed call ends too', async () => {
  const { clients, closed, pass } = kept();
  await expect(clients.call('a', () => Promise.reject(new Error('no')))).rejects.toThrow('no');
  await pass(6);
  expect(closed).toEqual(['client of a']);
});

test('a client that works without calls stays', async () => {
  const { clients, closed, busy, pass } = kept();
  clients.get('a');
  busy.add('a');
  await pass(60);
  expect(closed).toEqual([]);
  busy.clear();
  await pass(1);
  expect(closed).toEqual(['client of a']);
});

test('the end closes all clients', async () => {
  const { clients, closed } = kept();
  clients.get('a');
  clients.get('b');
  await clients.closeAll();
  expect(closed).toEqual(['client of a', 'client of b']);
});
