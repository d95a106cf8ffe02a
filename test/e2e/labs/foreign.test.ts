/** Lab 05: a group with foreign consumers. */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { LoadTest } from '../../../src/api/loadtest/loadTest.ts';
import { kubectl } from '../../../tools/kubectl.ts';
import {
  applyIn,
  BROKERS,
  kafkaTool,
  loadTest,
  makeNamespace,
  removeNamespace,
  untilLoadTest,
} from '../../support/clusterLab.ts';

const NAMESPACE = 'foreign';
const NAME = 'shared';
const TOPIC = 'shared';
const GROUP = 'shared';
const cluster = join(import.meta.dirname, '../../../tools/cluster/cluster.ts');

/** Builds and loads the image of the Python consumer if it is missing. */
const loadPython = () =>
  new Promise<void>((resolve, reject) => {
    const child = spawn(process.execPath, [cluster, 'load-python'], { stdio: ['ignore', 'ignore', 'pipe'] });
    let output = '';
    child.stderr.on('data', (part: Buffer) => {
      output += part;
    });
    child
      .on('error', reject)
      .on('close', (code) => (code === 0 ? resolve() : reject(new Error(`load-python ended with ${code}: ${output}`))));
  });

beforeAll(async () => {
  await Promise.all([loadPython(), makeNamespace(NAMESPACE)]);
  await applyIn(
    NAMESPACE,
    loadTest(
      {
        topic: { name: TOPIC, partitions: 4, replicas: 3 },
        producers: { replicas: 2, messagesPerSecond: 20 },
        consumers: {
          replicas: 2,
          group: GROUP,
          config: { 'auto.offset.reset': 'earliest', 'partition.assignment.strategy': 'range' },
        },
      },
      NAME,
    ),
  );
  await untilShared('two of ours share the topic', 2);
});
afterAll(() => removeNamespace(NAMESPACE));

const members = ({ status }: LoadTest) => status?.consumers?.members ?? [];
const foreign = (lab: LoadTest) => members(lab).filter(({ source }) => source === 'Broker');
const rebalances = ({ status }: LoadTest) => status?.rebalances?.recent ?? [];

/** Waits until the group has settled with `count` members that own all four partitions. */
const untilShared = (what: string, count: number, also: (lab: LoadTest) => boolean = () => true) =>
  untilLoadTest(NAMESPACE, NAME, what, (lab) => {
    const owned = members(lab).flatMap(({ partitions }) => partitions);
    return (
      lab.status?.rebalances?.settled === true &&
      members(lab).length === count &&
      new Set(owned).size === 4 &&
      owned.length === 4 &&
      also(lab)
    );
  });

const pod = (name: string, image: string, container: { command?: string[]; args?: string[] }) => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name },
  spec: {
    restartPolicy: 'Never',
    securityContext: { runAsNonRoot: true, runAsUser: 65532, seccompProfile: { type: 'RuntimeDefault' } },
    containers: [
      {
        name: 'consumer',
        image,
        imagePullPolicy: 'IfNotPresent',
        ...container,
        securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } },
      },
    ],
  },
});

const STRANGERS = {
  'console-consumer': pod('console', 'kafka-lab-kafka:4.3.1', {
    command: ['kafka-console-consumer.sh', '--bootstrap-server', BROKERS, '--topic', TOPIC, '--group', GROUP],
  }),
  'python-app': pod('python', 'kafka-lab-python:1', { args: [BROKERS, TOPIC, GROUP] }),
};

/** The member id of the owner of each partition, from Kafka's own tool. */
async function ownersByKafka(): Promise<Map<number, string>> {
  const text = await kafkaTool('kafka-consumer-groups.sh', '--describe', '--group', GROUP);
  const rows = text.split('\n').map((line) => line.trim().split(/\s+/));
  return new Map(
    rows
      .filter((cells) => cells[0] === GROUP && /^\d+$/.test(cells[2] ?? ''))
      .map((cells) => [Number(cells[2]), cells[6] ?? '']),
  );
}

const remove = (name: string) => kubectl(['delete', 'pod', '-n', NAMESPACE, name, '--timeout=120s']);
const comes = (client: string) => (lab: LoadTest) => foreign(lab).some(({ clientId }) => clientId === client);

test.each(['console-consumer', 'python-app'] as const)(
  'a %s is a member from its join to its leave, and both are one rebalance each',
  async (client) => {
    const stranger = STRANGERS[client];
    const before = rebalances(await untilShared('two of ours share the topic', 2)).length;

    await applyIn(NAMESPACE, stranger);
    const shared = await untilShared(`${client} has joined`, 3, comes(client));
    const [it] = foreign(shared);
    expect(it).toMatchObject({ clientId: client, source: 'Broker' });
    expect(it?.name).toContain(client);
    expect(it?.host).toMatch(/^\d+\.\d+\.\d+\.\d+$/);
    expect(it?.partitions.length).toBeGreaterThan(0);
    const owners = await ownersByKafka();
    expect([...owners].filter(([, id]) => id === it?.memberId).map(([partition]) => partition)).toEqual(it?.partitions);

    const joined = rebalances(shared).slice(before);
    expect(joined).toHaveLength(1);
    expect(joined[0]).toMatchObject({
      trigger: 'MemberJoined',
      source: 'Clients',
      protocol: 'Eager',
      membersBefore: 2,
      membersAfter: 3,
      errorBoundMs: expect.any(Number),
    });
    expect(joined[0]?.reason).toContain(`${it?.name} (not started by this operator) joined`);
    expect(joined[0]?.members.find(({ name }) => name === it?.name)).toEqual({
      name: it?.name,
      gained: it?.partitions,
      lost: [],
      kept: [],
    });

    await remove(stranger.metadata.name);
    const alone = await untilShared(`${client} has left`, 2);
    expect(foreign(alone)).toEqual([]);
    const left = rebalances(alone).slice(before + 1);
    expect(left).toHaveLength(1);
    expect(left[0]).toMatchObject({ trigger: 'MemberLeft', source: 'Clients', membersBefore: 3, membersAfter: 2 });
    expect(left[0]?.reason).toContain(`${it?.name} (not started by this operator) left`);
    expect(left[0]?.members.find(({ name }) => name === it?.name)?.lost).toEqual(it?.partitions);
  },
);

test('without our own consumers, rebalances of foreign ones are known from the broker with their resolution', async () => {
  for (const stranger of Object.values(STRANGERS)) await applyIn(NAMESPACE, stranger);
  await untilShared('all four share the topic', 4);
  await kubectl(['scale', '-n', NAMESPACE, `loadtest/${NAME}`, '--replicas=0']);
  const theirs = await untilShared('the foreign members own everything', 2, (lab) => foreign(lab).length === 2);
  const before = rebalances(theirs).length;
  await remove('python');
  const one = await untilShared('one member owns everything', 1, comes('console-consumer'));
  const seen = rebalances(one).slice(before);
  expect(seen).toHaveLength(1);
  expect(seen[0]).toMatchObject({
    source: 'Broker',
    trigger: 'MemberLeft',
    membersBefore: 2,
    membersAfter: 1,
    pauses: [],
    resolutionMs: expect.any(Number),
  });
  expect(seen[0]).not.toHaveProperty('errorBoundMs');
  await remove('console');
  // The leave of the last member is a rebalance, too.
  const none = await untilLoadTest(NAMESPACE, NAME, 'has no members', (lab) => members(lab).length === 0);
  expect(foreign(none)).toEqual([]);
});
