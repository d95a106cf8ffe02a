// The programs that the local cluster needs, and their Debian packages.
import { existsSync } from 'node:fs';
import { attempt, exists, run } from './command.ts';
import { step } from './progress.ts';

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
  'g++': 'g++',
  make: 'make',
  // A library is installed if its header exists.
  'openssl/ssl.h': 'libssl-dev',
  'zlib.h': 'zlib1g-dev',
  'zstd.h': 'libzstd-dev',
};

export const cniPrograms =
  ['/usr/lib/cni', '/opt/cni/bin'].find((folder) => existsSync(`${folder}/bridge`)) ?? '/usr/lib/cni';
export const nodeTools = ['containerd', 'ctr', 'runc', 'iptables', 'conntrack', 'socat', 'ip', 'openssl', 'buildah'];

function goIsNewEnough(): boolean {
  const [, major, minor] = /go(\d+)\.(\d+)/.exec(attempt('go', ['version']) ?? '') ?? [];
  return Number(major) > 1 || Number(minor) >= 21; // from 1.21 on, go downloads the toolchain that a module requires
}

const isThere = (tool: string): boolean => (tool.endsWith('.h') ? existsSync(`/usr/include/${tool}`) : exists(tool));

let before: Promise<void> = Promise.resolve();

/** Installs missing tools. Simultaneous callers take turns, because apt-get runs once at a time. */
export function requireTools(tools: string[]): Promise<void> {
  const own = before.then(() => install(tools));
  before = own.catch(() => {});
  return own;
}

async function install(tools: string[]): Promise<void> {
  if (tools.includes('go') && !goIsNewEnough()) {
    throw new Error(
      'Go 1.21 or newer is missing: install it from https://go.dev/dl (or, if your Debian has it, apt-get install golang-1.24), then run this again',
    );
  }
  const missing = new Set(
    tools.filter((tool) => tool !== 'go' && !isThere(tool)).map((tool) => packages[tool] ?? tool),
  );
  if (tools.includes('containerd') && !existsSync(`${cniPrograms}/bridge`)) missing.add('containernetworking-plugins');
  if (missing.size === 0) return;
  const list = [...missing].join(' ');
  if (!exists('apt-get'))
    throw new Error(`these Debian packages are missing: ${list}. Install their programs, then run this again`);
  await step(`installing with apt-get: ${list}`, async () => {
    const [program = '', ...first] = process.getuid?.() === 0 ? ['apt-get'] : ['sudo', 'apt-get'];
    const aptGet = (...args: string[]) =>
      run(program, [...first, ...args], { env: { DEBIAN_FRONTEND: 'noninteractive' } });
    const install = ['install', '-y', '--no-install-recommends', ...list.split(' ')];
    try {
      await aptGet(...install);
    } catch {
      await aptGet('update'); // the package lists contain versions that no longer exist
      await aptGet(...install);
    }
  });
}
