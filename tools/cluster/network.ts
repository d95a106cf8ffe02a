// The network of the local cluster: addresses, bridge and kernel settings. Every program binds to loopback or to the bridge's
// address, so no other machine can reach it.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { attempt, run } from './command.ts';
import { config, state } from './paths.ts';

export const bridge = 'kafkalab0';
export const podRange = '10.213.0.0/22'; // 1022 addresses for at most 400 pods
export const hostAddress = '10.213.0.1'; // the bridge: node, API server and cluster DNS
export const serviceRange = '10.213.64.0/20';
export const apiServiceAddress = '10.213.64.1';
export const apiServer = `https://${hostAddress}:6443`;
export const cniFolder = join(config, 'cni');
export const cniState = join(state, 'cni');
export const cniNetwork = 'kafka-lab';

const wanted: Record<string, number> = {
  'net.ipv4.ip_forward': 1,
  'net.bridge.bridge-nf-call-iptables': 1,
  'fs.inotify.max_user_instances': 8192,
  'fs.inotify.max_user_watches': 524288,
  // All network namespaces share one neighbour table. 200 pods with three brokers each overflow its default of 1,024 entries.
  'net.ipv4.neigh.default.gc_thresh3': 65_536,
  'net.ipv4.neigh.default.gc_thresh2': 32_768,
  'net.ipv4.neigh.default.gc_thresh1': 16_384,
};
// kubelet and kube-proxy change these settings. Their values are saved and restored.
const changedByKubernetes = [
  'vm.overcommit_memory',
  'vm.panic_on_oom',
  'kernel.panic',
  'kernel.panic_on_oops',
  'kernel.keys.root_maxkeys',
  'kernel.keys.root_maxbytes',
  'net.ipv4.conf.all.route_localnet',
  'net.bridge.bridge-nf-call-ip6tables',
];
const remembered = join(state, 'sysctl.json');
const sysctlFile = (name: string): string => join('/proc/sys', name.replaceAll('.', '/'));

export function setKernel(): void {
  attempt('modprobe', ['br_netfilter']);
  attempt('modprobe', ['overlay']);
  const before: Record<string, string> = {};
  for (const name of [...Object.keys(wanted), ...changedByKubernetes]) {
    if (existsSync(sysctlFile(name))) before[name] = readFileSync(sysctlFile(name), 'utf8').trim();
  }
  // The first record stays, because later values may come from a killed cluster.
  if (!existsSync(remembered)) writeFileSync(remembered, JSON.stringify(before));
  for (const [name, value] of Object.entries(wanted)) {
    if (before[name] !== undefined && Number(before[name]) < value) writeFileSync(sysctlFile(name), String(value));
  }
}

export function restoreKernel(): void {
  if (!existsSync(remembered)) return;
  const before = JSON.parse(readFileSync(remembered, 'utf8')) as Record<string, string>;
  for (const [name, value] of Object.entries(before)) {
    if (existsSync(sysctlFile(name)) && readFileSync(sysctlFile(name), 'utf8').trim() !== value)
      writeFileSync(sysctlFile(name), value);
  }
}

const acceptOwn = ['-i', bridge, '-o', bridge, '-m', 'comment', '--comment', 'kafka-lab-operator', '-j', 'ACCEPT'];

export async function makeNetwork(): Promise<void> {
  await run('ip', ['link', 'add', bridge, 'address', '0a:58:0a:d5:00:01', 'type', 'bridge']);
  await run('ip', ['addr', 'add', `${hostAddress}/22`, 'dev', bridge]);
  await run('ip', ['link', 'set', bridge, 'up']);
  // This machine must reach cluster addresses even without a default route.
  await run('ip', ['route', 'add', serviceRange, 'dev', bridge, 'src', hostAddress]);
  // Docker and firewalls set the forward policy to DROP, which would separate pods from each other.
  await run('iptables', ['-w', '-I', 'FORWARD', ...acceptOwn]);

  const network = {
    cniVersion: '1.0.0',
    name: cniNetwork,
    plugins: [
      {
        type: 'bridge',
        bridge,
        isGateway: true,
        hairpinMode: true, // a pod may reach itself through its own Service
        ipam: {
          type: 'host-local',
          ranges: [[{ subnet: podRange }]],
          routes: [{ dst: '0.0.0.0/0' }],
          dataDir: cniState,
        },
      },
    ],
  };
  mkdirSync(cniFolder, { recursive: true });
  writeFileSync(join(cniFolder, '10-kafka-lab.conflist'), JSON.stringify(network, null, 2));
}
