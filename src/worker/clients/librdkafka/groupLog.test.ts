import { expect, test } from '@jest/globals';
import { memberIdIn, rebalanceReasonIn } from './groupLog.ts';

test('the new member id, if the line has one', () => {
  const line = (to: string) => `[thrd:main]: Group "g": updating member id "" -> "${to}"`;
  expect(memberIdIn(line('cons-0-bf8c3554-561b-4f15-8480-df7737ce55fd'))).toBe(
    'cons-0-bf8c3554-561b-4f15-8480-df7737ce55fd',
  );
  expect(memberIdIn(line(''))).toBeUndefined();
  expect(memberIdIn('[thrd:app]: Group "g": updating member id "a" -> "(not-set)"')).toBeUndefined();
});

test.each([
  [
    'Group "g" is rebalancing (EAGER) in state up (join-state steady) with 3 assigned partition(s): rebalance in progress',
    'rebalance in progress',
  ],
  [
    'Group "g" initiating rebalance (EAGER) in state up (join-state steady) with 3 assigned partition(s) (lost): max.poll.interval.ms exceeded',
    'max.poll.interval.ms exceeded',
  ],
  ['Group "g": Rejoining group with 3 owned partition(s): Group is rebalancing', 'Group is rebalancing'],
  [
    'Group "g": Rejoining group without an assignment: JoinGroup error: Broker: Group member needs a valid member ID',
    undefined,
  ],
  ['Group "g": revoking all 3 partition(s) (terminating)', undefined],
  ['GroupCoordinator/1: Heartbeat for group "g" generation id 3', undefined],
])('the rebalance reason in %p', (line, reason) => {
  expect(rebalanceReasonIn(`[thrd:main]: ${line}`)).toBe(reason);
});
