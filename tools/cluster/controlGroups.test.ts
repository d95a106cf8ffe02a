import { expect, test } from '@jest/globals';
import { SHARES, SHARES_OF_WHOLE, settings, WEIGHT_OF_WHOLE, weightOf } from './controlGroups.ts';

const written = (version: 1 | 2, controllers: string[]) =>
  settings(version, controllers).flatMap(({ folder, file, text }) => (file ? [`${folder}/${file} ${text}`] : []));
const folders = (version: 1 | 2, controllers: string[]) =>
  settings(version, controllers).flatMap(({ folder, file }) => (file ? [] : [folder]));

test('cgroup v1: each controller has every group, and the CPU controller has the shares', () => {
  expect(folders(1, ['cpu', 'memory'])).toEqual(
    ['cpu', 'memory'].flatMap((controller) =>
      ['', '/control-plane', '/node', '/pods'].map((part) => `${controller}/kafka-lab${part}`),
    ),
  );
  expect(written(1, ['cpu', 'memory'])).toEqual([
    `cpu/kafka-lab/cpu.shares ${SHARES_OF_WHOLE}`,
    ...Object.entries(SHARES).map(([part, shares]) => `cpu/kafka-lab/${part}/cpu.shares ${shares}`),
  ]);
  expect(written(1, ['memory'])).toEqual([]);
});

test('cgroup v2: controllers are delegated from the root to the parts before the weights are set', () => {
  expect(written(2, ['cpu', 'memory'])).toEqual([
    './cgroup.subtree_control +cpu',
    './cgroup.subtree_control +memory',
    'kafka-lab/cgroup.subtree_control +cpu',
    'kafka-lab/cgroup.subtree_control +memory',
    `kafka-lab/cpu.weight ${WEIGHT_OF_WHOLE}`,
    ...Object.entries(SHARES).map(([part, shares]) => `kafka-lab/${part}/cpu.weight ${weightOf(shares)}`),
  ]);
  expect(folders(2, [])).toEqual(['kafka-lab', 'kafka-lab/control-plane', 'kafka-lab/node', 'kafka-lab/pods']);
});

test.each([1, 2] as const)('cgroup v%i: a setting is written after its folder is created', (version) => {
  const there = new Set(['.']);
  for (const { folder, file } of settings(version, ['cpu'])) {
    if (file === undefined) there.add(folder);
    else expect(there).toContain(folder);
  }
});

test('all weights are within the limits of the kernel, and pods weigh as much as the control plane', () => {
  for (const shares of [SHARES_OF_WHOLE, ...Object.values(SHARES)]) {
    expect(shares).toBeGreaterThanOrEqual(2);
    expect(shares).toBeLessThanOrEqual(262_144);
    expect(weightOf(shares)).toBeGreaterThanOrEqual(1);
    expect(weightOf(shares)).toBeLessThanOrEqual(10_000);
  }
  expect(weightOf(1_024)).toBe(100);
  expect(SHARES.pods).toBe(SHARES['control-plane']);
});
