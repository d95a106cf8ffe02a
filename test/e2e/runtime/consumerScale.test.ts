/** A ConsumerScale on a real API server, with others that scale its target. The test writes the statuses of LoadTests. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { ConsumerScale } from '../../../src/api/consumerscale/consumerScale.ts';
import type { LoadTest } from '../../../src/api/loadtest/loadTest.ts';
import { GROUP_VERSION } from '../../../src/api/sharedStatus.ts';
import type { KubernetesObject, ObjectRef } from '../../../src/contract/kubernetes.ts';
import { emptyRun } from '../../../src/domain/fold/run.ts';
import { figuresOf } from '../../../src/domain/fold/runFigures.ts';
import type { Cluster } from '../../../src/runtime/ports.ts';
import { clusterOf } from '../../../tools/client.ts';
import { type ApiServer, startApiServer } from '../../support/apiServer.ts';
import { noEvidence } from '../../support/kept.ts';
import { ROUND } from '../../support/labSeen.ts';
import { objectsOf } from '../../support/objects.ts';
import { CONSUMER_SCALES, runningStatus } from '../../support/seen.ts';
import { serveCrds } from '../../support/serveCrds.ts';
import { startToyRuntime, type ToyRuntime } from '../../support/toyRuntime.ts';
import { until } from '../../support/until.ts';

const PATIENCE_MS = 60_000;
const EDITOR = 'kubectl-edit';

let server: ApiServer;
/** The client of the operator, and the one of a person. */
let own: Cluster & { close(): Promise<void> };
let person: Cluster & { close(): Promise<void> };
let operator: ToyRuntime;

beforeAll(async () => {
  server = await startApiServer();
  own = clusterOf(server.kubeconfig);
  person = clusterOf(server.kubeconfig, { fieldManager: EDITOR });
  const objects = objectsOf(server);
  await serveCrds(objects);
  await objects.close();
  operator = startToyRuntime(own, {
    kinds: [CONSUMER_SCALES],
    // A run without reports: no member ever joins, so that the steps wait.
    evidence: { ...noEvidence, open: (_need, now) => ({ known: figuresOf(emptyRun(), now) }) },
  });
});

afterAll(async () => {
  await operator?.crash();
  await Promise.all([own?.close(), person?.close()]);
  await server?.stop();
});

const ref = (kind: string, name: string, apiVersion = GROUP_VERSION): ObjectRef => ({
  apiVersion,
  kind,
  namespace: 'default',
  name,
});
const metadata = (name: string) => ({ name, namespace: 'default' });

/** A LoadTest that runs with one consumer. */
async function running(name: string): Promise<void> {
  const { uid } = (
    await person.create({ apiVersion: GROUP_VERSION, kind: 'LoadTest', metadata: metadata(name), spec: ROUND })
  ).metadata;
  await own.applyStatus({
    apiVersion: GROUP_VERSION,
    kind: 'LoadTest',
    metadata: { ...metadata(name), ...(uid === undefined ? {} : { uid }) },
    status: runningStatus(),
  });
}

const schedule = (name: string, target: string, consumers = 3) =>
  person.create({
    apiVersion: GROUP_VERSION,
    kind: 'ConsumerScale',
    metadata: metadata(name),
    spec: {
      scaleTargetRef: { apiVersion: GROUP_VERSION, kind: 'LoadTest', name: target },
      steps: [{ consumers, hold: '1h' }],
      afterwards: 'Restore',
    },
  });

const scaleOf = async (name: string) => (await person.get(ref('ConsumerScale', name))) as ConsumerScale | null;
const readyOf = ({ status }: ConsumerScale) => status?.conditions.find(({ type }) => type === 'Ready');
const becomes = (name: string, what: string, holds: (scale: ConsumerScale) => unknown) =>
  until(
    `ConsumerScale ${name}: ${what}`,
    async () => {
      const seen = await scaleOf(name);
      if (seen !== null && holds(seen)) return seen;
      throw new Error(JSON.stringify(seen?.status));
    },
    PATIENCE_MS,
  );
const has = (name: string, reason: string) => becomes(name, reason, (scale) => readyOf(scale)?.reason === reason);
const hasScaled = (name: string) => becomes(name, 'has scaled', ({ status }) => status?.steps?.[0]?.targetVersion);
const consumersOf = async (name: string) =>
  ((await person.get(ref('LoadTest', name))) as LoadTest | null)?.spec.consumers?.replicas;

async function remove(target: ObjectRef): Promise<void> {
  await person.delete(target, (await person.get(target))?.metadata.uid ?? '');
  await until(`${target.name} is gone`, async () => (await person.get(target)) === null, PATIENCE_MS);
}

const ways: [way: string, scale: (name: string) => Promise<unknown>, who: string][] = [
  [
    'an edit',
    (name) => person.patch(ref('LoadTest', name), { spec: { consumers: { replicas: 2 } } }),
    `${EDITOR} at 20`,
  ],
  // For a custom resource the API server writes no time there.
  ['the scale subresource', (name) => person.scale(ref('LoadTest', name), 2), EDITOR],
  [
    'server-side apply, as a Lab does',
    (name) =>
      own.apply({
        apiVersion: GROUP_VERSION,
        kind: 'LoadTest',
        metadata: metadata(name),
        spec: { ...ROUND, consumers: { ...ROUND.consumers, replicas: 2 } },
      } as KubernetesObject),
    'kafka-lab-operator (a Lab) at 20',
  ],
];

test.each(ways)('a schedule stops when another writer changes the replicas by %s', async (way, scale, who) => {
  const name = `way-${ways.findIndex(([known]) => known === way)}`;
  await running(name);
  await schedule(name, name);
  await hasScaled(name);
  expect(await consumersOf(name)).toBe(3);
  await scale(name);
  const stopped = await has(name, 'ReplicasChangedByOthers');
  expect(stopped.status).toMatchObject({ phase: 'Failed', restored: false });
  expect(readyOf(stopped)?.message).toContain(`spec.consumers.replicas of LoadTest/${name} was set to 2 by ${who}`);
  await remove(ref('ConsumerScale', name));
  expect(await consumersOf(name)).toBe(2);
});

test('the second of two schedules begins when the first is gone, which restores its target before', async () => {
  await running('shared');
  await schedule('first', 'shared');
  await hasScaled('first');
  await schedule('second', 'shared', 2);
  await has('second', 'TargetBusy');
  await remove(ref('ConsumerScale', 'first'));
  const second = await hasScaled('second');
  expect(second.status?.replicasAtStart).toBe(1);
  expect(await consumersOf('shared')).toBe(2);
});

test('a schedule begins when the HorizontalPodAutoscaler of its target is deleted', async () => {
  await running('auto');
  await person.create({
    apiVersion: 'autoscaling/v2',
    kind: 'HorizontalPodAutoscaler',
    metadata: metadata('auto'),
    spec: { scaleTargetRef: { apiVersion: GROUP_VERSION, kind: 'LoadTest', name: 'auto' }, maxReplicas: 3 },
  });
  await schedule('auto', 'auto');
  await has('auto', 'ScaledByAutoscaler');
  expect(await consumersOf('auto')).toBe(1);
  await remove(ref('HorizontalPodAutoscaler', 'auto', 'autoscaling/v2'));
  await hasScaled('auto');
});
