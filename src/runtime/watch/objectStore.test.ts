import { expect, test } from '@jest/globals';
import type { KubernetesObject } from '../../contract/kubernetes.ts';
import { objectStore } from './objectStore.ts';

const object = (name: string, uid: string, resourceVersion: string, owner?: string): KubernetesObject => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: {
    namespace: 'n',
    name,
    uid,
    resourceVersion,
    ...(owner
      ? { ownerReferences: [{ apiVersion: 'example.dev/v1', kind: 'Toy', name: 'o', uid: owner, controller: true }] }
      : {}),
  },
});
const types = (changes: { type: string; object: KubernetesObject }[]) =>
  changes.map(({ type, object: { metadata } }) => `${type} ${metadata.uid}@${metadata.resourceVersion}`);

test('an older version never replaces a newer one', () => {
  const store = objectStore();
  store.put(object('a', 'u', '10'));
  expect(store.put(object('a', 'u', '9'))).toEqual([]);
  expect(store.put(object('a', 'u', '10'))).toEqual([]);
  expect(types(store.put(object('a', 'u', '11')))).toEqual(['Modified u@11']);
  expect(store.get('n', 'a')?.metadata.resourceVersion).toBe('11');
});

test('an object with another uid is another object of the same name', () => {
  const store = objectStore();
  store.put(object('a', 'u', '10'));
  expect(types(store.replace([object('a', 'v', '20')]))).toEqual(['Deleted u@10', 'Added v@20']);
  expect(types(store.remove(object('a', 'u', '19')))).toEqual([]);
  expect(store.get('n', 'a')?.metadata.uid).toBe('v');
});

test('the late result of a write does not bring back a deleted object', () => {
  const store = objectStore();
  store.put(object('a', 'u', '10'));
  store.remove(object('a', 'u', '12'));
  expect(store.put(object('a', 'u', '11'))).toEqual([]);
  expect(store.get('n', 'a')).toBeUndefined();
  expect(types(store.put(object('a', 'v', '13')))).toEqual(['Added v@13']);
});

test('a list replaces the set even if all its versions are older', () => {
  const store = objectStore();
  store.put(object('a', 'u', '100'));
  store.put(object('b', 'w', '101'));
  expect(types(store.replace([object('a', 'u', '50')]))).toEqual(['Deleted w@101', 'Modified u@50']);
});

test('objects are found by their current controller', () => {
  const store = objectStore();
  store.put(object('a', 'u', '1', 'owner'));
  store.put(object('b', 'v', '2', 'owner'));
  store.put(object('c', 'w', '3', 'other'));
  expect(store.controlledBy('owner').map(({ metadata }) => metadata.name)).toEqual(['a', 'b']);
  store.put(object('a', 'u', '4', 'other'));
  store.remove(object('b', 'v', '5'));
  expect(store.controlledBy('owner')).toEqual([]);
  expect(store.controlledBy('other').map(({ metadata }) => metadata.name)).toEqual(['c', 'a']);
});
