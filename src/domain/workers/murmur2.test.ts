/** Compares with recorded results of the Java client. test/support/recorded/java-keys.tsv explains how they were made. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { murmur2, partitionForKey } from './murmur2.ts';

const RECORDED = join(import.meta.dirname, '../../../test/support/recorded/java-keys.tsv');
const lines = readFileSync(RECORDED, 'utf8')
  .trim()
  .split('\n')
  .map((line) => line.split('\t'));
const [head = [], ...rows] = lines.filter(([first]) => !first?.startsWith('#'));
const counts = head.slice(2).map(Number);

test('the recording has an empty key, binary keys and keys in several scripts', () => {
  const keys = rows.map(([base64 = '']) => Buffer.from(base64, 'base64'));
  const isText = (key: Buffer) => Buffer.from(key.toString()).equals(key);
  expect(keys.length).toBe(1_000);
  expect(keys.filter((key) => key.length === 0)).toHaveLength(1);
  expect(keys.filter((key) => !isText(key)).length).toBeGreaterThan(100);
  expect(keys.filter((key) => isText(key) && key.some((byte) => byte > 0x7f)).length).toBeGreaterThan(100);
  for (const rest of [0, 1, 2, 3]) expect(keys.filter(({ length }) => length % 4 === rest).length).toBeGreaterThan(50);
  expect(counts).toEqual([1, 2, 3, 7, 12, 1000]);
});

test('hash and partition of every recorded key equal those of Kafka’s Java client', () => {
  for (const [base64 = '', hash, ...partitions] of rows) {
    const key = Buffer.from(base64, 'base64');
    expect([base64, murmur2(key)]).toEqual([base64, Number(hash)]);
    expect([base64, counts.map((count) => partitionForKey(key, count))]).toEqual([base64, partitions.map(Number)]);
  }
});
