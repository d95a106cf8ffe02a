import { expect, test } from '@jest/globals';
import type { EachBatchPayload } from 'kafkajs';
import type { ConsumerEvents } from '../port.ts';
import { createHandover } from './handover.ts';
import { createMembership } from './membership.ts';

/** A member that owns partitions 0 and 1, and the events that it reports. */
async function member() {
  const reported: string[] = [];
  const events: ConsumerEvents = {
    assigned: (partitions, { memberId, reason }) => reported.push(`assigned ${partitions} as ${memberId}: ${reason}`),
    async revoked(partitions, lost, { reason }) {
      reported.push(`${lost ? 'lost' : 'revoked'} ${partitions}: ${reason}`);
    },
    trouble: ({ code, message }) => reported.push(`${code} ${message}`),
  };
  const wake = () => {};
  const state = { closed: false };
  const membership = createMembership('c-0', events, wake, () => state.closed);
  const handover = createHandover(membership, wake, () => state.closed, events.trouble);
  membership.joined([0, 1], 'c-0-uuid');
  await membership.serve();
  return { membership, handover, reported, state };
}

const MESSAGES = [5, 6, 7].map((offset) => ({ offset: String(offset), timestamp: '1', key: null, value: null }));

function payload(partition: number, heartbeat = async () => {}) {
  const resolved: string[] = [];
  const batch = { partition, messages: MESSAGES };
  const resolveOffset = (offset: string) => resolved.push(offset);
  return { resolved, payload: { batch, heartbeat, resolveOffset } as unknown as EachBatchPayload };
}

test('a batch goes out poll by poll, and its promise settles at the poll after its last record', async () => {
  const { handover } = await member();
  let settled = false;
  const { payload: given, resolved } = payload(1);
  const promise = handover.eachBatch(given).then(() => {
    settled = true;
  });
  expect(handover.take(2).map(({ offset }) => offset)).toEqual([5, 6]);
  expect(await handover.processed({ partition: 1, offset: 6 }, false)).toBe(true);
  await handover.finish();
  expect(handover.take(2).map(({ offset }) => offset)).toEqual([7]);
  expect(settled).toBe(false);
  await handover.finish();
  await promise;
  expect(settled).toBe(true);
  expect(handover.waiting()).toBe(false);
  expect(resolved).toEqual(['5']);
});

test.each([
  ['REBALANCE_IN_PROGRESS', 'revoked 0,1: REBALANCE_IN_PROGRESS: why'],
  ['UNKNOWN_MEMBER_ID', 'lost 0,1: UNKNOWN_MEMBER_ID: why'],
  ['REQUEST_TIMED_OUT', 'REQUEST_TIMED_OUT why'],
])('after %s between records the rest of the batch is left', async (type, report) => {
  const { handover, reported } = await member();
  const failure = Object.assign(new Error('why'), { type });
  const promise = handover.eachBatch(payload(0, () => Promise.reject(failure)).payload);
  const rejected = expect(promise).rejects.toBe(failure);
  handover.take(1);
  expect(await handover.processed({ partition: 0, offset: 6 }, false)).toBe(false);
  await handover.finish();
  await rejected;
  expect(reported.slice(1)).toEqual([report]);
});

test('no batch is accepted between a failed heartbeat and the next join', async () => {
  const { handover } = await member();
  const failure = Object.assign(new Error('why'), { type: 'REBALANCE_IN_PROGRESS' });
  const promise = handover.eachBatch(payload(0, () => Promise.reject(failure)).payload);
  const rejected = expect(promise).rejects.toBe(failure);
  await handover.processed({ partition: 0, offset: 6 }, false);
  await handover.finish();
  await rejected;
  await expect(handover.eachBatch(payload(1).payload)).rejects.toBe(failure);
  handover.rejoined();
  void handover.eachBatch(payload(1).payload);
  expect(handover.take(1)).toMatchObject([{ partition: 1, offset: 5 }]);
});

test('after a join in the middle of a batch its rest is left', async () => {
  const { handover, membership, reported } = await member();
  const promise = handover.eachBatch(payload(0).payload);
  handover.take(1);
  handover.rejoined();
  membership.explain('new partitions');
  membership.joined([0, 2], 'c-0-uuid');
  expect(await handover.processed({ partition: 0, offset: 6 }, false)).toBe(false);
  await handover.finish();
  await promise;
  await membership.serve();
  expect(reported).toEqual([
    'assigned 0,1 as c-0-uuid: undefined',
    'revoked 0,1: new partitions',
    'assigned 0,2 as c-0-uuid: new partitions',
  ]);
});

test('batches of unassigned partitions, and those after a close, are skipped', async () => {
  const { handover, state } = await member();
  await handover.eachBatch(payload(7).payload);
  state.closed = true;
  await handover.eachBatch(payload(0).payload);
  expect(handover.waiting()).toBe(false);
});
