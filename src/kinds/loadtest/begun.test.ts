/** An upgrade of the operator leaves running labs alone: their StatefulSets keep the template that they began with. */
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { CONSUMERS, loadTest, PRODUCERS, runningStatus, type SpecChange, WORKER } from '../../../test/support/seen.ts';
import type { KubernetesObject } from '../../contract/kubernetes.ts';
import { type Clients, workloads } from './clients.ts';
import type { WorkerSettings } from './resources.ts';
import { translateSettings } from './settings.ts';

const PLACE = { topic: 'kafkalab-evidence', partition: 2, offset: 20 };
const CLIENTS: Clients = { producers: 2, consumers: 1 };

function apply(
  spec: SpecChange,
  worker: WorkerSettings,
  { owned = [] as KubernetesObject[], generation = 1, clients = CLIENTS } = {},
): KubernetesObject[] {
  const resource = loadTest(spec, runningStatus(), { generation });
  return workloads({ resource, owned }, clients, translateSettings(resource), PLACE, worker);
}

const templates = (objects: KubernetesObject[]) =>
  objects.map(({ spec }) => (spec as { template: unknown }).template as { spec: { containers: { image: string }[] } });
const images = (objects: KubernetesObject[]) => templates(objects).map(({ spec }) => spec.containers[0]?.image);
const NEWER: WorkerSettings = { image: 'worker:2', bootstrapServers: 'moved:9092' };

/** The annotation as if another version of the operator had written it: `change` edits the record. */
const recordedAs = (
  objects: KubernetesObject[],
  change: (begun: { generation: number; asked: object; template: object }) => object,
) =>
  objects.map((object) => {
    const [[name, json] = ['', '{}']] = Object.entries(object.metadata.annotations ?? {});
    return {
      ...object,
      metadata: { ...object.metadata, annotations: { [name]: JSON.stringify(change(JSON.parse(json))) } },
    };
  });

const settings: fc.Arbitrary<WorkerSettings> = fc.record({ image: fc.string(), bootstrapServers: fc.string() });
const asked: fc.Arbitrary<SpecChange> = fc.record({
  producers: fc.constantFrom({ ...PRODUCERS }, { ...PRODUCERS, record: { sizeBytes: 100 } }, null),
  consumers: fc.constantFrom(
    { ...CONSUMERS },
    { ...CONSUMERS, config: { 'max.poll.records': '7' }, processing: { perRecord: '5ms' } },
  ),
});

test('a run that began under an operator has the same StatefulSets under any other', () => {
  fc.assert(
    fc.property(asked, settings, settings, fc.nat(3), (spec, before, after, generation) => {
      const owned = apply(spec, before);
      expect(apply(spec, after, { owned, generation: generation + 1 })).toEqual(owned);
    }),
    { numRuns: 100 },
  );
});

test('a new run takes the image and the Kafka of today', () => {
  expect(images(apply({}, NEWER))).toEqual(['worker:2', 'worker:2']);
  expect(JSON.stringify(apply({}, NEWER))).toContain('moved:9092');
});

test('an operator that makes another template leaves that of a running lab', () => {
  const older = recordedAs(apply({}, WORKER), (begun) => ({ ...begun, template: { made: 'before' } }));
  expect(templates(apply({}, WORKER, { owned: older }))).toEqual([{ made: 'before' }, { made: 'before' }]);
});

test('a default that a newer CRD fills in changes nothing', () => {
  const owned = recordedAs(apply({}, WORKER), ({ asked: { ...fewer }, ...begun }) => {
    delete (fewer as { commit?: unknown }).commit;
    return { ...begun, asked: fewer };
  });
  expect(images(apply({}, NEWER, { owned }))).toEqual(['worker:1', 'worker:1']);
});

describe('in the next generation', () => {
  // biome-ignore format: one change a line
  test.each<[change: string, consumers: object, clients: Clients, images: string[]]>([
    ['more consumers', { replicas: 4 }, { producers: 2, consumers: 4 }, ['worker:1', 'worker:1']],
    ['no clients', {}, { producers: 0, consumers: 0 }, ['worker:1', 'worker:1']],
    ['the same settings in another order', { config: { 'max.poll.records': '7', 'fetch.min.bytes': '1' } }, CLIENTS, ['worker:1', 'worker:1']],
    ['other settings', { config: { 'max.poll.records': '8' } }, CLIENTS, ['worker:1', 'worker:2']],
    ['another commit mode', { commit: { mode: 'Record' } }, CLIENTS, ['worker:1', 'worker:2']],
    ['slower processing', { processing: { perRecord: '1s' } }, CLIENTS, ['worker:1', 'worker:2']],
  ])('%s', (_change, more, clients, expected) => {
    const config = { 'fetch.min.bytes': '1', 'max.poll.records': '7' };
    const before = { ...CONSUMERS, config };
    const owned = apply({ consumers: before }, WORKER);
    const now = apply({ consumers: { ...before, ...more } }, NEWER, { owned, generation: 2, clients });
    expect(images(now)).toEqual(expected);
    expect(now.map(({ spec }) => (spec as { replicas: number }).replicas)).toEqual(Object.values(clients));
  });
});

test.each(['no JSON', 'null', '{}', '{"template":"text"}'])(
  'a record that cannot be read counts as none: %s',
  (json) => {
    const owned = apply({}, WORKER).map((object) => {
      const [name = ''] = Object.keys(object.metadata.annotations ?? {});
      return { ...object, metadata: { ...object.metadata, annotations: { [name]: json } } };
    });
    expect(images(apply({}, NEWER, { owned }))).toEqual(['worker:2', 'worker:2']);
  },
);
