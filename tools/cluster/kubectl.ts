// kubectl as the administrator of the local cluster.
import { run } from './command.ts';
import { kubeconfig, kubectl as program } from './paths.ts';

export function kubectl(...args: string[]): Promise<string> {
  return run(program, ['--kubeconfig', kubeconfig, '--request-timeout=10s', ...args]);
}

export function apply(manifest: unknown): Promise<string> {
  return run(program, ['--kubeconfig', kubeconfig, 'apply', '-f', '-'], { input: JSON.stringify(manifest) });
}
