/** The cluster of `make cluster`: kubectl as a person would use it, and objects by the API itself where they are looked at again and again. */
import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import type { Cluster } from '../../src/runtime/ports.ts';
import { kindKubeconfig } from '../cluster/kind.ts';
import { kubeconfig as localKubeconfig, kubectl as localProgram } from '../cluster/paths.ts';
import { clusterOf } from './toy.ts';

const isKind = process.env.CLUSTER === 'kind' || (!existsSync(localKubeconfig) && existsSync(kindKubeconfig));
export const kubeconfig = isKind ? kindKubeconfig : localKubeconfig;
export const program = isKind ? 'kubectl' : localProgram;

export interface Answer {
  code: number;
  stdout: string;
  stderr: string;
}

/** Never throws for what kubectl refuses. */
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
    // It may end before it has read its input.
    child.stdin.on('error', () => {});
    child.stdin.end(input);
  });
}

/** Throws with what kubectl said when it fails. */
export async function kubectl(args: string[], input = ''): Promise<string> {
  const { code, stdout, stderr } = await tryKubectl(args, input);
  if (code !== 0) throw new Error(`kubectl ${args.join(' ')} ended with ${code}: ${stderr.trim() || stdout.trim()}`);
  return stdout;
}

const KAFKALAB = 'kafkalab.dev/v1alpha1';
/** Types under the names that tests use for them. */
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

let asked: Cluster | undefined;
/** Asked directly: what is looked at twice a second would cost more CPU by a kubectl each time than what is tested. */
function cluster(): Cluster {
  asked ??= clusterOf(readFileSync(kubeconfig, 'utf8'));
  return asked;
}

/** The object, or undefined when there is none. */
export async function get<T>(type: TypeName, name: string, namespace: string): Promise<T | undefined> {
  return ((await cluster().get({ ...TYPES[type], namespace, name })) ?? undefined) as T | undefined;
}

export async function list<T>(type: TypeName, namespace: string, labelSelector?: string): Promise<T[]> {
  const of = { namespace, ...(labelSelector === undefined ? {} : { labelSelector }) };
  return (await cluster().list(TYPES[type], of)).items as unknown as T[];
}

/** `kubectl get -w`: a line of `jsonpath` for the object as it is and for each change of it; `end` stops it. */
export function watchLines(args: string[], jsonpath: string, line: (text: string) => void): { end(): void } {
  const child = spawn(
    program,
    ['--kubeconfig', kubeconfig, 'get', ...args, '-w', '-o', `jsonpath=${jsonpath}{"\\n"}`],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  let begun = '';
  child.stdout.on('data', (part: Buffer) => {
    const lines = (begun + part).split('\n');
    begun = lines.pop() ?? '';
    for (const text of lines) line(text);
  });
  return { end: () => child.kill() };
}
