import { expect, test } from '@jest/globals';
import { recordKey, recordValue } from './recordShape.ts';

test('without a size the value is not padded', () => {
  expect(recordValue({}, 7).toString()).toBe('{"cnt":7}');
});

test('a value has exactly its size, with capital letters that differ from message to message', () => {
  const one = recordValue({ sizeBytes: 100 }, 1);
  const two = recordValue({ sizeBytes: 100 }, 2);
  expect(one).toHaveLength(100);
  expect(JSON.parse(one.toString())).toEqual({ cnt: 1, padding: expect.stringMatching(/^[A-Z]{78}$/) });
  expect(JSON.parse(two.toString()).padding).not.toBe(JSON.parse(one.toString()).padding);
  expect(recordValue({ sizeBytes: 100 }, 1)).toEqual(one);
});

test('a size without room for the padding field is filled with spaces', () => {
  expect(recordValue({ sizeBytes: 12 }, 5).toString()).toBe('{"cnt":5}   ');
});

test('a value is never truncated', () => {
  expect(recordValue({ sizeBytes: 3 }, 12).toString()).toBe('{"cnt":12}');
});

const unused = () => {
  throw new Error('not random');
};

test('keys', () => {
  expect(recordKey({ mode: 'None' }, 3, unused)).toBeNull();
  expect([0, 1, 2].map((n) => recordKey({ mode: 'Fixed', values: ['key1', 'key2'] }, n, unused))).toEqual([
    'key1',
    'key2',
    'key1',
  ]);
  expect([0, 1, 2, 3].map((n) => recordKey({ mode: 'Sequence', cardinality: 3 }, n, unused))).toEqual([
    'key0',
    'key1',
    'key2',
    'key0',
  ]);
  expect(recordKey({ mode: 'Random', cardinality: 10 }, 0, () => 0.999)).toBe('key9');
});
