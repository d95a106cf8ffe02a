// The keys and certificates of the cluster, created by openssl, and the kubeconfig files with them.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { run } from './command.ts';
import { apiServer, apiServiceAddress, hostAddress } from './network.ts';
import { config, kubeconfig, pki } from './paths.ts';

export const nodeName = 'kafka-lab';
// Replaces the system's openssl.cnf, whose extensions would be added to ours.
const settings = join(pki, 'openssl.cnf');
const fresh = [
  'req',
  '-config',
  settings,
  '-x509',
  '-newkey',
  'ec',
  '-pkeyopt',
  'ec_paramgen_curve:P-256',
  '-noenc',
  '-days',
  '3650',
];
export const pem = (name: string): { key: string; certificate: string } => ({
  key: join(pki, `${name}.key`),
  certificate: join(pki, `${name}.crt`),
});

async function authority(name: string, extra: string[] = []): Promise<void> {
  const { key, certificate } = pem(name);
  const usage = [
    '-addext',
    'basicConstraints=critical,CA:TRUE',
    '-addext',
    'keyUsage=critical,keyCertSign,digitalSignature',
  ];
  await run('openssl', [...fresh, '-subj', `/CN=${name}`, '-keyout', key, '-out', certificate, ...usage, ...extra]);
}

async function issue(name: string, subject: string, alternatives: string[] = []): Promise<void> {
  const { key, certificate } = pem(name);
  const authorityFiles = pem('ca');
  const names = alternatives.length ? ['-addext', `subjectAltName=${alternatives.join(',')}`] : [];
  await run('openssl', [
    ...fresh,
    '-subj',
    subject,
    '-CA',
    authorityFiles.certificate,
    '-CAkey',
    authorityFiles.key,
    '-keyout',
    key,
    '-out',
    certificate,
    '-addext',
    'basicConstraints=critical,CA:FALSE',
    '-addext',
    'extendedKeyUsage=serverAuth,clientAuth',
    ...names,
  ]);
}

function writeKubeconfig(file: string, name: string): void {
  const base64 = (path: string): string => readFileSync(path).toString('base64');
  const { key, certificate } = pem(name);
  const content = {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [
      {
        name: 'kafka-lab',
        cluster: { server: apiServer, 'certificate-authority-data': base64(pem('ca').certificate) },
      },
    ],
    users: [{ name, user: { 'client-certificate-data': base64(certificate), 'client-key-data': base64(key) } }],
    contexts: [{ name: 'kafka-lab', context: { cluster: 'kafka-lab', user: name } }],
    'current-context': 'kafka-lab',
  };
  writeFileSync(file, JSON.stringify(content, null, 2), { mode: 0o600 });
}

export const kubeconfigOf = (component: string): string => join(config, `${component}.kubeconfig`);
const components = ['kube-controller-manager', 'kube-scheduler', 'kube-proxy', 'coredns'];

export async function makeCertificates(): Promise<void> {
  mkdirSync(pki, { recursive: true, mode: 0o700 });
  mkdirSync(config, { recursive: true });
  writeFileSync(settings, '[req]\ndistinguished_name = name\n[name]\n');
  // etcd trusts only its own certificate, which the API server uses as its client certificate, too.
  await authority('etcd', ['-addext', 'subjectAltName=IP:127.0.0.1']);
  await authority('ca');
  await Promise.all([
    run('openssl', [
      'genpkey',
      '-algorithm',
      'RSA',
      '-pkeyopt',
      'rsa_keygen_bits:2048',
      '-out',
      pem('service-account').key,
    ]),
    issue('kube-apiserver', '/CN=kube-apiserver', [
      'DNS:kubernetes',
      'DNS:kubernetes.default',
      'DNS:kubernetes.default.svc',
      'DNS:kubernetes.default.svc.cluster.local',
      'DNS:localhost',
      `IP:${apiServiceAddress}`,
      `IP:${hostAddress}`,
      'IP:127.0.0.1',
    ]),
    issue('kubelet-client', '/O=kafka-lab:kubelet-clients/CN=kube-apiserver-kubelet-client'),
    issue('admin', '/O=system:masters/CN=admin'),
    issue('kubelet', `/O=system:nodes/CN=system:node:${nodeName}`, [`DNS:${nodeName}`, `IP:${hostAddress}`]),
    ...components.map((name) => issue(name, `/CN=system:${name}`)),
  ]);
  writeKubeconfig(kubeconfig, 'admin');
  for (const name of ['kubelet', ...components]) writeKubeconfig(kubeconfigOf(name), name);
}
