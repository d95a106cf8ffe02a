// node tools/cluster/cluster.ts <verb>. CLUSTER=local|kind chooses the kind of cluster. The default is kind if it is installed
// and the Docker engine accepts a privileged container, and local otherwise.
import { spawnSync } from 'node:child_process';
import { exists } from './command.ts';
import { loadPythonImage } from './images.ts';
import * as kind from './kind.ts';
import * as local from './local.ts';
import { withLock } from './lock.ts';
import { cache, kubeconfig } from './paths.ts';

const usage = `node tools/cluster/cluster.ts <verb>
  up                  starts the cluster with Kafka, unless it is running
  down                removes the cluster from this machine; the cache stays
  status              exits with 0 if the cluster is usable
  kubeconfig          prints the path of the administrator's kubeconfig
  load-image          builds the operator image from dist/image and loads it
  load-python         builds and loads the image of a Python consumer, for the test that needs it
  stop <program>      kills one program of a local cluster, such as kube-apiserver
  start <program>     starts it again
  restart <program>   kills it and starts it again
`;

function chosen(): 'local' | 'kind' {
  const choice = process.env.CLUSTER || 'auto';
  if (choice === 'local' || choice === 'kind') return choice;
  if (choice !== 'auto') throw new Error(`CLUSTER is local, kind or auto, not ${choice}`);
  return kind.kindIsPossible() ? 'kind' : 'local';
}

/** Restarts this program as root through sudo, with the cache of the current user. */
function becomeRoot(): void {
  if (process.getuid?.() === 0) return;
  if (!exists('sudo'))
    throw new Error('the local cluster needs root: run this as root, or install sudo, or use CLUSTER=kind');
  const environment = [
    `XDG_CACHE_HOME=${cache.slice(0, cache.lastIndexOf('/'))}`,
    `PATH=${process.env.PATH}`,
    'CLUSTER=local',
  ];
  const result = spawnSync('sudo', ['env', ...environment, process.execPath, ...process.argv.slice(1)], {
    stdio: 'inherit',
  });
  process.exit(result.status ?? 1);
}

async function main(verb: string | undefined, name: string | undefined): Promise<void> {
  const verbs = ['up', 'down', 'status', 'kubeconfig', 'load-image', 'load-python', 'stop', 'start', 'restart'];
  if (!verb || !verbs.includes(verb)) {
    process.stderr.write(usage);
    process.exitCode = 2;
    return;
  }
  const isKind = chosen() === 'kind';
  if (verb === 'kubeconfig') {
    process.stdout.write(`${isKind ? kind.kindKubeconfig : kubeconfig}\n`);
    return;
  }
  if (isKind) {
    if (verb === 'up') return kind.up();
    if (verb === 'down') return kind.down();
    if (verb === 'load-image') return kind.loadOperatorImage();
    if (verb === 'load-python') return kind.loadPythonImage();
    throw new Error(`${verb} works on a local cluster only`);
  }
  // The builds run as the current user, with that user's caches.
  if (verb === 'up' && process.getuid?.() !== 0) await local.build();
  becomeRoot();
  if (verb === 'status') return local.status();
  await withLock(async () => {
    if (verb === 'up') await local.up();
    if (verb === 'down') await local.down();
    if (verb === 'load-image') await local.loadOperatorImage();
    if (verb === 'load-python') await loadPythonImage();
    if (verb === 'stop' || verb === 'restart') await local.stopProgram(name);
    if (verb === 'start' || verb === 'restart') await local.startProgram(name);
  });
}

main(process.argv[2], process.argv[3]).catch((error: Error) => {
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
});
