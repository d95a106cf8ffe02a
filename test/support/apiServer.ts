/**
 * A Kubernetes API server with its own etcd, in a temporary folder and on free loopback ports. It starts in about 4 s. Without
 * controllers there is no garbage collection, and no pods are created.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { closeSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Agent, request } from 'undici';
import { programs } from '../../tools/cluster/build.ts';
import { until } from './until.ts';

export interface ApiServer {
  url: string;
  /** A kubeconfig (as JSON, which is valid YAML) with all rights. */
  kubeconfig: string;
  /** A kubeconfig for the user `operator`, which has only the rights that a test grants. */
  kubeconfigOfOperator: string;
  /** A kubeconfig with all rights for another address, e.g. of a proxy (plain HTTP is allowed). */
  kubeconfigVia(url: string): string;
  /** kill -9. */
  kill(): Promise<void>;
  /** Starts it again on the same port with the same data. Resolves when it is ready. */
  restart(): Promise<void>;
  /** Compacts etcd at its newest revision, so that watches from older versions expire. */
  compact(): Promise<void>;
  stop(): Promise<void>;
}

async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(
    Array.from(
      { length: count },
      () =>
        new Promise<ReturnType<typeof createServer>>((resolve, reject) => {
          const server = createServer().once('error', reject);
          server.listen(0, '127.0.0.1', () => resolve(server));
        }),
    ),
  );
  const ports = servers.map((server) => (server.address() as { port: number }).port);
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}

export async function startApiServer(): Promise<ApiServer> {
  const { kubernetes: program } = await programs();
  const folder = mkdtempSync(join(tmpdir(), 'kafkalab-api-'));
  const [etcdPort = 0, peerPort = 0, apiPort = 0] = await freePorts(3);
  const token = randomBytes(16).toString('hex');
  const operatorToken = randomBytes(16).toString('hex');
  const tokens = `${token},admin,admin,system:masters\n${operatorToken},operator,operator\n`;
  writeFileSync(join(folder, 'tokens.csv'), tokens, { mode: 0o600 });
  const url = `https://127.0.0.1:${apiPort}`;
  const agent = new Agent({ connect: { rejectUnauthorized: false } });

  function launch(name: string, args: string[]): ChildProcess {
    const log = openSync(join(folder, `${name}.log`), 'a');
    // As in the local cluster: see tools/cluster/controlPlane.ts.
    const env = { ...process.env, GOGC: '400', GOMEMLIMIT: '1GiB' };
    const child = spawn(program, args, { argv0: name, cwd: folder, env, stdio: ['ignore', log, log] });
    closeSync(log);
    // An aborted test run leaves no processes.
    const kill = () => void child.kill('SIGKILL');
    process.once('exit', kill);
    child.once('exit', () => process.off('exit', kill));
    return child;
  }

  const etcdUrl = `http://127.0.0.1:${etcdPort}`;
  const peerUrl = `http://127.0.0.1:${peerPort}`;
  const etcd = launch('etcd', [
    `--data-dir=${join(folder, 'etcd')}`,
    `--listen-client-urls=${etcdUrl}`,
    `--advertise-client-urls=${etcdUrl}`,
    `--listen-peer-urls=${peerUrl}`,
    `--initial-advertise-peer-urls=${peerUrl}`,
    `--initial-cluster=default=${peerUrl}`,
    '--unsafe-no-fsync',
    '--log-level=warn',
    // As set by kubeadm. Without it the bookmarks of types without changes would have no new versions.
    '--watch-progress-notify-interval=1s',
  ]);

  const launchApiServer = () =>
    launch('kube-apiserver', [
      '--bind-address=127.0.0.1',
      '--advertise-address=127.0.0.1',
      `--secure-port=${apiPort}`,
      `--etcd-servers=${etcdUrl}`,
      `--cert-dir=${join(folder, 'pki')}`,
      `--token-auth-file=${join(folder, 'tokens.csv')}`,
      '--service-cluster-ip-range=10.199.0.0/24',
      '--service-account-issuer=https://kubernetes.default.svc',
      `--service-account-key-file=${join(folder, 'pki', 'service-account.key')}`,
      `--service-account-signing-key-file=${join(folder, 'pki', 'service-account.key')}`,
      '--authorization-mode=RBAC',
      // There is no controller that creates service accounts.
      '--disable-admission-plugins=ServiceAccount',
      '--endpoint-reconciler-type=none',
      '--profiling=false',
      '--watch-cache=true',
    ]);

  let server: ChildProcess | undefined;

  async function answers(path: string): Promise<boolean> {
    if (server?.exitCode !== null && server?.exitCode !== undefined) {
      const log = readFileSync(join(folder, 'kube-apiserver.log'), 'utf8');
      throw new Error(`kube-apiserver ended: ${log.slice(-2000)}`);
    }
    const response = await request(url + path, { dispatcher: agent, headers: { authorization: `Bearer ${token}` } });
    await response.body.dump();
    return response.statusCode === 200;
  }

  async function startServer(): Promise<void> {
    server = launchApiServer();
    await until('the API server is ready', () => answers('/readyz'), 60_000);
    await until('the default namespace is there', () => answers('/api/v1/namespaces/default'));
  }

  const ended = (child: ChildProcess | undefined) =>
    new Promise<void>((resolve) => {
      if (!child || child.exitCode !== null || child.signalCode !== null) return resolve();
      child.once('exit', () => resolve());
      child.kill('SIGKILL');
    });

  async function etcdCall(path: string, body: unknown): Promise<{ header?: { revision?: string } }> {
    const response = await request(`${etcdUrl}/v3/kv/${path}`, { method: 'POST', body: JSON.stringify(body) });
    if (response.statusCode !== 200) throw new Error(`etcd: ${await response.body.text()}`);
    return (await response.body.json()) as { header?: { revision?: string } };
  }

  const kubeconfigVia = (address: string, of = { name: 'admin', token }) =>
    JSON.stringify({
      apiVersion: 'v1',
      kind: 'Config',
      clusters: [{ name: 'test', cluster: { server: address, 'insecure-skip-tls-verify': true } }],
      users: [{ name: of.name, user: { token: of.token } }],
      contexts: [{ name: 'test', context: { cluster: 'test', user: of.name } }],
      'current-context': 'test',
    });

  async function stop(): Promise<void> {
    await ended(server);
    await ended(etcd);
    await agent.destroy();
    rmSync(folder, { recursive: true, force: true });
  }

  try {
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    mkdirSync(join(folder, 'pki'));
    writeFileSync(join(folder, 'pki', 'service-account.key'), privateKey.export({ type: 'pkcs1', format: 'pem' }), {
      mode: 0o600,
    });
    await startServer();
  } catch (error) {
    await stop();
    throw error;
  }

  return {
    url,
    kubeconfig: kubeconfigVia(url),
    kubeconfigOfOperator: kubeconfigVia(url, { name: 'operator', token: operatorToken }),
    kubeconfigVia: (address) => kubeconfigVia(address),
    kill: () => ended(server),
    async restart() {
      await ended(server);
      await startServer();
    },
    async compact() {
      // A write creates a new revision, and compacting at it removes everything older.
      const { header } = await etcdCall('put', { key: Buffer.from('/test/compaction').toString('base64'), value: '' });
      await etcdCall('compaction', { revision: header?.revision, physical: true });
    },
    stop,
  };
}
