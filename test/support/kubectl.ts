/** kubectl against the cluster of `make cluster`, as a person would use it. */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { kindKubeconfig } from '../cluster/kind.ts';
import { kubeconfig as localKubeconfig, kubectl as localProgram } from '../cluster/paths.ts';

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

/** The object as JSON, or undefined when there is none. */
export async function get<T>(type: string, name: string, namespace: string): Promise<T | undefined> {
  const text = await kubectl(['get', type, name, '-n', namespace, '-o', 'json', '--ignore-not-found']);
  return text === '' ? undefined : (JSON.parse(text) as T);
}

export async function list<T>(type: string, namespace: string, ...selection: string[]): Promise<T[]> {
  return (JSON.parse(await kubectl(['get', type, '-n', namespace, '-o', 'json', ...selection])) as { items: T[] })
    .items;
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
