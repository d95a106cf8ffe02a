import { expect, test } from '@jest/globals';
import type { GroupView, KafkaView } from '../../contract/kafkaView.ts';
import { parseFact } from '../evidence/parse.ts';
import { lagSampleOf, readsCommitted } from './operatorFacts.ts';

const member = (id: string, partitions: number[]) => ({
  memberId: `${id}-1`,
  clientId: id,
  host: '10.0.0.7',
  partitions,
});
const group = (more: Partial<GroupView> = {}): GroupView => ({
  state: 'Stable',
  protocol: 'classic',
  assignor: 'range',
  members: [member('b', [1]), { ...member('a', [0]), groupInstanceId: 'a' }],
  committed: [{ partition: 0, offset: 7 }],
  ...more,
});
const seen = (its: GroupView | null): KafkaView => ({
  at: 1000,
  spreadMs: 3,
  brokers: [],
  topic: {
    name: 't',
    id: 'id-t',
    partitions: [0, 1].map((partition) => ({
      partition,
      leader: 1,
      replicas: [1],
      isr: [1],
      beginningOffset: 2,
      endOffset: 9,
    })),
  },
  group: its,
  evidence: { topic: 'e', endOffsets: [] },
});

test('a sample has offsets and members', () => {
  const sample = lagSampleOf(seen(group()), 'Earliest');
  expect(sample).toEqual({
    type: 'LagSample',
    at: 1000,
    spreadMs: 3,
    groupState: 'Stable',
    groupMembers: 2,
    protocol: 'Eager',
    members: [
      { memberId: 'a-1', clientId: 'a', host: '10.0.0.7', groupInstanceId: 'a', partitions: [0] },
      { memberId: 'b-1', clientId: 'b', host: '10.0.0.7', partitions: [1] },
    ],
    resetsTo: 'Earliest',
    partitions: [
      { partition: 0, endOffset: 9, beginningOffset: 2, committedOffset: 7 },
      { partition: 1, endOffset: 9, beginningOffset: 2, committedOffset: null },
    ],
  });
  expect(parseFact(sample)).toEqual(sample);
});

test('a sample has the last stable offsets of a view that was requested with them', () => {
  const view = seen(group());
  const partitions = view.topic?.partitions.map((one) => ({ ...one, lastStableOffset: 8 })) ?? [];
  const sample = lagSampleOf({ ...view, topic: { name: 't', id: 'id-t', partitions } }, 'Earliest');
  expect(sample?.partitions[0]).toMatchObject({ endOffset: 9, lastStableOffset: 8, committedOffset: 7 });
  expect(parseFact(sample)).toEqual(sample);
});

test.each<[Record<string, unknown> | undefined, boolean]>([
  [undefined, false],
  [{}, false],
  [{ 'isolation.level': 'read_uncommitted' }, false],
  [{ 'isolation.level': 'read_committed' }, true],
])('a group with the settings %j reads only committed records: %s', (config, committed) => {
  expect(readsCommitted(config)).toBe(committed);
});

test('an unchanged member list refers to the earlier sample', () => {
  // As read back from the evidence.
  const reported = parseFact({ ...lagSampleOf(seen(group()), 'Earliest'), at: 400 }) as ReturnType<typeof lagSampleOf>;
  const again = lagSampleOf(seen(group()), 'Earliest', reported);
  expect(again).toMatchObject({ membersAsAt: 400, groupMembers: 2 });
  expect(again).not.toHaveProperty('members');
  const other = lagSampleOf(seen(group({ members: [member('a', [0, 1])] })), 'Earliest', reported);
  expect(other?.members).toHaveLength(1);
  expect(other).not.toHaveProperty('membersAsAt');
});

test('without a group the member list is empty; without a topic there is no sample', () => {
  expect(lagSampleOf(seen(null), 'Earliest')).toMatchObject({ groupState: null, groupMembers: 0, members: [] });
  expect(lagSampleOf({ ...seen(null), topic: null }, 'Earliest')).toBeUndefined();
});

test('a long member list is cut, and groupMembers is the full number', () => {
  const members = Array.from({ length: 900 }, (_, n) => member(`c-${n}`, []));
  const sample = lagSampleOf(seen(group({ members })), 'Earliest');
  expect([sample?.members?.length, sample?.groupMembers]).toEqual([500, 900]);
});

test.each<[Partial<GroupView>, string | undefined]>([
  [{ assignor: 'range' }, 'Eager'],
  [{ assignor: 'cooperative-sticky' }, 'Cooperative'],
  [{ assignor: 'my-own' }, 'None'],
  [{ protocol: 'consumer', assignor: 'uniform' }, 'Consumer'],
])('%j rebalances as %s', (more, protocol) => {
  expect(lagSampleOf(seen(group(more)), 'Earliest')?.protocol).toBe(protocol);
});

test('an empty group has no assignor, so its protocol is unknown', () => {
  const { assignor: _, ...empty } = group({ state: 'Empty', members: [] });
  expect(lagSampleOf(seen(empty), 'Earliest')).not.toHaveProperty('protocol');
});
