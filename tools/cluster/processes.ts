// The long-running programs of the cluster. Each has its own session, so that it outlives the shell that started it, a log
// file, and a record of its process that distinguishes it from a later process with the same number.
import { spawn } from 'node:child_process';
import { closeSync, existsSync, mkdirSync, openSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { enter, type Part } from './controlGroups.ts';
import { logs, runtime, state } from './paths.ts';

export interface Daemon {
  name: string;
  /** The part of the cluster whose CPU share it uses. */
  part: Part;
  program: string;
  args: string[];
  env?: Record<string, string>;
}

const record = (name: string): string => join(runtime, `${name}.pid`);

/** The start time of a process in ticks since boot. */
function startTime(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return fields[0] === 'Z' ? undefined : fields[19];
  } catch {
    return undefined;
  }
}

export function processOf(name: string): number | undefined {
  if (!existsSync(record(name))) return undefined;
  const [pid, started] = readFileSync(record(name), 'utf8').trim().split(' ');
  return started !== undefined && startTime(Number(pid)) === started ? Number(pid) : undefined;
}

export function start(daemon: Daemon): void {
  if (processOf(daemon.name)) return;
  mkdirSync(logs, { recursive: true });
  mkdirSync(runtime, { recursive: true });
  const log = openSync(join(logs, `${daemon.name}.log`), 'a');
  // The program of Kubernetes chooses the component by argv[0].
  const child = spawn(daemon.program, daemon.args, {
    argv0: daemon.name,
    cwd: state,
    detached: true,
    env: { PATH: process.env.PATH ?? '', HOME: state, ...daemon.env },
    stdio: ['ignore', log, log],
  });
  closeSync(log);
  child.on('error', () => {}); // the missing pid below reports it
  if (child.pid === undefined) throw new Error(`${daemon.name} did not start: ${daemon.program}`);
  writeFileSync(record(daemon.name), `${child.pid} ${startTime(child.pid)}\n`);
  enter(daemon.part, child.pid);
  child.unref();
}

export async function kill(name: string): Promise<void> {
  const pid = processOf(name);
  if (!pid) return;
  process.kill(pid, 'SIGKILL');
  while (processOf(name)) await sleep(20);
}

export function lastLines(name: string, count = 15): string {
  const file = join(logs, `${name}.log`);
  return existsSync(file) ? readFileSync(file, 'utf8').trimEnd().split('\n').slice(-count).join('\n') : '';
}

const ownPrograms = [
  'etcd',
  'kube-apiserver',
  'kube-controller-manager',
  'kube-scheduler',
  'kubelet',
  'kube-proxy',
  'coredns',
  'containerd',
  'containerd-shim-runc-v2',
  'runc',
];

const numbers = (): number[] =>
  readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number);

function read(pid: number, what: string): string {
  try {
    return readFileSync(`/proc/${pid}/${what}`, 'utf8');
  } catch {
    return ''; // the process has exited
  }
}

/** The programs of this cluster or of an earlier one that was killed. Their command lines contain the state folder. */
export function clusterProcesses(): { pid: number; name: string }[] {
  return numbers()
    .map((pid) => ({ pid, line: read(pid, 'cmdline') }))
    .filter(({ line }) => line.includes(`${state}/`))
    .map(({ pid, line }) => ({ pid, name: basename(line.split('\0')[0] ?? '') }))
    .filter(({ name }) => ownPrograms.includes(name));
}

/** The processes in the pods of the cluster, in any control group below `group`. */
export function podProcesses(group: string): number[] {
  const ofPod = new RegExp(`:/${group}/(.*/)?kubepods/`);
  return numbers().filter((pid) => ofPod.test(read(pid, 'cgroup')));
}

/** A running program with one of these names that does not belong to this cluster. */
export function foreign(...names: string[]): string | undefined {
  for (const pid of numbers()) {
    const line = read(pid, 'cmdline');
    const name = basename(line.split('\0')[0] ?? '');
    if (names.includes(name) && !line.includes(`${state}/`)) return `${name} (process ${pid})`;
  }
  return undefined;
}
