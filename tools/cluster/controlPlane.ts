// etcd, the API server, the controller manager and the scheduler.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { kubeconfigOf, pem } from './certificates.ts';
import { hostAddress, podRange, serviceRange } from './network.ts';
import { auditLog, config, state } from './paths.ts';
import type { Daemon } from './processes.ts';

const etcdAddress = 'https://127.0.0.1:12379';
const auditPolicy = join(config, 'audit-policy.json');

export function writeControlPlaneFiles(): void {
  // Tests count requests. The cluster's own programs send requests all the time, so the policy leaves them out.
  const policy = {
    apiVersion: 'audit.k8s.io/v1',
    kind: 'Policy',
    omitStages: ['RequestReceived', 'ResponseStarted'],
    rules: [
      { level: 'None', userGroups: ['system:nodes'] },
      {
        level: 'None',
        users: [
          'system:apiserver',
          'system:kube-controller-manager',
          'system:kube-scheduler',
          'system:kube-proxy',
          'system:coredns',
        ],
      },
      { level: 'None', userGroups: ['system:serviceaccounts:kube-system'] },
      { level: 'None', nonResourceURLs: ['/readyz*', '/livez*', '/healthz*'] },
      { level: 'Metadata' },
    ],
  };
  writeFileSync(auditPolicy, JSON.stringify(policy, null, 2));
}

export function etcd(kubernetes: string): Daemon {
  const { key, certificate } = pem('etcd');
  return {
    name: 'etcd',
    part: 'control-plane',
    program: kubernetes,
    args: [
      `--data-dir=${join(state, 'etcd')}`,
      `--listen-client-urls=${etcdAddress}`,
      `--advertise-client-urls=${etcdAddress}`,
      '--listen-peer-urls=http://127.0.0.1:12380',
      '--initial-advertise-peer-urls=http://127.0.0.1:12380',
      '--initial-cluster=default=http://127.0.0.1:12380',
      `--cert-file=${certificate}`,
      `--key-file=${key}`,
      `--trusted-ca-file=${certificate}`,
      '--client-cert-auth',
      '--unsafe-no-fsync', // the state of a test cluster need not survive a power failure
      '--log-level=warn',
      '--quota-backend-bytes=2147483648',
      '--auto-compaction-mode=periodic',
      '--auto-compaction-retention=10m',
    ],
  };
}

export function apiServerDaemon(kubernetes: string): Daemon {
  const own = pem('kube-apiserver');
  const store = pem('etcd');
  const toKubelet = pem('kubelet-client');
  const authority = pem('ca').certificate;
  const serviceAccount = pem('service-account').key;
  return {
    name: 'kube-apiserver',
    part: 'control-plane',
    program: kubernetes,
    // A third of its CPU collects garbage otherwise: a write of a status cost 18 ms, and 12 ms with this.
    env: { GOGC: '400', GOMEMLIMIT: '1GiB' },
    args: [
      `--bind-address=${hostAddress}`,
      `--advertise-address=${hostAddress}`,
      '--secure-port=6443',
      `--etcd-servers=${etcdAddress}`,
      `--etcd-cafile=${store.certificate}`,
      `--etcd-certfile=${store.certificate}`,
      `--etcd-keyfile=${store.key}`,
      `--service-cluster-ip-range=${serviceRange}`,
      `--tls-cert-file=${own.certificate}`,
      `--tls-private-key-file=${own.key}`,
      `--client-ca-file=${authority}`,
      `--kubelet-client-certificate=${toKubelet.certificate}`,
      `--kubelet-client-key=${toKubelet.key}`,
      `--kubelet-certificate-authority=${authority}`,
      '--kubelet-preferred-address-types=InternalIP',
      '--service-account-issuer=https://kubernetes.default.svc.cluster.local',
      `--service-account-key-file=${serviceAccount}`,
      `--service-account-signing-key-file=${serviceAccount}`,
      '--authorization-mode=Node,RBAC',
      '--enable-admission-plugins=NodeRestriction',
      '--allow-privileged=true',
      `--audit-policy-file=${auditPolicy}`,
      `--audit-log-path=${auditLog}`,
      '--audit-log-maxsize=100',
      '--audit-log-maxbackup=2',
      '--profiling=false',
      `--cert-dir=${join(state, 'pki')}`,
    ],
  };
}

export function controllerManager(kubernetes: string): Daemon {
  const authority = pem('ca');
  return {
    name: 'kube-controller-manager',
    part: 'control-plane',
    program: kubernetes,
    args: [
      `--kubeconfig=${kubeconfigOf('kube-controller-manager')}`,
      '--bind-address=127.0.0.1',
      `--cluster-cidr=${podRange}`,
      '--allocate-node-cidrs=false',
      `--root-ca-file=${authority.certificate}`,
      `--cluster-signing-cert-file=${authority.certificate}`,
      `--cluster-signing-key-file=${authority.key}`,
      `--service-account-private-key-file=${pem('service-account').key}`,
      '--use-service-account-credentials=true',
      '--leader-elect=false',
      '--kube-api-qps=200',
      '--kube-api-burst=400',
      `--cert-dir=${join(state, 'pki')}`,
    ],
  };
}

export function scheduler(kubernetes: string): Daemon {
  return {
    name: 'kube-scheduler',
    part: 'control-plane',
    program: kubernetes,
    args: [
      `--kubeconfig=${kubeconfigOf('kube-scheduler')}`,
      '--bind-address=127.0.0.1',
      '--leader-elect=false',
      '--kube-api-qps=200',
      '--kube-api-burst=400',
      `--cert-dir=${join(state, 'pki')}`,
    ],
  };
}
