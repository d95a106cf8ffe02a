import { expect, test } from '@jest/globals';
import type { KubernetesObject, OwnerReference } from '../../contract/kubernetes.ts';
import { claim, complete, distinct, undesired } from './desired.ts';

const owner: KubernetesObject = {
  apiVersion: 'kafkalab.dev/v1alpha1',
  kind: 'LoadTest',
  metadata: { namespace: 'demo', name: 'lag', uid: 'u1' },
};
const object = (
  name: string,
  rest: Partial<KubernetesObject['metadata']> = {},
  apiVersion = 'apps/v1',
): KubernetesObject => ({
  apiVersion,
  kind: 'StatefulSet',
  metadata: { namespace: 'demo', name, ...rest },
});
const controlledBy = (uid: string, name = 'lag'): OwnerReference[] => [
  { apiVersion: 'kafkalab.dev/v1alpha1', kind: 'LoadTest', name, uid, controller: true },
];

test('a desired object gets its namespace, owner and labels and keeps its own labels', () => {
  const desired = { ...object('lag-producers'), metadata: { name: 'lag-producers', labels: { role: 'producer' } } };
  expect(complete(desired, owner).metadata).toEqual({
    name: 'lag-producers',
    namespace: 'demo',
    labels: { role: 'producer', 'app.kubernetes.io/managed-by': 'kafka-lab-operator', 'kafkalab.dev/loadtest': 'lag' },
    ownerReferences: [
      {
        apiVersion: 'kafkalab.dev/v1alpha1',
        kind: 'LoadTest',
        name: 'lag',
        uid: 'u1',
        controller: true,
        blockOwnerDeletion: true,
      },
    ],
  });
  expect(desired.metadata).toEqual({ name: 'lag-producers', labels: { role: 'producer' } });
});

test('a name is cut to the length of a label value', () => {
  const long = { ...owner, metadata: { ...owner.metadata, name: `${'a'.repeat(62)}-${'b'.repeat(100)}` } };
  expect(complete(object('x'), long).metadata.labels?.['kafkalab.dev/loadtest']).toBe('a'.repeat(62));
});

test('an owned object is undesired if the plan lacks it and nothing is deleting it', () => {
  const owned = [
    object('a'),
    object('b'),
    object('c', { deletionTimestamp: '2026-01-01T00:00:00Z' }),
    object('d', {}, 'apps/v1beta1'),
  ];
  expect(undesired(owned, [object('a'), object('d')]).map(({ metadata }) => metadata.name)).toEqual(['b']);
});

test('an object that is served in two versions is listed once', () => {
  const twice = [object('a', { uid: 'x' }), object('a', { uid: 'x' }, 'apps/v1beta1'), object('b', { uid: 'y' })];
  expect(distinct(twice).map(({ apiVersion, metadata }) => `${apiVersion} ${metadata.name}`)).toEqual([
    'apps/v1 a',
    'apps/v1 b',
  ]);
});

test('an owner may write only to objects that it controls', () => {
  expect(claim(object('a', { ownerReferences: controlledBy('u1') }), owner)).toEqual({ ok: true });
  expect(claim(object('a'), owner)).toMatchObject({ ok: false, reason: 'Refused' });
  expect(claim(object('a', { ownerReferences: controlledBy('u2', 'other') }), owner)).toEqual({
    ok: false,
    reason: 'Refused',
    message:
      'StatefulSet demo/a exists already and belongs to LoadTest other. Delete it, or write another name for it in the LoadTest.',
  });
  // Here the name is derived from the owner's name.
  expect(claim(object(`${owner.metadata.name}-a`), owner)).toMatchObject({
    message: expect.stringMatching(/Delete it, or give the LoadTest another name\.$/),
  });
});

test('an owner waits for an object that is still being deleted', () => {
  const going = object('a', { ownerReferences: controlledBy('u1'), deletionTimestamp: '2026-01-01T00:00:00Z' });
  expect(claim(going, owner)).toMatchObject({ ok: false, reason: 'Unexpected' });
  expect(claim(object('a', { ownerReferences: controlledBy('u0') }), owner)).toMatchObject({
    ok: false,
    reason: 'Unexpected',
  });
});
