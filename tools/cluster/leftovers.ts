// Removes a cluster from this machine, also one that was killed, only partly started, or started by another checkout. The
// cache stays.
import { existsSync, readdirSync, readFileSync, readlinkSync, rmdirSync, rmSync } from 'node:fs';
import { createConnection } from 'node:net';
import { dirname, join } from 'node:path';
import { attempt, exists, run } from './command.ts';
import { whole } from './controlGroups.ts';
import { bridge, cniNetwork, restoreKernel } from './network.ts';
import { builderRuntime, builderStorage, state } from './paths.ts';
import { clusterProcesses, foreign, podProcesses } from './processes.ts';
import { waitFor } from './progress.ts';

function end(pids: number[]): void {
  for (const pid of pids) {
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      // It has already exited.
    }
  }
}

async function endProcesses(): Promise<void> {
  await waitFor("the end of the cluster's processes", 30, async () => {
    // The programs that start pods are killed first, then the pods, then containerd with its shims. So nothing is restarted.
    const own = clusterProcesses();
    const starters = own.filter(({ name }) => name.startsWith('kube'));
    end((starters.length ? starters : own).map(({ pid }) => pid));
    const pods = podProcesses(whole);
    end(pods);
    return own.length + pods.length === 0 ? undefined : `${own.length} programs and ${pods.length} processes of pods`;
  });
}

function mountsBelow(folder: string): string[] {
  return readFileSync('/proc/self/mountinfo', 'utf8')
    .split('\n')
    .map((line) => line.split(' ')[4]?.replaceAll('\\040', ' ') ?? '')
    .filter((path) => path.startsWith(`${folder}/`));
}

/** The mounts of the cluster and of interrupted image builds. */
const mounted = () => [state, builderStorage].flatMap(mountsBelow);

async function unmount(): Promise<void> {
  for (const path of mounted().reverse()) await run('umount', ['--lazy', path]).catch(() => {});
  const left = mounted();
  if (left.length) throw new Error(`these mounts cannot be removed: ${left.join(' ')}`);
}

async function removeNetwork(): Promise<void> {
  if (exists('ip')) {
    const ports = attempt('ip', ['-j', 'link', 'show', 'master', bridge]);
    for (const port of JSON.parse(ports?.trim() || '[]') as { ifname?: string }[]) {
      if (port.ifname) attempt('ip', ['link', 'delete', port.ifname]);
    }
    attempt('ip', ['link', 'delete', bridge]);
  }
  const results = '/var/lib/cni/results';
  if (existsSync(results)) {
    // Every runtime records loopback devices under the same name. Beside another runtime these records stay.
    const alone = !foreign('containerd', 'crio');
    for (const file of readdirSync(results)) {
      if (file.startsWith(`${cniNetwork}-`) || (alone && file.startsWith('cni-loopback-'))) rmSync(join(results, file));
    }
    removeEmpty(results, '/var/lib/cni');
  }
}

const ownRule = /(^:|^-A |-j |-g )(KUBE-|CNI-)|--comment kafka-lab-operator/;

async function removeFirewallRules(): Promise<void> {
  for (const command of ['iptables', 'ip6tables']) {
    for (const table of ['filter', 'nat', 'mangle']) {
      const saved = attempt(`${command}-save`, ['--counters', '--table', table]);
      const lines = saved?.split('\n') ?? [];
      const kept = lines.filter((line) => !ownRule.test(line.replace(/^\[\d+:\d+\] /, '')));
      if (kept.length < lines.length)
        await run(`${command}-restore`, ['--counters', '--wait', '--table', table], { input: kept.join('\n') });
    }
  }
}

async function removeControlGroups(): Promise<void> {
  const root = '/sys/fs/cgroup';
  const tops = [root, ...(existsSync(root) ? readdirSync(root).map((name) => join(root, name)) : [])]
    .map((folder) => join(folder, whole))
    .filter((folder) => existsSync(folder));
  await waitFor('the removal of control groups', 20, async () => {
    for (const top of tops) {
      if (!existsSync(top)) continue;
      const below = readdirSync(top, { recursive: true, withFileTypes: true }).filter((entry) => entry.isDirectory());
      const folders = below.map((entry) => join(entry.parentPath, entry.name)).sort((a, b) => b.length - a.length);
      for (const folder of [...folders, top]) {
        try {
          rmdirSync(folder);
        } catch {
          // It is busy until the killed processes are gone: the next attempt removes it.
        }
      }
    }
    return tops.find((folder) => existsSync(folder));
  });
}

function removeEmpty(...folders: string[]): void {
  for (const folder of folders) {
    try {
      rmdirSync(folder);
    } catch {
      // Another program uses it.
    }
  }
}

function nobodyListens(socket: string): Promise<boolean> {
  return new Promise((done) => {
    const connection = createConnection(socket, () => {
      connection.destroy();
      done(false);
    });
    connection.on('error', () => done(true));
  });
}

/** Removes the files that containerd and kubelet write outside of the state folder. */
async function removeStrayFiles(): Promise<void> {
  const sockets = '/run/containerd/s';
  if (existsSync(sockets)) {
    for (const name of readdirSync(sockets))
      if (await nobodyListens(join(sockets, name))) rmSync(join(sockets, name), { force: true });
    removeEmpty(sockets, '/run/containerd');
  }
  const links = '/var/log/containers';
  if (existsSync(links)) {
    for (const name of readdirSync(links)) {
      try {
        if (readlinkSync(join(links, name)).startsWith(`${state}/`)) rmSync(join(links, name));
      } catch {
        // It is not a link, so it is not ours.
      }
    }
    removeEmpty(links);
  }
  const plugins = '/var/lib/kubelet/device-plugins';
  const socket = join(plugins, 'kubelet.sock');
  if (existsSync(socket) && (await nobodyListens(socket))) rmSync(socket);
  removeEmpty(plugins, dirname(plugins), '/var/log/pods');
  rmSync(builderRuntime, { recursive: true, force: true });
}

export async function removeCluster(): Promise<void> {
  await endProcesses();
  await unmount();
  await removeNetwork();
  await removeFirewallRules();
  await removeControlGroups();
  await removeStrayFiles();
  restoreKernel();
  rmSync(state, { recursive: true, force: true });
  removeEmpty(dirname(state));
}

/** Whether this machine has anything of a cluster, running or not. */
export function anythingLeft(): boolean {
  const bridged = attempt('ip', ['link', 'show', bridge]) !== undefined;
  return existsSync(state) || bridged || mounted().length > 0 || clusterProcesses().length > 0;
}
