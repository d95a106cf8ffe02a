import { expect, test } from '@jest/globals';
import { BEGIN, Scenario, told } from '../../../test/support/evidence.ts';

const lines = (lab: Scenario, at?: number) => lab.rebalances(at).map(told);
const externalId = (name: string) => `${name}-member`;

/** Two of our clients share four partitions, and the operator takes a snapshot every second from 2 s to `until`. */
function ours(until: number) {
  const lab = new Scenario().described(0, {});
  const a = lab.consumer('c-0').started(0).assigned(1000, [0, 1]);
  const b = lab.consumer('c-1').started(0).assigned(1001, [2, 3]);
  for (let at = 2000; at <= until; at += 1000) lab.described(at, { 'c-0': [0, 1], 'c-1': [2, 3] });
  return { lab, a, b };
}

/** An external member joins at 10 s and gets partition 3. */
function joined() {
  const { lab, a, b } = ours(9500);
  lab.described(10_200, { 'c-0': [], 'c-1': [], x: [] }, 'PreparingRebalance');
  a.revoked(10_100, [0, 1]).assigned(11_000, [0, 1]);
  b.revoked(10_500, [2, 3]).assigned(11_002, [2]);
  for (let at = 11_300; at <= 19_300; at += 1000) lab.described(at, { 'c-0': [0, 1], 'c-1': [2], x: [3] });
  return { lab, a, b };
}

test('an external member joins: one rebalance, reported by our clients, includes it', () => {
  const { lab } = joined();
  expect(lines(lab, 15_000)).toEqual([
    'MemberJoined Eager 0→2 moved 4: c-0 +0,1; c-1 +2,3',
    'MemberJoined Eager 2→3 moved 1: c-0 =0,1; c-1 -3 =2; x-member +3',
  ]);
  expect(lab.rebalances()[1]).toMatchObject({
    source: 'Clients',
    reason: 'External member x-member (not started by this operator) joined.',
  });
});

test('the rebalance settles with the snapshot that shows all owners, before the long wait ends', () => {
  const { lab } = joined();
  expect(lab.view(11_700).rebalances).toMatchObject({ count: 1, settled: false });
  expect(lab.view(12_100).rebalances).toMatchObject({ count: 2, settled: true });
});

test('external members are listed with source Broker', () => {
  const { lab } = joined();
  const { members } = lab.view(15_000).consumers;
  expect(members.map(({ name, source, partitions }) => [name, source, partitions])).toEqual([
    ['c-0', 'Clients', [0, 1]],
    ['c-1', 'Clients', [2]],
    ['x-member', 'Broker', [3]],
  ]);
  expect(members[2]).toEqual({
    name: externalId('x'),
    memberId: externalId('x'),
    clientId: 'x',
    host: '10.0.0.9',
    partitions: [3],
    source: 'Broker',
  });
});

test('an external member leaves: one rebalance returns its partitions', () => {
  const { lab, a, b } = joined();
  lab.described(20_300, { 'c-0': [], 'c-1': [] }, 'PreparingRebalance');
  a.revoked(20_100, [0, 1]).assigned(21_000, [0, 1]);
  b.revoked(20_500, [2]).assigned(21_002, [2, 3]);
  for (let at = 21_300; at <= 25_300; at += 1000) lab.described(at, { 'c-0': [0, 1], 'c-1': [2, 3] });
  expect(lines(lab).slice(2)).toEqual(['MemberLeft Eager 3→2 moved 1: c-0 =0,1; c-1 +3 =2; x-member -3']);
  expect(lab.rebalances()[2]?.reason).toBe('External member x-member (not started by this operator) left.');
  expect(lab.view(25_900).consumers.members.map(({ name }) => name)).toEqual(['c-0', 'c-1']);
});

test('the snapshot without the external member may come late', () => {
  const { lab, a, b } = joined();
  a.revoked(20_100, [0, 1]).assigned(21_000, [0, 1]).aliveFrom(22_000, 34_000);
  b.revoked(20_500, [2]).assigned(21_002, [2, 3]).aliveFrom(22_000, 34_000);
  expect(lab.view(28_000).rebalances).toMatchObject({ count: 2, settled: false });
  lab.described(30_300, { 'c-0': [0, 1], 'c-1': [2, 3] });
  expect(lines(lab).slice(2)).toEqual(['MemberLeft Eager 3→2 moved 1: c-0 =0,1; c-1 +3 =2; x-member -3']);
});

test('an idle external member is in the rebalance and in the idle list', () => {
  const { lab, a, b } = ours(9500);
  a.revoked(10_100, [0, 1]).assigned(11_000, [0, 1]);
  b.revoked(10_100, [2, 3]).assigned(11_002, [2, 3]);
  for (let at = 11_300; at <= 14_300; at += 1000) lab.described(at, { 'c-0': [0, 1], 'c-1': [2, 3], x: [] });
  expect(lines(lab).slice(1)).toEqual(['MemberJoined Eager 2→3 moved 0: c-0 =0,1; c-1 =2,3; x-member']);
  expect(lab.view(14_900).consumers.idle).toEqual(['x-member']);
});

test('a snapshot ahead of the callbacks of our clients is no rebalance by itself', () => {
  const { lab, a, b } = ours(9500);
  // Cooperative: the broker has finished the round while c-1 is still processing records.
  lab.described(10_500, { 'c-0': [0, 1], 'c-1': [2], x: [] }, 'Stable', 'Cooperative');
  lab.described(11_500, { 'c-0': [0, 1], 'c-1': [2], x: [] }, 'Stable', 'Cooperative');
  a.assigned(10_400, [0, 1]);
  b.revoked(12_000, [3]).assigned(14_500, [2]);
  a.assigned(14_400, [0, 1]);
  for (let at = 14_700; at <= 18_000; at += 1000) {
    lab.described(at, { 'c-0': [0, 1], 'c-1': [2], x: [3] }, 'Stable', 'Cooperative');
  }
  const seen = lines(lab).slice(1);
  expect(seen.at(-1)).toContain('x-member +3');
  expect(seen.filter((line) => line.includes('x-member +3'))).toHaveLength(1);
});

test('a group of external members only: rebalances from snapshots, with the time between these', () => {
  const lab = new Scenario().described(1000, { x: [0, 1, 2] });
  lab.described(2000, { x: [0, 1, 2] });
  lab.described(3100, { x: [], y: [] }, 'PreparingRebalance');
  lab.described(4200, { x: [0, 1], y: [2] });
  for (let at = 5200; at <= 8000; at += 1000) lab.described(at, { x: [0, 1], y: [2] });
  lab
    .described(9000, { y: [0, 1, 2] })
    .described(10_000, { y: [0, 1, 2] })
    .described(13_000, { y: [0, 1, 2] });
  expect(lines(lab)).toEqual([
    'MemberJoined Eager 1→2 moved 1: x-member -2 =0,1; y-member +2',
    'MemberLeft Eager 2→1 moved 2: x-member -0,1; y-member +0,1 =2',
  ]);
  expect(lab.rebalances()[0]).toMatchObject({
    source: 'Broker',
    at: BEGIN + 3100,
    settledAt: BEGIN + 4200,
    resolutionMs: 2200,
    pauses: [],
    pending: [],
    stopTheWorldMs: 0,
    longestPauseMs: 0,
  });
  expect(lab.rebalances()[1]).toMatchObject({ at: BEGIN + 9000, resolutionMs: 1800 });
});

test('scalings explain external members in a group without our clients', () => {
  const lab = new Scenario().described(1000, { x: [0, 1] }).scaled(1500, 'Consumers', 1, 2);
  lab
    .described(2000, { x: [0, 1] })
    .described(3000, { x: [0], y: [1] })
    .described(6000, { x: [0], y: [1] });
  lab
    .scaled(7000, 'Consumers', 2, 1)
    .described(8000, { x: [0, 1] })
    .described(11_000, { x: [0, 1] });
  expect(lab.rebalances().map(({ trigger, reason }) => `${trigger}: ${reason}`)).toEqual([
    'ScaleUp: The operator scaled the consumers from 1 to 2 (1.5 s earlier); y-member joined.',
    'ScaleDown: The operator scaled the consumers from 2 to 1 (1.0 s earlier); y-member left.',
  ]);
});

test('consumer protocol: a change among external members that our clients do not notice is recorded once', () => {
  const { lab, a, b } = joined();
  for (let at = 20_000; at <= 30_000; at += 1000) {
    const external: Record<string, number[]> = at < 22_000 ? { x: [3] } : { y: [3] };
    lab.described(at, { 'c-0': [0, 1], 'c-1': [2], ...external }, 'Stable', 'Consumer');
  }
  a.aliveFrom(12_000, 30_000);
  b.aliveFrom(12_000, 30_000);
  expect(lines(lab).slice(2)).toEqual([
    'MemberJoined Consumer 3→3 moved 1: c-0 =0,1; c-1 =2; x-member -3; y-member +3',
  ]);
  expect(lab.rebalances()[2]?.source).toBe('Broker');
});

/** Two of our clients own a partition each. A third has started and gets no callback, because no partition is left. */
function surplus(until: number) {
  const lab = new Scenario();
  const [a, b] = ['c-0', 'c-1'].map((name, p) =>
    lab.consumer(name, { protocol: 'Consumer' }).started(0).assigned(1000, [p]).aliveFrom(2000, until),
  );
  const c = lab.consumer('c-2', { protocol: 'Consumer' }).started(4000).aliveFrom(5000, until);
  for (let at = 2000; at < 6000; at += 1000) lab.described(at, { 'c-0': [0], 'c-1': [1] }, 'Stable', 'Consumer');
  return { lab, a, b, c };
}

test('consumer protocol: a client without partitions becomes an idle member by a snapshot, without a rebalance', () => {
  const { lab, a } = surplus(20_000);
  expect(lab.view(6000).consumers.members.map(({ name }) => name)).toEqual(['c-0', 'c-1']);
  for (let at = 6000; at <= 10_000; at += 1000) {
    lab.described(at, { 'c-0': [0], 'c-1': [1], 'c-2': [] }, 'Stable', 'Consumer');
  }
  const { members, idle } = lab.view(10_500).consumers;
  expect(members.map(({ name, source, partitions }) => [name, source, partitions])).toEqual([
    ['c-0', 'Clients', [0]],
    ['c-1', 'Clients', [1]],
    ['c-2', 'Clients', []],
  ]);
  expect(idle).toEqual(['c-2']);
  expect(lab.rebalances(10_500)).toHaveLength(1);
  // It replaces a member that leaves: three before, two after.
  a?.revoked(11_000, [0], 'Closed').stopped(11_100);
  lab.consumer('c-2', { protocol: 'Consumer' }).assigned(12_000, [0]);
  for (let at = 13_000; at <= 15_000; at += 1000) {
    lab.described(at, { 'c-1': [1], 'c-2': [0] }, 'Stable', 'Consumer');
  }
  expect(lines(lab, 16_000).slice(1)).toEqual(['MemberLeft Consumer 3→2 moved 1: c-0 -0; c-1 =1; c-2 +0']);
});

test('consumer protocol: a listed member of an ended process does not make the next process a member', () => {
  const { lab, c } = surplus(9000);
  lab.described(6000, { 'c-0': [0], 'c-1': [1], 'c-2': [] }, 'Stable', 'Consumer');
  c.stopped(7000);
  lab.consumer('c-2', { protocol: 'Consumer', instance: 'c-2/2' }).started(7500);
  lab.described(8000, { 'c-0': [0], 'c-1': [1], 'c-2': [] }, 'Stable', 'Consumer');
  expect(lab.view(8900).consumers.members.map(({ name }) => name)).toEqual(['c-0', 'c-1']);
});

test('all our clients die and an external member takes over: only snapshots show it', () => {
  const { lab } = joined();
  for (let at = 26_000; at <= 40_000; at += 1000) lab.described(at, { x: [0, 1, 2, 3] });
  expect(lines(lab).slice(2)).toEqual(['SessionExpired Eager 3→1 moved 3: c-0 -0,1; c-1 -2; x-member +0,1,2 =3']);
  expect(lab.view(40_600).consumers.members.map(({ name }) => name)).toEqual(['x-member']);
});

test('a partition that returns from an external member has no measurable pause', () => {
  const { lab, a, b } = joined();
  b.busy([3], 2000, 10_000);
  b.revoked(30_000, [2]).assigned(30_100, [2, 3]);
  a.revoked(30_000, [0, 1]).assigned(30_100, [0, 1]);
  for (let at = 30_500; at <= 34_000; at += 1000) lab.described(at, { 'c-0': [0, 1], 'c-1': [2, 3] });
  b.worked(3, 30_200, 30_300, 1_000_000).worked(3, 40_000, 40_001, 0);
  expect(lab.rebalances()[2]).toMatchObject({ pauses: [], pending: [] });
});

test('our clients leave, and the change waits until the external members have rebalanced', () => {
  const { lab, a, b } = joined();
  a.revoked(20_100, [0, 1], 'Closed').stopped(20_200);
  b.revoked(20_101, [2], 'Closed').stopped(20_200);
  for (let at = 20_300; at <= 26_300; at += 1000) lab.described(at, { x: [3] }, 'Reconciling', 'Consumer');
  for (let at = 27_300; at <= 30_300; at += 1000) lab.described(at, { x: [0, 1, 2, 3] }, 'Stable', 'Consumer');
  expect(lab.view(26_500).rebalances).toMatchObject({ count: 2, settled: false });
  expect(lines(lab).slice(2)).toEqual(['MemberLeft Eager 3→1 moved 3: c-0 -0,1; c-1 -2; x-member +0,1,2 =3']);
});

test('a restarted static member is the same member', () => {
  const lab = new Scenario();
  const sample = (at: number, memberId: string) =>
    lab.tell('operator/1', at, {
      type: 'LagSample',
      at: BEGIN + at,
      spreadMs: 1,
      groupState: 'Stable',
      groupMembers: 1,
      protocol: 'Eager',
      members: [{ memberId, clientId: 'app', host: 'h', groupInstanceId: 'app-1', partitions: [0] }],
      partitions: [],
    });
  for (let at = 1000; at < 9000; at += 1000) sample(at, at < 4000 ? 'app-1-x' : 'app-1-y');
  expect(lines(lab)).toEqual([]);
  expect(lab.view(9000).consumers.members[0]).toMatchObject({ name: 'app-1', memberId: 'app-1-y' });
});

test('a sample may refer to an earlier member list; a reference to an older list is ignored', () => {
  const lab = new Scenario().described(1000, { x: [0] });
  const again = (at: number, membersAsAt: number) =>
    lab.tell('operator/1', at, {
      type: 'LagSample',
      at: BEGIN + at,
      spreadMs: 1,
      groupState: 'Stable',
      groupMembers: 1,
      protocol: 'Eager',
      membersAsAt: BEGIN + membersAsAt,
      partitions: [],
    });
  again(2000, 1000);
  lab.described(3000, { y: [0] });
  again(4000, 1000);
  again(5000, 3000);
  again(6000, 3000);
  expect(lines(lab)).toEqual(['MemberJoined Eager 1→1 moved 1: x-member -0; y-member +0']);
  expect(lab.rebalances()[0]?.resolutionMs).toBe(1000);
});

test('an incomplete member list is ignored', () => {
  const lab = new Scenario().described(1000, { x: [0] });
  lab.tell('operator/1', 2000, {
    type: 'LagSample',
    at: BEGIN + 2000,
    spreadMs: 1,
    groupState: 'Stable',
    groupMembers: 900,
    members: [],
    partitions: [],
  });
  expect(lab.view(9000).consumers.members.map(({ name }) => name)).toEqual(['x-member']);
  expect(lines(lab)).toEqual([]);
});

test('a member with partitions of other topics is not idle, and neither is one of another service', () => {
  const lab = new Scenario();
  const member = (id: string, more = {}) => ({ memberId: id, clientId: id, host: 'h', partitions: [], ...more });
  lab.tell('operator/1', 1000, {
    type: 'LagSample',
    at: BEGIN + 1000,
    spreadMs: 1,
    groupState: 'Stable',
    groupMembers: 3,
    members: [
      member('both', { otherPartitions: 2 }),
      member('elsewhere', { otherTopicsOnly: true }),
      member('nothing'),
    ],
    partitions: [],
  });
  const { idle, members } = lab.view(20_000).consumers;
  expect(idle).toEqual(['nothing']);
  expect(members.map(({ otherPartitions }) => otherPartitions)).toEqual([2, undefined, undefined]);
});
