// Control groups of the local cluster: one for all of it, and in it one for each part, with weights of CPU. Outside of
// it a build or a test has threads by the dozen; without a group of their own, the API server and the programs that
// start containers would each be one thread among them, and all pods together no more than one.
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

export type Part = 'control-plane' | 'node' | 'pods';

const root = '/sys/fs/cgroup';
/** The control group that holds every process of this cluster and nothing else. */
export const whole = 'kafka-lab';
/** kubelet's cgroupRoot: it makes and removes what is below. */
export const podsGroup = `${whole}/pods`;

/**
 * CPU shares as cgroup v1 counts them; a thread outside of any group has 1,024. They count only while the CPU is short:
 * the whole gets sixteen times what one thread outside gets; the control plane, which needs little, never waits behind
 * pods; and starting containers does not take from what runs.
 */
export const SHARES: Record<Part, number> = { 'control-plane': 2_048, node: 1_024, pods: 2_048 };
export const SHARES_OF_WHOLE = 16_384;
/**
 * cgroup v2 gives a whole login session or all services of a machine the weight of one such group (100): tests and
 * builds share that one, so the cluster gets four times as much and not sixteen times.
 */
export const WEIGHT_OF_WHOLE = 400;

/** cpu.weight of cgroup v2 for v1's shares: both defaults (1,024 and 100) mean the same. */
export const weightOf = (shares: number): number => Math.round((shares * 100) / 1_024);

interface Setting {
  /** Below /sys/fs/cgroup. */
  folder: string;
  /** File and what is written to it; none: the folder only. */
  file?: string;
  text?: string;
}

const parts = Object.keys(SHARES) as Part[];

/** Folders and settings in the order in which they are made; `controllers`: those of the machine. Pure. */
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
  // A controller works below a group only where the group hands it on.
  const handedOn = (folder: string) =>
    controllers.map((controller) => ({ folder, file: 'cgroup.subtree_control', text: `+${controller}` }));
  const weight = (folder: string, text: number) => ({ folder, file: 'cpu.weight', text: String(text) });
  return [
    ...handedOn('.'),
    { folder: whole },
    ...handedOn(whole),
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
        // not to be had on this machine: the cluster runs, only its share of a busy CPU is smaller
      }
    }
  }
}

/** Moves a process, with what it starts from now on, into the group of its part. */
export function enter(part: Part, pid: number): void {
  const folder = join(root, isVersion2() ? '' : 'cpu', whole, part);
  if (!existsSync(folder)) return;
  try {
    writeFileSync(join(folder, 'cgroup.procs'), String(pid));
  } catch {
    // it has ended already: who waits for it to answer says so, with its last words
  }
}
