import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { openCheckpoint } from './checkpoint.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'checkpoint-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

test('a restarted container continues', () => {
  const first = openCheckpoint(folder, 'run-1');
  expect(first.settledOf('prod-0')).toBe(0);
  first.write({ 'prod-0': 12, 'prod-1': 3 });
  first.write({ 'prod-0': 15, 'prod-1': 3 });
  const second = openCheckpoint(folder, 'run-1');
  expect([second.settledOf('prod-0'), second.settledOf('prod-1'), second.settledOf('prod-2')]).toEqual([15, 3, 0]);
});

test('a file of another run and a broken file are ignored', () => {
  openCheckpoint(folder, 'run-1').write({ 'prod-0': 12 });
  expect(openCheckpoint(folder, 'run-2').settledOf('prod-0')).toBe(0);
  writeFileSync(join(folder, 'producers.json'), '{"run":"run-1","settled":{"prod-0":');
  expect(openCheckpoint(folder, 'run-1').settledOf('prod-0')).toBe(0);
});

test('without a folder nothing is kept', () => {
  const checkpoint = openCheckpoint(undefined, 'run-1');
  checkpoint.write({ 'prod-0': 12 });
  expect(checkpoint.settledOf('prod-0')).toBe(0);
});
