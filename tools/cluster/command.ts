// Runs programs. The error output of a failing program becomes the message of the error.
import { spawn, spawnSync } from 'node:child_process';

export interface Options {
  cwd?: string;
  env?: Record<string, string>;
  input?: string;
  /** Copies the output of the program to the error output of this terminal, too. */
  show?: boolean;
}

export function run(program: string, args: string[], options: Options = {}): Promise<string> {
  return new Promise((done, fail) => {
    const child = spawn(program, args, {
      cwd: options.cwd,
      env: { ...process.env, ...options.env },
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    let out = '';
    let err = '';
    child.stdout.on('data', (part: Buffer) => {
      out += part;
      if (options.show) process.stderr.write(part);
    });
    child.stderr.on('data', (part: Buffer) => {
      err = (err + part).slice(-8000);
      if (options.show) process.stderr.write(part);
    });
    child.stdin.on('error', () => {}); // a program may exit before it has read its input
    child.stdin.end(options.input ?? '');
    child.on('error', fail);
    child.on('close', (code, signal) => {
      if (code === 0) done(out);
      else fail(new Error(`${program} ${args.join(' ')} ended with ${signal ?? code}\n${lastLines(err || out)}`));
    });
  });
}

const lastLines = (text: string): string => text.trim().split('\n').slice(-20).join('\n');

/** The output of the program. undefined: the program is missing or failed. */
export function attempt(program: string, args: string[]): string | undefined {
  const result = spawnSync(program, args, { encoding: 'utf8' });
  return result.status === 0 ? result.stdout : undefined;
}

/** The output and the error output of the program. Empty: the program is missing. */
export function attemptAll(program: string, args: string[]): string {
  const { stdout, stderr } = spawnSync(program, args, { encoding: 'utf8' });
  return `${stdout ?? ''}${stderr ?? ''}`;
}

export function exists(program: string): boolean {
  return spawnSync('sh', ['-c', `command -v ${program}`]).status === 0;
}
