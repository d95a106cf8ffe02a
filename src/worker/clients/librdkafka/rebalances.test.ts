import { expect, test } from '@jest/globals';
import type { ConsumerEvents } from '../port.ts';
import { codes } from './binding.ts';
import { createRebalances, type RdkafkaConsumer } from './rebalances.ts';

const ASSIGN = { code: codes.ERR__ASSIGN_PARTITIONS as number, message: 'assign' };
const REVOKE = { code: codes.ERR__REVOKE_PARTITIONS as number, message: 'revoke' };
const partitions = (...numbers: number[]) => numbers.map((partition) => ({ topic: 't', partition }));

/** A consumer's rebalances, with the calls to librdkafka and the events in their order. */
function consumer(protocol: 'NONE' | 'EAGER' | 'COOPERATIVE', config: Record<string, string> = {}) {
  const calls: string[] = [];
  const state = { closed: false, protocol };
  const numbers = (some: unknown[]) => (some as { partition: number }[]).map(({ partition }) => partition);
  const client = {
    assign: (some: unknown[]) => calls.push(`assign ${numbers(some)}`),
    unassign: () => calls.push('unassign'),
    incrementalAssign: (some: unknown[]) => calls.push(`incrementalAssign ${numbers(some)}`),
    incrementalUnassign: (some: unknown[]) => calls.push(`incrementalUnassign ${numbers(some)}`),
    assignmentLost: () => false,
    rebalanceProtocol: () => state.protocol,
  } as unknown as RdkafkaConsumer;
  const events: ConsumerEvents = {
    assigned: (some, context) =>
      calls.push(`assigned ${some} ${context.protocol} ${context.memberId}: ${context.reason}`),
    async revoked(some, lost, context) {
      await Promise.resolve();
      calls.push(`revoked ${some} ${lost} ${context.protocol}: ${context.reason}`);
    },
    trouble: ({ code, message }) => calls.push(`${code} ${message}`),
  };
  const settings = { bootstrapServers: '', topic: 't', name: 'c-0', config };
  const rebalances = createRebalances(
    settings,
    () => client,
    () => state.closed,
    events,
  );
  return { rebalances, calls, state };
}

test('an eager assignment is reported with the member id and the reason of the log, a revocation before it is answered', async () => {
  const { rebalances, calls } = consumer('EAGER');
  rebalances.called(ASSIGN, partitions(2, 0, 1));
  const line = (fac: string, message: string) => rebalances.logged({ severity: 7, fac, message });
  line('MEMBERID', 'Group "g": updating member id "(not-set)" -> "c-0-uuid"');
  line('REBALANCE', 'Group "g": Rejoining group with 3 owned partition(s): Group is rebalancing');
  expect(rebalances.waiting()).toBe(true);
  await rebalances.serve();
  rebalances.pollBegins();
  rebalances.called(REVOKE, partitions(0, 1, 2));
  await rebalances.serve();
  expect(calls).toEqual([
    'assign 2,0,1',
    'assigned 0,1,2 Eager c-0-uuid: Group is rebalancing',
    'revoked 0,1,2 false Eager: undefined',
    'unassign',
  ]);
  expect([rebalances.isRevoked(1), rebalances.isRevoked(3)]).toEqual([true, false]);
});

test.each([
  ['COOPERATIVE', {}, 'Cooperative', true],
  ['COOPERATIVE', { 'group.protocol': 'consumer' }, 'Consumer', false],
] as const)('%s with %j is incremental', async (protocol, config, reported, cooperative) => {
  const { rebalances, calls, state } = consumer(protocol, config);
  rebalances.called(ASSIGN, partitions(1));
  await rebalances.serve();
  // While the client is being closed, librdkafka reports NONE.
  state.protocol = 'NONE';
  rebalances.called(REVOKE, partitions(1));
  await rebalances.serve();
  expect(calls).toEqual([
    'incrementalAssign 1',
    `assigned 1 ${reported} c-0: undefined`,
    `revoked 1 false ${reported}: undefined`,
    'incrementalUnassign 1',
  ]);
  expect(rebalances.isCooperative()).toBe(cooperative);
});

test('an assignment during a close is answered and not reported', async () => {
  const { rebalances, calls, state } = consumer('EAGER');
  state.closed = true;
  rebalances.called(ASSIGN, partitions(0));
  await rebalances.serve();
  expect(calls).toEqual(['unassign']);
});

test('a failed rebalance is reported and revokes the partitions', async () => {
  const { rebalances, calls } = consumer('EAGER');
  rebalances.called({ code: codes.ERR__TIMED_OUT as number, message: 'timed out' }, partitions(0));
  await rebalances.serve();
  expect(calls).toEqual(['TIMED_OUT timed out', 'revoked 0 false Eager: undefined', 'unassign']);
});
