import { readdirSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { loadAll } from 'js-yaml';
import { consumerScaleSchema } from '../../../src/api/consumerscale/consumerScale.ts';
import type { ConsumerScaleStatus } from '../../../src/api/consumerscale/status.ts';
import { labSchema } from '../../../src/api/lab/lab.ts';
import type { LabStatus } from '../../../src/api/lab/status.ts';
import { loadTestSchema } from '../../../src/api/loadtest/loadTest.ts';
import type { LoadTestStatus } from '../../../src/api/loadtest/status.ts';
import { type ApiServer, startApiServer } from '../../support/apiServer.ts';
import { type Objects, objectsOf } from '../../support/objects.ts';
import { serveCrds } from '../../support/serveCrds.ts';
import {
  ACCEPTED,
  ALLOWED_CHANGES,
  GOOD_LAB,
  GOOD_LOAD_TEST,
  GOOD_LOAD_TEST_OF_STRIMZI,
  GOOD_SCHEDULE,
  GOOD_SCHEDULE_OF_THEIRS,
  REFUSED,
  type Refused,
  type Spec,
} from './table.ts';

const NAMESPACE = '/apis/kafkalab.dev/v1alpha1/namespaces/default';
const PATHS = {
  LoadTest: `${NAMESPACE}/loadtests`,
  ConsumerScale: `${NAMESPACE}/consumerscales`,
  Lab: `${NAMESPACE}/labs`,
};
const root = join(import.meta.dirname, '..', '..', '..');

let server: ApiServer;
let objects: Objects;

beforeAll(async () => {
  server = await startApiServer();
  objects = objectsOf(server);
  await serveCrds(objects);
});

afterAll(async () => {
  await objects?.close();
  await server?.stop();
});

let manifests = 0;
const manifest = (kind: Refused['kind'], spec: Spec, name = `test-${manifests++}`) => ({
  apiVersion: 'kafkalab.dev/v1alpha1',
  kind,
  metadata: { name },
  spec,
});

async function replaced(kind: Refused['kind'], before: Spec, spec: Spec) {
  const first = manifest(kind, before);
  const created = await objects.create(first, PATHS[kind]);
  expect(created.body.message ?? '').toBe('');
  const metadata = { ...first.metadata, resourceVersion: created.body.metadata?.resourceVersion };
  return await objects.tryToReplace({ ...first, metadata, spec }, `${PATHS[kind]}/${first.metadata.name}`);
}

test.each(REFUSED)(
  '$kind with $wrong is refused with what to write instead',
  async ({ kind, name, before, spec, says }) => {
    const answer = before
      ? await replaced(kind, before, spec)
      : await objects.tryToCreate(manifest(kind, spec, name), PATHS[kind]);
    expect([400, 422]).toContain(answer.status);
    for (const part of says) expect(shown(answer.body.message)).toContain(part);
    // A rule that fails at evaluation reports that instead of its message.
    expect(answer.body.message).not.toMatch(
      /evaluating rule|no such (key|overload)|resulted in error|failed expression/,
    );
  },
);

/** The message without the escapes of quotation marks that the API server adds. */
const shown = (message = ''): string => message.replaceAll('\\"', '"');

test.each(ALLOWED_CHANGES)('a running LoadTest accepts $change', async ({ before, spec }) => {
  const answer = await replaced('LoadTest', before, spec);
  expect(answer.body.message ?? '').toBe('');
  expect(answer.status).toBe(200);
});

test.each(ACCEPTED)('a LoadTest with $written is accepted as it is', async ({ spec }) => {
  const answer = await objects.tryToCreate(manifest('LoadTest', spec), PATHS.LoadTest);
  expect(answer.body.message ?? '').toBe('');
  expect(answer.body.spec).toMatchObject(spec);
});

test('all wrong settings of a manifest are in one answer', async () => {
  const spec = {
    topic: { name: 'orders', config: { Retention: 5, 'cleanup.policy': 'compact' } },
    producers: { config: { 'linger.ms': '5s', nonsense: true } },
    consumers: { group: 'billing', client: 'kafkajs', config: { 'check.crcs': true } },
  };
  const { body } = await objects.tryToCreate(manifest('LoadTest', spec), PATHS.LoadTest);
  for (const part of [
    '"Retention" is not a topic setting of Kafka',
    'linger.ms cannot be "5s"',
    'nonsense is not a producer setting of Kafka',
    'check.crcs is not supported by client: kafkajs',
    'cleanup.policy: compact refuses records without a key',
  ]) {
    expect(shown(body.message)).toContain(part);
  }
});

test('a LoadTest gets its documented defaults', async () => {
  const answer = await objects.tryToCreate(
    manifest('LoadTest', { topic: { name: 'orders' }, producers: {}, consumers: { group: 'billing' } }),
    PATHS.LoadTest,
  );
  expect(answer.body.spec).toEqual({
    topic: {
      name: 'orders',
      partitions: 1,
      replicas: 1,
      config: {},
      management: 'Auto',
      raiseExisting: false,
      deletionPolicy: 'Delete',
    },
    producers: {
      replicas: 1,
      clientsPerPod: 1,
      record: { value: 'Json', key: { mode: 'None' } },
      partitioner: { mode: 'Default' },
      client: 'librdkafka',
      config: {},
    },
    consumers: {
      replicas: 1,
      clientsPerPod: 1,
      group: 'billing',
      identity: 'Dynamic',
      processing: { perRecord: '0ms' },
      commit: { mode: 'Auto' },
      start: 'Together',
      client: 'librdkafka',
      config: {},
    },
    suspend: false,
  });
});

test('a ConsumerScale gets its documented defaults', async () => {
  const answer = await objects.tryToCreate(manifest('ConsumerScale', GOOD_SCHEDULE), PATHS.ConsumerScale);
  expect(answer.body.spec).toMatchObject({
    steps: [
      { consumers: 1, hold: '60s', stop: 'Graceful' },
      { consumers: 'Partitions', until: { lagBelow: 10, for: '0s', timeout: '5m' }, stop: 'Graceful' },
    ],
    allowIdleConsumers: false,
    afterwards: 'Keep',
  });
});

test.each([
  ['LoadTest', GOOD_LOAD_TEST, loadTestSchema.spec],
  ['LoadTest', GOOD_LOAD_TEST_OF_STRIMZI, loadTestSchema.spec],
  ['ConsumerScale', GOOD_SCHEDULE, consumerScaleSchema.spec],
  ['ConsumerScale', GOOD_SCHEDULE_OF_THEIRS, consumerScaleSchema.spec],
  ['Lab', GOOD_LAB, labSchema.spec],
] as const)('zod fills in the same defaults for a %s as the API server', async (kind, spec, schema) => {
  const answer = await objects.tryToCreate(manifest(kind, spec), PATHS[kind]);
  expect(schema.parse(spec)).toEqual(answer.body.spec);
});

test.each(['manifests/labs/01-lag-and-consumers.yaml', 'test/e2e/labs/lag-small.yaml'])(
  '%s is accepted',
  async (path) => {
    const documents = loadAll(await readFile(join(root, path), 'utf8')) as { kind: Refused['kind'] }[];
    expect(documents.map((it) => it.kind)).toEqual(['LoadTest', 'ConsumerScale']);
    for (const document of documents) {
      const answer = await objects.tryToCreate(document, PATHS[document.kind]);
      expect(answer.body.message ?? '').toBe('');
      expect(answer.status).toBe(201);
    }
  },
);

const GRADED = join(root, 'manifests/labs/graded');

test.each(readdirSync(GRADED))('manifests/labs/graded/%s is accepted', async (file) => {
  const documents = loadAll(await readFile(join(GRADED, file), 'utf8')) as { kind: string }[];
  for (const document of documents.filter(({ kind }) => kind === 'Lab')) {
    const answer = await objects.tryToCreate(document, PATHS.Lab);
    expect(answer.body.message ?? '').toBe('');
    expect(answer.body.spec).toEqual(labSchema.spec.parse((document as unknown as { spec: unknown }).spec));
  }
});

const AT = '2026-01-02T03:04:05.678Z';
const CONDITIONS = [
  {
    type: 'Ready',
    status: 'True' as const,
    reason: 'Running',
    message: 'All clients are ready.',
    observedGeneration: 1,
    lastTransitionTime: '2026-01-02T03:04:05Z',
  },
];
const LATENCY = { p50: 1.25, p95: 2.5, p99: 3, max: 40.125 };
const REBALANCES: NonNullable<LoadTestStatus['rebalances']> = {
  count: 2,
  settled: true,
  partitionsMoved: 3,
  longestPauseMs: 812.5,
  longestStopTheWorldMs: 34.25,
  recent: [
    {
      number: 2,
      at: AT,
      settledAt: AT,
      trigger: 'ScaleUp',
      reason: 'The ConsumerScale lag asked for 2 consumers.',
      protocol: 'Eager',
      source: 'Clients',
      membersBefore: 1,
      membersAfter: 2,
      partitionsMoved: 1,
      stopTheWorldMs: 34.25,
      longestPauseMs: 812.5,
      pauses: [{ partition: 0, ms: 812.5 }],
      pending: [],
      members: [{ name: 'lag-consumer-0', gained: [], lost: [2], kept: [0, 1] }],
    },
  ],
};

test('the API server accepts a complete LoadTest status and shows it in columns', async () => {
  const first = manifest('LoadTest', GOOD_LOAD_TEST);
  const created = await objects.create(first, PATHS.LoadTest);
  const status: LoadTestStatus = {
    phase: 'Running',
    observedGeneration: 1,
    conditions: CONDITIONS,
    startedAt: AT,
    preparedAt: AT,
    finishedAt: AT,
    evidence: { topic: 'kafkalab-evidence', partition: 3, offset: 12 },
    kafka: { bootstrapServers: 'a:9092' },
    topic: { partitions: 3, replicas: 1, managedBy: 'Strimzi', created: true, waitingSince: AT },
    producers: {
      desired: 2,
      ready: 2,
      attempted: 10,
      acknowledged: 9,
      failed: 1,
      bytes: 900,
      messagesPerSecond: 1.5,
      bytesPerSecond: 150.25,
      elapsedMs: 6_000.5,
      latencyMs: LATENCY,
      done: 0,
      errors: [{ code: '_MSG_TIMED_OUT', count: 1 }],
    },
    consumers: {
      desired: 1,
      ready: 1,
      selector: 'app=x',
      members: [{ name: 'lag-consumer-0', memberId: 'abc', host: 'node', partitions: [0, 1, 2], source: 'Clients' }],
      idle: [],
      consumed: 8,
      messagesPerSecond: 1.25,
      elapsedMs: 5_000,
      endToEndMs: LATENCY,
      polls: { count: 4, recordsMax: 3, recordsP50: 2, longestIntervalMs: 110 },
    },
    delivery: { produced: 9, consumed: 8, duplicated: 0, skipped: 0 },
    lag: {
      total: 7_700,
      peak: 9_000,
      peakAt: AT,
      at: AT,
      errorBound: 1.5,
      partitions: [{ partition: 0, endOffset: 9, committedOffset: 8, lag: 1 }],
      history: [{ at: AT, total: 9_000 }],
    },
    rebalances: REBALANCES,
    truncated: ['rebalances.recent: the last 50 of 83'],
  };
  const path = `${PATHS.LoadTest}/${first.metadata.name}`;
  const metadata = { ...first.metadata, resourceVersion: created.body.metadata?.resourceVersion };
  const answer = await objects.replaceStatus({ ...first, metadata, status }, path);
  expect(answer.body.message ?? '').toBe('');
  expect((answer.body as { status?: unknown }).status).toEqual(status);
  expect(await objects.columns(path)).toMatchObject({
    Phase: 'Running',
    Producers: 2,
    Consumers: 1,
    Lag: 7_700,
    Rebalances: 2,
    'Worst pause': 812.5,
    Age: expect.stringMatching(/./),
  });
  const scale = await objects.get(`${path}/scale`);
  expect(scale.body).toMatchObject({ spec: { replicas: 1 }, status: { replicas: 1, selector: 'app=x' } });
});

test('the API server accepts a complete ConsumerScale status and shows it in columns', async () => {
  const first = manifest('ConsumerScale', GOOD_SCHEDULE);
  const created = await objects.create(first, PATHS.ConsumerScale);
  const status: ConsumerScaleStatus = {
    phase: 'Running',
    observedGeneration: 1,
    conditions: CONDITIONS,
    currentStep: 2,
    step: '2/2',
    target: 'LoadTest/lag',
    targetUid: 'd8a6',
    evidence: { topic: 'kafkalab-evidence', partition: 3, offset: 7 },
    kafka: { bootstrapServers: 'a:9092' },
    waitingSince: AT,
    replicasAtStart: 1,
    partitionsAtStart: 3,
    startedAt: AT,
    finishedAt: AT,
    restored: false,
    lag: { total: 7_700, peak: 9_000, at: AT, errorBound: 1.5 },
    steps: [
      {
        consumers: 1,
        partitions: 3,
        stop: 'Kill',
        phase: 'Done',
        message: 'The hold is over.',
        startedAt: AT,
        settledAt: AT,
        belowSince: AT,
        finishedAt: AT,
        rebalances: 1,
        partitionsMoved: 3,
        stopTheWorldMs: 0,
        longestPauseMs: 0.5,
        lag: { before: 0, peak: 9_000, after: 9_000, drainedMs: 1.5 },
        idle: [],
      },
      { phase: 'Pending' },
    ],
    rebalances: REBALANCES,
    truncated: [],
  };
  const path = `${PATHS.ConsumerScale}/${first.metadata.name}`;
  const metadata = { ...first.metadata, resourceVersion: created.body.metadata?.resourceVersion };
  const answer = await objects.replaceStatus({ ...first, metadata, status }, path);
  expect(answer.body.message ?? '').toBe('');
  expect((answer.body as { status?: unknown }).status).toEqual(status);
  expect(await objects.columns(path)).toMatchObject({
    Phase: 'Running',
    Target: 'lag',
    Step: '2/2',
    Lag: 7_700,
    Rebalances: 2,
    Moved: 3,
    'Worst pause': 812.5,
    'Stop the world': 34.25,
  });
});

test('the API server accepts a complete Lab status, shows it in columns, and keeps the script unchanged', async () => {
  const first = manifest('Lab', GOOD_LAB);
  const created = await objects.create(first, PATHS.Lab);
  expect(created.body.message ?? '').toBe('');
  const status: LabStatus = {
    phase: 'Running',
    observedGeneration: 1,
    conditions: CONDITIONS,
    passed: 0,
    failed: 1,
    total: 1,
    score: '0/1',
    currentStep: 3,
    step: '3/4',
    startedAt: AT,
    finishedAt: AT,
    steps: [
      { name: 'begin', phase: 'Passed', startedAt: AT, doneAt: AT, finishedAt: AT, uid: 'abc' },
      {
        name: 'two share',
        phase: 'Failed',
        startedAt: AT,
        doneAt: AT,
        finishedAt: AT,
        expectations: [{ that: 'lag.total < 10', passed: false, observed: 'lag.total = 12', at: AT }],
      },
      {
        name: 'send ten',
        phase: 'Running',
        message: 'LoadTest x: 0/1 producers ready',
        startedAt: AT,
        before: { '["lag","total"]': '3' },
        rebalancesBefore: { round: 2 },
      },
      { name: 'a pause', phase: 'Pending' },
    ],
  };
  const path = `${PATHS.Lab}/${first.metadata.name}`;
  const another = { ...GOOD_LAB, steps: [{ name: 'look', observe: {} }] };
  const written = { ...first.metadata, resourceVersion: created.body.metadata?.resourceVersion };
  const before = await objects.tryToReplace({ ...first, metadata: written, spec: another }, path);
  expect(before.body.message ?? '').toBe('');
  const answer = await objects.replaceStatus({ ...first, metadata: written, status }, path);
  expect(answer.body.message ?? '').toBe('');
  expect((answer.body as { status?: unknown }).status).toEqual(status);
  expect(await objects.columns(path)).toMatchObject({ Phase: 'Running', Step: '3/4', Passed: '0/1', Failed: 1 });
  const metadata = { ...first.metadata, resourceVersion: answer.body.metadata?.resourceVersion };
  const replaced = await objects.tryToReplace({ ...first, metadata, spec: another }, path);
  expect(replaced.body.message).toContain('are immutable once the Lab has started');
  const retitled = await objects.tryToReplace({ ...first, metadata, spec: { ...GOOD_LAB, title: 'Another' } }, path);
  expect(retitled.body.message ?? '').toBe('');
});
