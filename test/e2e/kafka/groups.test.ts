/** Snapshots of groups with foreign members of both protocols, from a real broker. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { KafkaConnection } from '../../../src/adapters/kafka/admin/connection.ts';
import type { GroupView } from '../../../src/contract/kafkaView.ts';
import { type Broker, startBroker } from '../../support/broker.ts';
import { until } from '../../support/until.ts';

const TOPIC = 'four';
const PATIENCE_MS = 120_000;
let broker: Broker;
let connection: KafkaConnection;

beforeAll(async () => {
  broker = await startBroker();
  connection = new KafkaConnection(broker.bootstrapServers);
  const create = ['--bootstrap-server', broker.bootstrapServers, '--create', '--topic', TOPIC, '--partitions', '4'];
  await broker.tool('org.apache.kafka.tools.TopicCommand', ...create);
});

afterAll(async () => {
  await connection?.close();
  await broker?.stop();
});

/** The broker creates its offsets topic for the first request about a group, and does not answer before that. */
const look = async (group: string): Promise<GroupView | null | undefined> => {
  try {
    return (await connection.view(TOPIC, group, 0)).group;
  } catch {
    return undefined;
  }
};

const seen = (group: string, what: string, holds: (group: GroupView) => boolean) =>
  until(
    `group ${group}: ${what}`,
    async () => {
      const found = await look(group);
      return found != null && holds(found) ? found : undefined;
    },
    PATIENCE_MS,
  );

const shares = ({ members }: GroupView) => members.map(({ partitions }) => partitions.length).sort();
const owned = ({ members }: GroupView) => members.flatMap(({ partitions }) => partitions).sort();
const settled = (members: number) => (group: GroupView) =>
  group.state === 'Stable' && group.members.length === members && owned(group).length === 4;

test('a group without any member ever does not exist', async () => {
  expect(
    await until('Kafka answers', async () => ((await look('nobody')) === null ? true : undefined), PATIENCE_MS),
  ).toBe(true);
});

test.each([
  ['classic', 'range', ['PreparingRebalance', 'CompletingRebalance']],
  ['consumer', 'uniform', ['Assigning', 'Reconciling']],
] as const)('a group of the %s protocol: one, two, and one member again', async (protocol, assignor, unrest) => {
  const group = `${protocol}-group`;
  const first = broker.consoleConsumer(TOPIC, group, `group.protocol=${protocol}`);
  const alone = await seen(group, 'one member has all', settled(1));
  expect(alone).toMatchObject({ protocol, assignor });
  expect(alone.members[0]).toMatchObject({
    clientId: 'console-consumer',
    host: '127.0.0.1',
    partitions: [0, 1, 2, 3],
  });

  const second = broker.consoleConsumer(TOPIC, group, `group.protocol=${protocol}`);
  const states = new Set<string>();
  const both = await seen(group, 'two share', (found) => {
    states.add(found.state);
    return settled(2)(found);
  });
  expect(shares(both)).toEqual([2, 2]);
  expect(owned(both)).toEqual([0, 1, 2, 3]);
  for (const state of states) expect(['Stable', ...unrest]).toContain(state);
  if (protocol === 'consumer') {
    expect(both.epoch).toBeGreaterThan(alone.epoch ?? Number.POSITIVE_INFINITY);
    for (const { target, partitions, epoch } of both.members) expect([target, epoch]).toEqual([partitions, both.epoch]);
  }

  await first.leave();
  const last = await seen(group, 'the second has all', settled(1));
  expect(last.members[0]?.memberId).not.toBe(alone.members[0]?.memberId);
  await second.leave();
  const empty = await seen(group, 'is empty', ({ state }) => state === 'Empty');
  expect(empty).toMatchObject({ protocol, members: [] });
  expect(empty.committed).toEqual([0, 1, 2, 3].map((partition) => ({ partition, offset: 0 })));
});

test('one snapshot has groups of both protocols and a missing one', async () => {
  const groups = ['consumer-group', 'classic-group', 'nobody'];
  const all = await Promise.all(groups.map((group) => connection.view(TOPIC, group, 0)));
  expect(all.map(({ group }) => group?.protocol)).toEqual(['consumer', 'classic', undefined]);
});
