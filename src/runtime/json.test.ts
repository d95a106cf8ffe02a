import { expect, test } from '@jest/globals';
import { canonical, fingerprint, partOf } from './json.ts';
import { baselines } from './loop/baselines.ts';

test('equal values have the same canonical text in any order of fields', () => {
  expect(canonical({ b: [{ y: 1, x: 2 }], a: 1 })).toBe(canonical({ a: 1, b: [{ x: 2, y: 1 }], c: undefined }));
  expect(canonical([1, 2])).not.toBe(canonical([2, 1]));
  expect(fingerprint({ a: 1 })).not.toBe(fingerprint({ a: 2 }));
  expect(canonical(undefined)).toBe('null');
});

test('the part that a shape covers leaves out fields that others added', () => {
  const shape = { spec: { replicas: 1, list: [{ name: 'a' }] } };
  const live = { spec: { replicas: 2, list: [{ name: 'b', port: 1 }], more: true }, status: {} };
  expect(partOf(live, shape)).toEqual({ spec: { replicas: 2, list: [{ name: 'b' }] } });
  expect(partOf({ spec: {} }, shape)).toEqual({ spec: {} });
  expect(partOf({ spec: { list: [{ name: 'a' }, { name: 'added' }] } }, shape)).toEqual({
    spec: { list: [{ name: 'a' }, { name: 'added' }] },
  });
  expect(Object.keys(partOf({ a: 1 }, { a: 1, constructor: 'x' }) as object)).toEqual(['a']);
});

test('an object is unchanged while it equals the result of its last application', () => {
  const seen = baselines();
  const desired = { cpu: '1000m' };
  expect(seen.unchanged('k', desired, { cpu: '1' })).toBe(false);
  seen.applied('k', desired, { cpu: '1', added: true });
  expect(seen.unchanged('k', desired, { cpu: '1', added: false })).toBe(true);
  expect(seen.unchanged('k', desired, { cpu: '2' })).toBe(false);
  expect(seen.unchanged('k', { cpu: '2000m' }, { cpu: '1' })).toBe(false);
  seen.forget('k');
  expect(seen.unchanged('k', desired, { cpu: '1' })).toBe(false);
});
