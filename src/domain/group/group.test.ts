import { expect, test } from '@jest/globals';
import { BEGIN, Scenario, told } from '../../../test/support/evidence.ts';
import type { RebalanceProtocol } from '../evidence/facts.ts';

const lines = (scenario: Scenario, at?: number) => scenario.rebalances(at).map(told);

test('the first member gets all partitions: a rebalance from none to one', () => {
  const lab = new Scenario();
  lab.consumer('c-0').started(0).assigned(1000, [0, 1, 2]);
  expect(lines(lab)).toEqual(['MemberJoined Eager 0→1 moved 3: c-0 +0,1,2']);
  expect(lab.rebalances()[0]).toMatchObject({
    number: 1,
    at: BEGIN + 1000,
    settledAt: BEGIN + 1000,
    source: 'Clients',
    reason: 'c-0 joined.',
  });
});

test('a rebalance shows 800 ms after its last callback', () => {
  const lab = new Scenario();
  lab.consumer('c-0').started(0).assigned(1000, [0]);
  expect(lab.view(1799).rebalances).toMatchObject({ count: 0, settled: false });
  expect(lab.view(1800).rebalances).toMatchObject({ count: 1, settled: true });
});

/** Two members share three partitions, eagerly; the second joined at 10 s. */
function twoEager() {
  const lab = new Scenario();
  const a = lab.consumer('c-0').started(0).assigned(1000, [0, 1, 2]);
  const b = lab.consumer('c-1').started(9000);
  a.revoked(10_000, [0, 1, 2]).assigned(10_030, [0, 1]);
  b.assigned(10_032, [2]);
  return { lab, a, b };
}

test('eager: one member revokes all, two get their share', () => {
  expect(lines(twoEager().lab)[1]).toBe('MemberJoined Eager 1→2 moved 1: c-0 -2 =0,1; c-1 +2');
});

test('eager: a change waits for every member that revoked its partitions', () => {
  const { lab, a, b } = twoEager();
  a.revoked(20_000, [0, 1]);
  b.revoked(22_900, [2]).assigned(22_950, [2]).aliveFrom(23_000, 40_000);
  expect(lab.view(24_500).rebalances).toMatchObject({ count: 2, settled: false });
  a.assigned(25_000, [0, 1]);
  expect(lines(lab, 26_000)[2]).toBe('Unknown Eager 2→2 moved 0: c-0 =0,1; c-1 =2');
});

test('eager: the fourth member of three partitions is idle', () => {
  const { lab, a, b } = twoEager();
  const c = lab.consumer('c-2').started(19_000);
  const d = lab.consumer('c-3').started(19_000);
  a.revoked(20_000, [0, 1]).assigned(20_100, [0]);
  b.revoked(20_050, [2]).assigned(20_100, [1]);
  c.assigned(20_100, [2]);
  d.assigned(20_101, []);
  expect(lines(lab)[2]).toBe('MemberJoined Eager 2→4 moved 2: c-0 -1 =0; c-1 +1 -2; c-2 +2; c-3');
  expect(lab.view(21_500).consumers.idle).toEqual(['c-3']);
  expect(lab.view(20_800).consumers.idle).toEqual([]);
});

test('eager: the leave of an idle member and the rebalance one heartbeat later are one change', () => {
  const { lab, a, b } = twoEager();
  const c = lab.consumer('c-2').started(10_000).assigned(10_031, []);
  c.stopping(20_000).revoked(20_001, [], 'Closed').stopped(20_100);
  a.revoked(21_000, [0, 1]).assigned(23_010, [0, 1]);
  b.revoked(23_000, [2]).assigned(23_010, [2]);
  expect(lines(lab).slice(2)).toEqual(['MemberLeft Eager 3→2 moved 0: c-0 =0,1; c-1 =2; c-2']);
});

test('eager: clean stop of an owner', () => {
  const { lab, a, b } = twoEager();
  b.stopping(20_000).revoked(20_001, [2], 'Closed').stopped(20_050);
  a.revoked(22_000, [0, 1]).assigned(22_010, [0, 1, 2]);
  expect(lines(lab)[2]).toBe('MemberLeft Eager 2→1 moved 1: c-0 +2 =0,1; c-1 -2');
});

test('the last member leaves: no partition has an owner', () => {
  const lab = new Scenario();
  lab.consumer('c-0').assigned(1000, [0, 1]).stopping(5000).revoked(5001, [0, 1], 'Closed').stopped(5010);
  expect(lines(lab, 6100)[1]).toBe('MemberLeft Eager 1→0 moved 2: c-0 -0,1');
});

test('cooperative: revoked in the first round, assigned in the second, 3 s later: one change', () => {
  const lab = new Scenario();
  const a = lab.consumer('c-0', { protocol: 'Cooperative' }).assigned(1000, [0, 1, 2]);
  const b = lab.consumer('c-1', { protocol: 'Cooperative' }).started(9000).assigned(10_000, []);
  a.revoked(10_001, [2]);
  expect(lab.view(12_900).rebalances).toMatchObject({ count: 1, settled: false });
  b.assigned(13_020, [2]);
  a.assigned(13_021, [0, 1]);
  expect(lines(lab, 14_100)[1]).toBe('MemberJoined Cooperative 1→2 moved 1: c-0 -2 =0,1; c-1 +2');
  expect(lab.rebalances()[1]).toMatchObject({ at: BEGIN + 10_000, settledAt: BEGIN + 13_021 });
});

test('cooperative: the owner is slow to revoke partitions for the new member: one change', () => {
  const lab = new Scenario();
  const a = lab.consumer('c-0', { protocol: 'Cooperative' }).assigned(1000, [0, 1, 2]);
  const b = lab.consumer('c-1', { protocol: 'Cooperative' }).started(9000).assigned(10_000, []);
  a.revoked(12_000, [2]);
  b.assigned(13_020, [2]);
  expect(lines(lab).slice(1)).toEqual(['MemberJoined Cooperative 1→2 moved 1: c-0 -2 =0,1; c-1 +2']);
});

test('cooperative: an idle fourth member moves nothing', () => {
  const lab = new Scenario();
  const all = [0, 1, 2].map((n) => lab.consumer(`c-${n}`, { protocol: 'Cooperative' }).assigned(1000, [n]));
  lab.consumer('c-3', { protocol: 'Cooperative' }).started(9000).assigned(10_000, []);
  for (const [n, consumer] of all.entries()) consumer.assigned(10_000 + n, [n]);
  expect(lines(lab, 11_100)[1]).toBe('MemberJoined Cooperative 3→4 moved 0: c-0 =0; c-1 =1; c-2 =2; c-3');
});

test('consumer protocol: a new member waits until the owner hands over: one change', () => {
  const lab = new Scenario();
  const a = lab.consumer('c-0', { protocol: 'Consumer' }).assigned(1000, [0, 1, 2]);
  const b = lab.consumer('c-1', { protocol: 'Consumer' }).started(9000).assigned(10_000, []);
  a.revoked(14_000, [2]);
  b.assigned(14_700, [2]);
  expect(lines(lab).slice(1)).toEqual(['MemberJoined Consumer 1→2 moved 1: c-0 -2 =0,1; c-1 +2']);
});

test('consumer protocol: partitions of a crashed member are assigned at different heartbeats: one change', () => {
  const lab = new Scenario();
  const a = lab.consumer('c-0', { protocol: 'Consumer' }).assigned(1000, [0, 1]);
  const b = lab.consumer('c-1', { protocol: 'Consumer' }).assigned(1000, [2, 3]);
  lab.consumer('c-2', { protocol: 'Consumer' }).assigned(1000, [4, 5]);
  a.aliveFrom(4000, 40_000).assigned(46_000, [0, 1, 4]);
  b.aliveFrom(4000, 46_000).assigned(49_500, [2, 3, 5]);
  expect(lines(lab).slice(1)).toEqual(['SessionExpired Consumer 3→2 moved 2: c-0 +4 =0,1; c-1 +5 =2,3; c-2 -4,5']);
});

test('a crashed member is removed when others own its partitions', () => {
  const { lab, a, b } = twoEager();
  b.busy([2], 10_100, 15_000);
  a.busy([0, 1], 10_100, 22_000).revoked(22_000, [0, 1]).assigned(22_020, [0, 1, 2]).aliveFrom(22_100, 40_000);
  expect(lines(lab)[2]).toBe('SessionExpired Eager 2→1 moved 1: c-0 +2 =0,1; c-1 -2');
  expect(lab.rebalances()[2]?.reason).toBe(
    'c-1 disappeared without leaving the group, and its session expired; it was last heard from 7.0 s earlier.',
  );
  expect(lab.view(24_000).consumers.members.map(({ name }) => name)).toEqual(['c-0']);
});

test('a crashed idle member is removed when the group rebalances without it', () => {
  const { lab, a, b } = twoEager();
  lab.consumer('c-2').started(10_000).assigned(10_031, []).alive(13_000);
  a.aliveFrom(13_000, 22_000).revoked(23_000, [0, 1]).assigned(23_020, [0, 1]);
  b.aliveFrom(13_000, 22_000).revoked(23_000, [2]).assigned(23_020, [2]);
  expect(lines(lab)[2]).toBe('SessionExpired Eager 3→2 moved 0: c-0 =0,1; c-1 =2; c-2');
});

test('a member without facts for 15 s is not live, unless all members are silent', () => {
  const { lab, a } = twoEager();
  expect(lab.view(60_000).consumers.members.map(({ name }) => name)).toEqual(['c-0', 'c-1']);
  a.aliveFrom(13_000, 30_000);
  expect(lab.view(60_000).consumers.members.map(({ name }) => name)).toEqual(['c-0']);
});

test('a member that revoked its partitions and then died does not keep the change open for ever', () => {
  const { lab, a, b } = twoEager();
  a.revoked(20_000, [0, 1]);
  b.revoked(20_001, [2]).assigned(27_000, [0, 1, 2]).aliveFrom(30_000, 45_000);
  expect(lab.view(34_500).rebalances.settled).toBe(false);
  expect(lines(lab, 40_000)[2]).toBe('SessionExpired Eager 2→1 moved 2: c-0 -0,1; c-1 +0,1 =2');
});

test('removed while processing: the member learns of it later and comes back', () => {
  const { lab, a, b } = twoEager();
  b.busy([2], 10_100, 30_000);
  a.busy([0, 1], 10_100, 20_000).revoked(20_000, [0, 1]).assigned(20_100, [0, 1, 2]).busy([0, 1, 2], 20_200, 32_000);
  b.revoked(30_500, [2], 'Lost');
  a.revoked(32_500, [0, 1, 2]).assigned(32_600, [0, 1]);
  b.assigned(32_601, [2]);
  expect(lines(lab).slice(2)).toEqual([
    'PollIntervalExceeded Eager 2→1 moved 1: c-0 +2 =0,1; c-1 -2',
    'PollIntervalExceeded Eager 1→2 moved 1: c-0 -2 =0,1; c-1 +2',
  ]);
});

test('removed while processing a record longer than its session: kafkajs sends no heartbeats meanwhile', () => {
  const lab = new Scenario();
  const a = lab.consumer('c-0').started(0).assigned(1000, [0, 1]);
  lab.consumer('c-1', { library: 'kafkajs' }).started(0).assigned(1000, [2]).aliveFrom(4000, 19_000);
  a.busy([0, 1], 1100, 20_000).revoked(20_000, [0, 1]).assigned(20_100, [0, 1, 2]);
  expect(lines(lab).slice(1)).toEqual(['SessionExpired Eager 2→1 moved 1: c-0 +2 =0,1; c-1 -2']);
  expect(lab.rebalances()[1]?.reason).toContain('sends heartbeats only between records');
});

test.each([
  ['Application maximum poll interval (6000ms) exceeded: max.poll.interval.ms', 'PollIntervalExceeded'],
  ['Consumer group session timed out (in join-state steady) after 6012 ms', 'SessionExpired'],
  ['', 'SessionExpired'],
])('lost with %j: %s', (reason, trigger) => {
  const { lab, a, b } = twoEager();
  b.revoked(30_500, [2], 'Lost', reason);
  a.aliveFrom(13_000, 31_000).revoked(32_500, [0, 1]).assigned(32_600, [0, 1]);
  b.assigned(32_601, [2]);
  expect(lines(lab)[2]).toBe(`${trigger} Eager 2→2 moved 0: c-0 =0,1; c-1 =2`);
});

test.each([
  ['ERR__MAX_POLL_EXCEEDED', 'Application maximum poll interval exceeded', 'PollIntervalExceeded'],
  ['ERR_UNKNOWN_MEMBER_ID', 'Broker: Unknown member', 'SessionExpired'],
  ['ERR__TRANSPORT', 'Connection refused', 'Unknown'],
])('after a client reported %s: %s', (code, message, trigger) => {
  const { lab, a, b } = twoEager();
  b.failed(19_000, code, message);
  a.revoked(20_000, [0, 1]).assigned(20_010, [0, 1]);
  b.revoked(20_000, [2]).assigned(20_010, [2]);
  expect(lab.rebalances()[2]?.trigger).toBe(trigger);
  a.revoked(30_000, [0, 1]).assigned(30_010, [0, 1]);
  b.revoked(30_000, [2]).assigned(30_010, [2]);
  expect(lab.rebalances()[3]?.trigger).toBe('Unknown');
});

test('scaled up by two: explains two members that join one after the other, and no third', () => {
  const lab = new Scenario().scaled(8000, 'Consumers', 1, 3).scaled(8050, 'Consumers', 1, 3);
  const a = lab.consumer('c-0').assigned(1000, [0, 1, 2, 3]);
  const share = (at: number, ...owned: number[][]) => {
    a.revoked(at, [0, 1, 2, 3]).assigned(at + 30, owned[0] ?? []);
    for (const [n, partitions] of owned.slice(1).entries()) lab.consumer(`c-${n + 1}`).assigned(at + 31, partitions);
  };
  share(10_000, [0, 1], [2, 3]);
  share(20_000, [0, 1], [2], [3]);
  share(30_000, [0], [1], [2], [3]);
  expect(lab.rebalances().map(({ trigger }) => trigger)).toEqual([
    'MemberJoined',
    'ScaleUp',
    'ScaleUp',
    'MemberJoined',
  ]);
  expect(lab.rebalances()[1]?.reason).toBe(
    'The operator scaled the consumers from 1 to 3 (2.0 s earlier); c-1 joined.',
  );
});

const SCALED = 'The operator scaled the consumers from 2 to 1';

test.each([
  ['cleanly', true, 'ScaleDown', `${SCALED} (1.0 s earlier); c-1 left.`],
  [
    'by a kill',
    false,
    'SessionExpired',
    `${SCALED} (8.0 s earlier) and killed c-1, last heard from 7.0 s earlier. A killed consumer does not leave the group, so its partitions waited for session.timeout.ms.`,
  ],
])('scaled down %s', (_how, cleanStop, trigger, reason) => {
  const { lab, a, b } = twoEager();
  b.busy([2], 10_100, 20_010);
  lab.scaled(19_000, 'Consumers', 2, 1);
  if (cleanStop) b.stopping(19_900).revoked(20_000, [2], 'Closed').stopped(20_050);
  a.busy([0, 1], 10_100, 27_000).revoked(27_000, [0, 1]).assigned(27_010, [0, 1, 2]);
  const [, , left] = lab.rebalances();
  expect(left && told(left)).toBe(`${trigger} Eager 2→1 moved 1: c-0 +2 =0,1; c-1 -2`);
  expect(left?.reason).toBe(reason);
});

test('an error that a leaving client reports is not the reason of the rebalance', () => {
  const { lab, a, b } = twoEager();
  lab.scaled(19_000, 'Consumers', 2, 1);
  b.stopping(19_900).revoked(20_000, [2], 'Closed').failed(20_010, 'COMMIT_REFUSED', 'Broker: Unknown member');
  b.stopped(20_050);
  a.busy([0, 1], 10_100, 27_000).revoked(27_000, [0, 1]).assigned(27_010, [0, 1, 2]);
  expect(lab.rebalances()[2]?.reason).toBe(`${SCALED} (1.0 s earlier); c-1 left.`);
});

test('a kill explains as many departures as the scaling removed, and no later crash', () => {
  const { lab, a } = twoEager();
  lab.scaled(12_000, 'Consumers', 2, 1);
  a.aliveFrom(12_000, 19_000).revoked(19_000, [0, 1]).assigned(19_010, [0, 1, 2]);
  const c = lab.consumer('c-2').started(20_000);
  a.revoked(21_000, [0, 1, 2]).assigned(21_010, [0, 1]);
  c.assigned(21_011, [2]);
  a.aliveFrom(22_000, 29_000).revoked(29_000, [0, 1]).assigned(29_010, [0, 1, 2]);
  expect(lab.rebalances().map(({ reason }) => /^\S+ \S+/.exec(reason)?.[0])).toEqual([
    'c-0 joined.',
    'c-1 joined.',
    'The operator',
    'c-2 joined.',
    'c-2 disappeared',
  ]);
});

test('an old scaling explains nothing', () => {
  const { lab, a, b } = twoEager();
  lab.scaled(12_000, 'Consumers', 2, 1);
  b.stopping(199_900).revoked(200_000, [2], 'Closed').stopped(200_050);
  a.revoked(200_100, [0, 1]).assigned(200_110, [0, 1, 2]);
  expect(lab.rebalances()[2]?.trigger).toBe('MemberLeft');
});

test('restart: the same client as a new process keeps its partitions', () => {
  const { lab, b } = twoEager();
  b.stopping(20_000).revoked(20_001, [2], 'Closed').stopped(20_050);
  lab.consumer('c-1', { instance: 'c-1/2' }).started(22_800).assigned(22_900, [2]);
  expect(lines(lab)[2]).toBe('Restart Eager 2→2 moved 0: c-0 =0,1; c-1 =2');
  expect(lab.rebalances()[2]?.reason).toBe('c-1 came back as a new process.');
});

/** Two static members share three partitions and work without a pause; the second stops at 20 s. */
function twoStatic(protocol: RebalanceProtocol, how: 'Clean' | 'Kill') {
  const lab = new Scenario();
  const a = lab.consumer('c-0', { protocol, static: true }).started(0).assigned(1000, [0, 1]);
  const b = lab.consumer('c-1', { protocol, static: true }).started(0).assigned(1000, [2]).busy([2], 1100, 20_000);
  if (how === 'Clean') b.stopping(20_000).revoked(20_001, [2], 'Closed').stopped(20_050);
  return { lab, a };
}

const PROTOCOLS = ['Eager', 'Cooperative', 'Consumer'] as const;
test.each(PROTOCOLS.flatMap((protocol) => (['Clean', 'Kill'] as const).map((how) => [protocol, how] as const)))(
  'static member, %s: a restart after a stop (%s) moves nothing and pauses only its own partitions',
  (protocol, how) => {
    const { lab, a } = twoStatic(protocol, how);
    a.busy([0, 1], 1100, 40_000);
    // The broker describes the group as Stable all the time.
    for (let at = 21_000; at < 32_000; at += 1000) lab.looked(at, 'Stable');
    expect(lab.view(31_000).rebalances).toMatchObject({ count: 1, settled: true });
    const again = lab.consumer('c-1', { protocol, static: true, instance: 'c-1/2' }).started(32_000);
    again.assigned(32_400, [2]).busy([2], 32_500, 40_000);
    expect(lines(lab).slice(1)).toEqual([`Restart ${protocol} 2→2 moved 0: c-0 =0,1; c-1 =2`]);
    expect(lab.rebalances()[1]).toMatchObject({
      longestPauseMs: 12_500,
      stopTheWorldMs: 0,
      pauses: [{ partition: 2, ms: 12_500 }],
      pending: [],
    });
  },
);

test('static member: an idle member restarts and is idle again', () => {
  const { lab, a } = twoStatic('Eager', 'Clean');
  a.busy([0, 1], 1100, 30_000);
  const idle = lab.consumer('c-2', { static: true }).started(0).assigned(1001, []).aliveFrom(3000, 9000);
  idle.stopping(9500).revoked(9501, [], 'Closed').stopped(9510);
  lab.consumer('c-2', { static: true, instance: 'c-2/2' }).started(11_000).assigned(11_100, []);
  expect(lines(lab).slice(1)).toEqual(['Restart Eager 3→3 moved 0: c-0 =0,1; c-1 =2; c-2']);
});

test.each([
  [
    false,
    'SessionExpired',
    'stopped and did not return before its session expired; it was last heard from 45.0 s earlier',
  ],
  [true, 'ScaleDown', 'The operator scaled the consumers from 2 to 1 (45.1 s earlier); c-1 left'],
])(
  'static member: a member that does not return is removed when its session expires (scaled down: %s)',
  (scaled, trigger, why) => {
    const { lab, a } = twoStatic('Eager', 'Clean');
    if (scaled) lab.scaled(19_900, 'Consumers', 2, 1);
    a.busy([0, 1], 1100, 65_000).revoked(65_000, [0, 1]).assigned(65_030, [0, 1, 2]).busy([0, 1, 2], 65_050, 66_000);
    expect(lines(lab).slice(1)).toEqual([`${trigger} Eager 2→1 moved 1: c-0 +2 =0,1; c-1 -2`]);
    expect(lab.rebalances()[1]?.reason).toContain(why);
    expect(lab.rebalances()[1]?.longestPauseMs).toBeCloseTo(45_050, -1);
    expect(lab.view(70_000).consumers.members.map(({ name }) => name)).toEqual(['c-0']);
  },
);

test('static member: a member that returns after its session expired gets a new share', () => {
  const { lab, a } = twoStatic('Eager', 'Clean');
  a.busy([0, 1], 1100, 65_000).revoked(65_000, [0, 1]).assigned(65_030, [0, 1, 2]).busy([0, 1, 2], 65_050, 80_000);
  const again = lab.consumer('c-1', { static: true, instance: 'c-1/2' }).started(79_000);
  a.revoked(80_000, [0, 1, 2]).assigned(80_020, [0, 1]);
  again.assigned(80_021, [2]);
  expect(lines(lab)[2]).toBe('Restart Eager 1→2 moved 1: c-0 -2 =0,1; c-1 +2');
});

test('restart after a crash, before the session expired', () => {
  const { lab, a } = twoEager();
  const again = lab.consumer('c-1', { instance: 'c-1/2' }).started(21_000);
  a.revoked(24_000, [0, 1]).assigned(26_000, [0, 1]);
  again.assigned(26_001, [2]);
  expect(lines(lab)[2]).toBe('Restart Eager 2→2 moved 0: c-0 =0,1; c-1 =2');
});

test.each([true, false])('partitions added, reported by the operator: %s', (operator) => {
  const { lab, a, b } = twoEager();
  if (operator) lab.scaled(19_000, 'Partitions', 3, 4);
  a.revoked(30_000, [0, 1]).assigned(30_010, [0, 1]);
  b.revoked(30_000, [2]).assigned(30_010, [2, 3]);
  expect(lines(lab)[2]).toBe('PartitionsAdded Eager 2→2 moved 1: c-0 =0,1; c-1 +3 =2');
});

test('the explanation of the client library is part of the reason', () => {
  const { lab, a, b } = twoEager();
  a.revoked(20_000, [0, 1]).assigned(20_010, [0, 1], 'Metadata for subscribed topic(s) has changed');
  b.revoked(20_000, [2]).assigned(20_010, [2]);
  expect(lab.rebalances()[2]).toMatchObject({
    trigger: 'Unknown',
    reason: 'No member joined or left. The client reported: Metadata for subscribed topic(s) has changed.',
  });
});

test('partitions of external members have no owner here: a Stable group settles the change', () => {
  const { lab, a, b } = twoEager();
  b.stopping(20_000).revoked(20_001, [2], 'Closed').stopped(20_050);
  a.revoked(21_000, [0, 1]).assigned(21_010, [0, 1]).aliveFrom(24_000, 40_000);
  expect(lab.view(30_000).rebalances.settled).toBe(false);
  lab.looked(22_000, 'Stable').looked(27_000, 'Stable');
  expect(lines(lab, 30_000)[2]).toBe('MemberLeft Eager 2→1 moved 1: c-0 =0,1; c-1 -2');
});

test('members have their host and partitions', () => {
  const { lab } = twoEager();
  expect(lab.view(11_100).consumers.members).toEqual([
    { name: 'c-0', memberId: 'c-0-member', host: 'node-1', partitions: [0, 1], source: 'Clients' },
    { name: 'c-1', memberId: 'c-1-member', host: 'node-1', partitions: [2], source: 'Clients' },
  ]);
});

test('only the last 500 rebalances are kept; the count and the maxima cover all', () => {
  const lab = new Scenario();
  const a = lab.consumer('c-0').assigned(0, [0]).worked(0, 10, 20);
  for (let n = 1; n <= 520; n++) {
    a.revoked(n * 1000, [0]).assigned(n * 1000 + 10, [0]);
    a.worked(0, n * 1000 + (n === 1 ? 200 : 50), n * 1000 + 300);
  }
  const { count, list, longestPauseMs } = lab.view(600_000).rebalances;
  expect(count).toBe(521);
  expect(list.length).toBe(500);
  expect(list.at(-1)?.number).toBe(521);
  expect(longestPauseMs).toBe(1180);
});
