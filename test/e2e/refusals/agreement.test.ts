/** The rules exist twice, as CEL for the API server and as TypeScript for zod. Both have to agree. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { consumerScaleSchema } from '../../../src/api/consumerscale/consumerScale.ts';
import { labSchema } from '../../../src/api/lab/lab.ts';
import { loadTestSchema } from '../../../src/api/loadtest/loadTest.ts';
import { ASSIGNORS, REFUSED as REFUSED_SETTINGS, type Role, SETTINGS } from '../../../src/api/settings/kafka.ts';
import { type ApiServer, startApiServer } from '../../support/apiServer.ts';
import { type Objects, objectsOf } from '../../support/objects.ts';
import { serveCrds } from '../../support/serveCrds.ts';

const NAMESPACE = '/apis/kafkalab.dev/v1alpha1/namespaces/default';
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

/** A field that is sometimes absent, and one that is mostly right. */
const maybe = <T>(values: fc.Arbitrary<T>) => fc.option(values, { nil: undefined, freq: 2 });
const mostly = <T>(right: fc.Arbitrary<T>, wrong: fc.Arbitrary<unknown>): fc.Arbitrary<unknown> =>
  fc.oneof({ arbitrary: right, weight: 12 }, { arbitrary: wrong, weight: 1 });
const small = fc.integer({ min: 0, max: 12 });
const pods = fc.constantFrom(1, 1, 1, 2, 3);
const lengths = mostly(
  fc.constantFrom('0ms', '20ms', '60s', '5m', '1h30m', '1.5s', '168h', '168h0.5s'),
  fc.constantFrom('', '5', '5 m', '1m1h', 'm', '-1s', '0s', '0h0.0ms', '1234567s', '168h1s', '169h', '.5s', '٥s'),
);

/** The value as a number or boolean, if it is the text of one. */
const unquoted = (value: unknown): unknown =>
  typeof value === 'string' && /^(-?[1-9][0-9]{0,14}|0|true|false)$/.test(value) ? JSON.parse(value) : value;

const settings = (role: Role) => {
  const known = fc.constantFrom(...Object.entries(SETTINGS[role])).chain(([name, { values }]) => {
    const right: fc.Arbitrary<string> =
      'oneOf' in values
        ? fc.constantFrom(...values.oneOf)
        : 'number' in values
          ? fc.constantFrom(...values.number.map(String), '5', '6000', '45000', '300000')
          : fc.constant('r');
    return mostly(
      right,
      fc.constantFrom(
        '',
        '20ms',
        '-5',
        '1e3',
        '99999999999999999999',
        'yes',
        5,
        0.5,
        true,
        [1],
        {},
        ...Object.values(ASSIGNORS),
      ),
    ).chain((value) => fc.constantFrom(value, unquoted(value)).map((it) => [name, it]));
  });
  const refused = fc
    .constantFrom(...Object.keys(REFUSED_SETTINGS[role]), 'nonsense', 'ssl.protocol', 'max.poll.records', 'linger.ms')
    .map((name) => [name, '5']);
  return fc
    .array(mostly(known as fc.Arbitrary<unknown>, refused), { maxLength: 3 })
    .map((entries) => Object.fromEntries(entries as [string, unknown][]));
};

/** The value as JSON sends it, without undefined fields. */
const sent = <T>(value: T): T => JSON.parse(JSON.stringify(value)) as T;

const loadTests = fc
  .record({
    topic: fc.record({
      name: mostly(
        fc.constantFrom('orders', 'my-topic', 'a.b_c'),
        fc.constantFrom('', '.', '__x', 'a b', 'kafkalab-evidence', 'é'),
      ),
      partitions: maybe(mostly(small, fc.constantFrom('9', -1, 1.5))),
      config: maybe(
        mostly(
          fc.constantFrom<Record<string, unknown>>(
            { 'retention.ms': '1000' },
            { preallocate: false, 'compression.lz4.level': 9, 'min.cleanable.dirty.ratio': 0.5 },
            { 'compression.type': 'zstd' },
            { 'compression.type': 'producer', 'max.message.bytes': 1_000 },
            { 'cleanup.policy': 'compact,delete' },
            { 'flush.messages': '9223372036854775807' },
          ),
          fc.constantFrom<Record<string, unknown>>(
            { Retention: '1' },
            { '': 'x' },
            { a: 'b' },
            { 'cleanup.policy': ['compact'] },
            { 'retention.ms': 'x'.repeat(1_001) },
            { 'flush.messages': 2 ** 60 },
          ),
        ),
      ),
      management: maybe(mostly(fc.constantFrom('Auto', 'Strimzi', 'Admin', 'Existing'), fc.constantFrom('auto', ''))),
    }),
    kafka: maybe(
      fc.oneof(
        fc.record({
          bootstrapServers: mostly(
            fc.constantFrom('a:1', 'a:1,b:2', 'a:1 , b-1.c:65535', '[::1]:9092', 'PLAINTEXT://a:9092'),
            fc.constantFrom('', 'a', 'a:', 'a:1,', 'a b:1', 'x://a:1', 'a:0', 'a:65536', '::1:9092', 'é:1'),
          ),
        }),
        fc.record({
          bootstrapServers: fc.option(fc.constant('a:1'), { nil: undefined, freq: 8 }),
          strimzi: fc.record({
            cluster: mostly(fc.constantFrom('my-cluster', 'a'), fc.constantFrom('', 'A', '-a', 'a.b')),
            namespace: maybe(mostly(fc.constant('kafka'), fc.constant('k/a'))),
            listener: maybe(mostly(fc.constant('plain'), fc.constant('9092:'))),
          }),
        }),
      ),
    ),
    producers: maybe(
      fc.record({
        replicas: maybe(mostly(small, fc.constantFrom(-1, 10_001))),
        clientsPerPod: maybe(pods),
        messagesPerSecond: maybe(mostly(fc.constantFrom(0.5, 1, 100), fc.constantFrom(0, 0.0001, -1, 2e6))),
        messages: maybe(fc.integer({ min: 1, max: 12 })),
        record: maybe(
          fc.record({
            sizeBytes: maybe(
              mostly(fc.constantFrom(100, 900, 925, 930), fc.constantFrom(31, 1_048_494, 1_048_495, 9_000_000)),
            ),
            key: maybe(
              fc.record({
                mode: maybe(fc.constantFrom('None', 'Fixed', 'Sequence', 'Random')),
                values: maybe(fc.constantFrom(['a'], ['ä', 'b'])),
                cardinality: maybe(fc.constant(5)),
              }),
            ),
          }),
        ),
        partitioner: maybe(
          mostly(
            fc.record({
              mode: maybe(fc.constantFrom('Default', 'RoundRobin', 'Sticky', 'Explicit', 'Explicit')),
              partition: maybe(fc.nat(6)),
            }),
            fc.constantFrom('Default', { mode: 'Hash' }, { mode: 'Explicit', partition: -1 }),
          ),
        ),
        client: maybe(mostly(fc.constantFrom('librdkafka', 'kafkajs'), fc.constant('java'))),
        config: maybe(settings('Producer')),
      }),
    ),
    consumers: maybe(
      fc.record({
        replicas: maybe(small),
        clientsPerPod: maybe(pods),
        group: mostly(fc.constantFrom('g', 'my-group', 'ä'), fc.constantFrom('', 'a b', 'a\tb', 'a\u0000')),
        identity: maybe(mostly(fc.constantFrom('Dynamic', 'Static'), fc.constant('static'))),
        processing: maybe(
          fc.record({ perRecord: maybe(lengths), slowMember: maybe(fc.record({ perPoll: maybe(lengths) })) }),
        ),
        commit: maybe(
          fc.record({ mode: maybe(fc.constantFrom('Auto', 'Every', 'Poll')), records: maybe(fc.constant(10)) }),
        ),
        start: maybe(fc.constantFrom('Together', 'AfterProducers')),
        client: maybe(mostly(fc.constantFrom('librdkafka', 'kafkajs'), fc.constant('java'))),
        config: maybe(settings('Consumer')),
      }),
    ),
    duration: maybe(lengths),
    lagThreshold: maybe(
      mostly(
        fc.oneof(small, fc.record({ records: small, for: maybe(lengths) })),
        fc.constantFrom('5', 1.5, true, [5], {}, { for: '1m' }, { records: 5, since: '1m' }),
      ),
    ),
  })
  .map(sent);

const LOAD_TEST = { apiVersion: 'kafkalab.dev/v1alpha1', kind: 'LoadTest', name: 'lag' };
const TARGETS = [
  LOAD_TEST,
  LOAD_TEST,
  { apiVersion: 'apps/v1', kind: 'Deployment', name: 'app' },
  { apiVersion: 'apps/v1', kind: 'StatefulSet', name: 'app' },
];

const schedules = fc
  .record({
    scaleTargetRef: mostly(
      fc.constantFrom(...TARGETS),
      fc.record({
        apiVersion: fc.constantFrom('kafkalab.dev/v1alpha1', 'apps/v1', 'batch/v1'),
        kind: fc.constantFrom('LoadTest', 'Deployment', 'Job'),
        name: fc.constantFrom('lag', ''),
      }),
    ),
    theirs: fc.record({
      group: mostly(fc.constant('g'), fc.constant('a b')),
      topic: mostly(fc.constant('t'), fc.constantFrom('', '__x')),
      others: maybe(mostly(fc.nat(3), fc.constantFrom(-1, '1'))),
      kafka: maybe(fc.record({ bootstrapServers: mostly(fc.constant('a:1'), fc.constant('a')) })),
    }),
    misplaced: mostly(fc.constant(false), fc.constant(true)),
    steps: fc.array(
      fc.record({
        consumers: maybe(
          mostly(fc.oneof(small, fc.constant('Partitions')), fc.constantFrom('9', '', -1, 10_001, 'partitions')),
        ),
        partitions: maybe(fc.integer({ min: 1, max: 12 })),
        hold: maybe(lengths),
        until: maybe(
          fc.record({
            lagBelow: mostly(fc.constant(10), fc.constantFrom(0, '10')),
            for: maybe(fc.constantFrom('0s', '5s', '10s', '5m', '1.0005s')),
            timeout: maybe(fc.constantFrom('5s', '10s', '5m', '1.0006s', '10m')),
          }),
        ),
        stop: maybe(mostly(fc.constantFrom('Graceful', 'Graceful', 'Kill'), fc.constant('kill'))),
      }),
      { maxLength: 3 },
    ),
    allowIdleConsumers: maybe(fc.boolean()),
  })
  .map(({ theirs, misplaced, ...spec }) => {
    const isLoadTest = (spec.scaleTargetRef as { kind: string }).kind === 'LoadTest';
    return sent(isLoadTest === misplaced ? { ...spec, consumers: theirs } : spec);
  });

/** Texts of these lengths in characters. The last one is too long. A character may have two UTF-16 units. */
const texts = (longest: number, shortest = 0) =>
  mostly(
    fc.constantFrom('a'.repeat(Math.max(1, shortest)), 'ä b', '😀'.repeat(longest), 'a'.repeat(longest)),
    fc.constantFrom('', 'a'.repeat(longest + 1), '😀'.repeat(longest + 1), 5, true, ['a']),
  );
const whole = (least: number, most: number) =>
  mostly(
    fc.constantFrom(least, least + 1, Math.floor((least + most) / 2), most),
    fc.constantFrom(least - 1, most + 1, 1.5, '1', true),
  );
const names = mostly(
  fc.constantFrom('round', 'a', 'my-test-2', 'a'.repeat(63)),
  fc.constantFrom('', 'Round', '-a', 'a-', '2a', 'a.b', 'a_b', 'é', 'a'.repeat(64), 5),
);
const stops = maybe(mostly(fc.constantFrom('Graceful', 'Graceful', 'Kill'), fc.constantFrom('kill', '')));
const whose = maybe(mostly(fc.constantFrom('Consumers', 'Producers'), fc.constantFrom('Brokers', '')));
const notes = maybe(
  fc.dictionary(
    mostly(
      fc.constantFrom('team', 'example.com/team', 'a-b_c.D', `x/${'a'.repeat(63)}`),
      fc.constantFrom('', '/a', 'a/', 'a/b/c', 'a b', 'ä', '-a', 'A.com/a', 'a'.repeat(64), 'a..b/c'),
    ) as fc.Arbitrary<string>,
    mostly(
      fc.constantFrom('', 'blue', 'a-b_c.D', '1', 'a'.repeat(63)),
      fc.constantFrom('a b', '-a', 'a.', 'ä', 'a'.repeat(64), 5),
    ),
    { maxKeys: 3 },
  ),
);
/** Specs of other kinds, which are validated by those kinds: here any object is valid. */
const embedded = mostly(
  fc.constantFrom({}, { topic: { name: 't', partitions: 1.5 } }, { consumers: { replicas: null }, steps: [[1, {}]] }),
  fc.constantFrom('text', 5, []),
);
const resources = fc.array(
  fc.record(
    {
      apiVersion: mostly(fc.constant('kafkalab.dev/v1alpha1'), fc.constantFrom('apps/v1', '')),
      kind: mostly(fc.constantFrom('LoadTest', 'ConsumerScale'), fc.constantFrom('Lab', 'Deployment')),
      metadata: mostly(
        fc.record({ name: names, labels: notes, annotations: notes }),
        fc.constantFrom({}, { name: 'a', namespace: 'b' }, { name: 'a', labels: [] }),
      ),
      spec: embedded,
    },
    { requiredKeys: ['apiVersion', 'kind', 'metadata', 'spec'] },
  ),
  { maxLength: 2 },
);
const expectations = fc.record({
  that: texts(1_000, 1),
  within: maybe(lengths),
  because: maybe(texts(500)),
});
/** One action of a step, by its name. */
const deeds: Record<string, fc.Arbitrary<unknown>> = {
  apply: fc.record({
    kind: mostly(fc.constantFrom('LoadTest', 'ConsumerScale'), fc.constant('Lab')),
    name: names,
    until: maybe(mostly(fc.constantFrom('Ready', 'Completed'), fc.constant('Over'))),
  }),
  scale: fc.record({
    loadTest: names,
    consumers: maybe(whole(0, 10_000)),
    producers: maybe(whole(0, 10_000)),
    stop: stops,
  }),
  produce: fc.record({
    name: mostly(
      fc.constantFrom('ten', 'a1', 'a'.repeat(15)),
      fc.constantFrom('', '1a', 'a-b', 'A', 'a'.repeat(16), 'é'),
    ),
    loadTest: fc.option(names, { nil: undefined, freq: 4 }),
    topic: fc.option(mostly(fc.constantFrom('orders', 'a.b_c', 'a'.repeat(249)), fc.constantFrom('', '..', '__x')), {
      nil: undefined,
      freq: 1,
    }),
    messages: whole(1, 1_000_000_000),
    keys: maybe(
      mostly(
        fc.constantFrom(['a'], ['', 'ä', '😀'], Array(1_000).fill('k')),
        fc.constantFrom([], ['😀'.repeat(250)], [5], Array(1_001).fill('k')),
      ),
    ),
    producers: maybe(embedded),
  }),
  partitions: fc.record({ loadTest: names, partitions: whole(1, 10_000) }),
  stop: fc.record({ loadTest: names, who: whose, stop: stops }),
  start: fc.record({ loadTest: names, who: whose }),
  kill: fc.record({ loadTest: names, consumer: whole(0, 9_999) }),
  wait: lengths,
  observe: mostly(fc.constant({}), fc.constantFrom({ a: 1 }, true)),
};
const steps = fc
  .record({
    name: texts(100, 1),
    timeout: maybe(lengths),
    expect: maybe(mostly(fc.array(expectations, { maxLength: 2 }), fc.constant(Array(21).fill({ that: 'true' })))),
    does: mostly(
      fc.constantFrom(...Object.keys(deeds)).map((name) => [name]),
      fc.constantFrom([], ['wait', 'observe'], ['pause']),
    ) as fc.Arbitrary<string[]>,
  })
  .chain(({ does, ...step }) =>
    fc
      .tuple(...does.map((name) => (deeds[name] ?? fc.constant('5s')).map((deed) => [name, deed])))
      .map((done) => ({ ...step, ...Object.fromEntries(done as [string, unknown][]) })),
  );
const looks = (count: number, each: number) =>
  Array.from({ length: count }, (_, n) => ({
    name: `look ${n}`,
    observe: {},
    expect: Array(each).fill({ that: 'true' }),
  }));
const labs = fc
  .record({
    title: maybe(texts(200)),
    description: maybe(texts(10_000)),
    resources: maybe(resources),
    steps: mostly(
      fc.oneof(
        { arbitrary: fc.array(steps, { minLength: 1, maxLength: 3 }), weight: 12 },
        { arbitrary: fc.constantFrom(looks(50, 2), looks(5, 20)), weight: 1 },
      ),
      fc.constantFrom([], looks(51, 1), looks(50, 3), looks(6, 17)),
    ),
    afterwards: maybe(mostly(fc.constantFrom('Suspend', 'Keep'), fc.constant('Delete'))),
  })
  .map(sent);

test.each([
  ['LoadTest', 'loadtests', loadTests, loadTestSchema.spec],
  ['ConsumerScale', 'consumerscales', schedules, consumerScaleSchema.spec],
  ['Lab', 'labs', labs, labSchema.spec],
] as const)('zod and the API server agree on any %s', async (kind, plural, specs, schema) => {
  let accepted = 0;
  let refused = 0;
  await fc.assert(
    fc.asyncProperty(specs as fc.Arbitrary<Record<string, unknown>>, async (spec) => {
      const parsed = schema.safeParse(spec);
      const answer = await objects.tryToCreate(
        { apiVersion: 'kafkalab.dev/v1alpha1', kind, metadata: { name: 'any' }, spec },
        `${NAMESPACE}/${plural}`,
      );
      const message = answer.body.message ?? '';
      expect(message).not.toMatch(/evaluating rule|no such (key|overload)|resulted in error|failed expression/);
      if (parsed.success) {
        accepted++;
        expect(message).toBe('');
        expect(answer.body.spec).toEqual(sent(parsed.data));
      } else {
        refused++;
        const verdict = answer.status === 201 ? parsed.error.issues : 'refused';
        expect(verdict).toBe('refused');
      }
    }),
    { numRuns: 1_500 },
  );
  // Both verdicts occur.
  expect(accepted).toBeGreaterThan(50);
  expect(refused).toBeGreaterThan(50);
});
