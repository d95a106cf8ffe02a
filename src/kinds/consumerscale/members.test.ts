/** Which members a schedule counts, and how it learns how many a replica has. */
import { expect, test } from '@jest/globals';
import { consumerScale } from '../../../test/support/seen.ts';
import type { MemberView, RunView } from '../../domain/figures/figures.ts';
import { emptyRun } from '../../domain/fold/run.ts';
import { view } from '../../domain/fold/view.ts';
import { membersInSchedule, membersPerReplica } from './members.ts';

const NOTHING = view(emptyRun(), 0);
const member = (name: string, more: Partial<MemberView> = {}): MemberView => ({
  name,
  memberId: name,
  host: 'h',
  partitions: [],
  source: 'Broker',
  ...more,
});
const own = member('orders-consumer-0', { source: 'Clients' });
const other = member('payments-0', { otherPartitions: 3, otherTopicsOnly: true });
const thread = (n: number) => member(`app-${n}`);
const figures = (members: MemberView[], settled = true): RunView => ({
  ...NOTHING,
  consumers: { ...NOTHING.consumers, members },
  rebalances: { ...NOTHING.rebalances, settled },
});

test('a schedule counts the members of its target, and none of another service', () => {
  const names = (external: boolean) => membersInSchedule(external, figures([own, other, thread(1)])).map((m) => m.name);
  expect(names(false)).toEqual(['orders-consumer-0']);
  expect(names(true)).toEqual(['orders-consumer-0', 'app-1']);
});

const SIX = [other, ...[1, 2, 3, 4, 5, 6].map(thread)];
// biome-ignore format: one situation a line
test.each<[situation: string, asked: { membersPerReplica?: number; others?: number }, recorded: number | undefined, members: MemberView[], replicas: number, ready: number, settled: boolean, each: number | undefined]>([
  ['learnt', {}, undefined, SIX, 2, 2, true, 3],
  ['others are not its own', { others: 2 }, undefined, SIX, 2, 2, true, 2],
  ['the spec decides', { membersPerReplica: 4 }, undefined, SIX, 2, 2, true, 4],
  ['recorded', {}, 2, SIX, 2, 2, true, 2],
  ['the group rebalances', {}, undefined, SIX, 2, 2, false, undefined],
  ['a replica is not ready', {}, undefined, SIX, 2, 1, true, undefined],
  ['no multiple', {}, undefined, SIX, 4, 4, true, undefined],
  ['no replicas', {}, undefined, [], 0, 0, true, undefined],
])('members per replica: %s', (_situation, asked, recorded, members, replicas, ready, settled, each) => {
  const resource = consumerScale(
    {
      scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'app' },
      consumers: { group: 'g', topic: 't', ...asked },
      steps: [{ consumers: 3, hold: '1s' }],
    },
    recorded === undefined
      ? undefined
      : { phase: 'Running', observedGeneration: 1, conditions: [], membersPerReplica: recorded },
  );
  const target = { uid: 'u', version: undefined, writers: undefined, deleting: false, consumers: { replicas, clientsPerPod: 1 }, ready };
  expect(membersPerReplica(resource, target, figures(members, settled))).toBe(each);
});
