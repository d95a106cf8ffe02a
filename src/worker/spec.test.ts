import { expect, test } from '@jest/globals';
import { toKafkajsConsumer, toKafkajsProducer } from '../domain/settings/kafkajs.ts';
import type { WorkerSpec } from '../domain/workers/spec.ts';
import { parseWorkerSpec } from './spec.ts';

const spec: WorkerSpec = {
  run: 'uid-1',
  loadTest: 'labs/lag',
  bootstrapServers: 'kafka:9092',
  topic: 'my-topic',
  evidence: { topic: 'kafkalab-evidence', partition: 3 },
  clientsPerPod: 1,
  config: { 'linger.ms': '20' },
  work: {
    role: 'Consumer',
    group: 'my-group',
    perRecordMs: 0.5,
    commit: { mode: 'Every', records: 10 },
    maxPollRecords: 500,
  },
};

test('specs of consumers and producers are parsed', () => {
  expect(parseWorkerSpec(JSON.stringify(spec))).toEqual(spec);
  const producing: WorkerSpec = {
    ...spec,
    work: {
      role: 'Producer',
      messages: { total: 100, clients: 4 },
      record: { value: 'Json', key: { mode: 'Fixed', values: ['key1'] } },
      partitioner: { mode: 'Explicit', partition: 0 },
    },
  };
  expect(parseWorkerSpec(JSON.stringify(producing))).toEqual(producing);
});

test('kafkajs options, static membership and a slow member are parsed', () => {
  const [producer, consumer] = [toKafkajsProducer({}), toKafkajsConsumer({ 'client.rack': 'r' })];
  if ('refused' in producer || 'refused' in consumer) throw new Error('refused');
  const consuming: WorkerSpec = {
    ...spec,
    work: {
      role: 'Consumer',
      kafkajs: consumer,
      group: 'g',
      staticMembersOf: 'labs',
      perRecordMs: 0,
      slowMember: { perPollMs: 2000 },
      commit: { mode: 'Auto' },
      maxPollRecords: 1_000_000,
      keys: true,
    },
  };
  expect(parseWorkerSpec(JSON.stringify(consuming))).toEqual(consuming);
  const record = { value: 'Json', key: { mode: 'None' } } as const;
  const partitioner = { mode: 'Sticky', bytes: 16_384 } as const;
  const producing: WorkerSpec = { ...spec, work: { role: 'Producer', kafkajs: producer, record, partitioner } };
  expect(parseWorkerSpec(JSON.stringify(producing))).toEqual(producing);
});

test('an error names the field', () => {
  expect(() => parseWorkerSpec('')).toThrow('not JSON');
  expect(() => parseWorkerSpec(JSON.stringify({ ...spec, clientsPerPod: 0 }))).toThrow('clientsPerPod');
  const work = { ...spec.work, commit: { mode: 'Sometimes' } };
  expect(() => parseWorkerSpec(JSON.stringify({ ...spec, work }))).toThrow('work.commit.mode');
});
