// The control groups of the local cluster: one for the whole cluster and one for each of its parts, with CPU weights. A build
// or a test runs dozens of threads. Without these groups the API server would get the CPU share of one of these threads, and
// so would all pods together.
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

export type Part = 'control-plane' | 'node' | 'pods';

const root = '/sys/fs/cgroup';
/** The control group of the whole cluster. It contains no other processes. */
export const whole = 'kafka-lab';
/** The cgroupRoot of kubelet, which creates and removes the groups below it. */
export const podsGroup = `${whole}/pods`;

/**
 * CPU shares in the units of cgroup v1, where a thread outside of any group has 1,024. They apply only while the CPU is short.
 * The whole cluster then gets sixteen times the share of one thread. The control plane, which needs little, never waits for
 * pods. Starting containers does not slow down running ones.
 */
export const SHARES: Record<Part, number> = { 'control-plane': 2_048, node: 1_024, pods: 2_048 };
export const SHARES_OF_WHOLE = 16_384;
/**
 * The CPU weight in cgroup v2. There a whole login session, or all services of a machine, weigh as much as one group (100).
 * Tests and builds share such a group, so the cluster gets four times its weight instead of sixteen times.
 */
export const WEIGHT_OF_WHOLE = 400;

/** The cpu.weight of cgroup v2 for shares of v1. The defaults, 1,024 and 100, are equivalent. */
export const weightOf = (shares: number): number => Math.round((shares * 100) / 1_024);

interface Setting {
  /** Below /sys/fs/cgroup. */
  folder: string;
  /** The file and its text. Absent: only the folder is created. */
  file?: string;
  text?: string;
}

const parts = Object.keys(SHARES) as Part[];

/** The folders and settings in their order of creation. `controllers`: of this machine. Pure. */
export function settings(version: 1 | 2, controllers: readonly string[]): Setting[] {
  if (version === 1) {
    const folders = controllers.flatMap((controller) =>
      [whole, ...parts.map((part) => `${whole}/${part}`)].map((group) => ({ folder: join(controller, group) })),
    );
    const shares = (group: string, text: number) => ({
      folder: join('cpu', group),
      file: 'cpu.shares',
      text: String(text),
    });
    const cpu = controllers.includes('cpu')
      ? [shares(whole, SHARES_OF_WHOLE), ...parts.map((part) => shares(`${whole}/${part}`, SHARES[part]))]
      : [];
    return [...folders, ...cpu];
  }
  // A controller is available below a group only if the group delegates it.
  const delegated = (folder: string) =>
    controllers.map((controller) => ({ folder, file: 'cgroup.subtree_control', text: `+${controller}` }));
  const weight = (folder: string, text: number) => ({ folder, file: 'cpu.weight', text: String(text) });
  return [
    ...delegated('.'),
    { folder: whole },
    ...delegated(whole),
    ...parts.map((part) => ({ folder: `${whole}/${part}` })),
    weight(whole, WEIGHT_OF_WHOLE),
    ...parts.map((part) => weight(`${whole}/${part}`, weightOf(SHARES[part]))),
  ];
}

const isVersion2 = (): boolean => existsSync(join(root, 'cgroup.controllers'));

function controllersOf(version: 1 | 2): string[] {
  if (version === 2) return readFileSync(join(root, 'cgroup.controllers'), 'utf8').trim().split(' ');
  return readdirSync(root).filter((name) => existsSync(join(root, name, 'cgroup.procs')));
}

export function makeControlGroups(): void {
  const version = isVersion2() ? 2 : 1;
  for (const { folder, file, text } of settings(version, controllersOf(version))) {
    const path = join(root, folder);
    if (file === undefined) mkdirSync(path, { recursive: true });
    else {
      try {
        writeFileSync(join(path, file), text ?? '');
      } catch {
        // This machine lacks the setting: the cluster runs anyway, with a smaller share of a busy CPU.
      }
    }
  }
}

/** Moves a process and its future children into the group of its part. */
export function enter(part: Part, pid: number): void {
  const folder = join(root, isVersion2() ? '' : 'cpu', whole, part);
  if (!existsSync(folder)) return;
  try {
    writeFileSync(join(folder, 'cgroup.procs'), String(pid));
  } catch {
    // It has already exited. Whoever waits for its answer reports that with its last log lines.
  }
}
