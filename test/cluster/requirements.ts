// The programs that the local cluster needs, and the Debian package that has each.
import { existsSync } from 'node:fs';
import { attempt, exists, run } from './command.ts';
import { note, step } from './progress.ts';

const packages: Record<string, string> = {
  containerd: 'containerd',
  ctr: 'containerd',
  runc: 'runc',
  iptables: 'iptables',
  conntrack: 'conntrack',
  socat: 'socat',
  ip: 'iproute2',
  openssl: 'openssl',
  buildah: 'buildah',
  mmdebstrap: 'mmdebstrap',
  mvn: 'maven',
  python3: 'python3',
  pip3: 'python3-pip',
  cc: 'gcc libc6-dev',
};

export const cniPrograms =
  ['/usr/lib/cni', '/opt/cni/bin'].find((folder) => existsSync(`${folder}/bridge`)) ?? '/usr/lib/cni';
export const nodeTools = ['containerd', 'ctr', 'runc', 'iptables', 'conntrack', 'socat', 'ip', 'openssl', 'buildah'];

function goIsNewEnough(): boolean {
  const [, major, minor] = /go(\d+)\.(\d+)/.exec(attempt('go', ['version']) ?? '') ?? [];
  return Number(major) > 1 || Number(minor) >= 21; // from 1.21 on, go fetches the toolchain that a module asks for
}

export async function requireTools(tools: string[]): Promise<void> {
  if (tools.includes('go') && !goIsNewEnough()) {
    throw new Error(
      'Go 1.21 or newer is missing: install it from https://go.dev/dl (or apt-get install golang-1.24 where there is one), then run this again',
    );
  }
  const missing = new Set(tools.filter((tool) => tool !== 'go' && !exists(tool)).map((tool) => packages[tool] ?? tool));
  if (tools.includes('containerd') && !existsSync(`${cniPrograms}/bridge`)) missing.add('containernetworking-plugins');
  if (missing.size === 0) return;
  const list = [...missing].join(' ');
  if (!exists('apt-get'))
    throw new Error(`these are missing: ${list} (the names of Debian's packages): install them, then run this again`);
  await step(`installing with apt-get: ${list}`, async () => {
    const install = ['install', '-y', '--no-install-recommends', ...list.split(' ')];
    const quiet = { env: { DEBIAN_FRONTEND: 'noninteractive' } };
    try {
      await run('apt-get', install, quiet);
    } catch {
      note('refreshing the package lists');
      await run('apt-get', ['update'], quiet);
      await run('apt-get', install, quiet);
    }
  });
}
