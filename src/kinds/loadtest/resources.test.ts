import { expect, test } from '@jest/globals';
import { CONSUMERS, loadTest, PRODUCERS, TOPIC, WORKER } from '../../../test/support/seen.ts';
import type { LoadTest } from '../../api/loadtest/loadTest.ts';
import type { LoadTestInput } from '../../api/loadtest/spec.ts';
import type { KubernetesObject } from '../../contract/kubernetes.ts';
import { RECORD_LOG_ENV, WORKER_SPEC_ENV } from '../../domain/workers/environment.ts';
import type { ConsumerSpec, PartitionerShape, WorkerSpec } from '../../domain/workers/spec.ts';
import { consumerWorkload, producerWorkload } from './resources.ts';
import { type ClientSettings, translateSettings } from './settings.ts';

type KeyInput = NonNullable<NonNullable<NonNullable<LoadTestInput['producers']>['record']>['key']>;
const CONTEXT = { evidence: { topic: 'kafkalab-evidence', partition: 2 }, worker: WORKER };

/** Of a LoadTest with both kinds of clients and without refused settings. */
function settingsOf(asked: LoadTest): Required<ClientSettings> {
  const settings = translateSettings(asked);
  if ('refused' in settings) throw new Error(settings.refused.join());
  return settings.known as Required<ClientSettings>;
}
const consuming = (asked: LoadTest) => consumerWorkload(asked, 1, settingsOf(asked).consumers, CONTEXT);
const producing = (asked: LoadTest) => producerWorkload(asked, 2, settingsOf(asked).producers, CONTEXT);

const environment = (workload: KubernetesObject): { name: string; value?: string }[] =>
  (workload.spec as { template: { spec: { containers: { env: { name: string; value?: string }[] }[] } } }).template.spec
    .containers[0]?.env ?? [];
const specIn = (workload: KubernetesObject): WorkerSpec =>
  JSON.parse(environment(workload).find(({ name }) => name === WORKER_SPEC_ENV)?.value ?? '');

const consumers = (part: Partial<NonNullable<LoadTestInput['consumers']>>, annotations?: Record<string, string>) =>
  consuming(loadTest({ consumers: { ...CONSUMERS, ...part } }, undefined, annotations && { annotations }));

test('by default consumers are dynamic members on librdkafka, none slow', () => {
  const { config, work } = specIn(consumers({ config: { 'max.poll.records': '7' } }));
  expect(work).toEqual({
    role: 'Consumer',
    group: 'g',
    perRecordMs: 0,
    commit: { mode: 'Auto' },
    maxPollRecords: 7,
  });
  expect(config['session.timeout.ms']).toBe('45000');
});

test('static members carry the namespace', () => {
  expect(specIn(consumers({ identity: 'Static' })).work).toMatchObject({ staticMembersOf: 'demo' });
});

test('the slow member’s time is per poll, in ms', () => {
  const processing = { perRecord: '5ms', slowMember: { perPoll: '2s' } };
  expect(specIn(consumers({ processing })).work).toMatchObject({ perRecordMs: 5, slowMember: { perPollMs: 2000 } });
});

test('kafkajs gets its own options, and librdkafka’s properties are left out', () => {
  const consumer = specIn(consumers({ client: 'kafkajs', config: { 'session.timeout.ms': '6000' } }));
  expect(consumer).toMatchObject({ config: {}, work: { kafkajs: { consumer: { sessionTimeout: 6000 } } } });
  const config = { acks: '1' };
  const asked = loadTest({ producers: { ...PRODUCERS, client: 'kafkajs', config } });
  const producer = specIn(producing(asked));
  expect(producer).toMatchObject({ config: {}, work: { kafkajs: { send: { acks: 1 } } } });
});

// biome-ignore format: one choice a line
test.each<[Partial<NonNullable<LoadTestInput['producers']>>, PartitionerShape]>([
  [{}, { mode: 'Default' }],
  [{ partitioner: { mode: 'RoundRobin' } }, { mode: 'RoundRobin' }],
  [{ partitioner: { mode: 'Explicit', partition: 2 } }, { mode: 'Explicit', partition: 2 }],
  [{ partitioner: { mode: 'Sticky' } }, { mode: 'Sticky', bytes: 16_384 }],
  [{ partitioner: { mode: 'Sticky' }, config: { 'batch.size': '500' } }, { mode: 'Sticky', bytes: 500 }],
  [{ partitioner: { mode: 'Sticky' }, client: 'kafkajs' }, { mode: 'Sticky', bytes: 16_384 }],
])('producers %j get %j', (part, partitioner) => {
  const asked = loadTest({ producers: { ...PRODUCERS, ...part } });
  expect(specIn(producing(asked)).work).toMatchObject({ partitioner });
});

const LOG_APPEND = { 'message.timestamp.type': 'LogAppendTime' };
// biome-ignore format: one situation a line
test.each<[situation: string, key: KeyInput | undefined, config: Record<string, string>, told: true | undefined]>([
  ['a run without producers', undefined, {}, undefined],
  ['records without a key', { mode: 'None' }, {}, undefined],
  ['fixed keys', { mode: 'Fixed', values: ['a', 'b'] }, {}, true],
  ['a thousand keys', { mode: 'Random', cardinality: 1_000 }, {}, true],
  ['more keys than the evidence holds', { mode: 'Sequence', cardinality: 1_001 }, {}, undefined],
  ['timestamps from the brokers', { mode: 'Fixed', values: ['a'] }, LOG_APPEND, undefined],
])('consumers of %s report the order of keys: %j %j %s', (_situation, key, config, told) => {
  const producers = key === undefined ? null : { ...PRODUCERS, record: { key } };
  const asked = loadTest({ producers, consumers: CONSUMERS, topic: { ...TOPIC, config } });
  expect((specIn(consuming(asked)).work as ConsumerSpec).keys).toBe(told);
});

test.each([
  [undefined, undefined],
  [{ 'kafkalab.dev/record-log': 'false' }, undefined],
  [{ 'kafkalab.dev/record-log': 'true' }, '1'],
])('with annotations %j the record log is %s', (annotations, value) => {
  expect(environment(consumers({}, annotations)).find(({ name }) => name === RECORD_LOG_ENV)?.value).toBe(value);
});

test('a consumer requests more CPU than a producer', () => {
  const cpu = (workload: KubernetesObject) =>
    (workload.spec as { template: { spec: { containers: { resources: { requests: { cpu: string } } }[] } } }).template
      .spec.containers[0]?.resources.requests.cpu;
  const producer = producing(loadTest({ producers: PRODUCERS }));
  expect(Number.parseInt(cpu(consumers({})) ?? '', 10)).toBeGreaterThan(Number.parseInt(cpu(producer) ?? '', 10));
});
