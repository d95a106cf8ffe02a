// The paths of the local cluster. The state folder belongs to the machine, not to a checkout, so that every checkout finds
// the cluster of another one.
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';

export const checkout = resolve(import.meta.dirname, '../..');
export const here = import.meta.dirname;
export const cache = join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'kafka-lab-operator');
export const state = '/var/lib/kafka-lab-operator/cluster';

const perBoot = '/run/kafka-lab-operator';
export const lockFile = join(perBoot, 'lock');
export const builderStorage = join(cache, 'buildah');
export const builderRuntime = join(perBoot, 'buildah');

export const logs = join(state, 'log');
export const pki = join(state, 'pki');
export const config = join(state, 'config');
export const runtime = join(state, 'run');
export const kubeconfig = join(state, 'kubeconfig');
export const auditLog = join(logs, 'audit.log');
export const containerdSocket = join(runtime, 'containerd.sock');
export const kubectl = join(cache, 'bin', 'kubectl');
