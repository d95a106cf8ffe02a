// The programs of the only node: containerd, kubelet and kube-proxy, and the DNS server of the cluster.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { kubeconfigOf, nodeName, pem } from './certificates.ts';
import { attempt } from './command.ts';
import { makeControlGroups, podsGroup } from './controlGroups.ts';
import { cniFolder, hostAddress, podRange } from './network.ts';
import { config, containerdSocket, logs, runtime, state } from './paths.ts';
import type { Daemon } from './processes.ts';
import { cniPrograms } from './requirements.ts';

export const pauseImage = 'localhost/kafka-lab-pause:1';

const containerdConfig = join(config, 'containerd.toml');
const kubeletConfig = join(config, 'kubelet.json');
const proxyConfig = join(config, 'kube-proxy.json');
const corefile = join(config, 'Corefile');
const resolvConf = join(config, 'resolv.conf');

function lacksResourceCapability(): boolean {
  const last = /CapEff:\s*([0-9a-f]+)/.exec(attempt('cat', ['/proc/self/status']) ?? '')?.[1] ?? '';
  return (BigInt(`0x${last || '0'}`) & (1n << 24n)) === 0n;
}

export function writeNodeFiles(): void {
  makeControlGroups();
  writeFileSync(
    containerdConfig,
    `
version = 2
root = "${join(state, 'containerd')}"
state = "${join(runtime, 'containerd')}"
disabled_plugins = [
  "io.containerd.snapshotter.v1.aufs", "io.containerd.snapshotter.v1.btrfs", "io.containerd.snapshotter.v1.devmapper",
  "io.containerd.snapshotter.v1.zfs", "io.containerd.tracing.processor.v1.otlp", "io.containerd.internal.v1.tracing",
]
[grpc]
  address = "${containerdSocket}"
[ttrpc]
  address = "${containerdSocket}.ttrpc"
[plugins."io.containerd.internal.v1.opt"]
  path = "${join(state, 'containerd/opt')}"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "${pauseImage}"
  stream_server_address = "127.0.0.1"
  netns_mounts_under_state_dir = true
  disable_apparmor = true
  # Without CAP_SYS_RESOURCE no process may lower an OOM score, and every sandbox would fail.
  restrict_oom_score_adj = ${lacksResourceCapability()}
[plugins."io.containerd.grpc.v1.cri".cni]
  bin_dir = "${cniPrograms}"
  conf_dir = "${cniFolder}"
[plugins."io.containerd.grpc.v1.cri".containerd]
  snapshotter = "overlayfs"
  default_runtime_name = "runc"
[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
  runtime_type = "io.containerd.runc.v2"
[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
  Root = "${join(runtime, 'runc')}"
  SystemdCgroup = false
`,
  );

  writeFileSync(
    kubeletConfig,
    JSON.stringify(
      {
        apiVersion: 'kubelet.config.k8s.io/v1beta1',
        kind: 'KubeletConfiguration',
        address: hostAddress,
        healthzBindAddress: '127.0.0.1',
        readOnlyPort: 0,
        tlsCertFile: pem('kubelet').certificate,
        tlsPrivateKeyFile: pem('kubelet').key,
        authentication: {
          anonymous: { enabled: false },
          webhook: { enabled: true },
          x509: { clientCAFile: pem('ca').certificate },
        },
        authorization: { mode: 'Webhook' },
        containerRuntimeEndpoint: `unix://${containerdSocket}`,
        podLogsDir: join(logs, 'pods'),
        cgroupDriver: 'cgroupfs',
        cgroupRoot: `/${podsGroup}`,
        enforceNodeAllocatable: [],
        failSwapOn: false,
        oomScoreAdj: 0,
        maxPods: 400,
        clusterDNS: [hostAddress],
        clusterDomain: 'cluster.local',
        resolvConf,
        serializeImagePulls: false,
        registryPullQPS: 0,
        eventRecordQPS: 0,
        kubeAPIQPS: 200,
        kubeAPIBurst: 400,
        nodeStatusUpdateFrequency: '5s',
        volumeStatsAggPeriod: '10m',
        // Images cannot be pulled again, and a nearly full disk is normal on a developer's machine.
        imageGCHighThresholdPercent: 100,
        imageGCLowThresholdPercent: 99,
        evictionHard: {
          'memory.available': '100Mi',
          'nodefs.available': '1%',
          'nodefs.inodesFree': '1%',
          'imagefs.available': '1%',
        },
        shutdownGracePeriod: '0s',
        logging: { flushFrequency: '1s', verbosity: 0 },
      },
      null,
      2,
    ),
  );

  writeFileSync(
    proxyConfig,
    JSON.stringify(
      {
        apiVersion: 'kubeproxy.config.k8s.io/v1alpha1',
        kind: 'KubeProxyConfiguration',
        mode: 'iptables',
        bindAddress: hostAddress,
        hostnameOverride: nodeName,
        clientConnection: { kubeconfig: kubeconfigOf('kube-proxy') },
        clusterCIDR: podRange,
        healthzBindAddress: '127.0.0.1:10256',
        metricsBindAddress: '127.0.0.1:10249',
        nodePortAddresses: [podRange],
        oomScoreAdj: 0,
        // The kernel's connection tracking settings belong to the machine.
        conntrack: { maxPerCore: 0, min: 0, tcpEstablishedTimeout: '0s', tcpCloseWaitTimeout: '0s' },
      },
      null,
      2,
    ),
  );

  // Other names get NXDOMAIN at once, because pods cannot reach other machines.
  writeFileSync(
    corefile,
    `cluster.local:53 in-addr.arpa:53 {
  bind ${hostAddress}
  errors
  ready 127.0.0.1:18181
  kubernetes cluster.local in-addr.arpa {
    kubeconfig ${kubeconfigOf('coredns')} kafka-lab
    pods insecure
    ttl 2
  }
}
.:53 {
  bind ${hostAddress}
  errors
  template ANY ANY . {
    rcode NXDOMAIN
  }
}
`,
  );
  writeFileSync(resolvConf, '');
}

export function containerd(): Daemon {
  return {
    name: 'containerd',
    part: 'node',
    program: 'containerd',
    args: ['--config', containerdConfig, '--log-level', 'warn'],
  };
}

export function kubelet(kubernetes: string): Daemon {
  return {
    name: 'kubelet',
    part: 'node',
    program: kubernetes,
    args: [
      `--config=${kubeletConfig}`,
      `--kubeconfig=${kubeconfigOf('kubelet')}`,
      `--root-dir=${join(state, 'kubelet')}`,
      `--hostname-override=${nodeName}`,
      `--node-ip=${hostAddress}`,
      `--cert-dir=${join(state, 'pki')}`,
    ],
  };
}

export function proxy(kubernetes: string): Daemon {
  return { name: 'kube-proxy', part: 'node', program: kubernetes, args: [`--config=${proxyConfig}`] };
}

export function dns(coredns: string): Daemon {
  return { name: 'coredns', part: 'node', program: coredns, args: ['-conf', corefile] };
}
