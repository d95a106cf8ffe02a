/** Access to the cluster of `make cluster`: by kubectl, and by the API for objects that are read repeatedly. */
import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import type { Cluster } from '../src/runtime/ports.ts';
import { clusterOf } from './client.ts';
import { kindKubeconfig } from './cluster/kind.ts';
import { kubeconfig as localKubeconfig, kubectl as localProgram } from './cluster/paths.ts';

const isKind = process.env.CLUSTER === 'kind' || (!existsSync(localKubeconfig) && existsSync(kindKubeconfig));
export const kubeconfig = isKind ? kindKubeconfig : localKubeconfig;
export const program = isKind ? 'kubectl' : localProgram;

export interface Answer {
  code: number;
  stdout: string;
  stderr: string;
}

/** Runs kubectl. A failure is part of the answer. */
export function tryKubectl(args: string[], input = ''): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, ['--kubeconfig', kubeconfig, ...args], { stdio: ['pipe', 'pipe', 'pipe'] });
    let stdout = '';
    let stderr = '';
    child.stdout.on('data', (part: Buffer) => {
      stdout += part;
    });
    child.stderr.on('data', (part: Buffer) => {
      stderr += part;
    });
    child.on('error', reject);
    child.on('close', (code) => resolve({ code: code ?? 1, stdout, stderr }));
    // kubectl may exit before it has read its input.
    child.stdin.on('error', () => {});
    child.stdin.end(input);
  });
}

/** Runs kubectl. Throws with its error output if it fails. */
export async function kubectl(args: string[], input = ''): Promise<string> {
  const { code, stdout, stderr } = await tryKubectl(args, input);
  if (code !== 0) throw new Error(`kubectl ${args.join(' ')} ended with ${code}: ${stderr.trim() || stdout.trim()}`);
  return stdout;
}

const KAFKALAB = 'kafkalab.dev/v1alpha1';
/** The types by the names that tests use. */
const TYPES = {
  pods: { apiVersion: 'v1', kind: 'Pod' },
  statefulsets: { apiVersion: 'apps/v1', kind: 'StatefulSet' },
  deployment: { apiVersion: 'apps/v1', kind: 'Deployment' },
  lease: { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease' },
  lt: { apiVersion: KAFKALAB, kind: 'LoadTest' },
  loadtest: { apiVersion: KAFKALAB, kind: 'LoadTest' },
  consumerscale: { apiVersion: KAFKALAB, kind: 'ConsumerScale' },
  lab: { apiVersion: KAFKALAB, kind: 'Lab' },
  'kafkatopics.kafka.strimzi.io': { apiVersion: 'kafka.strimzi.io/v1', kind: 'KafkaTopic' },
};
export type TypeName = keyof typeof TYPES;

/** The type of a manifest's kind. */
export function typeOf(kind: string): TypeName {
  const name = kind.toLowerCase();
  if (!Object.hasOwn(TYPES, name)) throw new Error(`no type ${name}: choose from ${Object.keys(TYPES).join(', ')}`);
  return name as TypeName;
}

let shared: Cluster | undefined;
/** The client for repeated reads. Starting kubectl twice a second would use more CPU than the tested program. */
function cluster(): Cluster {
  shared ??= clusterOf(readFileSync(kubeconfig, 'utf8'));
  return shared;
}

/** The object. undefined: it does not exist. */
export async function get<T>(type: TypeName, name: string, namespace: string): Promise<T | undefined> {
  return ((await cluster().get({ ...TYPES[type], namespace, name })) ?? undefined) as T | undefined;
}

export async function list<T>(type: TypeName, namespace: string, labelSelector?: string): Promise<T[]> {
  const selection = { namespace, ...(labelSelector === undefined ? {} : { labelSelector }) };
  return (await cluster().list(TYPES[type], selection)).items as unknown as T[];
}

/** `kubectl get -w`: calls `line` with the `jsonpath` of the current object and of every change, until `end`. */
export function watchLines(args: string[], jsonpath: string, line: (text: string) => void): { end(): void } {
  const child = spawn(
    program,
    ['--kubeconfig', kubeconfig, 'get', ...args, '-w', '-o', `jsonpath=${jsonpath}{"\\n"}`],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  let unfinished = '';
  child.stdout.on('data', (part: Buffer) => {
    const lines = (unfinished + part).split('\n');
    unfinished = lines.pop() ?? '';
    for (const text of lines) line(text);
  });
  return { end: () => child.kill() };
}
