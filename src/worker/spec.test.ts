import { expect, test } from '@jest/globals';
import type { WorkerSpec } from '../domain/workerSpec.ts';
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

test('what the operator writes is read', () => {
  expect(parseWorkerSpec(JSON.stringify(spec))).toEqual(spec);
  const producing: WorkerSpec = {
    ...spec,
    work: {
      role: 'Producer',
      messages: { total: 100, clients: 4 },
      record: { value: 'Json', key: { mode: 'Fixed', values: ['key1'] } },
    },
  };
  expect(parseWorkerSpec(JSON.stringify(producing))).toEqual(producing);
});

test('an error names the field', () => {
  expect(() => parseWorkerSpec('')).toThrow('not JSON');
  expect(() => parseWorkerSpec(JSON.stringify({ ...spec, clientsPerPod: 0 }))).toThrow('clientsPerPod');
  const work = { ...spec.work, commit: { mode: 'Sometimes' } };
  expect(() => parseWorkerSpec(JSON.stringify({ ...spec, work }))).toThrow('work.commit.mode');
});
